//! The application's own DDL on a PostgreSQL, unchanged, and what the replayed catalogue has beyond it.
//!
//! The statements go through the planner's session in their order; those that need what comes later go again until
//! nothing changes. What is missing then against the catalogue (a refused statement, a block that is never run, a model
//! without a migration) is made from the catalogue. No row is ever stored, no query, function or block run.

mod absent;
mod deed;
mod extension;
mod fill;
mod matching;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::relations::Relations;
use super::session::{Session, SqlError};
use crate::catalog::{Catalog, IndexId};
use crate::engine::Refusal;
use crate::name::QName;
use crate::query::{Skip, SkipStage};
use crate::scratch::NativeStatement;

use deed::Deed;
pub(super) use fill::fillings;

/// A schema that a database holds.
#[derive(Debug, Default)]
pub struct Applied {
    /// What the database holds.
    pub relations: Relations,
    /// The tables of the catalogue, by their numbers in the database.
    pub tables: BTreeMap<QName, u32>,
    /// The indexes of the catalogue, by their numbers in the database.
    pub indexes: BTreeMap<IndexId, u32>,
    /// Tables and indexes of the catalogue that the database would not hold, and why.
    pub refused: Vec<(QName, Refusal)>,
    /// What the server refused (`native-refused`, `extension-missing`) and where the replay was wrong (`schema-differs`).
    pub skips: Vec<Skip>,
}

/// What became of the statements, to be told in this run and in later ones on the same schema.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Made {
    /// Extensions and types that are not there, with the statements that ask for them.
    missing: Vec<(usize, String)>,
    /// Statements that were refused, and the server's words.
    refusals: Vec<(usize, String)>,
    /// Tables that could not be made.
    unmade: Vec<(QName, Refusal)>,
    /// No statement was given up for want of time.
    in_time: bool,
}

impl Made {
    /// Says whether another run would fare the same: an extension may be installed meanwhile, a machine less busy.
    pub(super) fn is_lasting(&self) -> bool {
        self.missing.is_empty() && self.in_time
    }
}

/// A statement that was refused so far.
struct Pending {
    at: usize,
    text: String,
    /// Whether it drops something.
    drops: bool,
    error: SqlError,
}

/// Errors that a later statement may cure: a name that is not there yet.
const CURABLE: &[&str] = &["42P01", "42703", "42704", "42883", "3F000", "42830", "42P17", "42809"];
/// `CREATE SCHEMA` of one that an extension was installed into.
const DUPLICATE_SCHEMA: &str = "42P06";
/// Errors of what is there already: columns, objects, relations, a second primary key.
const DUPLICATES: &[&str] = &["42701", "42710", "42P07", "42P16"];
/// A statement that cannot be read.
const SYNTAX: &str = "42601";
/// How often refused statements are sent again at most.
const ROUNDS: usize = 20;

/// Which statements are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// All that make or change something.
    All,
    /// None but those for extensions, which are the server's own; the rest is made from the catalogue.
    Extensions,
}

