//! A statement's text without any value of the data, or nothing.
//!
//! A server that counts statements puts `$1` in the place of constants, mostly: not in commands such as
//! `CREATE ROLE … PASSWORD '…'`, and not where it forgot a statement and met it again. So a text with a constant is not
//! mended but left out, and comments go, for applications write into them who is asking. PostgreSQL's lexical rules.

use super::scan::{self, Comments, Escapes};

/// What begins a statement that reads or changes rows.
const BEGINNINGS: [&str; 6] = ["select", "insert", "update", "delete", "merge", "with"];
/// Types whose length or precision is no value of the data.
const SIZED: [&str; 18] = [
    "bit",
    "bpchar",
    "char",
    "character",
    "current_time",
    "current_timestamp",
    "decimal",
    "float",
    "interval",
    "localtime",
    "localtimestamp",
    "numeric",
    "time",
    "timestamp",
    "timestamptz",
    "varbit",
    "varchar",
    "varying",
];
/// What ends a list of orders or groups on its own level.
const ENDINGS: [&str; 12] = [
    "limit",
    "offset",
    "fetch",
    "for",
    "having",
    "window",
    "union",
    "intersect",
    "except",
    "select",
    "returning",
    "on",
];

/// Why a text is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// It neither reads nor changes rows.
    Command,
    /// A constant stands in it, or it cannot be told.
    Constant,
}

/// Returns the text on one line, without comments, if it reads or changes rows and holds no constant: numbers only as the
/// length of a type and as the place of a column in `ORDER BY` and `GROUP BY`.
///
/// # Errors
/// Why it is not shown.
pub fn valueless(text: &str) -> Result<String, Withheld> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0, comments: Comments::default() };
    let (mut tokens, mut out, mut beginning) = (Tokens::default(), String::new(), true);
    while let Some(token) = reader.next() {
        let Token { kind, from, spaced } = token.ok_or(Withheld::Constant)?;
        let part = text.get(from..reader.at).ok_or(Withheld::Constant)?;
        if beginning && part != "(" {
            beginning = false;
            let known = BEGINNINGS.iter().any(|word| part.eq_ignore_ascii_case(word));
            known.then_some(()).ok_or(Withheld::Command)?;
        }
        tokens.take(kind, &part.to_ascii_lowercase()).then_some(()).ok_or(Withheld::Constant)?;
        if spaced && !out.is_empty() {
            out.push(' ');
        }
        out.push_str(part);
    }
    if out.is_empty() { Err(Withheld::Command) } else { Ok(out) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    /// A name in quotes, a parameter.
    Name,
    Number,
    Sign,
}

struct Token {
    kind: Kind,
    from: usize,
    /// Whether anything stood between it and the one before.
    spaced: bool,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    comments: Comments,
}

impl Reader<'_> {
    /// The next token, none within for what is a constant or has no end; `at` is behind it then.
    fn next(&mut self) -> Option<Option<Token>> {
        let before = self.at;
        loop {
            let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
            match rest {
                [byte, ..] if byte.is_ascii_whitespace() => self.at += 1,
                [b'-', b'-', ..] => self.at = scan::line_comment(self.bytes, self.at),
                [b'/', b'*', ..] => match self.comments.end(self.bytes, self.at) {
                    Some(end) => self.at = end,
                    None => return Some(None),
                },
                _ => break,
            }
        }
        let from = self.at;
        let spaced = from > before;
        Some(self.end(from).map(|(kind, end)| {
            self.at = end;
            Token { kind, from, spaced }
        }))
    }

    fn end(&self, from: usize) -> Option<(Kind, usize)> {
        let bytes = self.bytes;
        match bytes[from] {
            b'\'' => None,
            b'"' => Some((Kind::Name, scan::quoted(bytes, from, Escapes::Doubled)?)),
            b'$' if bytes.get(from + 1).is_some_and(u8::is_ascii_digit) => {
                Some((Kind::Name, scan::name(bytes, from + 1)))
            }
            // A text in dollars.
            b'$' => None,
            byte if byte.is_ascii_digit() => Some((Kind::Number, scan::name(bytes, from))),
            byte if scan::is_name_start(byte) => Some((Kind::Word, scan::name(bytes, from))),
            _ => Some((Kind::Sign, from + 1)),
        }
    }
}

