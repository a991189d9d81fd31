//! Mends token sequences that databases read and sqlparser does not.
//!
//! Each repair is tried on the tokens, whose spans stay those of the text, so every place in the tree remains right.
//! A repair may change what the statement computes, never which columns and tables it names.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::dialect::Dialect;

/// Applies every repair.
pub(super) fn repair(tokens: &mut [TokenWithSpan], dialect: Dialect) {
    if dialect == Dialect::Mysql {
        tokens.iter_mut().for_each(placeholder_word);
    }
}

/// MySQL's names may start with `$`, so sqlparser takes `$1` for one there.
fn placeholder_word(token: &mut TokenWithSpan) {
    if let Token::Word(word) = &token.token
        && word.quote_style.is_none()
        && let Some(number) = word.value.strip_prefix('$')
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        token.token = Token::Placeholder(word.value.clone());
    }
}
