//! The serialised forms of the server (`statistics/statistics.h`, `mvdistinct.c`, `dependencies.c`, `mcv.c`), which have
//! been the same since version 12: a head of three numbers, then the items one after the other, without gaps, in the
//! byte order of its machine. It runs on ours, or checks what it is given.

use std::collections::BTreeSet;

use crate::name::Ident;
use crate::stats::{Combinations, Dependency};

const DISTINCT: u32 = 0xA352_BFA4;
const DEPENDENCIES: u32 = 0xB454_9A2C;
/// The one kind that each form has.
const BASIC: u32 = 1;

fn head(form: u32, items: usize) -> Option<Vec<u8>> {
    Some([form, BASIC, u32::try_from(items).ok()?].iter().flat_map(|number| number.to_ne_bytes()).collect())
}

fn add_numbers(bytes: &mut Vec<u8>, numbers: &[i16]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_ne_bytes()));
}

/// How many combinations there are; `number` is that of a column. None unless every choice of two or more of so many
/// columns is known: the planner fails where it finds one missing.
pub(super) fn distinct(
    known: &[Combinations],
    columns: usize,
    number: &dyn Fn(&Ident) -> Option<i16>,
) -> Option<Vec<u8>> {
    let mut bytes = head(DISTINCT, known.len())?;
    let mut choices = BTreeSet::new();
    for Combinations { columns, count } in known {
        let mut numbers: Vec<i16> = columns.iter().map(number).collect::<Option<_>>()?;
        numbers.sort_unstable();
        bytes.extend(count.max(1.0).to_ne_bytes());
        bytes.extend(i32::try_from(numbers.len()).ok()?.to_ne_bytes());
        add_numbers(&mut bytes, &numbers);
        choices.insert(numbers);
    }
    let all = (1_usize << columns) - 1 - columns;
    (choices.len() == all && known.len() == all).then_some(bytes)
}

/// How far columns determine others; none where nothing is known to.
pub(super) fn dependencies(known: &[Dependency], number: &dyn Fn(&Ident) -> Option<i16>) -> Option<Vec<u8>> {
    let mut bytes = head(DEPENDENCIES, known.len())?;
    for Dependency { columns, determine, degree } in known {
        let mut numbers: Vec<i16> = columns.iter().map(number).collect::<Option<_>>()?;
        numbers.sort_unstable();
        numbers.push(number(determine)?);
        bytes.extend(degree.clamp(0.0, 1.0).to_ne_bytes());
        add_numbers(&mut bytes, &[i16::try_from(numbers.len()).ok()?]);
        add_numbers(&mut bytes, &numbers);
    }
    (!known.is_empty()).then_some(bytes)
}

/// Gives the items of a list of common values other fractions, each the fraction of its values together and what it would
/// be if they were independent. The items come last, all of one length: a byte for each value that says whether it is
/// NULL, the two fractions, and two bytes for each value. None where the list is not that long.
pub(super) fn with_fractions(list: &[u8], columns: usize, fractions: &[(f64, f64)]) -> Option<Vec<u8>> {
    let item = columns * 3 + 16;
    let begin = list.len().checked_sub(item * fractions.len())?;
    let mut bytes = list.to_vec();
    for (at, (together, independent)) in fractions.iter().enumerate() {
        let place = begin + at * item + columns;
        bytes[place..place + 8].copy_from_slice(&together.to_ne_bytes());
        bytes[place + 8..place + 16].copy_from_slice(&independent.to_ne_bytes());
    }
    Some(bytes)
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_whole_or_none() {
        let number = |name: &Ident| ["a", "b", "c"].iter().position(|known| *name == *known).map(|at| at as i16 + 1);
        let of = |columns: &str| Combinations { columns: columns.split(' ').map(Ident::new).collect(), count: 7.0 };
        let check = |known: &[&str], columns: usize, bytes: Option<usize>| {
            let known: Vec<Combinations> = known.iter().map(|columns| of(columns)).collect();
            assert_eq!(distinct(&known, columns, &number).map(|form| form.len()), bytes, "{known:?}");
        };
        check(&["b a"], 2, Some(12 + 12 + 4));
        check(&["a b", "a c", "b c", "a b c"], 3, Some(12 + 3 * 16 + 18));
        check(&["a b", "a c", "a b c"], 3, None);
        check(&["a b", "a c", "c a", "a b c"], 3, None);
        check(&["a d"], 2, None);
        let one = Dependency { columns: vec!["c".into(), "a".into()], determine: "b".into(), degree: 2.0 };
        let form = dependencies(&[one], &number).expect("a form");
        let numbers: Vec<i16> =
            form[20..].chunks(2).map(|two| i16::from_ne_bytes(two.try_into().expect("two"))).collect();
        assert_eq!(numbers, [3, 1, 3, 2]);
        assert_eq!(form[12..20], 1.0_f64.to_ne_bytes());
        assert_eq!(dependencies(&[], &number), None);
        assert_eq!(from_hexadecimal(&hexadecimal(&form)), Some(form));
    }

    #[test]
    fn fractions_go_where_the_items_are() {
        let list: Vec<u8> = vec![9; 5 + 2 * 22];
        let changed = with_fractions(&list, 2, &[(0.5, 0.25), (0.125, 1.0)]).expect("a list");
        assert_eq!(changed[7..15], 0.5_f64.to_ne_bytes());
        assert_eq!(changed[15..23], 0.25_f64.to_ne_bytes());
        assert_eq!(changed[29..37], 0.125_f64.to_ne_bytes());
        assert_eq!((&changed[..7], &changed[23..29]), (&[9; 7][..], &[9; 6][..]));
        assert_eq!(with_fractions(&list, 2, &[(0.5, 0.5); 3]), None);
    }
}