/// Tells numbers that are values from those that are none, by what stands before them.
#[derive(Default)]
struct Tokens {
    /// Of each open parenthesis, whether it holds the length of a type.
    open: Vec<bool>,
    /// On which levels a list of orders or groups is open.
    lists: Vec<usize>,
    before: String,
}

impl Tokens {
    /// Takes a token in small letters; false for a value.
    fn take(&mut self, kind: Kind, part: &str) -> bool {
        let level = self.open.len();
        let listed = self.lists.last() == Some(&level);
        let is_none = match (kind, part) {
            (Kind::Number, _) => {
                self.open.last() == Some(&true) || (listed && ["by", ","].contains(&self.before.as_str()))
            }
            (Kind::Sign, "(") => {
                self.open.push(SIZED.contains(&self.before.as_str()));
                true
            }
            (Kind::Sign, ")") => {
                self.open.pop();
                self.lists.retain(|list| *list < level);
                true
            }
            (Kind::Word, "by") if !listed => {
                self.lists.push(level);
                true
            }
            (Kind::Word, word) if listed && ENDINGS.contains(&word) => {
                self.lists.pop();
                true
            }
            _ => true,
        };
        part.clone_into(&mut self.before);
        is_none
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_values_are_shown_on_one_line() {
        let check = |text: &str, expect: &str| assert_eq!(valueless(text).as_deref(), Ok(expect), "{text}");
        check("SELECT  *\n FROM t WHERE a=$1 AND \"It's\" > $2", "SELECT * FROM t WHERE a=$1 AND \"It's\" > $2");
        check("/* user 77 */ select a -- for bob\nfrom t", "select a from t");
        check("(SELECT a1 FROM t2) UNION SELECT $1::varchar(20)", "(SELECT a1 FROM t2) UNION SELECT $1::varchar(20)");
        let ordered = "SELECT a, count(*) FROM t GROUP BY 1, b HAVING count(*) > $1 ORDER BY 2 DESC, 1 LIMIT $2";
        check(ordered, ordered);
        let cast = "UPDATE t SET a = CAST($1 AS numeric(10, 2)), at = $2::timestamp(3) without time zone";
        check(cast, cast);
        check("WITH x AS (DELETE FROM t RETURNING *) SELECT $1", "WITH x AS (DELETE FROM t RETURNING *) SELECT $1");
    }

    #[test]
    fn a_value_or_a_command_keeps_a_text_back() {
        let check = |text: &str, expect: Withheld| assert_eq!(valueless(text), Err(expect), "{text}");
        for text in
            ["CREATE ROLE a PASSWORD 'secret'", "ALTER USER a SET x = 1", "/* select */ COPY t FROM STDIN", "", "--"]
        {
            check(text, Withheld::Command);
        }
        let values = [
            "SELECT 'secret'",
            "SELECT E'secret\\''",
            "SELECT $$secret$$, $1",
            "SELECT $a$secret$a$",
            "SELECT * FROM t WHERE id = 4711",
            "SELECT * FROM t WHERE id = $1 AND kind IN (3, 4)",
            "SELECT * FROM t WHERE price > .5",
            "SELECT 0x1F, 1e5",
            "SELECT * FROM t ORDER BY a LIMIT 5",
            "SELECT * FROM t ORDER BY a + 5",
            "SELECT * FROM t ORDER BY f(a, 5)",
            "SELECT (SELECT a FROM t ORDER BY 1), 5",
            "SELECT a FROM t GROUP BY 1 UNION SELECT b, 5",
            "INSERT INTO t VALUES (1)",
            "SELECT U&'x', b'1', x'1F'",
            "SELECT 1 /* never ends",
            "SELECT \"never ends",
        ];
        for text in values {
            check(text, Withheld::Constant);
        }
    }
}
