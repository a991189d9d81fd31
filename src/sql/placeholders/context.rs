//! What may stand at the current place of a statement, by the words before it.

use super::HoleKind;

/// What a placeholder's surroundings expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// A value: behind an operator, `(`, `LIMIT`, …
    Value,
    /// A list, behind `IN` or `VALUES`.
    List,
    /// Something that is no value.
    Other(HoleKind),
    /// Nothing: an operand has just ended.
    End,
}

/// The place in the statement.
pub(super) struct Context {
    previous: Previous,
    /// The clause that is open at each level of parentheses.
    clauses: Vec<Option<HoleKind>>,
    between: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Previous {
    /// A name, a literal, a closing bracket.
    Operand,
    /// An operator, an opening bracket, a word that wants a value.
    Operator,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `IN`, `VALUES`
    In,
    /// `AS`, `EXISTS`: a parenthesis behind it holds a query.
    BeforeQuery,
    /// A word that wants something other than a value.
    Wants(HoleKind),
}

impl Context {
    pub(super) fn new() -> Self {
        Self { previous: Previous::Operator, clauses: vec![None], between: false }
    }

    /// Says what is expected here.
    pub(super) fn position(&self) -> Position {
        match self.previous {
            Previous::Operand => Position::End,
            Previous::Operator | Previous::BeforeQuery => Position::Value,
            Previous::In => Position::List,
            Previous::Dot => Position::Other(HoleKind::Name),
            Previous::Wants(kind) => Position::Other(kind),
            Previous::Comma => match self.clauses.last().copied().flatten() {
                Some(kind) if kind != HoleKind::Condition => Position::Other(kind),
                _ => Position::Value,
            },
        }
    }

    /// An operand ends here.
    pub(super) fn operand(&mut self) {
        self.previous = Previous::Operand;
    }

    /// Takes in punctuation.
    pub(super) fn punctuation(&mut self, byte: u8) {
        match byte {
            b'(' => self.clauses.push(None),
            b')' if self.clauses.len() > 1 => {
                self.clauses.pop();
            }
            _ => {}
        }
        self.previous = match byte {
            b'(' if matches!(self.previous, Previous::BeforeQuery | Previous::Wants(HoleKind::Table)) => {
                Previous::Wants(HoleKind::Query)
            }
            b')' | b']' | b'}' => Previous::Operand,
            // `t.*`, `count(*)`
            b'*' if matches!(self.previous, Previous::Dot | Previous::Wants(HoleKind::Columns)) => Previous::Operand,
            b',' => Previous::Comma,
            b'.' => Previous::Dot,
            _ => Previous::Operator,
        };
    }

    /// Takes in an upper-case word; the empty word is a name too long to be a keyword.
    pub(super) fn word(&mut self, upper: &[u8]) {
        if self.previous == Previous::Dot {
            return self.operand();
        }
        let kind = match upper {
            b"FROM" | b"JOIN" | b"INTO" | b"UPDATE" | b"TABLE" | b"ONLY" | b"TRUNCATE" => Some(HoleKind::Table),
            b"BY" => Some(HoleKind::Key),
            b"SELECT" | b"DISTINCT" | b"RETURNING" | b"ALL" => Some(HoleKind::Columns),
            b"SET" => Some(HoleKind::Assignments),
            b"AND" if std::mem::take(&mut self.between) => None,
            b"WHERE" | b"AND" | b"OR" | b"ON" | b"HAVING" | b"NOT" => Some(HoleKind::Condition),
            _ => None,
        };
        if let Some(kind) = kind {
            self.previous = Previous::Wants(kind);
            // The comma behind `ON a = b` or `AND` still separates what the clause lists.
            if !matches!(upper, b"AND" | b"OR" | b"NOT" | b"ALL" | b"DISTINCT") {
                self.set_clause(Some(kind));
            }
            return;
        }
        self.between |= upper == b"BETWEEN";
        self.previous = match upper {
            // `VALUES %s` of psycopg's `execute_values`.
            b"IN" | b"VALUES" => Previous::In,
            b"AS" | b"EXISTS" | b"MATERIALIZED" => Previous::BeforeQuery,
            _ if wants_value(upper) => Previous::Operator,
            _ => Previous::Operand,
        };
        if matches!(upper, b"VALUES" | b"LIMIT" | b"OFFSET" | b"VALUE") {
            self.set_clause(None);
        }
    }

    fn set_clause(&mut self, kind: Option<HoleKind>) {
        // What an UPDATE's SET lists by commas are assignments of values.
        let kind = kind.filter(|kind| *kind != HoleKind::Assignments);
        if let Some(clause) = self.clauses.last_mut() {
            *clause = kind;
        }
    }
}

/// Says whether a value follows a word, so that `word ?` is no operator between two operands.
fn wants_value(upper: &[u8]) -> bool {
    matches!(
        upper,
        b"LIKE"
            | b"ILIKE"
            | b"BETWEEN"
            | b"LIMIT"
            | b"OFFSET"
            | b"THEN"
            | b"ELSE"
            | b"WHEN"
            | b"CASE"
            | b"AND"
            | b"INTERVAL"
            | b"IS"
            | b"ESCAPE"
            | b"ANY"
            | b"SOME"
            | b"REGEXP"
            | b"RLIKE"
            | b"GLOB"
            | b"MATCH"
            | b"DIV"
            | b"MOD"
            | b"XOR"
            | b"TO"
            | b"ZONE"
            | b"BINARY"
            | b"TOP"
            | b"FIRST"
            | b"NEXT"
            | b"CALL"
            | b"EXEC"
            | b"EXECUTE"
            | b"RETURN"
            | b"DEFAULT"
            | b"USING"
            | b"AGAINST"
            | b"SEPARATOR"
    )
}
