//! Texts and the statements, annotations and votes they are cut into.

use proptest::prelude::*;

use super::*;

/// Splits and prints each statement on a line of its own, blanks joined, with its problem.
fn shown(text: &str) -> Vec<String> {
    let split = split(text);
    let show = |statement: &RawStatement| {
        let sql = &text[statement.bytes.start as usize..statement.bytes.end as usize];
        let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        statement.problem.map_or(sql.clone(), |problem| format!("{sql} !{problem}"))
    };
    split.statements.iter().map(show).collect()
}

fn check(text: &str, statements: &[&str]) {
    assert_eq!(shown(text), statements, "{text}");
}

#[test]
fn a_semicolon_ends_a_statement_unless_something_hides_it() {
    check("SELECT 1; SELECT 2", &["SELECT 1", "SELECT 2"]);
    check(" ;; SELECT ';' ; ", &["SELECT ';'"]);
    check("SELECT 'it''s;' AS a; SELECT 2", &["SELECT 'it''s;' AS a", "SELECT 2"]);
    check("SELECT 'C:\\'; SELECT 2", &["SELECT 'C:\\'", "SELECT 2"]);
    check(r"SELECT E'\';' ; SELECT 2", &[r"SELECT E'\';'", "SELECT 2"]);
    check("SELECT \"a;b\" FROM [c;d]; SELECT `e;f`", &["SELECT \"a;b\" FROM [c;d]", "SELECT `e;f`"]);
    check("SELECT 1 -- a;\n + 2; -- b\n", &["SELECT 1 -- a; + 2"]);
    check("SELECT /* a; /* b; */ c; */ 1;", &["SELECT /* a; /* b; */ c; */ 1"]);
    check("DO $$ BEGIN; END $$; SELECT $1;", &["DO $$ BEGIN; END $$", "SELECT $1"]);
    check("SELECT $a$ $$ ; $a$, $1;SELECT 2", &["SELECT $a$ $$ ; $a$, $1", "SELECT 2"]);
    check("(SELECT 1) UNION (SELECT 2);", &["(SELECT 1) UNION (SELECT 2)"]);
}

#[test]
fn mysql_files_have_their_own_comments_and_escapes() {
    check(
        "# it's\nCREATE TABLE `t` (a int) ENGINE=InnoDB; # x;\nINSERT INTO `t` VALUES ('it\\'s;');",
        &["CREATE TABLE `t` (a int) ENGINE=InnoDB", "INSERT INTO `t` VALUES ('it\\'s;')"],
    );
    check("/*!40101 SET NAMES utf8 */;\nDROP TABLE `t`;", &["SET NAMES utf8", "DROP TABLE `t`"]);
    check(
        "/*!50001 CREATE ALGORITHM=MERGE */\n/*!50001 VIEW `v` AS SELECT 1 /* x */ */;\nSELECT /*!40001 SQL_NO_CACHE */ `a`;",
        &["CREATE ALGORITHM=MERGE */ /*!50001 VIEW `v` AS SELECT 1", "SELECT /*!40001 SQL_NO_CACHE */ `a`"],
    );
    check(
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END //\nDELIMITER ;\nSELECT `a`;",
        &["CREATE PROCEDURE p() BEGIN SELECT 1; END", "SELECT `a`"],
    );
    check("# it's\nSELECT 'a\\';'; SELECT 2;", &["SELECT 'a\\';'", "SELECT 2"]);
    check("SELECT 1; # it's\nSELECT 2; /* a */ # b;\nSELECT 3", &["SELECT 1", "SELECT 2", "SELECT 3"]);
    check("DELIMITER ;;\nCREATE TABLE t (a int) ;;\nDELIMITER ;\nSELECT 1;", &["CREATE TABLE t (a int)", "SELECT 1"]);
}

#[test]
fn commands_to_the_client_are_no_statements() {
    let text = "\\connect app\nSELECT 1;\n\\set x 'it''s\nSELECT 2 \\gexec\nSELECT 3 \\; SELECT 4;\n";
    check(text, &["SELECT 1", "SELECT 2", "SELECT 3", "SELECT 4"]);
    assert_eq!(split(text).passed.commands, 3);
    check(
        "\\COPY t FROM stdin WITH CSV\n1,it's\n\\.\nSELECT 1;\n\\copy t from 'x'\nSELECT 2;",
        &["SELECT 1", "SELECT 2"],
    );
    check(
        "\\copy t from stdin\nSELECT 1;\nCOPY t FROM stdin;\nSELECT 2;",
        &["SELECT 1", "COPY t FROM stdin", "SELECT 2"],
    );
    check(
        "CREATE TABLE t (a int)\nGO\nSELECT go FROM t\n  go  \nSELECT 1",
        &["CREATE TABLE t (a int)", "SELECT go FROM t", "SELECT 1"],
    );
}

