//! Finds placeholders outside strings, comments and quoted names.

use std::cell::OnceCell;
use std::ops::Range;

use super::HoleKind;
use super::context::{Context, Position};
use crate::sql::scan::{self, Comments, Escapes};

/// A placeholder as the host spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub(super) bytes: Range<usize>,
    pub(super) number: Number<'a>,
    pub(super) becomes: Becomes<'a>,
}

/// How a placeholder is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number<'a> {
    /// `$1`, `?1`
    Given(u16),
    /// `?`, `%s`
    Next,
    /// `:name`
    Named(&'a str),
}

/// What a placeholder becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Becomes<'a> {
    /// `$1`
    Value,
    /// `($1)`
    List,
    /// A hole that keeps its place.
    Hole(HoleKind),
    /// A hole that is left out.
    Nothing(HoleKind),
    /// Other text (`%%` is `%`).
    Text(&'a str),
}

/// Finds every placeholder, in order.
pub(super) fn find(text: &str) -> Vec<Found<'_>> {
    let bytes = text.as_bytes();
    let mut finder = Finder {
        text,
        bytes,
        at: 0,
        escapes: habit_of_escaping(bytes),
        comments: Comments::default(),
        numbered: is_numbered(bytes),
        named: OnceCell::new(),
        brackets: 0,
        context: Context::new(),
        found: Vec::new(),
    };
    while finder.at < bytes.len() {
        finder.step();
    }
    finder.found
}

/// A backslash before a quote escapes it if the quotes do not come out even otherwise.
fn habit_of_escaping(bytes: &[u8]) -> Escapes {
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == b'\'') {
        match scan::quoted(bytes, at + found, scan::escapes_of_string(bytes, at + found)) {
            Some(end) => at = end,
            None => return Escapes::Backslash,
        }
    }
    Escapes::Doubled
}

/// Says whether the text numbers its parameters (`$1`): then a `?` is an operator.
fn is_numbered(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair[0] == b'$' && pair[1].is_ascii_digit())
}

/// Says whether the text names a parameter and casts it (`@name::text`), as sqlc's queries for PostgreSQL do: then a `?`
/// is an operator, too. MySQL has `@variables` beside its `?`, and no such cast.
fn is_named_and_cast(bytes: &[u8]) -> bool {
    let named = |at: usize| {
        let name = bytes[..at].iter().rev().take_while(|byte| scan::is_name(**byte)).count();
        name > 0 && scan::before(bytes, at - name) == Some(b'@')
    };
    (0..bytes.len()).any(|at| bytes[at..].starts_with(b"::") && named(at))
}

struct Finder<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    escapes: Escapes,
    comments: Comments,
    numbered: bool,
    /// Whether it names them as sqlc does; asked where it matters.
    named: OnceCell<bool>,
    /// Square brackets that are open.
    brackets: u32,
    context: Context,
    found: Vec<Found<'a>>,
}

impl<'a> Finder<'a> {
    fn step(&mut self) {
        let at = self.at;
        let next = self.byte(at + 1);
        match self.bytes[at] {
            byte if byte.is_ascii_whitespace() => self.at += 1,
            b'-' if next == b'-' => self.at = scan::line_comment(self.bytes, at),
            b'/' if next == b'*' => self.at = self.comments.end(self.bytes, at).unwrap_or(self.bytes.len()),
            b'#' if self.is_hash_comment() => self.at = scan::line_comment(self.bytes, at),
            b'\'' => self.string(),
            b'"' => self.operand_to(scan::quoted(self.bytes, at, Escapes::Doubled)),
            b'`' => self.operand_to(scan::quoted(self.bytes, at, Escapes::Doubled)),
            b'[' if scan::bracketed(self.bytes, at).is_some() => self.operand_to(scan::bracketed(self.bytes, at)),
            byte if scan::is_name_start(byte) => self.word(),
            byte if byte.is_ascii_digit() => self.operand_to(Some(scan::name(self.bytes, at))),
            b'$' => self.dollar(),
            b'?' => self.question(),
            b':' => self.colon(),
            b'@' => self.at_sign(),
            b'%' => self.percent(),
            b'{' => self.brace(at),
            b'#' if next == b'{' => self.brace(at + 1),
            _ => self.punctuation(1),
        }
    }

