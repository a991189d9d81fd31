//! Under what name a server with a schema is kept for later runs: a digest of all that the schema was made from.
//!
//! The server's programs are part of the name anyway ([`Cluster::keep`](super::cluster::Cluster::keep)). Knows no
//! server.

use std::fs;
use std::time::UNIX_EPOCH;

use xxhash_rust::xxh3::Xxh3;

use super::cluster::Choice;
use super::relations::Relations;
use super::schema;
use crate::catalog::Catalog;
use crate::scratch::NativeStatement;

/// Fewer tables and indexes than these are made anew in less time than the copy of a server takes.
const FEW: usize = 100;

/// Says whether it pays to keep what holds these.
pub(super) fn pays(relations: &Relations) -> bool {
    relations.by_oid.len() >= FEW
}

/// The digest of a schema's statements, of what its catalogue adds to them, and of the planlint that applies both; none
/// where this program cannot be told from another one.
pub(super) fn digest(choice: &Choice, statements: &[NativeStatement<'_>], catalog: &Catalog) -> Option<u128> {
    let mut digest = Xxh3::new();
    // Lengths keep one text apart from the next.
    let mut add = |text: &str| {
        digest.update(&(text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    };
    add(&program()?);
    add(&format!("{:?}", choice.statement_timeout));
    let mut file = None;
    for statement in statements {
        // Where a file begins, the search path is the first one again.
        let begins = file.replace(statement.place.file) != Some(statement.place.file);
        add(if begins { "file" } else { "" });
        add(statement.sql);
    }
    schema::fillings(catalog).for_each(|text| add(&text));
    Some(digest.digest128())
}

/// This very program: what another build of it makes of the same statements may differ.
fn program() -> Option<String> {
    let seen = fs::metadata(std::env::current_exe().ok()?).ok()?;
    let changed = seen.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", env!("CARGO_PKG_VERSION"), seen.len(), changed.as_nanos()))
}
