//! Which index makes which superfluous: wide | narrow | `yes` or why not.

use super::spec::{condition, index, target};
use crate::coverage::{implies, is_duplicate, subsumes};
use crate::dialect::Dialect;

fn check(table: &str) {
    let mut target_now = target("postgres");
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("-- ") {
            target_now = target(name);
            continue;
        }
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [wide, narrow, expect] = cells[..] else { panic!("three cells: {line}") };
        let (wide, narrow) = (index(wide, target_now.dialect), index(narrow, target_now.dialect));
        let found = match subsumes(&wide, &narrow, &target_now) {
            Ok(()) => "yes".to_owned(),
            Err(why) => format!("{why:?}"),
        };
        if found != expect {
            wrong.push(format!("{line}\n    found: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn wider_and_narrower() {
    check(
        "
        (a, b) | (a) | yes
        (a, b, c) | (a, b) | yes
        (a) | (a, b) | Keys
        (b, a) | (a) | Keys
        (a, b) | (b) | Keys
        (a, b) | (a, b) | Same
        unique (a) | (a) | Same
        (a) | unique (a) | Same
        unique (a, b) | (a) | yes
        (a, b) | unique (a) | Unique
        unique (a, b) | unique (a) | Unique
        unique (a) include (b) | unique (a) | yes
        (a) include (b) | unique (a) | Unique
        (a) include (b) | (a) | yes
        (a) | (a) include (b) | Include
        (a, b) | (a) include (b) | yes
        (a, b) | (a) include (c) | Include
        (a, b) include (c) | (a) include (c) | yes
        (a, b) | (a desc) | yes
        (a desc, b) | (a) | yes
        (a, b desc) | (a, b) | Direction
        (a, b desc, c) | (a desc, b) | yes
        (a nulls first, b) | (a) | Direction
        (a desc nulls last, b) | (a) | Direction
        (a nulls first, b) | (a desc nulls last) | yes
        (a text_pattern_ops, b) | (a) | OperatorClass
        (a, b) | (a text_pattern_ops) | OperatorClass
        (a collate C, b) | (a) | Collation
        (lower(a), b) | (lower(a)) | yes
        (lower(a), b) | (a) | Keys
        (a, b) where c is null | (a) where c is null | yes
        (a, b) where c is null | (a) | Predicate
        (a, b) | (a) where c is null | Predicate
        (a, b) where c is null | (a) where d is null | Predicate
        (a, b) where c > 1 | (a) where c > 2 | Predicate
        (a, b) where c = 1 or c = 2 | (a) where c in (1, 2) | yes
        gin (a, b) | gin (a) | Method
        gin (a, b) | (a) | Method
        (a, b) | hash (a) | Method
        hash (a) | (a) | Method
        hash (a) | hash (a) | Same
        gin (a) | gin (a) | Same
        gin (a gin_trgm_ops) | gin (a) | Method
        -- sqlite
        (a, b) | (a) | yes
        (a desc, b) | (a) | yes
        (a collate nocase, b) | (a) | Collation
        -- mysql
        (a, b) | (a/10) | yes
        (a/10, b) | (a) | Keys
        (a/10, b) | (a/20) | Keys
        (a/20, b) | (a/10) | yes
        fulltext (a, b) | (a) | Method
        ",
    );
}

#[test]
fn a_duplicate_is_one_in_everything_but_uniqueness() {
    let pg = |text| index(text, Dialect::Postgres);
    assert!(is_duplicate(&pg("(a, b)"), &pg("(a, b)")));
    assert!(is_duplicate(&pg("unique (a)"), &pg("(a)")));
    assert!(is_duplicate(&pg("(a) include (b, c)"), &pg("(a) include (c, b)")));
    assert!(!is_duplicate(&pg("(a)"), &pg("(a desc)")));
    assert!(!is_duplicate(&pg("(a)"), &pg("hash (a)")));
    assert!(!is_duplicate(&pg("(a)"), &pg("(a) where b is null")));
    assert!(!is_duplicate(&pg("gin (a gin_trgm_ops)"), &pg("gin (a)")));
}

/// Known | wanted | `yes` or `no`.
#[test]
fn implications() {
    let table = "
        a = 1 | a = 1 | yes
        a = ? | a = 1 | no
        a = ? | a = ? | no
        a = 1 | a > 0 | yes
        a = 1 | a >= 1 | yes
        a = 1 | a > 1 | no
        a = 1 | a in (1, 2) | yes
        a = 3 | a in (1, 2) | no
        a = 1 | a <> 2 | yes
        a = 1 | a <> 1 | no
        a = 1 | a not in (2, 3) | yes
        a = 2 | a not in (2, 3) | no
        a in (1, 2) | a in (1, 2, 3) | yes
        a in (1, 2, 3) | a in (1, 2) | no
        a in (1, 2) | a > 0 | yes
        a in (1, 2) | a > 1 | no
        a in (?) | a in (1, 2) | no
        a in (1, 2) | a <> 3 | yes
        a = 1 or a = 2 | a in (1, 2, 3) | yes
        a > 5 | a > 3 | yes
        a > 5 | a >= 5 | yes
        a >= 5 | a > 5 | no
        a >= 6 | a > 5 | yes
        a > 5 | a > 5.5 | no
        a < 5 | a < 10 | yes
        a < 5 | a > 3 | no
        a > 5 | a <> 5 | yes
        a > 5 | a <> 6 | no
        a between 3 and 5 | a > 2 | yes
        a between 3 and 5 | a between 1 and 9 | yes
        a between 3 and 5 | a between 4 and 9 | no
        a = 10 | a > 9 | yes
        a = '10' | a > '9' | no
        a = 'b' | a > 'a' | no
        a > '2024-06-01' | a > '2024-01-01' | yes
        a > '2023-06-01' | a > '2024-01-01' | no
        a > '2024-06-01 10:00:00' | a > '2024-01-01' | no
        a = 'x' | a <> 'y' | yes
        a = 'X' | a <> 'x' | no
        a = 1 | a is not null | yes
        a = ? | a is not null | yes
        a > ? | a is not null | yes
        a in (?) | a is not null | yes
        a like ? | a is not null | yes
        a not like ? | a is not null | yes
        a <> 1 | a is not null | yes
        a not in (1, 2) | a is not null | yes
        a is null | a is not null | no
        a is not null | a is not null | yes
        b = 1 | a is not null | no
        a is distinct from 1 | a is not null | no
        a is not distinct from ? | a is not null | no
        lower(a) = ? | a is not null | yes
        coalesce(a, 1) = ? | a is not null | no
        a + 1 > ? | a is not null | yes
        a = b | a is not null | yes
        a = 1 or b = 2 | a is not null | no
        a = 1 or a is null | a is not null | no
        (a = 1 and c = 2) or a = 5 | a is not null | yes
        a is null | a is null | yes
        a = 1 | a is null | no
        a = 1 and b = 2 | b = 2 | yes
        a = 1 and b = 2 | a = 1 and b = 2 | yes
        a = 1 | a = 1 and b = 2 | no
        a = 1 | a = 1 or b = 2 | yes
        a = 1 or b = 2 | a = 1 | no
        a = 1 or b = 2 | b = 2 or a = 1 | yes
        a | a = true | yes
        a = true | a | yes
        not a | a = false | yes
        a = false | not a | yes
        a is true | a | yes
        a | not a | no
        a = false | a <> true | yes
        a | a is not null | yes
        lower(a) = 'x' | lower(a) in ('x', 'y') | yes
        lower(a) = 'x' | a = 'x' | no
        ";
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [known, wanted, expect] = cells[..] else { panic!("three cells: {line}") };
        let read = |text| condition(text, Dialect::Postgres);
        if implies(&[&read(known)], &read(wanted)) != (expect == "yes") {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn several_conditions_imply_together() {
    let read = |text| condition(text, Dialect::Postgres);
    let (a, b) = (read("a = 1"), read("b > 7"));
    assert!(implies(&[&a, &b], &read("a = 1 and b > 5")));
    assert!(!implies(&[&a], &read("a = 1 and b > 5")));
    assert!(!implies(&[], &read("a = 1")));
}
