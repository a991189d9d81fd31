//! What a row of `pg_stats_ext` says of columns together.
//!
//! The server speaks of columns by their numbers, which are others wherever a column was dropped: here they get their
//! names. What it says of expressions is left out.

use std::collections::BTreeMap;

use super::{list, text};
use crate::name::Ident;
use crate::pull::Row;
use crate::stats::{Combination, Combinations, Dependency, ExtendedStats};

/// Reads names, numbers, whether there are expressions, combinations, dependencies, and common values with their
/// fractions, from the fourth value of a row on.
pub(super) fn read(row: &Row) -> ExtendedStats {
    let columns: Vec<Ident> = list(row, 3);
    let named: BTreeMap<i32, &Ident> = list(row, 4).into_iter().zip(&columns).collect();
    let names = |numbers: &str| -> Option<Vec<Ident>> {
        numbers.split(',').map(|number| named.get(&number.trim().parse().ok()?).copied().cloned()).collect()
    };
    let distinct = figures(row, 6).into_iter().filter_map(|(numbers, count)| {
        let columns = names(&numbers)?;
        Some(Combinations { columns, count })
    });
    let dependencies = figures(row, 7).into_iter().filter_map(|(numbers, degree)| {
        let (by, one) = numbers.split_once("=>")?;
        Some(Dependency { columns: names(by)?, determine: names(one)?.pop()?, degree })
    });
    let (distinct, dependencies) = (distinct.collect(), dependencies.collect());
    let expressions = text(row, 5) == Some("t");
    let common = if expressions { Vec::new() } else { common(row) };
    ExtendedStats { columns, expressions, distinct, dependencies, common }
}

/// Says whether the server writes figures in another form than those of versions 12 to 18.
pub(super) fn is_strange(row: &Row) -> bool {
    [6, 7].iter().any(|at| text(row, *at).is_some() && figures(row, *at).is_empty())
}

/// `{"1, 2": 100, …}` and `{"1 => 2": 0.5, …}`.
fn figures(row: &Row, at: usize) -> BTreeMap<String, f64> {
    text(row, at).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn common(row: &Row) -> Vec<Combination> {
    let (values, fractions, alone): (Vec<Vec<Option<String>>>, Vec<f64>, Vec<f64>) =
        (list(row, 8), list(row, 9), list(row, 10));
    let both = fractions.into_iter().zip(alone);
    values
        .into_iter()
        .zip(both)
        .map(|(values, (fraction, independent))| Combination { values, fraction, independent })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_by_their_names_and_expressions_are_left_out() {
        let row = |values: [&str; 6]| -> Row {
            let head = ["public", "t", "s", r#"["city","zip"]"#, "[2,5]"].map(|text| Some(text.to_owned()));
            head.into_iter().chain(values.map(|text| (!text.is_empty()).then(|| text.to_owned()))).collect()
        };
        let (distinct, dependencies) = (r#"{"2, 5": 30, "2, -1": 7}"#, r#"{"5 => 2": 1.000000, "-1 => 2": 0.5}"#);
        let read_one = read(&row(["f", distinct, dependencies, r#"[["a",null]]"#, "[0.25]", "[0.125]"]));
        let names = |names: &[&str]| names.iter().map(Ident::new).collect::<Vec<_>>();
        assert_eq!(read_one.distinct, [Combinations { columns: names(&["city", "zip"]), count: 30.0 }]);
        let zip = Dependency { columns: names(&["zip"]), determine: "city".into(), degree: 1.0 };
        assert_eq!(read_one.dependencies, [zip]);
        let values = vec![Some("a".to_owned()), None];
        assert_eq!(read_one.common, [Combination { values, fraction: 0.25, independent: 0.125 }]);
        assert!(!is_strange(&row(["f", distinct, "", "", "", ""])));
        assert!(is_strange(&row(["f", r#"[{"attributes": [2, 5], "ndistinct": 30}]"#, "", "", "", ""])));
        let unseen = read(&row(["t", "", "", "", "", ""]));
        assert!(unseen.expressions && !unseen.is_known());
    }
}
