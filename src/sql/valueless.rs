//! A statement's text without any value of the data, or nothing.
//!
//! A server that counts statements puts `$1` in the place of constants, mostly: not in commands such as
//! `CREATE ROLE … PASSWORD '…'`, and not where it forgot a statement and met it again; a log holds them all. So each
//! constant becomes a parameter, commands are left out, and comments go, for applications write into them who is asking.
//! PostgreSQL's lexical rules.

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
    /// Where a constant or a comment ends cannot be told.
    Endless,
}

/// Words that say of what type the constant behind them is: they and a parameter are no SQL.
const TYPES: [&str; 7] = ["date", "time", "timetz", "timestamp", "timestamptz", "interval", "json"];
/// What stands before the quote of a string and belongs to it.
const PREFIXES: [&str; 4] = ["e", "b", "x", "n"];

/// Returns the text on one line, without comments and with a parameter in the place of each constant, if it reads or
/// changes rows: numbers stay only as the length of a type and as the place of a column in `ORDER BY` and `GROUP BY`, and
/// a list of values behind `IN` has one member.
///
/// # Errors
/// Why it is not shown.
pub fn valueless(text: &str) -> Result<String, Withheld> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0, comments: Comments::default() };
    let (mut tokens, mut told) = (Tokens::default(), Told::after(greatest_parameter(text)));
    let mut beginning = true;
    while let Some(token) = reader.next() {
        let Token { kind, from, spaced } = token.ok_or(Withheld::Endless)?;
        let part = text.get(from..reader.at).ok_or(Withheld::Endless)?;
        if beginning && part != "(" {
            beginning = false;
            let known = BEGINNINGS.iter().any(|word| part.eq_ignore_ascii_case(word));
            known.then_some(()).ok_or(Withheld::Command)?;
        }
        let is_shown = tokens.take(kind, &part.to_ascii_lowercase());
        told.take(if is_shown { kind } else { Kind::Constant }, part, spaced);
    }
    let text = told.text();
    if text.is_empty() { Err(Withheld::Command) } else { Ok(text) }
}

/// The greatest number of a parameter in a text, roughly: constants get the numbers behind it.
fn greatest_parameter(text: &str) -> u32 {
    let numbers = text.split('$').skip(1);
    let number = |rest: &str| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse::<u32>().ok().filter(|number| *number <= u32::from(u16::MAX))
    };
    numbers.filter_map(number).max().unwrap_or(0)
}

/// The text as far as it is told.
struct Told {
    parts: Vec<(Kind, String, bool)>,
    parameters: u32,
}

impl Told {
    fn after(parameters: u32) -> Self {
        Self { parts: Vec::new(), parameters }
    }

    fn take(&mut self, kind: Kind, part: &str, spaced: bool) {
        if !matches!(kind, Kind::Constant | Kind::Parameter) {
            return self.parts.push((kind, part.to_owned(), spaced));
        }
        let spaced = self.leave_type(spaced, part.starts_with('\''));
        if self.is_in_list() {
            self.parts.pop();
            return;
        }
        let part = match kind {
            Kind::Parameter => part.to_owned(),
            _ => {
                self.parameters += 1;
                format!("${}", self.parameters)
            }
        };
        self.parts.push((Kind::Parameter, part, spaced));
    }

    /// Takes back what says of what type a value is; says whether anything stood between it and what is before.
    fn leave_type(&mut self, spaced: bool, is_quoted: bool) -> bool {
        let word = |back: usize| {
            let (kind, part, _) = &self.parts[self.parts.len().checked_sub(back)?];
            (*kind == Kind::Word).then(|| part.to_ascii_lowercase())
        };
        let is = |back: usize, words: &[&str]| word(back).is_some_and(|word| words.contains(&word.as_str()));
        let gone = match () {
            () if is_quoted && !spaced && is(1, &PREFIXES) => 1,
            () if is(1, &["zone"]) && is(2, &["time"]) && is(3, &["with", "without"]) && is(4, &TYPES) => 4,
            () if is(1, &TYPES) => 1,
            () => return spaced,
        };
        let first = self.parts.len() - gone;
        let spaced = self.parts[first].2;
        self.parts.truncate(first);
        spaced
    }

    /// Says whether a value and a comma behind `IN (` are all there is so far.
    fn is_in_list(&self) -> bool {
        let [.., (Kind::Word, word, _), (Kind::Sign, open, _), (Kind::Parameter, ..), (Kind::Sign, comma, _)] =
            &self.parts[..]
        else {
            return false;
        };
        word.eq_ignore_ascii_case("in") && open == "(" && comma == ","
    }

    fn text(self) -> String {
        let mut text = String::new();
        for (_, part, spaced) in self.parts {
            if spaced && !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&part);
        }
        text
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    /// A name in quotes.
    Name,
    Parameter,
    Number,
    /// A value that is not shown.
    Constant,
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
    /// The next token, none within for what has no end; `at` is behind it then.
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

    /// `.5`, which is no `a.5`.
    fn is_fraction(&self, at: usize) -> bool {
        self.bytes[at] == b'.'
            && self.bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
            && !scan::before(self.bytes, at).is_some_and(|byte| scan::is_name(byte) || b"\")].".contains(&byte))
    }

    fn end(&self, from: usize) -> Option<(Kind, usize)> {
        let bytes = self.bytes;
        match bytes[from] {
            b'\'' => Some((Kind::Constant, scan::quoted(bytes, from, scan::escapes_of_string(bytes, from))?)),
            b'"' => Some((Kind::Name, scan::quoted(bytes, from, Escapes::Doubled)?)),
            b'$' if bytes.get(from + 1).is_some_and(u8::is_ascii_digit) => {
                Some((Kind::Parameter, scan::name(bytes, from + 1)))
            }
            b'$' => {
                let tag = scan::dollar_tag(bytes, from)?;
                Some((Kind::Constant, scan::dollar_quoted(bytes, from, tag)?))
            }
            byte if byte.is_ascii_digit() || self.is_fraction(from) => Some((Kind::Number, number(bytes, from))),
            byte if scan::is_name_start(byte) => Some((Kind::Word, scan::name(bytes, from))),
            _ => Some((Kind::Sign, from + 1)),
        }
    }
}

/// The end of the number at `from`: `1`, `1.5`, `.5e-3`, `0x1F`.
fn number(bytes: &[u8], from: usize) -> usize {
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = from;
    loop {
        end = scan::name(bytes, end);
        match bytes.get(end) {
            Some(b'.') if is_digit(end + 1) => end += 1,
            Some(b'+' | b'-') if is_digit(end + 1) && end > from && bytes[end - 1].eq_ignore_ascii_case(&b'e') => {
                end += 1
            }
            _ => return end,
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
mod tests;
