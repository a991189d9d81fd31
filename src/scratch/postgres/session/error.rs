//! What a server complains about, in its own words.

use thiserror::Error;

/// The connection could not be made for reasons of TLS.
const TLS: &str = "08001";

/// The statement came to no end, and the session did not suffer from it.
const CANCELED: &str = "57014";

/// Nobody knows what became of the statement.
const LATE: &str = "08007";

/// Why a statement failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SqlError {
    /// The SQLSTATE; of class `08` where the session itself is gone.
    pub code: String,
    /// The server's message.
    pub message: String,
    /// What it adds.
    pub detail: Option<String>,
    /// What it advises.
    pub hint: Option<String>,
    /// What the server was in by then: functions, innermost first.
    pub context: Option<Box<str>>,
    /// Where in the statement, in characters from 1.
    pub position: Option<u32>,
}

impl SqlError {
    /// An error of ours under a SQLSTATE of the server's.
    pub(in crate::scratch::postgres) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), detail: None, hint: None, context: None, position: None }
    }

    /// A statement that would come to no end.
    pub(in crate::scratch::postgres) fn canceled(why: impl Into<String>) -> Self {
        Self::new(CANCELED, why)
    }

    /// The session is of no use any more.
    pub(super) fn lost(message: &str) -> Self {
        Self::new("08006", message)
    }

    /// No answer came in time, nor when the server was asked to stop: the session is given up.
    pub(super) fn late() -> Self {
        Self::new(LATE, "the server does not answer in time")
    }

    /// Says whether the session was given up for want of an answer to this very statement.
    pub fn is_late(&self) -> bool {
        self.code == LATE
    }

    /// Says whether the statement came to no end within its limit of time, or within the client's.
    pub fn is_out_of_time(&self) -> bool {
        self.code == CANCELED || self.is_late()
    }

    /// The same, of which nobody takes the session to be gone.
    pub(in crate::scratch::postgres) fn of_statement(self) -> Self {
        if self.is_late() { Self { code: CANCELED.to_owned(), ..self } } else { self }
    }

    /// Says whether the session is gone, or its server has no room left: no other statement will be answered as it
    /// would be, and what was refused says nothing of the statement.
    pub fn is_lost(&self) -> bool {
        self.is_disk_full() || self.code.starts_with("08") || matches!(self.code.as_str(), "57P01" | "57P02" | "57P03")
    }

    /// Says whether a connection failed because of TLS, or for the want of it: the server's own rules say so by 28000.
    pub(super) fn is_about_tls(&self) -> bool {
        self.code == TLS || self.code == "28000"
    }

    /// Says whether the disk is full.
    pub fn is_disk_full(&self) -> bool {
        self.code == "53100"
    }
}

impl From<tokio_postgres::Error> for SqlError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::ErrorPosition;

        let Some(said) = error.as_db_error() else {
            // A password may stand in the words of no layer below: they are about sockets and bytes.
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            let words = format!("{error}{cause}");
            return if words.contains("TLS") { Self::new(TLS, words) } else { Self::lost(&words) };
        };
        let position = match said.position() {
            Some(ErrorPosition::Original(at)) => Some(*at),
            Some(ErrorPosition::Internal { .. }) | None => None,
        };
        Self {
            code: said.code().code().to_owned(),
            message: said.message().to_owned(),
            detail: said.detail().map(str::to_owned),
            hint: said.hint().map(str::to_owned),
            context: said.where_().map(Box::from),
            position,
        }
    }
}
