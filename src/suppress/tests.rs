//! What comments say, and which statement they are about.

use super::*;
use crate::source::FileId;

fn here(range: Range<u32>) -> HostSpan {
    HostSpan::new(FileId(0), range)
}

/// Reads every line of a text as a comment.
fn read_one(comment: &str) -> Vec<Suppression> {
    read(&Host { text: comment, statements: &[], place: &here }, &(0..comment.len() as u32))
}

#[test]
fn one_grammar_in_every_comment() {
    let check = |comment: &str, rules: &[&str], reason: Option<&str>, file: bool| {
        let found = read_one(comment);
        assert_eq!(found.len(), 1, "{comment}");
        assert_eq!(found[0].mistake, None, "{comment}");
        assert_eq!(found[0].reason.as_deref(), reason, "{comment}");
        assert_eq!(found[0].reach == Reach::File, file, "{comment}");
        let names: Vec<&str> = found[0].rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, rules, "{comment}");
        for rule in &found[0].rules {
            assert_eq!(&comment[rule.place.start as usize..rule.place.end as usize], rule.name, "{comment}");
        }
    };
    check("-- planlint: ignore[missing-index] -- tiny table", &["missing-index"], Some("tiny table"), false);
    check("# planlint: ignore[a]", &["a"], None, false);
    check("// planlint:ignore[a,b]--c", &["a", "b"], Some("c"), false);
    check("/* planlint: ignore [ a , b, ] -- why not */", &["a", "b"], Some("why not"), false);
    check("-- PlanLint: Ignore[a]  --  é -- d ", &["a"], Some("é -- d"), false);
    check("-- planlint: ignore-file[a] -- b", &["a"], Some("b"), true);
    check("/**\n * Words.\n * planlint: ignore[a] -- b\n */", &["a"], Some("b"), false);
    check("-- asked once a day; planlint: ignore[a] -- b", &["a"], Some("b"), false);
    check("-- planlint: ignore[a] --", &["a"], None, false);
    check("-- planlint: ignore[a] without dashes", &["a"], None, false);
}

#[test]
fn what_is_no_suppression_is_told_from_prose() {
    let check = |comment: &str, mistakes: &[Mistake]| {
        let found: Vec<_> = read_one(comment).into_iter().filter_map(|found| found.mistake).collect();
        assert_eq!(found, mistakes, "{comment}");
    };
    check("-- planlint: ignore", &[Mistake::Blanket]);
    check("-- planlint: ignore -- because", &[Mistake::Blanket]);
    check("-- planlint: ignore[]", &[Mistake::Blanket]);
    check("-- planlint: ignore[ , ]", &[Mistake::Blanket]);
    check("-- planlint: ignore-file", &[Mistake::Blanket]);
    check("-- planlint: ignore missing-index", &[Mistake::Blanket]);
    check("-- small; planlint: ignore", &[Mistake::Blanket]);
    check("-- planlint: ignore[missing-index", &[Mistake::Open]);
    check("-- planlint: disable[a]", &[Mistake::Word("disable".to_owned())]);
    check("-- planlint:", &[Mistake::Word(String::new())]);
    check("-- small; planlint: ignroe[a]", &[Mistake::Word("ignroe".to_owned())]);
}

#[test]
fn other_linters_forms_are_told_from_prose() {
    let check = |comment: &str, typed: &str| {
        let found: Vec<_> = read_one(comment).into_iter().filter_map(|found| found.mistake).collect();
        assert_eq!(found, [Mistake::Form(typed.to_owned())], "{comment}");
    };
    check("-- planlint-ignore: missing-index", "planlint-ignore");
    check("/* planlint-disable-next-line missing-index, unknown-column -- few */", "planlint-disable-next-line");
    check("# planlint_ignore", "planlint_ignore");
    check("-- planlint : ignore[a]", "planlint : ignore");
    check("-- planlint : ignroe[a]", "planlint : ignroe");
    check("-- PlanLint ignore[a] -- few", "PlanLint ignore");
    check("-- planlint ignore missing-index", "planlint ignore");
    check("-- small; planlint ignore[a]", "planlint ignore");
    check("-- small; planlint-ignore: a", "planlint-ignore");
    check("-- planlint=off", "planlint=off");
    check("// @planlint-ignore missing-index", "planlint-ignore");
    check("-- see planlint.toml; planlint-skip[a]", "planlint-skip");
    for prose in [
        "-- what planlint: ignore means to us",
        "-- write `planlint: ignore[a]`",
        "-- see planlint: the manual",
        "-- myplanlint: ignore[a]",
        "-- ignore[a]",
        "-- planlint",
        "-- planlint is great",
        "-- planlint ignores this: it is no SQL",
        "-- planlint skip lists are read from planlint.toml",
        "-- planlint ignore comments are for statements",
        "-- do not let planlint ignore this",
        "-- why does planlint skip: see below",
        "-- planlint-allowlist: a, b",
        "-- planlint allow-list",
        "-- planlint (ignore[a])",
        "-- https://example.org/planlint/ignore[a]",
        "-- SELECT planlint[1]",
    ] {
        assert_eq!(read_one(prose), [], "{prose}");
    }
}

