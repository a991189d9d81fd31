//! What statements may do on a scratch database, and how much work they may make.
//!
//! Text of the code base reaches SQLite here. The authorizer admits schema statements while a database is built, and
//! reading and writing statements (which are explained, never run) while it plans. The application's own DDL is
//! admitted as long as it reads and writes no row. Attaching files, pragmas that change something, vacuuming, loading
//! extensions and virtual tables are refused always.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

/// What a connection is used for at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// DDL and statistics are applied.
    Build = 0,
    /// Queries are explained.
    Plan = 1,
    /// CREATE and DROP statements of the application are applied.
    Define = 2,
    /// ALTER statements of the application are applied.
    Alter = 3,
    /// The schema is read back.
    Inspect = 4,
}

impl Phase {
    fn admits(self, action: &AuthAction<'_>) -> bool {
        match self {
            Self::Build => may_plan(action) || may_build(action),
            Self::Plan => may_plan(action),
            Self::Define => may_define(action),
            Self::Alter => may_define(action) || may_alter(action),
            Self::Inspect => may_inspect(action),
        }
    }

    fn from_number(number: u8) -> Self {
        let known = [Self::Build, Self::Plan, Self::Define, Self::Alter, Self::Inspect];
        known[usize::from(number)]
    }
}

/// Our side of the callbacks on a connection.
pub(super) struct Guard {
    phase: Arc<AtomicU8>,
    steps: Arc<AtomicU32>,
    /// How many times a statement was stopped for what it cost.
    stopped: Arc<AtomicU32>,
}

/// After this many units of SQLite's work the progress handler is called.
const STEP: i32 = 10_000;
/// How often it may be called for one statement.
const STEPS: u32 = 2_000;

impl Guard {
    /// Puts a connection under guard.
    pub(super) fn install(connection: &mut Connection) -> rusqlite::Result<Self> {
        let off = [
            DbConfig::SQLITE_DBCONFIG_DQS_DDL,
            DbConfig::SQLITE_DBCONFIG_DQS_DML,
            DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
            DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY,
            DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE,
            DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE,
        ];
        off.into_iter().try_for_each(|option| connection.set_db_config(option, false).map(drop))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        let limits = [
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
            (Limit::SQLITE_LIMIT_LENGTH, 1 << 21),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
            (Limit::SQLITE_LIMIT_VDBE_OP, 1_000_000),
        ];
        limits.into_iter().try_for_each(|(limit, value)| connection.set_limit(limit, value).map(drop))?;
        let guard = Self {
            phase: Arc::new(AtomicU8::new(Phase::Build as u8)),
            steps: Arc::new(AtomicU32::new(0)),
            stopped: Arc::new(AtomicU32::new(0)),
        };
        let phase = Arc::clone(&guard.phase);
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            let phase = Phase::from_number(phase.load(Ordering::Relaxed));
            if phase.admits(&context.action) { Authorization::Allow } else { Authorization::Deny }
        }))?;
        let (steps, stopped) = (Arc::clone(&guard.steps), Arc::clone(&guard.stopped));
        let exhausted = move || {
            let exhausted = steps.fetch_add(1, Ordering::Relaxed) > STEPS;
            stopped.fetch_add(u32::from(exhausted), Ordering::Relaxed);
            exhausted
        };
        connection.progress_handler(STEP, Some(exhausted))?;
        Ok(guard)
    }

    /// Says how many times a statement was stopped for what it cost.
    pub(super) fn stopped(&self) -> u32 {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Starts a statement.
    pub(super) fn begin(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
        self.steps.store(0, Ordering::Relaxed);
    }
}

fn may_plan(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Read { table_name, .. } => !begins_with(table_name, "pragma_"),
        AuthAction::Function { function_name } => !function_name.eq_ignore_ascii_case("load_extension"),
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. } => !begins_with(table_name, "sqlite_"),
        _ => false,
    }
}

fn may_build(action: &AuthAction<'_>) -> bool {
    matches!(
        action,
        AuthAction::Insert { .. }
            | AuthAction::Delete { .. }
            | AuthAction::Update { .. }
            | AuthAction::CreateTable { .. }
            | AuthAction::CreateIndex { .. }
            | AuthAction::CreateView { .. }
            | AuthAction::CreateTrigger { .. }
            | AuthAction::DropTable { .. }
            | AuthAction::DropIndex { .. }
            | AuthAction::DropView { .. }
            | AuthAction::DropTrigger { .. }
            | AuthAction::AlterTable { .. }
            | AuthAction::Reindex { .. }
            | AuthAction::Analyze { .. }
            | AuthAction::Transaction { .. }
    )
}

/// Creating and dropping: no row source (`CREATE TABLE … AS SELECT`), no row but those of the schema itself.
fn may_define(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::CreateTable { .. }
        | AuthAction::CreateIndex { .. }
        | AuthAction::CreateView { .. }
        | AuthAction::CreateTrigger { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempView { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::DropTable { .. }
        | AuthAction::DropIndex { .. }
        | AuthAction::DropView { .. }
        | AuthAction::DropTrigger { .. }
        | AuthAction::DropTempTable { .. }
        | AuthAction::DropTempIndex { .. }
        | AuthAction::DropTempView { .. }
        | AuthAction::DropTempTrigger { .. }
        | AuthAction::Reindex { .. }
        | AuthAction::Delete { .. } => true,
        AuthAction::Insert { table_name } | AuthAction::Update { table_name, .. } => begins_with(table_name, "sqlite_"),
        AuthAction::Read { .. } | AuthAction::Function { .. } => may_plan(action),
        _ => false,
    }
}

/// What SQLite's own statements behind an ALTER TABLE do beside that.
fn may_alter(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::AlterTable { .. } | AuthAction::Select => true,
        AuthAction::Read { table_name, .. } => table_name.eq_ignore_ascii_case("pragma_quick_check"),
        AuthAction::Pragma { pragma_name, .. } => pragma_name.eq_ignore_ascii_case("quick_check"),
        _ => false,
    }
}

fn may_inspect(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Pragma { pragma_name, .. } => {
            ["table_xinfo", "index_list", "index_xinfo", "foreign_key_list"].contains(pragma_name)
        }
        _ => may_plan(action),
    }
}

fn begins_with(name: &str, head: &str) -> bool {
    name.get(..head.len()).is_some_and(|found| found.eq_ignore_ascii_case(head))
}