#[test]
fn rubbish_between_statements_costs_itself() {
    check("SELECT 1;\nÿ\nSELECT 2;\n ÿþ \t\nSELECT 3;\nÿ", &["SELECT 1", "SELECT 2", "SELECT 3"]);
    check("ÿ\r\nSELECT 1; é\nSELECT 2", &["SELECT 1", "SELECT 2"]);
    check(
        "\u{feff}SELECT 1;\n\u{feff}\nSELECT 2; \u{feff}-- a\nSELECT 3;\u{1a}\n",
        &["SELECT 1", "SELECT 2", "SELECT 3"],
    );
    check("\u{1}SELECT 1;", &["SELECT 1"]);
    // Nobody can tell what these mean.
    check("ÿ SELECT 1;", &["ÿ SELECT 1"]);
    check("né\nSELECT 1;", &["né SELECT 1"]);
    check("SELECT a\né\nFROM t;", &["SELECT a é FROM t"]);
}

#[test]
fn a_carriage_return_ends_a_comment() {
    check("-- it's\rSELECT 1; -- b\r\nSELECT 2 -- c\r + 3;", &["SELECT 1", "SELECT 2 -- c + 3"]);
    check("\\set x 'it''s\rSELECT 1;", &["SELECT 1"]);
}

#[test]
fn the_query_generators_lines_are_passed_over() {
    check(":x\n:o\nSELECT 1 = :x;\n:n -1\n", &["SELECT 1 = :x"]);
}

#[test]
fn copy_data_is_passed_over() {
    let text = "COPY t (a) FROM stdin;\n1\tit's; x\n\\N\n\\.\n\nSELECT 1;\nCOPY t TO STDOUT;SELECT 2;";
    check(text, &["COPY t (a) FROM stdin", "SELECT 1", "COPY t TO STDOUT", "SELECT 2"]);
    assert_eq!(split(text).passed.copies, 1);
    check("COPY t FROM STDIN;\nSELECT 1;", &["COPY t FROM STDIN", "SELECT 1"]);
}

#[test]
fn bodies_keep_their_semicolons() {
    let check_one = |first: &str| check(&format!("{first};\nSELECT 1;"), &[first, "SELECT 1"]);
    check_one("CREATE TRIGGER t AFTER UPDATE ON a BEGIN UPDATE b SET c = CASE WHEN 1 THEN 2 END; SELECT 1; END");
    check_one("CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1");
    check_one("CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()");
    check_one(
        "CREATE DEFINER = `r`@`h` PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; WHILE b DO SET c = 1; END WHILE; END",
    );
    check_one(
        "CREATE PROCEDURE p() BEGIN CASE a WHEN 1 THEN SELECT 1; END CASE; BEGIN SELECT 2; END; IF x THEN SELECT 3; END IF; END",
    );
    check_one("CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END");
    check_one("CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN CASE WHEN a THEN 1 END");
    check_one("CREATE RULE r AS ON INSERT TO t DO INSTEAD (DELETE FROM a; DELETE FROM b)");
    check_one("CREATE TABLE event (\"begin\" int, end_at int)");
    check_one("CREATE TABLE function (begin int)");
}

#[test]
fn a_statement_without_an_end_costs_itself_only() {
    check(
        "SELECT 1;\nINSERT INTO t VALUES ('it);\nCREATE TABLE u (a int);\nSELECT 2;",
        &["SELECT 1", "INSERT INTO t VALUES ('it); !unterminated-string", "CREATE TABLE u (a int)", "SELECT 2"],
    );
    // The stray apostrophe turns the strings behind it inside out; the first statement it swallowed is where it shows.
    check(
        "INSERT INTO t VALUES ('it's');\nCREATE TABLE u (a text DEFAULT 'x');\nSELECT 'y';",
        &["INSERT INTO t VALUES ('it's'); !unterminated-string", "CREATE TABLE u (a text DEFAULT 'x')", "SELECT 'y'"],
    );
    check("SELECT 1 /* a\nSELECT 2;", &["SELECT 1 /* a !unterminated-comment", "SELECT 2"]);
    check("DO $x$ BEGIN\nSELECT 2;", &["DO $x$ BEGIN !unterminated-string", "SELECT 2"]);
    check(
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\nSELECT 2;",
        &["CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; !unterminated-body", "SELECT 2"],
    );
    check("SELECT 'a", &["SELECT 'a !unterminated-string"]);
    check("/* a", &["/* a !unterminated-comment"]);
}

