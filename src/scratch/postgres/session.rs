//! One conversation with a server, blocking; the only place that knows PostgreSQL's protocol.
//!
//! Everything goes by the simple protocol: a statement is text, and so is its answer. A server that does not answer in
//! time is asked to stop and then given up, for what the code base sends may set the server's own limit aside.

mod address;
mod conninfo;
mod error;
mod tls;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, SimpleQueryMessage};

pub use address::Address;
pub use error::SqlError;
pub(super) use tls::unguessable;

use crate::engine::ScratchError;

use address::{Again, Attempt};
use tls::{Tls, Trust};

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
    tls: Tls,
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
        let tls = Tls::new(&Trust::Anybody, None).map_err(failed)?;
        let attempt = Attempt { config: config(place, database, role), tls, again: Again::Always };
        Self::begin(&attempt, patience).map_err(|error| failed(error.to_string()))
    }

    /// Opens a conversation with a server of the user's, as libpq would, and returns the address of the one that
    /// answered: all sessions are to be with that.
    ///
    /// # Errors
    /// What the servers that were tried say.
    pub fn connect(address: &Address) -> Result<(Self, Address), SqlError> {
        let mut failed: Vec<SqlError> = Vec::new();
        for attempt in &address.attempts {
            let is_vain = failed.last().is_some_and(|error| !error.is_about_tls());
            if attempt.again == Again::Otherwise && is_vain {
                continue;
            }
            match Self::begin(attempt, PATIENCE) {
                Ok(session) => return Ok((session, Address { attempts: vec![attempt.clone()], ..address.clone() })),
                Err(error) => failed.push(error),
            }
        }
        failed.dedup_by(|one, other| one.message == other.message);
        let mut words: Vec<&str> = failed.iter().map(|error| error.message.as_str()).collect();
        words.extend(address.note.filter(|_| words.iter().any(|words| words.contains("password"))));
        let message = words.join("; ");
        let last = failed.pop().unwrap_or_else(|| SqlError::lost("there is no server to ask"));
        Err(SqlError { message, ..last })
    }

    fn begin(attempt: &Attempt, patience: Duration) -> Result<Self, SqlError> {
        let Attempt { config, tls, .. } = attempt;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| SqlError::lost(&error.to_string()))?;
        let until = config.get_connect_timeout().copied().unwrap_or(PATIENCE);
        let connected = runtime.block_on(async { timeout(until, config.connect(tls.clone())).await });
        let connected = connected.map_err(|_| SqlError::lost("the server does not answer in time"))?;
        let (client, connection) = connected.map_err(SqlError::from)?;
        // Its result is known to the statement that waits for it.
        runtime.spawn(async move { drop(connection.await) });
        let tls = tls.clone();
        Ok(Self { client, runtime, tls, patience, lost: false })
    }

    /// The same conversation, in which no statement may take longer.
    pub(super) fn within(self, limit: Duration) -> Self {
        Self { patience: limit + GRACE, ..self }
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
        self.pipeline_until(statements, |_| false)
    }

    /// The same up to the first answer that ends it; what was sent after that statement is still run by the server.
    pub(super) fn pipeline_until<S: AsRef<str>>(
        &mut self,
        statements: &[S],
        ends: impl Fn(&Result<Vec<Row>, SqlError>) -> bool,
    ) -> Vec<Result<Vec<Row>, SqlError>> {
        let mut answers = Vec::with_capacity(statements.len());
        for some in statements.chunks(AT_ONCE) {
            if answers.last().is_some_and(&ends) {
                break;
            }
            let (client, tls, patience, lost) = (&self.client, &self.tls, self.patience, &mut self.lost);
            self.runtime.block_on(async {
                let asked = some.iter().map(|statement| client.simple_query(statement.as_ref()));
                let mut asked: FuturesOrdered<_> = asked.collect();
                for _ in some {
                    answers.push(answer(client, tls, &mut asked, patience, lost).await);
                    if answers.last().is_some_and(&ends) {
                        break;
                    }
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
    tls: &Tls,
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
        let _ = timeout(GRACE, client.cancel_token().cancel_query(tls.clone())).await;
        next = timeout(GRACE, asked.next()).await;
    }
    match next {
        Ok(Some(answered)) => answered.map(rows).map_err(SqlError::from),
        Ok(None) | Err(_) => {
            *lost = true;
            Err(SqlError::late())
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
    config.dbname(database).application_name("planlint").ssl_mode(SslMode::Disable);
    config
}
