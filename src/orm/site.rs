//! What a framework finds in the code, and how it becomes a query site.

use std::sync::Arc;

use super::sql::{Finished, Sql};
use super::sqlalchemy::names::decorator;
use crate::host::code::Code;
use crate::host::flow::{Deed, Event};
use crate::host::value::{FunctionId, Node, holds, walk};
use crate::query::{
    Caller, DatabaseId, InLoop, PathClass, QuerySite, Resolution, SiteOrigin, Skip, SkipStage, Takes, Variant,
    VariantKind,
};
use crate::source::HostSpan;

/// A query that a framework found.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The call that sends it.
    pub place: HostSpan,
    /// The framework: `sqlalchemy`, `django`, the driver of raw SQL.
    pub source: &'static str,
    /// How it came to be.
    pub origin: SiteOrigin,
    /// How many rows the caller takes.
    pub takes: Takes,
    /// Its forms, the required one first; none where it could not be told.
    pub forms: Vec<(VariantKind, Sql)>,
    /// What could not be told of it: `unknown-table`, `dynamic-column`, … with what was seen.
    pub unknown: Vec<(&'static str, String)>,
    /// The function that it stands in.
    pub function: Option<FunctionId>,
    /// The innermost loop whose variable its conditions hold.
    pub in_loop: Option<HostSpan>,
    /// The query whose rows that loop goes through, where the value that it goes through is not the query's own.
    pub rows: Option<HostSpan>,
}

impl Draft {
    /// A query of an event that is called and takes all rows.
    pub fn new(event: &Event, source: &'static str, forms: Vec<(VariantKind, Sql)>) -> Self {
        Self {
            place: event.value.place,
            source,
            origin: SiteOrigin::Call { framework: source },
            takes: Takes::All,
            forms,
            unknown: Vec::new(),
            function: event.function,
            in_loop: None,
            rows: None,
        }
    }

    /// Makes the site, and the skips that say what is not known of it; `events` are those of its file.
    pub fn into_site(
        self,
        code: &Code<'_>,
        events: &[Event],
        database: DatabaseId,
        class: PathClass,
    ) -> (QuerySite, Vec<Skip>) {
        let resolution = match (self.forms.is_empty(), self.unknown.is_empty()) {
            (true, _) => Resolution::Skipped,
            (false, false) => Resolution::Partial,
            (false, true) => Resolution::Resolved,
        };
        let skip = |(reason, detail): (&'static str, String)| Skip {
            stage: SkipStage::Query,
            reason,
            detail,
            place: self.place,
        };
        let skips = self.unknown.into_iter().map(skip).collect();
        let variant = |(kind, sql): (VariantKind, Sql)| {
            let Finished { sql, spans, params } = sql.finish();
            Variant { kind, sql, spans, params }
        };
        let site = QuerySite {
            place: self.place,
            symbol: self.function.map(|function| symbol(code, function)),
            takes: self.takes,
            database,
            class,
            origin: self.origin,
            source: self.source,
            caller: self.function.map_or(Caller::Any, |function| caller(code, function)),
            in_loop: self
                .in_loop
                .filter(|around| is_each(events, *around, self.place))
                .map(|around| looped(events, around, self.rows)),
            resolution,
            variants: self.forms.into_iter().map(variant).collect(),
        };
        (site, skips)
    }
}

/// Says whether a query is sent for each row of a loop: what waits within it for something else asks as often as it
/// takes, and what is returned from it is asked once.
fn is_each(events: &[Event], around: HostSpan, query: HostSpan) -> bool {
    let within = |event: &Event| event.loops.iter().position(|found| found.place == around);
    let is_it = |node: &Node| node.place == query && node.call().is_some();
    events.iter().filter(|event| holds(&event.value, &is_it)).all(|event| {
        let Some(at) = within(event) else { return true };
        event.deed != Deed::Return && event.loops.iter().skip(at).all(|found| found.has_items)
    })
}

/// The loop at a place, and what gives its rows.
fn looped(events: &[Event], place: HostSpan, rows: Option<HostSpan>) -> InLoop {
    let mut calls = Vec::new();
    let over = events.iter().flat_map(|event| event.loops.iter()).find(|found| found.place == place);
    if let Some(over) = over {
        calls.push(over.over.place);
        walk(&over.over, &mut |node| {
            if node.call().is_some() {
                calls.push(node.place);
            }
        });
    }
    InLoop { place, rows: rows.map_or(calls, |rows| vec![rows]) }
}

/// Who starts a function: a command's and a clock's job stand below a decorator that says so, and Django's commands in
/// a folder of their own.
fn caller(code: &Code<'_>, function: FunctionId) -> Caller {
    const COMMANDS: [&str; 7] =
        ["command", "periodic_task", "scheduled_job", "interval_task", "cron", "repeat_every", "on_after_configure"];
    let entry = code.function(function);
    let is_command = |name: String| COMMANDS.contains(&name.rsplit('.').next().unwrap_or(&name));
    let path = code.files[entry.file].path.folder();
    let is_of_commands = path == "management/commands" || path.ends_with("/management/commands");
    match is_of_commands || entry.function.decorators.iter().filter_map(decorator).any(is_command) {
        true => Caller::Command,
        false => Caller::Any,
    }
}

/// A function's name, behind its class's.
fn symbol(code: &Code<'_>, function: FunctionId) -> String {
    let entry = code.function(function);
    let name = Arc::clone(&entry.function.name);
    match entry.class {
        Some(class) => format!("{}.{name}", code.class(class).class.name),
        None => name.to_string(),
    }
}
