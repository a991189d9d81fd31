//! What an access makes of an index beside others: index | others | access | none, own, or the position of who does it.

use super::spec::{access, index, target};
use crate::coverage::{Conditions, Need, need};

fn check(table: &str) {
    let target = target("postgres");
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [own, others, asked, expect] = cells[..] else { panic!("four cells: {line}") };
        let (asked, conditions) = match asked.strip_prefix("any ") {
            Some(rest) => (rest, Conditions::Any),
            None => (asked, Conditions::Together),
        };
        let own = index(own, target.dialect);
        let others = others.split("; ").filter(|other| *other != "-").map(|other| index(other, target.dialect));
        let others: Vec<_> = others.collect();
        let access = access(asked, target.dialect);
        let found = match need(&own, &others.iter().collect::<Vec<_>>(), (&access, conditions), None, &target) {
            Need::None => "none".to_owned(),
            Need::Met(at) => at.to_string(),
            Need::Meant => "meant".to_owned(),
            Need::Own => "own".to_owned(),
        };
        if found != expect {
            wrong.push(format!("{line}\n    found: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_missed_without_an_index() {
    check(
        "
        (a) | - | b = ? | none
        (a) | - | a = ? | own
        (a) | (b) | a = ? and b = ? | own
        (a) | unique (b) | a = ? and b = ? | 0
        (a) | (b); (a, c) | a = ? and b = ? | 1
        (a, b) | (b, a) | a = ? and b = ? | 0
        (a, b) | (b, a) | a = ? | own
        (a, b) | (a) | a = ? | 0
        (a, b) | (a) | a = ? and b > 5 | own
        (a, b) | (a) | a = ? order by b limit 10 | own
        (a, b) | (a, b desc) | a = ? order by b limit 10 | 0
        (a, b) | (a) | a = ? read a, b | own
        (a, b) | (a) | a = ? read a, c | 0
        (a) | - | b = ? order by a | own
        (a) | - | a = ? or b = ? | own
        (a) | (a, c) | a = ? or b = ? | 0
        (a) | - | a <> ? | none
        (a) where d is null | (a) | a = ? and d is null | own
        (a) where d is null | - | a = ? | none
        gin (a) | (a) | a @> ? | own
        (a) | - | lower(a) = ? | meant
        (a) | unique (b) | lower(a) = ? and b = ? | none
        (lower(a)) | - | a = ? | meant
        (a) | - | a like 'x%' | meant
        ",
    );
}

#[test]
fn a_row_that_a_join_finds_may_be_read_first() {
    check(
        "
        (a) | unique (b) | a = ? and b = o.inner | own
        (a) | unique (b) | a = o.inner and b = ? | 0
        (a) | - | a = o.semi | own
        ",
    );
}

#[test]
fn conditions_that_come_and_go_may_stand_alone() {
    check(
        "
        (a) | unique (b) | opt(a = ?) and opt(b = ?) | own
        (a) | unique (b) | opt(a = ?) and b = ? | 0
        (a) | unique (b) | any a = ? and b = ? | own
        (a) | (a, b) | any a = ? and b = ? | 0
        (a) | (c) | opt(a = ?) and c = ? | own
        ",
    );
}
