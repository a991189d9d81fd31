//! How deep a text may be nested, told from its tokens alone: parsers and their trees recurse, and a text may be hostile.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// Texts of up to this many bytes are parsed as they are: a level takes a byte and up to 2 kB of a stack that grows.
const HARMLESS_BYTES: usize = 64 << 10;
/// How deep longer ones may be nested.
const MAX_DEPTH: usize = 10_000;

/// Says whether a text is nested deeper than any that a person wrote.
pub(super) fn is_too_deep(text: &str) -> bool {
    if text.len() <= HARMLESS_BYTES {
        return false;
    }
    let mut lexer = lexer::lex(text, Mode::Module);
    // What may nest in each bracket since its last comma; of the statement itself at the bottom.
    let mut open = vec![0_usize];
    let (mut depth, mut blocks) = (0, 0_usize);
    loop {
        let kind = lexer.next_token();
        match kind {
            TokenKind::EndOfFile => return false,
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                open.push(0);
                depth += 1;
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace if open.len() > 1 => {
                depth -= 1 + open.pop().unwrap_or_default();
                // What is called or looked into again nests, too.
                count(&mut open, &mut depth);
            }
            TokenKind::Comma => depth -= open.last_mut().map(std::mem::take).unwrap_or_default(),
            TokenKind::Newline => (open, depth) = (vec![0], 0),
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            kind if kind.is_operator() || kind.is_keyword() => count(&mut open, &mut depth),
            _ => {}
        }
        if depth + blocks > MAX_DEPTH {
            return true;
        }
    }
}

fn count(open: &mut [usize], depth: &mut usize) {
    if let Some(level) = open.last_mut() {
        *level += 1;
        *depth += 1;
    }
}
