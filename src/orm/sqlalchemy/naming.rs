//! The names of constraints and indexes that are given none: SQLAlchemy's own, or what a naming convention says.

use std::collections::BTreeMap;

use crate::host::value::{Kind, Piece, Value};
use crate::name::{Ident, QName};

/// A naming convention.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::orm) struct Naming {
    /// Templates by what they name: `ix`, `uq`, `ck`, `fk`, `pk`.
    templates: BTreeMap<String, String>,
}

/// What is to be named.
#[derive(Debug)]
pub(in crate::orm) struct Named<'n> {
    /// Its table.
    pub table: &'n QName,
    /// Its columns.
    pub columns: &'n [Ident],
    /// The table that it refers to.
    pub referred: Option<(&'n QName, &'n [Ident])>,
    /// The name that it is given, where the convention puts something around it.
    pub given: Option<&'n str>,
}

impl Naming {
    /// Reads the dictionary of a convention.
    pub fn read(value: &Value) -> Self {
        let Kind::Dict(pairs) = &value.kind else { return Self::default() };
        let pair = |(key, value): &(Option<Value>, Value)| Some((key.as_ref()?.text()?, template(value)?));
        Self { templates: pairs.iter().filter_map(pair).collect() }
    }

    /// The name of an index.
    pub fn index(&self, named: &Named<'_>) -> String {
        let own = self.templates.get("ix").map_or("ix_%(column_0_label)s", String::as_str);
        spell(own, named).unwrap_or_else(|| format!("ix_{}", label(named, 0)))
    }

    /// The name of a constraint of a kind; nothing where the database names it.
    pub fn constraint(&self, kind: &str, named: &Named<'_>) -> Option<String> {
        let own = self.templates.get(kind);
        match (own, named.given) {
            // A name that is given is kept, unless the convention asks for it.
            (Some(own), Some(given)) if !own.contains("constraint_name") => Some(given.to_owned()),
            (Some(own), _) => spell(own, named),
            (None, given) => given.map(str::to_owned),
        }
    }
}

/// A template: `%(table_name)s` in a string that no operator filled.
fn template(value: &Value) -> Option<String> {
    let Kind::Text(pieces) = &value.kind else { return None };
    pieces.iter().try_fold(String::new(), |whole, piece| match piece {
        Piece::Text { text, .. } => Some(whole + text),
        _ => None,
    })
}

fn label(named: &Named<'_>, at: usize) -> String {
    let schema = named.table.schema.as_ref().map(|schema| format!("{schema}_")).unwrap_or_default();
    let column = named.columns.get(at).map_or("", Ident::as_str);
    format!("{schema}{}_{column}", named.table.name)
}

/// Fills a template; nothing where it asks for what is not there.
fn spell(template: &str, named: &Named<'_>) -> Option<String> {
    let mut spelled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("%(") {
        spelled.push_str(before);
        let (token, behind) = after.split_once(")s")?;
        spelled.push_str(&value_of(token, named)?);
        rest = behind;
    }
    spelled.push_str(rest);
    Some(spelled)
}

fn value_of(token: &str, named: &Named<'_>) -> Option<String> {
    match token {
        "table_name" => return Some(named.table.name.to_string()),
        "constraint_name" => return named.given.map(str::to_owned),
        "referred_table_name" => return named.referred.map(|(table, _)| table.name.to_string()),
        _ => {}
    }
    if let Some(token) = token.strip_prefix("referred_") {
        let (table, columns) = named.referred?;
        return of_columns(token, &Named { table, columns, referred: None, given: None });
    }
    of_columns(token, named)
}

/// `column_0_name`, `column_0N_name`, `column_0_N_label` and their like.
fn of_columns(token: &str, named: &Named<'_>) -> Option<String> {
    let (number, kind) = token.strip_prefix("column_")?.rsplit_once('_')?;
    let one = |at: usize| -> Option<String> {
        let column = named.columns.get(at)?;
        Some(if kind == "label" { label(named, at) } else { column.to_string() })
    };
    let all = |between: &str| -> Option<String> {
        let each: Option<Vec<String>> = (0..named.columns.len()).map(one).collect();
        each.filter(|each| !each.is_empty()).map(|each| each.join(between))
    };
    match number {
        "0N" => all(""),
        "0_N" => all("_"),
        _ => one(number.parse().ok()?),
    }
}
