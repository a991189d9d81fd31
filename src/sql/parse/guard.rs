//! Refuses statements whose tree would be too deep to clone, drop or walk, before sqlparser builds it.
//!
//! sqlparser bounds nesting, not chains: `a OR b OR …` and `SELECT … UNION …` become trees as deep as they are long.
//! The stack cannot be caught when it overflows, so the tokens are counted first.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::ParseFailure;

/// Levels of nesting that sqlparser may descend (its own default of 50 refuses JSON-building queries people write).
pub(super) const MAX_NESTING: usize = 100;

const MAX_OPERATORS: usize = 10_000;
const MAX_ARMS: usize = 500;
const MAX_JOINS: usize = 1_000;
/// Words behind one operand: `a IS NULL IS NULL …`. People write two; depth and time grow with them.
const MAX_CHAIN: usize = 500;

/// Counts operators, list items, set operations and joins.
pub(super) fn check(tokens: &[TokenWithSpan]) -> Result<(), ParseFailure> {
    let mut counter = Counter { frames: vec![Frame::default()], arms: 0, joins: 0, after_in: false };
    for TokenWithSpan { token, .. } in tokens {
        if let Some(message) = counter.count(token) {
            return Err(ParseFailure { reason: "too-deep", message, at: None });
        }
    }
    Ok(())
}

/// Says how deep parentheses, CASE and rows of prefix operators nest: where sqlparser reaches its bound within one of
/// those, it goes back, reads them as something else and complains of a word.
pub(super) fn nesting(tokens: &[TokenWithSpan]) -> usize {
    let (mut open, mut prefixes, mut deepest) = (0_usize, 0, 0);
    for TokenWithSpan { token, .. } in tokens {
        let keyword = if let Token::Word(word) = token { word.keyword } else { Keyword::NoKeyword };
        match (token, keyword) {
            (Token::LParen, _) | (_, Keyword::CASE) => open += 1,
            (Token::RParen, _) | (_, Keyword::END) => open = open.saturating_sub(1),
            _ => {}
        }
        let is_prefix = matches!(token, Token::Minus | Token::Plus | Token::Tilde) || keyword == Keyword::NOT;
        prefixes = if is_prefix { prefixes + 1 } else { 0 };
        deepest = deepest.max(open + prefixes);
    }
    deepest
}

/// What stands between two parentheses.
#[derive(Default)]
struct Frame {
    /// Operators and items of it and what it encloses.
    weight: usize,
    /// Words that take the expression before them as an operand, since another expression began.
    chain: usize,
    /// An IN list or a row of VALUES: its items are kept side by side, however many.
    list: bool,
    /// VALUES has been read, and rows follow.
    rows: bool,
}

impl Frame {
    /// Counts what makes the expression before it an operand, and starts over where another expression begins.
    fn link(&mut self, token: &Token) {
        match token {
            Token::Comma => self.chain = 0,
            Token::Word(word) => match word.keyword {
                Keyword::AND | Keyword::OR | Keyword::WHEN | Keyword::SELECT | Keyword::ON => self.chain = 0,
                _ => self.chain += usize::from(is_link(word)),
            },
            _ => {}
        }
    }
}

/// Says whether a word takes the expression before it as an operand. Some are no keywords of sqlparser's.
fn is_link(word: &Word) -> bool {
    const LINKS: &[&str] = &[
        "AT", "BETWEEN", "COLLATE", "DIV", "GLOB", "ILIKE", "IN", "IS", "ISNULL", "LIKE", "MATCH", "MEMBER", "MOD",
        "NOTNULL", "OPERATOR", "OVERLAPS", "REGEXP", "RLIKE", "SIMILAR", "SOUNDS", "XOR",
    ];
    word.quote_style.is_none() && LINKS.iter().any(|link| word.value.eq_ignore_ascii_case(link))
}

struct Counter {
    frames: Vec<Frame>,
    arms: usize,
    joins: usize,
    after_in: bool,
}

impl Counter {
    /// Takes one token in; says what there is too much of.
    fn count(&mut self, token: &Token) -> Option<String> {
        let after_in = std::mem::take(&mut self.after_in);
        let frame = self.frames.last_mut().expect("the outermost frame is never closed");
        frame.link(token);
        match token {
            Token::LParen => {
                let list = after_in || frame.rows;
                self.frames.push(Frame { list, ..Frame::default() });
            }
            Token::RParen => self.close(),
            Token::Comma if frame.list => frame.weight = 0,
            Token::Comma if frame.rows => {}
            Token::Word(word) => {
                frame.rows = matches!(word.keyword, Keyword::VALUES | Keyword::VALUE);
                frame.weight += usize::from(matches!(word.keyword, Keyword::AND | Keyword::OR | Keyword::NOT));
                self.after_in = word.keyword == Keyword::IN;
                self.joins += usize::from(word.keyword == Keyword::JOIN);
                self.arms += usize::from(matches!(word.keyword, Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT));
            }
            _ => {
                frame.rows = false;
                frame.weight += usize::from(is_operator(token));
            }
        }
        self.excess()
    }

    fn close(&mut self) {
        if self.frames.len() < 2 {
            return;
        }
        let closed = self.frames.pop().expect("two frames are open");
        let outer = self.frames.last_mut().expect("the outermost frame is never closed");
        outer.chain += closed.chain;
        if !closed.list {
            outer.weight += closed.weight;
        }
    }

    fn excess(&self) -> Option<String> {
        if self.arms >= MAX_ARMS {
            return Some(format!("more than {MAX_ARMS} set operations"));
        }
        if self.joins > MAX_JOINS {
            return Some(format!("more than {MAX_JOINS} joins"));
        }
        let (weight, chain) = self.frames.last().map_or((0, 0), |frame| (frame.weight, frame.chain));
        if chain > MAX_CHAIN {
            return Some(format!("more than {MAX_CHAIN} tests of one operand"));
        }
        (weight > MAX_OPERATORS).then(|| format!("more than {MAX_OPERATORS} operators or list items"))
    }
}

/// Says whether a token joins operands or separates items; whatever is not known to be an operand does.
fn is_operator(token: &Token) -> bool {
    !matches!(
        token,
        Token::EOF
            | Token::Number(..)
            | Token::Char(_)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::DollarQuotedString(_)
            | Token::HexStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Period
            | Token::SemiColon
            | Token::LBrace
            | Token::RBrace
    )
}
