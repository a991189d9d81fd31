//! The server that a user offers to plan on.
//!
//! No file says which: the configuration belongs to the code that is checked, and would choose where passwords of the
//! user's go.

use miette::Diagnostic;
use thiserror::Error;

use crate::cli::options::Common;
use crate::config::EngineChoice;
use crate::run::STATEMENT_TIMEOUT;
use crate::scratch::postgres::offered::{Offer, Ownership};
use crate::scratch::postgres::session::Address;

/// A server that cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub(in crate::cli) enum OfferError {
    #[error("`--scratch-url` names no server: {0}")]
    #[diagnostic(help(
        "type `--scratch-url postgres://USER@HOST/NAME`; the PG* variables and `~/.pgpass` say the rest"
    ))]
    Unread(String),
    #[error("`--scratch-url` offers a PostgreSQL, and the engine is to be `{0}`")]
    #[diagnostic(help("leave out one of them, or type `--engine postgres`"))]
    OtherEngine(&'static str),
}

/// Reads where the server is, without a word to it.
pub(super) fn read(options: &Common, engine: EngineChoice) -> Result<Option<Offer>, OfferError> {
    let Some(url) = &options.scratch_url else { return Ok(None) };
    match engine {
        EngineChoice::Auto | EngineChoice::Postgres => {}
        EngineChoice::Sqlite => return Err(OfferError::OtherEngine("sqlite")),
        EngineChoice::None => return Err(OfferError::OtherEngine("none")),
    }
    let address = Address::read(Some(url.reveal()), &|name| std::env::var(name).ok()).map_err(OfferError::Unread)?;
    let ownership = if options.scratch_owned { Ownership::Ours } else { Ownership::Unsaid };
    Ok(Some(Offer { address, ownership, statement_timeout: STATEMENT_TIMEOUT, collation: None }))
}