/// Makes a schema in an empty database.
///
/// # Errors
/// When a session is lost.
pub fn apply(
    admin: &mut Session,
    planner: &mut Session,
    statements: &[NativeStatement<'_>],
    catalog: &Catalog,
) -> Result<Applied, SqlError> {
    let made = make(admin, planner, statements, catalog, Sent::All)?;
    tell(admin, statements, catalog, made)
}

/// Makes it, and returns what was refused.
pub(super) fn make(
    admin: &mut Session,
    planner: &mut Session,
    statements: &[NativeStatement<'_>],
    catalog: &Catalog,
    sent: Sent,
) -> Result<Made, SqlError> {
    planner.run("SET check_function_bodies = off; SET client_min_messages = error")?;
    let deeds: Vec<Deed> = statements.iter().map(|statement| deed::read(statement.sql)).collect();
    let mut missing = install(admin, planner, statements, &deeds)?;
    let deeds = if sent == Sent::All { deeds } else { Vec::new() };
    // Where nothing was said to the server, nothing is gone from it either.
    let is_unsaid = !deeds.iter().any(|deed| matches!(deed, Deed::Send(_) | Deed::Drop(_)));
    let mut pending = first_pass(planner, statements, deeds)?;
    settle(planner, &mut pending)?;
    // What later statements need first: types, then tables.
    if fill::types(admin, planner, catalog)? {
        settle(planner, &mut pending)?;
    }
    missing.extend(absent::stand_in(admin, planner, &mut pending, statements, catalog)?);
    let relations = Relations::read(admin)?;
    let filled = fill::tables(planner, catalog, &relations)?;
    settle(planner, &mut pending)?;
    planner.run("RESET search_path")?;
    let in_doubt = |name: &str| is_unsaid || in_doubt(&pending, name);
    fill::parts(planner, catalog, &Relations::read(admin)?, &in_doubt)?;
    let in_time = pending.iter().all(|one| !one.error.is_out_of_time());
    let refusals = pending.iter().filter_map(|one| refusal(one, &filled.made)).collect();
    Ok(Made { missing, refusals, unmade: filled.refused, in_time })
}

/// Tells what the database holds after its schema was made, in this run or an earlier one.
pub(super) fn tell(
    admin: &mut Session,
    statements: &[NativeStatement<'_>],
    catalog: &Catalog,
    made: Made,
) -> Result<Applied, SqlError> {
    let mut applied = Applied { relations: Relations::read(admin)?, ..Applied::default() };
    let mut skip = |reason, said: Vec<(usize, String)>| {
        let place = |at: usize| statements.get(at).map(|statement| statement.place);
        let skips = said
            .into_iter()
            .filter_map(|(at, detail)| Some(Skip { stage: SkipStage::Schema, reason, detail, place: place(at)? }));
        applied.skips.extend(skips);
    };
    skip("extension-missing", made.missing);
    skip("native-refused", made.refusals);
    matching::map(catalog, made.unmade, &mut applied);
    Ok(applied)
}

/// The extensions that are not there, with the positions of the statements that ask for them.
fn install(
    admin: &mut Session,
    planner: &mut Session,
    statements: &[NativeStatement<'_>],
    deeds: &[Deed],
) -> Result<Vec<(usize, String)>, SqlError> {
    let created = deeds.iter().enumerate().filter_map(|(at, deed)| match deed {
        Deed::Extension(name, schema) => Some((at, name.as_str(), schema.as_deref())),
        _ => None,
    });
    let texts: Vec<&str> = statements.iter().map(|statement| statement.sql).collect();
    let all = extension::wanted(created, &texts);
    let missing = extension::install(admin, planner, &all)?;
    let uses = statements.iter().zip(deeds).filter(|(_, deed)| matches!(deed, Deed::Send(_)));
    let uses: Vec<&str> = uses.map(|(statement, _)| statement.sql).collect();
    let types = absent::of_extensions(admin, missing.keys().map(|at| &all[*at]), &uses)?;
    let said = |(at, why): (usize, String)| {
        (all[at].asked.unwrap_or(0), format!("the extension `{}` is not installed: {why}", all[at].name))
    };
    Ok(missing.into_iter().map(said).chain(types).collect())
}

/// Sends every statement once, in order.
fn first_pass(
    planner: &mut Session,
    statements: &[NativeStatement<'_>],
    deeds: Vec<Deed>,
) -> Result<Vec<Pending>, SqlError> {
    let mut sent: Vec<(Option<(usize, bool)>, String)> = Vec::new();
    let mut file = None;
    for (at, deed) in deeds.into_iter().enumerate() {
        let here = statements[at].place.file;
        // Every file is run in a session of its own.
        if file.replace(here).is_some_and(|before| before != here) {
            sent.push((None, "RESET search_path".to_owned()));
        }
        match deed {
            Deed::Send(text) => sent.push((Some((at, false)), text)),
            Deed::Drop(text) => sent.push((Some((at, true)), text)),
            Deed::Path(text) => sent.push((None, text)),
            Deed::Extension(..) | Deed::Pass => {}
        }
    }
    let texts: Vec<&str> = sent.iter().map(|(_, text)| text.as_str()).collect();
    let answers = planner.pipeline(&texts);
    let mut pending = Vec::new();
    for ((of, text), answer) in sent.into_iter().zip(answers) {
        match (of, answer) {
            (_, Err(error)) if error.is_lost() => return Err(error),
            (Some((at, drops)), Err(error)) => {
                pending.push(Pending { at, text, drops, error });
            }
            _ => {}
        }
    }
    Ok(pending)
}

/// Sends refused statements again, in order, as long as one more of them is taken.
fn settle(planner: &mut Session, pending: &mut Vec<Pending>) -> Result<(), SqlError> {
    for _ in 0..ROUNDS {
        let before = pending.len();
        // What this round made, which a statement after it may drop again.
        let mut made: Vec<(usize, String)> = Vec::new();
        let mut left = Vec::new();
        for mut one in pending.drain(..) {
            let late = || made.iter().any(|(at, text)| *at < one.at && shares_object(text, &one.text));
            if !CURABLE.contains(&one.error.code.as_str()) || (one.drops && !late()) {
                left.push(one);
                continue;
            }
            match planner.run(&one.text) {
                Ok(()) => made.push((one.at, one.text)),
                Err(error) if error.is_lost() => return Err(error),
                Err(error) => {
                    one.error = error;
                    left.push(one);
                }
            }
        }
        *pending = left;
        if made.is_empty() || pending.is_empty() || pending.len() == before {
            break;
        }
    }
    Ok(())
}

/// Says whether a `DROP` names what a `CREATE` makes: its last word is the name, unless options follow.
fn shares_object(made: &str, drop: &str) -> bool {
    let name = drop.trim_end_matches(';').split_whitespace().rev();
    let name =
        name.into_iter().find(|word| !["cascade", "restrict"].iter().any(|option| word.eq_ignore_ascii_case(option)));
    let bare = name.and_then(|name| name.rsplit('.').next()).unwrap_or_default().trim_matches('"');
    deed::mentions(made, bare)
}

/// Says whether a statement about something of this name was refused.
fn in_doubt(pending: &[Pending], name: &str) -> bool {
    pending.iter().any(|one| deed::mentions(&one.text, name))
}

fn refusal(one: &Pending, made: &[QName]) -> Option<(usize, String)> {
    // A table that was made from the catalogue is made as the statements would have left it.
    let repeats = DUPLICATES.contains(&one.error.code.as_str())
        && made.iter().any(|name| deed::mentions(&one.text, name.name.as_str()));
    if repeats || one.error.code == DUPLICATE_SCHEMA || (one.drops && CURABLE.contains(&one.error.code.as_str())) {
        return None;
    }
    Some((one.at, format!("postgres refuses the statement: {}{}", one.error, newer(&one.error))))
}

/// What to do where a newer server may read what this one does not.
fn newer(error: &SqlError) -> &'static str {
    match error.code.as_str() {
        SYNTAX if error.to_string().contains("subquery in FROM must have an alias") => {
            "; it is written for PostgreSQL 16 or newer: install it, or name it with `--pg-bin`"
        }
        SYNTAX => "; if a newer PostgreSQL reads it, install that one, or name it with `--pg-bin`",
        _ => "",
    }
}
