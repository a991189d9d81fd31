//! Suppressions in host code: in its own comments, and in the SQL comments of its strings.
//!
//! A front end hands over where they may stand ([`Marked`]); knows no language.

use std::ops::Range;

use crate::ir::Span;
use crate::source::{FileId, HostSpan};
use crate::sql::split;
use crate::suppress::{self, Host, Reach, Suppression};

/// What of a file may hold suppressions, and what they may be about.
#[derive(Debug, Default, PartialEq)]
pub struct Marked {
    /// Comments that name planlint.
    pub comments: Vec<Span>,
    /// The insides of strings that do.
    pub strings: Vec<Span>,
    /// The statements of the file, which may lie in each other.
    pub statements: Vec<Span>,
}

/// Reads the suppressions of a file, in order.
pub(super) fn read(file: FileId, text: &str, marked: &Marked) -> Vec<Suppression> {
    let statements: Vec<Range<u32>> = marked.statements.iter().map(|span| span.start..span.end).collect();
    let host = Host { text, statements: &statements, place: &|range| HostSpan::new(file, range) };
    let comments = marked.comments.iter().flat_map(|comment| suppress::read(&host, &(comment.start..comment.end)));
    let mut found: Vec<Suppression> = comments.collect();
    for string in &marked.strings {
        found.append(&mut of_string(file, text, *string, &marked.statements));
    }
    found.sort_by_key(|one| one.place);
    found
}

/// The suppressions in the SQL of a string.
fn of_string(file: FileId, text: &str, string: Span, around: &[Span]) -> Vec<Suppression> {
    let Some(own) = text.get(string.start as usize..string.end as usize) else { return Vec::new() };
    // An escaped line feed ends a comment, too.
    let sql = own.replace("\\n", " \n");
    let split = split::split(&sql);
    let mut statements: Vec<Range<u32>> = split.statements.iter().map(|statement| statement.bytes.clone()).collect();
    let is_alone = statements.len() < 2;
    if is_alone {
        statements = std::iter::once(0..sql.len() as u32).collect();
    }
    let place = |range: Range<u32>| HostSpan::new(file, string.start + range.start..string.start + range.end);
    let host = Host { text: &sql, statements: &statements, place: &place };
    // Behind a `#` only MySQL has a comment, and any text may say so.
    let comments =
        split.suppressions.iter().filter(|comment| sql.as_bytes().get(comment.start as usize) != Some(&b'#'));
    let mut found: Vec<Suppression> = comments.flat_map(|comment| suppress::read(&host, comment)).collect();
    if is_alone {
        // The one query of a string is what the statement around it sends.
        let holds = around.iter().filter(|span| span.start <= string.start && string.end <= span.end);
        let innermost = holds.min_by_key(|span| span.end - span.start);
        for one in found.iter_mut().filter(|one| one.reach != Reach::File) {
            one.reach =
                innermost.map_or(Reach::Nothing, |span| Reach::Statement(HostSpan::new(file, span.start..span.end)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::host::facts::{Words, facts};
    use crate::query::PathClass;
    use crate::source::{FileId, TreePath};
    use crate::suppress::Reach;

    /// Each suppression with its rules, its reason, and the text that it reaches.
    fn check(text: &str, expect: &[&str]) {
        let words = Words::new(&[""], &[""]);
        let facts = facts(FileId(0), &TreePath::new("app/a.py"), PathClass::App, text, &words);
        let shown: Vec<String> = facts
            .suppressions
            .iter()
            .map(|one| {
                let rules: Vec<&str> = one.rules.iter().map(|rule| &*rule.name).collect();
                let reach = match one.reach {
                    Reach::File => "file",
                    Reach::Nothing => "nothing",
                    Reach::Statement(span) => &text[span.start as usize..span.end as usize],
                };
                format!("{} ({}): {reach}", rules.join(" "), one.reason.as_deref().unwrap_or("no reason"))
            })
            .collect();
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn comments_are_about_the_statement_behind_or_below() {
        check("x = q()  # planlint: ignore[r] -- why\ny = q()\n", &["r (why): x = q()"]);
        check("# planlint: ignore[r, s]\nx = q(\n  1)\ny = 2\n", &["r s (no reason): x = q(\n  1)"]);
        check(
            "x = q(\n    1,  # planlint: ignore[r]\n    2)\n",
            &["r (no reason): x = q(\n    1,  # planlint: ignore[r]\n    2)"],
        );
        check(
            "def f(db):\n    if db:\n        # planlint: ignore[r]\n        # more words\n        return db.q()\n    return 1\n",
            &["r (no reason): return db.q()"],
        );
        check(
            "# planlint: ignore[r]\n@d\ndef f():\n    return 1\nx = 1\n",
            &["r (no reason): @d\ndef f():\n    return 1"],
        );
        check("# planlint: ignore-file[r] -- why\nx = 1\n", &["r (why): file"]);
        check("x = 1\n# planlint: ignore[r]\n", &["r (no reason): nothing"]);
        check("x = '# planlint: ignore[r]'\n", &[]);
        check("# what planlint says of it\nx = 1\n", &[]);
    }

    #[test]
    fn comments_of_sql_are_about_what_their_string_says() {
        check(
            "cur.execute('''SELECT a -- planlint: ignore[r] -- why\n  FROM t''')\n",
            &["r (why): cur.execute('''SELECT a -- planlint: ignore[r] -- why\n  FROM t''')"],
        );
        check(
            "q = ('SELECT a -- planlint: ignore[r]\\n'\n    'FROM t')\n",
            &["r (no reason): q = ('SELECT a -- planlint: ignore[r]\\n'\n    'FROM t')"],
        );
        check(
            "x('''SELECT a FROM t;\n-- planlint: ignore[r]\nSELECT b FROM u;''')\n",
            &["r (no reason): SELECT b FROM u"],
        );
        check(
            "q = f'''SELECT {a} FROM t /* planlint: ignore[r] */ '''\n",
            &["r (no reason): q = f'''SELECT {a} FROM t /* planlint: ignore[r] */ '''"],
        );
    }
}
