//! Comparing constants as a database would, or not at all.
//!
//! Strings are the trouble: which comes first depends on the collation, and under some two different strings are
//! equal. Only what holds under every collation in use is answered.

use std::cmp::Ordering;

use crate::expr::Literal;

/// Says whether two constants are certainly the same value.
pub(super) fn equal(one: &Literal, other: &Literal) -> bool {
    match (one, other) {
        (Literal::Null, _) | (_, Literal::Null) => false,
        (Literal::Text(one), Literal::Text(other)) => one == other,
        _ => compare(one, other) == Some(Ordering::Equal),
    }
}

/// Says whether two constants are certainly different values.
pub(super) fn differ(one: &Literal, other: &Literal) -> bool {
    match (one, other) {
        (Literal::Text(one), Literal::Text(other)) => {
            let loose = |text: &str| text.trim_end().to_lowercase();
            // `'1'` and `'01'` are one value to an integer column, accents to some collations.
            loose(one) != loose(other) && one.is_ascii() && other.is_ascii() && number(one).is_none()
                || matches!((number(one), number(other)), (Some(one), Some(other)) if one != other)
        }
        _ => compare(one, other).is_some_and(Ordering::is_ne),
    }
}

/// Compares two constants whose order does not depend on a collation.
pub(super) fn compare(one: &Literal, other: &Literal) -> Option<Ordering> {
    match (one, other) {
        (Literal::Number(one), Literal::Number(other)) => match (one.parse::<i128>(), other.parse::<i128>()) {
            (Ok(one), Ok(other)) => Some(one.cmp(&other)),
            _ => number(one)?.partial_cmp(&number(other)?),
        },
        (Literal::Boolean(one), Literal::Boolean(other)) => Some(one.cmp(other)),
        (Literal::Text(one), Literal::Text(other)) if is_moment(one) && same_form(one, other) => Some(one.cmp(other)),
        _ => None,
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// `2024-01-31`, perhaps with a time of day: text that sorts as what it means.
fn is_moment(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            0..=9 => byte.is_ascii_digit(),
            _ => byte.is_ascii_digit() || matches!(byte, b' ' | b'T' | b':' | b'.'),
        })
}

fn same_form(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one
            .bytes()
            .zip(other.bytes())
            .all(|(one, other)| one == other || (one.is_ascii_digit() && other.is_ascii_digit()))
}
