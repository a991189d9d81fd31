//! Follows the `BEGIN … END` of triggers and routines, inside which `;` ends nothing.
//!
//! SQLite's and MySQL's trigger bodies, MySQL's procedures, PostgreSQL's `BEGIN ATOMIC`; bodies in dollar quotes or
//! strings never get here.

use super::Keyword;

/// How far into a body the splitter is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    state: State,
    /// Blocks that are open.
    depth: u32,
    /// Parentheses that are open.
    parens: u32,
    /// The last word was END.
    ended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// No body can come.
    #[default]
    Plain,
    /// CREATE has been read, and not yet what.
    Creates,
    /// A trigger, procedure, function or event.
    Routine,
    /// PostgreSQL's CREATE RULE, whose actions stand in parentheses with `;` between them.
    Rule,
}

impl Body {
    /// Starts behind the first word of a statement.
    pub(super) fn after(keyword: Keyword) -> Self {
        let state = if keyword == Keyword::Create { State::Creates } else { State::Plain };
        Self { state, ..Self::default() }
    }

    /// Says whether a `;` would fall inside a body.
    pub(super) fn is_open(&self) -> bool {
        match self.state {
            State::Routine => self.depth > 0,
            State::Rule => self.parens > 0,
            State::Plain | State::Creates => false,
        }
    }

    /// Takes in a token that is no word.
    pub(super) fn no_word(&mut self) {
        self.ended = false;
    }

    /// Takes in `(`.
    pub(super) fn open(&mut self) {
        self.parens += 1;
    }

    /// Takes in `)`.
    pub(super) fn close(&mut self) {
        self.parens = self.parens.saturating_sub(1);
    }

    /// Takes in an upper-case word.
    pub(super) fn word(&mut self, upper: &[u8]) {
        match self.state {
            State::Plain | State::Rule => {}
            State::Creates => self.state = state_after(upper),
            State::Routine => self.routine_word(upper),
        }
    }

    fn routine_word(&mut self, upper: &[u8]) {
        let ended = std::mem::take(&mut self.ended);
        match upper {
            // `END CASE` closes what CASE opened; `END IF` closes an IF, which was never counted.
            b"CASE" if ended => {}
            b"IF" | b"LOOP" | b"WHILE" | b"REPEAT" | b"FOR" if ended => self.depth += 1,
            b"BEGIN" | b"CASE" => self.depth += 1,
            b"END" => {
                self.depth = self.depth.saturating_sub(1);
                self.ended = true;
            }
            _ => {}
        }
    }
}

/// What CREATE makes; words that may stand before the kind (`OR REPLACE`, `DEFINER = root`) leave it open.
fn state_after(upper: &[u8]) -> State {
    match upper {
        b"TRIGGER" | b"PROCEDURE" | b"FUNCTION" | b"EVENT" => State::Routine,
        b"RULE" => State::Rule,
        b"TABLE" | b"INDEX" | b"UNIQUE" | b"VIEW" | b"MATERIALIZED" | b"TYPE" | b"SCHEMA" | b"DATABASE"
        | b"SEQUENCE" | b"DOMAIN" | b"EXTENSION" | b"ROLE" | b"USER" | b"VIRTUAL" | b"FULLTEXT" | b"SPATIAL"
        | b"POLICY" | b"OPERATOR" | b"CAST" | b"COLLATION" | b"PUBLICATION" | b"SERVER" | b"LANGUAGE"
        | b"STATISTICS" => State::Plain,
        _ => State::Creates,
    }
}
