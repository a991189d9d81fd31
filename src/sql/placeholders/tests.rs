//! Placeholders of every spelling, holes, and the properties that the span map keeps.

use proptest::prelude::*;

use super::*;
use crate::source::FileId;

const HOST_START: u32 = 100;

fn read(text: &str) -> Normalised {
    normalise(text, HostSpan::new(FileId(0), HOST_START..HOST_START + text.len() as u32))
}

fn check(text: &str, sql: &str) {
    let normalised = read(text);
    assert_eq!(normalised.sql, sql, "{text}");
    assert_eq!(normalised.holes, [], "{text}");
}

fn same(text: &str) {
    check(text, text);
    let whole = SpanMap::verbatim(HostSpan::new(FileId(0), HOST_START..HOST_START + text.len() as u32));
    assert_eq!(read(text).spans, whole, "{text}");
}

#[test]
fn every_spelling_becomes_a_number() {
    check("a = ? AND b = ?", "a = $1 AND b = $2");
    check("a = ?2 AND b = ?1 AND c = ?", "a = $2 AND b = $1 AND c = $3");
    same("a = $1 AND b = $2 OR c = $1");
    check("a = :x AND b = :y OR c = :x", "a = $1 AND b = $2 OR c = $1");
    check("a = :1 AND b = :2", "a = $1 AND b = $2");
    check("a = @x::int LIMIT @y", "a = $1::int LIMIT $2");
    check("a = %s AND b IN (%s, %s)", "a = $1 AND b IN ($2, $3)");
    check("a = %(x)s AND b = %(x)s AND 5 %% 2 = 1", "a = $1 AND b = $1 AND 5 % 2 = 1");
    check("a = {x} AND b < {{ y }} AND c = {}", "a = $1 AND b < $2 AND c = $3");
    check("a = #{x} AND b = ${y.z}", "a = $1 AND b = $2");
    check("a = $name", "a = $1");
    check("a = :'x'", "a = $1");
    check("a IN %s AND b IN {ids} AND c IN (?)", "a IN ($1) AND b IN ($2) AND c IN ($3)");
    check("a BETWEEN {x} AND {y} LIMIT %d", "a BETWEEN $1 AND $2 LIMIT $3");
    check("a = sqlc.arg(x) AND b = sqlc.narg('y') AND c IN (sqlc.slice(z))", "a = $1 AND b = $2 AND c IN ($3)");
    check("a = sqlc.Arg(x) AND b = SQLC.NARG(y)", "a = $1 AND b = $2");
    check("SELECT sqlc.embed(a), b FROM a", "SELECT a.*, b FROM a");
    check("x = 1 AND %s", "x = 1 AND $1");
}

#[test]
fn what_looks_like_a_placeholder_and_is_none_stays() {
    same("SELECT a::text, b[1:2], c[x:y] FROM t");
    same("SELECT '? :a $1 %s {b}', \"? :a\", `{c}`, [d ?] FROM t -- ? :a\n /* {e} */");
    same("SELECT $$ ? :a $1 $$, $x$ %s $x$");
    same("SELECT @@version, a @> b, c <@ d, e @? '$.x', f @@ '$.y', @ -5");
    same("SELECT a % 2, a %s2, b%c FROM t");
    same("SELECT a FROM t WHERE b ? 'key'");
    same("UPDATE t SET value = 1 WHERE value ? 'key'");
    same("SELECT a FROM t WHERE b ?| ARRAY['x'] AND c ?& array['y']");
    same("SELECT a FROM t WHERE b = $1 AND c ? $2 AND d ?| $3");
    same("SELECT @x := 1");
    same("CREATE TABLE t (a timestamp DEFAULT {ts '2020-01-01'})");
    same("GRANT ALL ON t TO root@localhost, `r`@`h`");
    same("SELECT a$1 FROM t");
    check("a ?? ? AND b = ?", "a ? $1 AND b = $2");
    check(
        "a = ANY(@keys::text[]) AND NOT (b ? replace(k, 'x', '')) AND c ? d",
        "a = ANY($1::text[]) AND NOT (b ? replace(k, 'x', '')) AND c ? d",
    );
    check("SELECT @rank, a FROM t WHERE b = ? AND c ? d", "SELECT $1, a FROM t WHERE b = $2 AND c $3 d");
    check("data->'x' ? :key", "data->'x' ? $1");
    check(r"a = 'it\'s ?' AND b = ?", r"a = 'it\'s ?' AND b = $1");
}