#[test]
fn a_suppression_is_found_behind_prose_about_it() {
    let found = read_one("-- `planlint: ignore` as planlint has it: planlint: ignore[a] -- few");
    assert_eq!(found.iter().map(|found| found.rules[0].name.as_str()).collect::<Vec<_>>(), ["a"]);
    let many = format!("-- {}planlint: ignore[a]", "planlint is great, ".repeat(20_000));
    assert_eq!(read_one(&many), []);
}

#[test]
fn two_lines_of_a_comment_are_two_suppressions() {
    let found = read_one("/* planlint: ignore[a] -- b\n   planlint: ignore[c] */");
    let names: Vec<_> = found.iter().map(|found| (found.rules[0].name.as_str(), found.reason.as_deref())).collect();
    assert_eq!(names, [("a", Some("b")), ("c", None)]);
}

/// Statements are written in `«»`, which nest; the comment starts with `#`.
#[test]
fn a_comment_is_about_the_statement_it_stands_in_behind_or_above() {
    let check = |marked: &str, reached: Option<&str>| {
        let (mut text, mut open, mut statements) = (String::new(), Vec::new(), Vec::new());
        for char in marked.chars() {
            match char {
                '«' => open.push(text.len() as u32),
                '»' => statements.push(open.pop().expect("it opens")..text.len() as u32),
                _ => text.push(char),
            }
        }
        let start = text.find("#").expect("a comment");
        let end = start + text[start..].find('\n').unwrap_or(text.len() - start);
        let host = Host { text: &text, statements: &statements, place: &here };
        let found = reach::of(&host, &(start as u32..end as u32));
        let found = found.map(|range| text[range.start as usize..range.end as usize].replace('\n', " "));
        assert_eq!(found.as_deref(), reached, "{marked}");
    };
    check("# c\n«a»;\n«b»;", Some("a"));
    check("«a»;\n# c\n\n«b\nb»;", Some("b b"));
    check("# c\n«a»; «b\nb»; «c»;\n", Some("a; b b"));
    check("«a»; # c\n«b»;", Some("a"));
    check("«a»; «b» # c\n", Some("b"));
    check("«a\n»; # c\n«b»;", Some("a "));
    check("«a»\n; # c\n«b»;", Some("a"));
    check("«a»\n# c\n;\n«b»;", Some("a"));
    check("«a # c\nb»;", Some("a # c b"));
    check("«a\n # c\nb»;", Some("a  # c b"));
    check("«a»;\n# c\n", None);
    check("# c\n", None);
    check("«t (# c\n«a»,\n«b»)»;", Some("t (# c a, b)"));
    check("«t (\n«a», # c\n«b»)»;", Some("a"));
    check("«t (\n«a»,\n# c\n«b\nb»)»;", Some("b b"));
    check("«t (\n«a # c\na»,\n«b»)»;", Some("a # c a"));
    check("«t (\n«a»,\n«b»\n) # c\nx»;", Some("t ( a, b ) # c x"));
    check("«t (\n«a»,\n«b»\n# c\n)»;", None);
    check("«def\n  «a»\n  # c\n  «if\n   «b»»»\n", Some("if    b"));
    check("«def\n  «a» # c\n  «b»»\n", Some("a"));
}
