//! The table of cases, and how its cells are read: an index as DDL writes it, an access as a query writes it.

mod cases;
mod complaints;
mod need;
mod redundancy;
mod spec;

use super::*;
use spec::{access, index, target};

/// Says in a few words what an index is worth: `eq2 in1 range skip1 | sorted- | grouped | one | partial | special | only`.
fn verdict(index: &IndexDef, access: &AccessPattern, joins: Joins, target: &Target) -> String {
    let found = judge(index, &Asked::new(access, joins), target);
    if let Some(why) = found.blocked {
        return format!("no: {why:?}");
    }
    let mut words = Vec::new();
    let mut count = |word: &str, number: u16| (number > 0).then(|| words.push(format!("{word}{number}")));
    count("eq", found.equality);
    count("in", found.lists);
    count("skip", found.skipped);
    let sort = match found.sort {
        Sort::NotAsked => "",
        Sort::Unserved => "unsorted",
        Sort::Partial(1) => "sorted-1",
        Sort::Partial(_) => "sorted-n",
        Sort::Served(Scan::Forward) => "sorted",
        Sort::Served(Scan::Backward) => "backward",
    };
    let flags = [
        (found.range, "range"),
        (!sort.is_empty(), sort),
        (found.grouped, "grouped"),
        (found.single_row, "one"),
        (found.partial, "partial"),
        (found.special, "special"),
        (found.covering, "only"),
    ];
    words.extend(flags.iter().filter(|(holds, _)| *holds).map(|(_, word)| (*word).to_owned()));
    let left = found.residual(access).count();
    if left > 0 {
        words.push(format!("filter{left}"));
    }
    words.join(" ")
}

/// Judges every line of a table `index | access | verdict`; a line `-- postgres 18` sets the target from there on.
fn check(table: &str) {
    let mut target_now = target("postgres");
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("-- ") {
            target_now = target(name);
            continue;
        }
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [key, asked, expect] = cells[..] else { panic!("three cells: {line}") };
        let (asked, joins) = match asked.strip_prefix("alone ") {
            Some(rest) => (rest, Joins::Ignored),
            None => (asked, Joins::Bound),
        };
        let index = index(key, target_now.dialect);
        let found = verdict(&index, &access(asked, target_now.dialect), joins, &target_now);
        if found != expect {
            wrong.push(format!("{line}\n    found: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn positions_beyond_the_set_are_never_in_it() {
    let mut set = TermSet::default();
    [3, 63, 64, 200].into_iter().for_each(|at| set.insert(at));
    assert_eq!(set.iter().collect::<Vec<_>>(), [3, 63]);
    assert!(!set.contains(64) && set.len() == 2);
}