#[test]
fn what_is_pasted_where_no_value_stands_is_a_hole() {
    let check = |text: &str, sql: &str, kinds: &[HoleKind]| {
        let normalised = read(text);
        assert_eq!(normalised.sql, sql, "{text}");
        let found: Vec<HoleKind> = normalised.holes.iter().map(|hole| hole.kind).collect();
        assert_eq!(found, kinds, "{text}");
    };
    check("SELECT a FROM {table} WHERE b = ?", "SELECT a FROM _hole_1 WHERE b = $2", &[HoleKind::Table]);
    check("SELECT a FROM %s", "SELECT a FROM _hole_1", &[HoleKind::Table]);
    check("SELECT a FROM {schema}.users", "SELECT a FROM users", &[HoleKind::Qualifier]);
    check("SELECT a FROM :schema.users", "SELECT a FROM users", &[HoleKind::Qualifier]);
    check("SELECT @extschema@.f(a)", "SELECT f(a)", &[HoleKind::Qualifier]);
    check("SELECT a FROM (:QUERY) AS x", "SELECT a FROM (_hole_1) AS x", &[HoleKind::Query]);
    check("SELECT a FROM {prefix}users", "SELECT a FROM _hole_1users", &[HoleKind::Name]);
    check("SELECT a FROM t_%s", "SELECT a FROM t__hole_1", &[HoleKind::Name]);
    check("SELECT t.{column} FROM t", "SELECT t._hole_1 FROM t", &[HoleKind::Name]);
    check("SELECT {columns} FROM t", "SELECT $1 FROM t", &[HoleKind::Columns]);
    check("WITH x AS (%query%) SELECT a FROM x", "WITH x AS (_hole_1) SELECT a FROM x", &[HoleKind::Query]);
    check("SELECT a FROM ({query}) AS x", "SELECT a FROM (_hole_1) AS x", &[HoleKind::Query]);
    check("SELECT a FROM t WHERE {filter}", "SELECT a FROM t WHERE $1", &[HoleKind::Condition]);
    check("SELECT a FROM t ORDER BY %order% LIMIT $1", "SELECT a FROM t ORDER BY $2 LIMIT $1", &[HoleKind::Key]);
    check("SELECT a FROM t ORDER BY a, {b}", "SELECT a FROM t ORDER BY a, $1", &[HoleKind::Key]);
    check("SELECT a FROM t WHERE b = 1 %s", "SELECT a FROM t WHERE b = 1 ", &[HoleKind::Clause]);
    check("SELECT a FROM t {joins} WHERE b = 1", "SELECT a FROM t  WHERE b = 1", &[HoleKind::Clause]);
    check("UPDATE t SET {set} WHERE a = ?", "UPDATE t SET _hole_1 WHERE a = $2", &[HoleKind::Assignments]);
    check("UPDATE t SET a = {a}, b = {b}", "UPDATE t SET a = $1, b = $2", &[]);
    check("SELECT 1 {% if x %}FROM t{% endif %}", "SELECT 1 FROM t", &[HoleKind::Clause, HoleKind::Clause]);
    check(
        "SELECT 1 FROM t {{ if .X }}WHERE a = {{ .X }}{{ end }}",
        "SELECT 1 FROM t WHERE a = $1",
        &[HoleKind::Clause, HoleKind::Clause],
    );
}

