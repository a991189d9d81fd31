//! How much of what is asked of a database could be read, and what the database itself does that no query shows.

use std::collections::{BTreeMap, BTreeSet};

use super::analysis::{Analysis, Database};
use crate::host;
use crate::name::{Ident, QName};
use crate::query::{PathClass, Resolution, SiteId};
use crate::workload::{Share, Understood};

/// Says how much of what is asked of a database could be read and planned.
pub(super) fn understood(analysis: &Analysis, number: usize) -> Understood {
    let database = &analysis.databases[number];
    let mut sent: BTreeMap<SiteId, Sent<'_>> = BTreeMap::new();
    for query in &database.workload {
        for sender in &query.senders {
            let site = sent.entry(sender.site).or_insert_with(|| Sent { is_planned: true, tables: BTreeSet::new() });
            site.is_planned &= query.planned().is_some();
            site.tables.extend(query.shape.references.iter().map(|reference| &reference.table));
        }
    }
    let (within, held) = (within(database), held(database));
    let mut found = Understood { within, held, ..Understood::default() };
    let mut by_host = 0;
    for (id, site) in (0..).map(SiteId).zip(&analysis.sites) {
        let is_own = usize::from(site.database.0) == number;
        if !is_own || !matches!(site.class, PathClass::App | PathClass::Script) {
            continue;
        }
        let sent = sent.get(&id);
        let is_whole = site.resolution == Resolution::Resolved && sent.is_some_and(|sent| sent.is_planned);
        let add = |share: &mut Share| {
            share.found += 1;
            share.whole += usize::from(is_whole);
        };
        by_host += usize::from(host::facts::reads(analysis.path(site.place.file)));
        add(&mut found.all);
        for table in sent.iter().flat_map(|sent| &sent.tables) {
            add(found.tables.entry((*table).clone()).or_default());
        }
    }
    found.elsewhere = analysis.unread.is_most(by_host);
    found
}

/// What a site sends.
struct Sent<'a> {
    is_planned: bool,
    tables: BTreeSet<&'a QName>,
}

/// What a statement makes that asks tables without any query of the code base, by a word of its head.
const ASKING: &[&str] = &["FUNCTION", "MATERIALIZED", "POLICY", "PROCEDURE", "RULE", "TRIGGER", "VIEW"];

/// How many words a statement says before what it makes is named.
const HEAD: usize = 8;

/// The tables that code within the database names.
fn within(database: &Database) -> BTreeSet<QName> {
    let references = || database.workload.iter().flat_map(|query| &query.shape.references);
    let read: BTreeSet<&QName> = references().filter_map(|reference| reference.via_view.as_ref()).collect();
    let mut named: BTreeSet<Ident> = BTreeSet::new();
    for (text, _) in &database.ddl {
        let head: Vec<String> = words(text).take(HEAD).map(str::to_ascii_uppercase).collect();
        let kind = head.iter().find(|word| ASKING.contains(&word.as_str()));
        match kind.filter(|_| head.first().is_some_and(|word| word == "CREATE")).map(String::as_str) {
            None => continue,
            // The function that it calls is another statement.
            Some("TRIGGER") if words(text).any(|word| word.eq_ignore_ascii_case("execute")) => continue,
            // Queries that read a view are read through it.
            Some("VIEW") if read.iter().any(|view| words(text).take(HEAD).any(|word| view.name == word)) => continue,
            Some(_) => named.extend(words(text).map(Ident::new)),
        }
    }
    tables_named(database, &named)
}

fn tables_named(database: &Database, named: &BTreeSet<Ident>) -> BTreeSet<QName> {
    database.catalog.tables.keys().filter(|table| named.contains(&table.name)).cloned().collect()
}

/// The indexes by which rows are laid out, or told apart on other servers.
fn held(database: &Database) -> BTreeSet<Ident> {
    let mut found = BTreeSet::new();
    for (text, _) in &database.ddl {
        let all: Vec<&str> = words(text).collect();
        for three in all.windows(3) {
            let is = |at: usize, word: &str| three[at].eq_ignore_ascii_case(word);
            if (is(0, "cluster") && is(1, "on")) || (is(0, "using") && is(1, "index")) {
                found.insert(Ident::new(three[2]));
            }
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !(char.is_alphanumeric() || char == '_')).filter(|word| !word.is_empty())
}
