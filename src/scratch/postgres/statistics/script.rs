//! The same statistics for a script: relations go by their names, and what has another number on each server is looked
//! up there.

use std::collections::BTreeMap;

use super::print::{self, Given, Slot, Values};
use super::{Teller, Told};
use crate::catalog::IndexDef;
use crate::scratch::postgres::pages::SEGMENT_PAGES;
use crate::scratch::postgres::relations::{Relation, Relations};
use crate::stats::StatsModel;

/// The first number that a server gives to what is not its own from the start.
const FIRST_FREE: u32 = 10_000;

/// What a script leaves out, where there is any.
const TOGETHER: &str =
    "-- extended statistics are not told here: rows found by several columns may be guessed otherwise";

/// Prints what `inject` tells a server of some relations, and what makes their files as large; `name` says what a
/// relation is called there, quoted.
pub(in crate::scratch::postgres) fn print(
    relations: &Relations,
    defs: &BTreeMap<u32, &IndexDef>,
    stats: &StatsModel,
    only: &[u32],
    name: &dyn Fn(&Relation) -> String,
) -> Vec<String> {
    let teller = Teller { relations, defs, stats };
    let wanted = only.iter().filter_map(|oid| relations.by_oid.get(oid));
    let told: Vec<Told<'_>> = wanted.filter_map(|relation| teller.tell(relation)).collect();
    let mut lines = Vec::new();
    for told in &told {
        let name = print::literal(&name(told.relation));
        lines.push(figures(told, &name));
        lines.extend(told.columns.iter().map(|given| column(given, &name)));
    }
    let together = |told: &&Told<'_>| stats.table(&told.relation.name).is_some_and(|stats| !stats.extended.is_empty());
    lines.extend(told.iter().find(together).map(|_| TOGETHER.to_owned()));
    // Last, for whatever reads a table counts its empty pages.
    for told in &told {
        let pages = told.pages.filter(|_| told.relation.file.is_some());
        lines.extend(pages.map(|pages| length(pages, &print::literal(&name(told.relation)))));
    }
    lines
}

fn figures(told: &Told<'_>, name: &str) -> String {
    let pages = told.pages.unwrap_or(0);
    let visible = (pages as f64 * told.visible).floor();
    format!(
        "UPDATE pg_class SET relpages = {pages}, reltuples = {:?}, relallvisible = {visible} WHERE oid = to_regclass({name});",
        told.rows
    )
}

fn column(given: &Given<'_>, name: &str) -> String {
    let Given { attribute, stats, rows, inherited } = given;
    let slots = print::slots(given, Values::Shown);
    // What an extension brings has a number of its own on every server.
    let portable = |slot: &&Slot| slot.operator < FIRST_FREE;
    let slots: Vec<&Slot> = slots.iter().filter(portable).collect();
    let each = |print: &dyn Fn(Option<&Slot>) -> String| {
        (0..print::SLOTS).map(|at| print(slots.get(at).copied())).collect::<Vec<_>>()
    };
    let mut parts = vec![
        "a.attrelid, a.attnum".to_owned(),
        inherited.to_string(),
        format!("{:?}", stats.null_fraction),
        format!("{}", stats.avg_width.round().max(1.0)),
        format!("{:?}", print::distinct(stats, *rows)),
    ];
    parts.extend(each(&|slot| slot.map_or("0".to_owned(), |slot| slot.kind.to_string())));
    parts.extend(each(&|slot| slot.map_or("0".to_owned(), |slot| slot.operator.to_string())));
    parts.extend(each(&|slot| slot.map_or("0".to_owned(), |_| "a.attcollation".to_owned())));
    parts.extend(each(&|slot| match slot.and_then(|slot| slot.numbers.as_ref()) {
        Some(numbers) => print::number_array(numbers),
        None => "NULL::float4[]".to_owned(),
    }));
    let base = if attribute.base < FIRST_FREE { attribute.base.to_string() } else { "a.atttypid".to_owned() };
    parts.extend(each(&|slot| match slot.and_then(|slot| slot.values.as_ref()) {
        Some(values) => format!("array_in({}::cstring, {base}::oid, -1)", print::literal(&print::array(values))),
        None => "NULL".to_owned(),
    }));
    format!(
        "INSERT INTO pg_statistic SELECT {} FROM pg_attribute a WHERE a.attrelid = to_regclass({name}) AND a.attname = {};",
        parts.join(", "),
        print::literal(attribute.name.as_str())
    )
}

/// Makes a file as long, by a program of the server's machine: `dd` keeps what is before the place it seeks.
fn length(pages: u64, name: &str) -> String {
    let program = format!(
        "f=%1$s; n={pages}; i=0; while [ $n -gt 0 ]; do s=$n; [ $s -gt {SEGMENT_PAGES} ] && s={SEGMENT_PAGES}; \
         dd if=/dev/null of=$f bs=8192 seek=$s count=0 2>/dev/null || exit; n=$((n - s)); i=$((i + 1)); f=%1$s.$i; done"
    );
    format!(
        "SELECT format('COPY (SELECT WHERE false) TO PROGRAM %L', format({}, pg_relation_filepath(c.oid))) \
         FROM pg_class c WHERE c.oid = to_regclass({name}) \\gexec",
        print::literal(&program)
    )
}