#[test]
fn pasted_qualifiers_can_be_blanked_without_moving_a_byte() {
    let check = |text: &str, plain: &str| assert_eq!(without_qualifiers(text), plain);
    check("CREATE TABLE ${schema}.users (a int)", "CREATE TABLE           users (a int)");
    check("CREATE TABLE {{ s }}.t (a int DEFAULT {b})", "CREATE TABLE         t (a int DEFAULT {b})");
    check("CREATE FUNCTION f() AS $$ ${a}.b $$", "CREATE FUNCTION f() AS $$ ${a}.b $$");
}

#[test]
fn params_know_their_places() {
    let normalised = read("a = :x OR b = :x OR c = :yy");
    let shown = |param: &Param| format!("{} {:?} {:?}", param.number, param.name, param.sql);
    let params: Vec<String> = normalised.params.iter().map(shown).collect();
    assert_eq!(params, [r#"1 Some("x") [4..6, 14..16]"#, r#"2 Some("yy") [24..26]"#]);
    let site = HostSpan::new(FileId(0), 100..127);
    assert_eq!(normalised.spans.places(24..26, &site).primary, HostSpan::new(FileId(0), 124..127));
}

#[test]
fn a_decoded_text_maps_through_to_its_host() {
    // `a\n= ?` in a JSON string: the escape takes two host bytes.
    let file = FileId(0);
    let mut base = SpanMap::default();
    base.push(1, HostSpan::new(file, 10..11), Origin::Verbatim);
    base.push(1, HostSpan::new(file, 11..13), Origin::Placeholder);
    base.push(3, HostSpan::new(file, 13..16), Origin::Verbatim);
    let normalised = normalise_mapped("a\n= ?", &base);
    assert_eq!(normalised.sql, "a\n= $1");
    let place = |range| normalised.spans.places(range, &HostSpan::new(file, 0..20)).primary;
    assert_eq!(place(1..2), HostSpan::new(file, 11..13));
    assert_eq!(place(2..3), HostSpan::new(file, 13..14));
    assert_eq!(place(4..6), HostSpan::new(file, 15..16));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_map_is_gap_free_and_verbatim_text_is_the_hosts(parts in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let text = parts.concat();
        let normalised = read(&text);
        let mut end = 0;
        for segment in normalised.spans.segments() {
            prop_assert_eq!(segment.sql.start, end);
            end = segment.sql.end;
            if segment.origin == Origin::Verbatim {
                let host = (segment.host.start - HOST_START) as usize..(segment.host.end - HOST_START) as usize;
                prop_assert_eq!(&normalised.sql[segment.sql.start as usize..segment.sql.end as usize], &text[host]);
            }
        }
        prop_assert_eq!(end as usize, normalised.sql.len());
        for range in normalised.params.iter().flat_map(|param| &param.sql) {
            prop_assert!(normalised.sql[range.start as usize..range.end as usize].contains('$'));
        }
        if normalised.params.is_empty() && normalised.holes.is_empty() && !text.contains("%%") && !text.contains("??") {
            prop_assert_eq!(&normalised.sql, &text);
        }
    }
}

/// What has a meaning to the reader of placeholders, and some text that has none.
const PIECES: &[&str] = &[
    "SELECT ",
    "FROM ",
    "WHERE ",
    "ORDER BY ",
    "SET ",
    "IN ",
    "a ",
    "é",
    "t.",
    "?",
    "?1",
    "$1",
    "$2",
    "$x",
    ":a",
    "::",
    ":",
    "@b",
    "@",
    "%s",
    "%(c)s",
    "%%",
    "%",
    "{d}",
    "{{ e }}",
    "{",
    "}",
    "#{f}",
    "${g}",
    "#",
    "'",
    "\"",
    "`",
    "[",
    "]",
    "(",
    ")",
    ",",
    "$$",
    "\n",
    "--",
    "/*",
    "*/",
    "\\",
    " = ",
    " ",
    "{% if %}",
    "sqlc.arg(h)",
    "??",
    "%order%",
    "|",
    "&",
];