#[test]
fn a_string_with_sql_in_it_is_no_fault_while_all_quotes_close() {
    check("CREATE FUNCTION f() AS '\nSELECT 1;\n';\nSELECT 2;", &["CREATE FUNCTION f() AS ' SELECT 1; '", "SELECT 2"]);
}

#[test]
fn annotations_end_statements() {
    let text = "-- name: get-user\n-- Finds one.\nSELECT 1\n\n-- name: all^\nSELECT 2;\n-- +goose Down\nDROP TABLE t";
    check(text, &["SELECT 1", "SELECT 2", "DROP TABLE t"]);
    let kinds: Vec<_> = split(text).annotations.into_iter().map(|annotation| annotation.kind).collect();
    assert!(matches!(&kinds[0], AnnotationKind::Name(naming) if naming.name == "get-user"));
    assert!(matches!(&kinds[1], AnnotationKind::Name(naming) if naming.name == "all"));
    assert!(matches!(kinds[2], AnnotationKind::Down(_)));
}

#[test]
fn the_lead_is_the_comment_directly_above() {
    let lead = |text: &str| {
        let split = split(text);
        let lead = split.statements.last().expect("a statement").lead.clone();
        text[lead.start as usize..lead.end as usize].to_owned()
    };
    assert_eq!(lead("-- a\n-- b\nSELECT 1"), "-- a\n-- b");
    assert_eq!(lead("-- a\n\n-- b\nSELECT 1"), "-- b");
    assert_eq!(lead("-- a\n\nSELECT 1"), "");
    assert_eq!(lead("SELECT 1; -- a\nSELECT 2"), "");
    assert_eq!(lead("SELECT 1; -- a\n-- b\nSELECT 2"), "-- b");
    assert_eq!(lead("/* a */ SELECT 1"), "/* a */");
    assert_eq!(lead("-- doc\n-- name: x\nSELECT 1"), "-- doc\n-- name: x");
}

#[test]
fn statements_say_what_they_hold() {
    let first = |text: &str| split(text).statements.remove(0);
    assert_eq!(first("(select 1)").keyword, Keyword::Select);
    assert_eq!(first("replace into t values (1)").keyword, Keyword::Insert);
    assert!(first("INSERT INTO t SELECT 1").selects);
    assert!(!first("INSERT INTO t VALUES ('SELECT', t.select)").selects);
    for text in
        ["SELECT $1", "SELECT ?", "SELECT :a", "SELECT @a", "SELECT %s", "SELECT %(a)s", "SELECT {a}", "SELECT ${a}"]
    {
        assert!(first(text).parameters, "{text}");
    }
    assert!(!first("SELECT '$1 ? :a', a::int, 5 % 2").parameters);
}

#[test]
fn the_dialect_shows_in_words() {
    let winner = |text: &str| split(text).votes.winner();
    assert_eq!(winner("CREATE TABLE t (id BIGSERIAL)"), Some(crate::dialect::Dialect::Postgres));
    assert_eq!(winner("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)"), Some(crate::dialect::Dialect::Sqlite));
    assert_eq!(winner("CREATE TABLE t (id INT AUTO_INCREMENT)"), Some(crate::dialect::Dialect::Mysql));
    assert_eq!(winner("SELECT 'SERIAL' FROM t"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_splits_into_ordered_pieces_of_it(parts in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let text = parts.concat();
        let split = split(&text);
        let mut end = 0;
        for statement in &split.statements {
            prop_assert!(end <= statement.bytes.start && statement.bytes.start < statement.bytes.end);
            prop_assert!(statement.lead.end <= statement.bytes.start);
            prop_assert!(text.get(statement.bytes.start as usize..statement.bytes.end as usize).is_some());
            prop_assert!(text.get(statement.lead.start as usize..statement.lead.end as usize).is_some());
            end = statement.bytes.end;
        }
        prop_assert!(end as usize <= text.len());
    }
}

/// What has a meaning to the splitter, and some text that has none.
const PIECES: &[&str] = &[
    "SELECT ",
    "a ",
    "é",
    "'",
    "''",
    "\"",
    "`",
    "[",
    "]",
    "$$",
    "$a$",
    "$1",
    ";",
    "\n",
    "--",
    "#",
    "/*",
    "*/",
    "\\",
    "\\.",
    "CREATE ",
    "TRIGGER ",
    "BEGIN ",
    "END",
    "CASE ",
    "IF ",
    "DELIMITER //\n",
    "//",
    "COPY t FROM stdin",
    "GO\n",
    "(",
    ")",
    "-- name: x\n",
    "E'",
    "\\'",
    ":a",
    "{",
    "\nSELECT 1;",
    "\r\n",
    "-- +goose Up\n",
    "ENGINE=InnoDB auto_increment ",
];