    /// The text from `at` on, as far as the end of a template's expression is looked for.
    fn near(&self, at: usize) -> &'a str {
        const BYTES: usize = 1 << 12;
        self.text.get(at..self.text.floor_char_boundary(at.saturating_add(BYTES))).unwrap_or("")
    }

    /// The byte at `at`, 0 behind the end.
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn is_hash_comment(&self) -> bool {
        let line = self.bytes[..self.at].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
        self.byte(self.at + 1) != b'{' && matches!(line, None | Some(b'\n')) && self.byte(self.at + 1) != b'>'
    }

    fn string(&mut self) {
        let escapes = match self.escapes {
            Escapes::Backslash => Escapes::Backslash,
            Escapes::Doubled => scan::escapes_of_string(self.bytes, self.at),
        };
        self.operand_to(scan::quoted(self.bytes, self.at, escapes));
    }

    fn operand_to(&mut self, end: Option<usize>) {
        self.at = end.unwrap_or(self.bytes.len()).min(self.bytes.len());
        self.context.operand();
    }

    fn punctuation(&mut self, length: usize) {
        let byte = self.bytes[self.at];
        match byte {
            b'[' => self.brackets += 1,
            b']' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        self.context.punctuation(byte);
        self.at = (self.at + length).min(self.bytes.len());
    }

    fn word(&mut self) {
        let (start, end) = (self.at, scan::name(self.bytes, self.at));
        if self.sqlc_function(start, end) {
            return;
        }
        let mut buffer = [0; 16];
        let upper = scan::upper(&self.bytes[start..end], &mut buffer);
        self.context.word(upper);
        self.at = end;
    }

    /// `sqlc.arg(name)`, `sqlc.narg('name')`, `sqlc.slice(ids)` are parameters, `sqlc.embed(t)` is `t.*`; sqlc reads
    /// them in any case.
    fn sqlc_function(&mut self, start: usize, end: usize) -> bool {
        if !self.text[start..end].eq_ignore_ascii_case("sqlc") {
            return false;
        }
        let rest = self.near(end);
        let Some((function, rest)) = rest.strip_prefix('.').and_then(|rest| rest.split_once('(')) else {
            return false;
        };
        let Some((argument, _)) = rest.split_once(')') else {
            return false;
        };
        let name = argument.trim().trim_matches(['\'', '"']);
        if name.is_empty() || !name.bytes().all(scan::is_name) {
            return false;
        }
        let inner = end + function.len() + 2;
        let close = inner + argument.len();
        match function.to_ascii_lowercase().as_str() {
            "arg" | "narg" | "slice" => self.push(close + 1, Number::Named(name), Becomes::Value),
            "embed" => {
                self.push(inner, Number::Next, Becomes::Text(""));
                self.at = close;
                self.push(close + 1, Number::Next, Becomes::Text(".*"));
                self.context.operand();
            }
            _ => return false,
        }
        true
    }

    fn push(&mut self, end: usize, number: Number<'a>, becomes: Becomes<'a>) {
        self.found.push(Found { bytes: self.at..end, number, becomes });
        if !matches!(becomes, Becomes::Nothing(_) | Becomes::Text(_)) {
            self.context.operand();
        }
        self.at = end;
    }

    /// Something bound to a value: a parameter wherever a value may stand.
    fn bound(&mut self, end: usize, number: Number<'a>) {
        let becomes = match self.context.position() {
            Position::Other(kind @ (HoleKind::Table | HoleKind::Name | HoleKind::Query)) => Becomes::Hole(kind),
            Position::List => Becomes::List,
            _ => Becomes::Value,
        };
        self.push(end, number, becomes);
    }

    /// Something pasted into the text: what it is depends on what may stand there.
    fn pasted(&mut self, end: usize, number: Number<'a>) {
        let glued = scan::before(self.bytes, self.at).is_some_and(scan::is_name) || scan::is_name(self.byte(end));
        if self.byte(end) == b'.' && !glued {
            return self.push(end + 1, number, Becomes::Nothing(HoleKind::Qualifier));
        }
        let becomes = match self.context.position() {
            _ if glued => Becomes::Hole(HoleKind::Name),
            Position::Value => Becomes::Value,
            Position::List => Becomes::List,
            Position::Other(kind) => Becomes::Hole(kind),
            Position::End => Becomes::Nothing(HoleKind::Clause),
        };
        self.push(end, number, becomes);
    }

    fn dollar(&mut self) {
        let at = self.at;
        if self.byte(at + 1) == b'{' {
            return self.brace(at + 1);
        }
        if let Some(tag) = scan::dollar_tag(self.bytes, at) {
            return self.operand_to(scan::dollar_quoted(self.bytes, at, tag));
        }
        let end = scan::name(self.bytes, at + 1);
        let name = &self.text[at + 1..end];
        match name.parse::<u16>() {
            Ok(number) if number > 0 => self.bound(end, Number::Given(number)),
            Err(_) if name.bytes().next().is_some_and(scan::is_name_start) => self.bound(end, Number::Named(name)),
            _ => self.operand_to(Some(end)),
        }
    }

    fn question(&mut self) {
        let at = self.at;
        // JDBC doubles the operator so that it is not taken for a placeholder.
        if self.byte(at + 1) == b'?' && self.context.position() == Position::End {
            self.push(at + 2, Number::Next, Becomes::Text("?"));
            return self.context.punctuation(b'?');
        }
        if self.is_json_operator() {
            let length = if matches!(self.byte(at + 1), b'|' | b'&') { 2 } else { 1 };
            return self.punctuation(length);
        }
        let end = scan::name(self.bytes, at + 1);
        match self.text[at + 1..end].parse::<u16>() {
            Ok(number) if number > 0 => self.bound(end, Number::Given(number)),
            _ => self.bound(at + 1, Number::Next),
        }
    }

    /// PostgreSQL's `?`, `?|` and `?&` stand between two operands, a placeholder never does.
    fn is_json_operator(&self) -> bool {
        if self.numbered || *self.named.get_or_init(|| is_named_and_cast(self.bytes)) {
            return true;
        }
        let behind = self.text[self.at + 1..].trim_start_matches(['|', '&']).trim_start();
        let operand_follows = behind.starts_with(['\'', '(', '?', ':', '$', '%', '@', '"'])
            || behind.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("array"));
        self.context.position() == Position::End && operand_follows
    }

    fn colon(&mut self) {
        let at = self.at;
        let next = self.byte(at + 1);
        if next == b':' || next == b'=' {
            return self.punctuation(2);
        }
        let glued = scan::before(self.bytes, at).is_some_and(|byte| scan::is_name(byte) || byte == b':');
        let slice = self.brackets > 0 && self.context.position() == Position::End;
        if glued || slice {
            return self.punctuation(1);
        }
        match next {
            // psql's variables: quoted as a string, quoted as a name.
            b'\'' | b'"' => match scan::quoted(self.bytes, at + 1, Escapes::Doubled) {
                Some(end) if next == b'\'' => self.bound(end, Number::Named(&self.text[at + 2..end - 1])),
                Some(end) => self.pasted(end, Number::Named(&self.text[at + 2..end - 1])),
                None => self.punctuation(1),
            },
            _ if scan::is_name(next) && next != b'$' => {
                let end = scan::name(self.bytes, at + 1);
                let name = Number::Named(&self.text[at + 1..end]);
                if self.is_qualifier(end) { self.pasted(end, name) } else { self.bound(end, name) }
            }
            _ => self.punctuation(1),
        }
    }

    /// Says whether a name follows behind a dot, as behind psql's `:schema`: no value has one.
    fn is_qualifier(&self, end: usize) -> bool {
        self.byte(end) == b'.' && (scan::is_name_start(self.byte(end + 1)) || self.byte(end + 1) == b'"')
    }

    /// `@name`: a parameter to sqlc and .NET, a variable to MySQL; known at run time only, either way.
    fn at_sign(&mut self) {
        let at = self.at;
        let next = self.byte(at + 1);
        let glued = scan::before(self.bytes, at).is_some_and(|byte| scan::is_name(byte) || b"@'\"`<".contains(&byte));
        if glued || !scan::is_name_start(next) {
            return self.punctuation(if matches!(next, b'@' | b'?' | b'>') { 2 } else { 1 });
        }
        let end = scan::name(self.bytes, at + 1);
        // `@extschema@.f`, in the scripts of PostgreSQL's extensions.
        if self.byte(end) == b'@' && self.is_qualifier(end + 1) {
            return self.pasted(end + 1, Number::Named(&self.text[at + 1..end]));
        }
        if self.text[end..].trim_start().starts_with(":=") {
            return self.operand_to(Some(end));
        }
        self.bound(end, Number::Named(&self.text[at + 1..end]));
    }

    fn percent(&mut self) {
        let at = self.at;
        let ends_word = |end: usize| !scan::is_name(self.byte(end));
        match self.byte(at + 1) {
            b'%' => self.push(at + 2, Number::Next, Becomes::Text("%")),
            b'(' => match self.near(at + 2).split_once(')') {
                Some((name, rest)) if rest.starts_with(['s', 'd', 'b', 't']) && is_template(name) => {
                    self.pasted_or_bound(at + name.len() + 4, Number::Named(name));
                }
                _ => self.punctuation(1),
            },
            b's' if self.context.position() != Position::End || self.is_pasted_behind(at + 2) => {
                self.pasted_or_bound(at + 2, Number::Next);
            }
            b'd' | b'v' | b'q' | b'i' | b'f' if self.context.position() != Position::End && ends_word(at + 2) => {
                self.pasted_or_bound(at + 2, Number::Next);
            }
            _ => match self.percent_name() {
                Some(name) => self.pasted(at + name.len() + 2, Number::Named(name)),
                None => self.punctuation(1),
            },
        }
    }

    /// `%order%`, as goyesql's users paste clauses in.
    fn percent_name(&self) -> Option<&'a str> {
        let start = self.at + 1;
        let end = scan::name(self.bytes, start);
        (end > start && self.byte(end) == b'%').then(|| &self.text[start..end])
    }

    /// `… WHERE a = 1 %s` pastes a clause and `t_%s` a piece of a name; `a %s2` would be a remainder.
    fn is_pasted_behind(&self, end: usize) -> bool {
        let before = scan::before(self.bytes, self.at).unwrap_or(0);
        let ends = self.byte(end) == 0 || self.byte(end).is_ascii_whitespace() || self.byte(end) == b')';
        before == b'_' || (before.is_ascii_whitespace() && ends)
    }

    /// `%s` is bound where a value may stand (DB-API), and pasted in elsewhere (printf).
    fn pasted_or_bound(&mut self, end: usize, number: Number<'a>) {
        match self.context.position() {
            Position::Value | Position::Other(HoleKind::Condition) if !scan::is_name(self.byte(end)) => {
                self.bound(end, number)
            }
            _ => self.pasted(end, number),
        }
    }

    /// `{name}`, `{{ name }}`, `{% block %}`, and behind a `$` or `#` already seen.
    fn brace(&mut self, open: usize) {
        let double = matches!(self.byte(open + 1), b'{' | b'%' | b'#').then(|| self.byte(open + 1));
        let close = match double {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(_) => "#}",
            None => "}",
        };
        let inner_start = open + if double.is_some() { 2 } else { 1 };
        let Some(length) = self.near(inner_start).find(close) else {
            return self.punctuation(1);
        };
        let end = inner_start + length + close.len();
        let inner = self.text[inner_start..inner_start + length].trim().trim_matches('-').trim();
        if matches!(double, Some(b'%' | b'#')) || (double.is_some() && is_block(inner)) {
            return self.push(end, Number::Next, Becomes::Nothing(HoleKind::Clause));
        }
        let positional = double.is_none() && inner.is_empty();
        if !positional && !is_template(inner) {
            return self.punctuation(1);
        }
        let number = if inner.is_empty() { Number::Next } else { Number::Named(inner) };
        if self.bytes[self.at] == b'#' { self.bound(end, number) } else { self.pasted(end, number) }
    }
}

/// Says whether a template's expression is one: `ts '2020-01-01'` of ODBC's `{ts '…'}` is not.
fn is_template(inner: &str) -> bool {
    const LONGEST: usize = 120;
    !inner.is_empty()
        && inner.len() <= LONGEST
        && !inner.contains(['\n', ';', '{', '}'])
        && !["ts ", "d ", "t ", "fn ", "oj ", "call "].iter().any(|odbc| inner.starts_with(odbc))
}

/// Says whether a `{{ … }}` of Go's templates or Mustache steers rather than prints.
fn is_block(inner: &str) -> bool {
    let word = inner.split_whitespace().next().unwrap_or(inner);
    inner.starts_with(['#', '/', '!', '^'])
        || ["if", "else", "end", "range", "with", "template", "block", "define"].contains(&word)
}
