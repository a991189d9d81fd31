//! What statements may do on a scratch database, and how much work they may make.
//!
//! Text of the code base reaches SQLite here. The authorizer admits schema statements while a database is built, and
//! reading and writing statements (which are explained, never run) while it plans. Attaching files, pragmas, vacuuming,
//! loading extensions and virtual tables are refused always.

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
}

/// Our side of the callbacks on a connection.
pub(super) struct Guard {
    phase: Arc<AtomicU8>,
    steps: Arc<AtomicU32>,
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
        let guard = Self { phase: Arc::new(AtomicU8::new(Phase::Build as u8)), steps: Arc::new(AtomicU32::new(0)) };
        let phase = Arc::clone(&guard.phase);
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            let building = phase.load(Ordering::Relaxed) == Phase::Build as u8;
            let allowed = may_plan(&context.action) || (building && may_build(&context.action));
            if allowed { Authorization::Allow } else { Authorization::Deny }
        }))?;
        let steps = Arc::clone(&guard.steps);
        connection.progress_handler(STEP, Some(move || steps.fetch_add(1, Ordering::Relaxed) > STEPS))?;
        Ok(guard)
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

fn begins_with(name: &str, head: &str) -> bool {
    name.get(..head.len()).is_some_and(|found| found.eq_ignore_ascii_case(head))
}
