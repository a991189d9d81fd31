//! Fingerprints of findings as a property: what a query asks of a table tells them apart, and nothing else does.

use std::collections::BTreeSet;

use planlint::run::Goal;
use proptest::prelude::*;

use crate::run;
use crate::tree::Memory;

/// None of its columns is indexed but the key; by their names each tells rows apart, so that an index on any of them is
/// worth it whatever else a query asks.
const SCHEMA: &str = "CREATE TABLE orders
    (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT, token TEXT, username TEXT, uuid TEXT, note TEXT);";
const COLUMNS: [&str; 4] = ["email", "token", "username", "uuid"];

/// What of a query must not matter.
#[derive(Clone, Debug)]
struct Dress {
    alias: &'static str,
    projection: &'static str,
    literals: [u16; 4],
    blank: &'static str,
    upper: bool,
    /// Where the conditions start: they stand in any order.
    turn: usize,
    limit: Option<u16>,
}

fn dress() -> impl Strategy<Value = Dress> {
    (
        prop::sample::select(&["", "o", "AS o", "\"x y\"", "token"][..]),
        prop::sample::select(&["*", "id", "id, uuid", "note AS e, id", "length(note) + 1"][..]),
        any::<[u16; 4]>(),
        prop::sample::select(&[" ", "\n", "\t", " /* words */ ", "\r\n  -- more words\r\n"][..]),
        any::<bool>(),
        0..4_usize,
        prop::option::of(1..200_u16),
    )
        .prop_map(|(alias, projection, literals, blank, upper, turn, limit)| Dress {
            alias,
            projection,
            literals,
            blank,
            upper,
            turn,
            limit,
        })
}

/// A query that compares these columns.
fn query(columns: &BTreeSet<&str>, dress: &Dress) -> String {
    let word = |word: &str| if dress.upper { word.to_uppercase() } else { word.to_lowercase() };
    let mut compared: Vec<&str> = columns.iter().copied().collect();
    let turn = dress.turn % compared.len();
    compared.rotate_left(turn);
    let conditions = compared.iter().zip(dress.literals).map(|(column, literal)| format!("{column} = 'x{literal}'"));
    let conditions = conditions.collect::<Vec<_>>().join(&format!("{}{}{}", dress.blank, word("and"), dress.blank));
    let limit = dress.limit.map_or(String::new(), |limit| format!("{}{} {limit}", dress.blank, word("limit")));
    let (select, from, filter) = (word("select"), word("from"), word("where"));
    let Dress { alias, projection, blank, .. } = dress;
    format!("{select}{blank}{projection}{blank}{from} orders {alias}{blank}{filter}{blank}{conditions}{limit};\n")
}

/// The fingerprints of what is found about a query.
fn fingerprints(query: &str) -> BTreeSet<String> {
    let tree = Memory::default().with("schema.sql", SCHEMA).with("q.sql", query);
    let report = run(&tree, Goal::Check);
    let missing = report.findings.into_iter().filter(|finding| finding.rule == "missing-index");
    missing.map(|finding| finding.fingerprint).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_columns_compared_and_nothing_else_make_the_fingerprint(
        one in prop::sample::subsequence(&COLUMNS[..], 1..=3),
        other in prop::sample::subsequence(&COLUMNS[..], 1..=3),
        (first, second) in (dress(), dress()),
    ) {
        let (one, other): (BTreeSet<_>, BTreeSet<_>) = (one.into_iter().collect(), other.into_iter().collect());
        let (query, again) = (query(&one, &first), query(&one, &second));
        let found = fingerprints(&query);
        prop_assert_eq!(found.len(), 1, "{}", query);
        prop_assert_eq!(&found, &fingerprints(&again), "{} {}", query, again);
        let another = self::query(&other, &first);
        prop_assert_eq!(found == fingerprints(&another), one == other, "{} {}", query, another);
    }
}
