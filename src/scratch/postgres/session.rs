//! One conversation with a server, blocking; the only place that knows PostgreSQL's protocol.
//!
//! Everything goes by the simple protocol: a statement is text, and so is its answer. A server that does not answer in
//! time is asked to stop and then given up, for what the code base sends may set the server's own limit aside.

mod error;
mod url;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

pub use error::SqlError;

use crate::engine::ScratchError;

/// The role that the server's own files belong to: a superuser.
pub const ADMIN: &str = "planlint";
/// The role that sends what stands in the code base: no attribute, no membership.
pub const PLANNER: &str = "planner";

/// How many statements of a pipeline are on their way at once.
const AT_ONCE: usize = 256;
/// How long a statement that was cancelled may take to end.
const GRACE: Duration = Duration::from_secs(2);
/// How long a statement of ours may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A socket in this folder.
    Socket(PathBuf),
}

/// Who is speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The superuser, for statements of ours.
    Admin,
    /// The role without rights, for statements of the code base.
    Planner {
        /// How long one of them may take.
        timeout: Duration,
    },
}

/// A row of an answer: the server's text for each value, none for NULL.
pub type Row = Vec<Option<String>>;

/// One conversation.
pub struct Session {
    client: Client,
    runtime: Runtime,
    patience: Duration,
    /// It was given up.
    lost: bool,
}

impl Session {
    /// Opens a conversation.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn open(place: &Place, database: &str, role: Role) -> Result<Self, ScratchError> {
        let patience = match role {
            Role::Admin => PATIENCE,
            Role::Planner { timeout } => timeout + GRACE,
        };
        let failed = |error: String| ScratchError::Engine(format!("no session can be opened: {error}"));
        Self::begin(&config(place, database, role), patience).map_err(failed)
    }

    /// Opens a conversation with a server of the user's, as libpq would: what the string leaves open is taken from the
    /// PG* variables.
    ///
    /// # Errors
    /// What is wrong with the string, without a word of it, or what the server says.
    pub fn connect(url: Option<&str>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        Self::begin(&url::config(url, variable)?, PATIENCE)
    }

    fn begin(config: &Config, patience: Duration) -> Result<Self, String> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let connected = runtime.block_on(async { timeout(PATIENCE, config.connect(NoTls)).await });
        let connected = connected.map_err(|_| "the server does not answer".to_owned())?;
        let (client, connection) = connected.map_err(|error| SqlError::from(error).to_string())?;
        // Its result is known to the statement that waits for it.
        runtime.spawn(async move { drop(connection.await) });
        Ok(Self { client, runtime, patience, lost: false })
    }

    /// Runs statements, several in one transaction; what they return is thrown away.
    ///
    /// # Errors
    /// The server's words about the first that fails.
    pub fn run(&mut self, sql: &str) -> Result<(), SqlError> {
        self.rows(sql).map(drop)
    }

    /// Runs statements, several in one transaction, and returns their rows.
    ///
    /// # Errors
    /// The server's words about the first that fails.
    pub fn rows(&mut self, sql: &str) -> Result<Vec<Row>, SqlError> {
        self.pipeline(&[sql]).remove(0)
    }

    /// Runs many statements, each for itself, without waiting for one before the next is sent.
    pub fn pipeline<S: AsRef<str>>(&mut self, statements: &[S]) -> Vec<Result<Vec<Row>, SqlError>> {
        let mut answers = Vec::with_capacity(statements.len());
        for some in statements.chunks(AT_ONCE) {
            let (client, patience, lost) = (&self.client, self.patience, &mut self.lost);
            self.runtime.block_on(async {
                let asked = some.iter().map(|statement| client.simple_query(statement.as_ref()));
                let mut asked: FuturesOrdered<_> = asked.collect();
                for _ in some {
                    answers.push(answer(client, &mut asked, patience, lost).await);
                }
            });
        }
        answers
    }

    /// Returns the path of a table's or index's first file, relative to the folder of the server's files.
    ///
    /// # Errors
    /// The server's words.
    pub fn relation_path(&mut self, oid: u32) -> Result<PathBuf, SqlError> {
        let rows = self.rows(&format!("SELECT pg_catalog.pg_relation_filepath({oid}::pg_catalog.oid)"))?;
        let path = rows.into_iter().flatten().flatten().next();
        path.map(PathBuf::from).ok_or_else(|| SqlError::new("42P01", format!("relation {oid} has no file")))
    }
}

/// Waits for the next answer; a server that is late is asked to stop, then given up.
async fn answer<F>(
    client: &Client,
    asked: &mut FuturesOrdered<F>,
    patience: Duration,
    lost: &mut bool,
) -> Result<Vec<Row>, SqlError>
where
    F: Future<Output = Result<Vec<SimpleQueryMessage>, tokio_postgres::Error>>,
{
    if *lost {
        return Err(SqlError::lost("the session was given up"));
    }
    let mut next = timeout(patience, asked.next()).await;
    if next.is_err() {
        // Whether the question arrives shows in the answer.
        let _ = timeout(GRACE, client.cancel_token().cancel_query(NoTls)).await;
        next = timeout(GRACE, asked.next()).await;
    }
    match next {
        Ok(Some(answered)) => answered.map(rows).map_err(SqlError::from),
        Ok(None) | Err(_) => {
            *lost = true;
            Err(SqlError::lost("the server does not answer in time"))
        }
    }
}

fn rows(messages: Vec<SimpleQueryMessage>) -> Vec<Row> {
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()),
        _ => None,
    };
    messages.into_iter().filter_map(row).collect()
}

fn config(place: &Place, database: &str, role: Role) -> Config {
    let mut config = Config::new();
    match place {
        Place::Socket(folder) => config.host_path(folder),
    };
    match role {
        // Nothing that the code base defines is found by a name of ours.
        Role::Admin => config.user(ADMIN).options("-c search_path=pg_catalog,pg_temp"),
        Role::Planner { timeout } => {
            let limit = timeout.as_millis();
            config.user(PLANNER).options(format!("-c statement_timeout={limit} -c lock_timeout={limit}"))
        }
    };
    config.dbname(database).application_name("planlint");
    config
}
