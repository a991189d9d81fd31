//! `explain`: a query, how it is planned, what serves it and what was tried for it.

use std::io::{self, Write};

use super::{Text, count, queries, say};
use crate::advice::Action;
use crate::outcome::{
    CandidateEntry, ColumnFiguresEntry, ExplainedEntry, PatternEntry, QueryEntry, ReferenceEntry, RunReport,
    ServingEntry, UnfitEntry, VariantEntry,
};
use crate::report::neutral;
use crate::report::sql::served_by;

/// Writes every explained query.
pub(super) fn write(text: &Text, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    for query in &report.queries {
        queries::write_place(query, out)?;
        if query.variants.is_empty() {
            write_skips(text, report, query, out)?;
        }
        for variant in &query.variants {
            queries::write_sql(query, variant, out)?;
            writeln!(out)?;
            match &variant.explained {
                Some(explained) => Page { text, report, query, variant, explained }.write(out)?,
                None => write_skips(text, report, query, out)?,
            }
        }
    }
    Ok(())
}

/// Writes the scripts that show the plans.
pub(super) fn write_repro(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let variants = report.queries.iter().flat_map(|query| &query.variants);
    let mut scripts = variants.filter_map(|variant| variant.explained.as_ref()?.repro.as_deref());
    scripts.try_for_each(|script| out.write_all(neutral::block(script).as_bytes()))
}

/// Why a query could not be read.
fn write_skips(text: &Text, report: &RunReport, query: &QueryEntry, out: &mut dyn Write) -> io::Result<()> {
    let at = &query.location;
    let within = |line: Option<u32>| line.is_some_and(|line| at.line <= line && line <= at.end_line);
    for skip in report.skips.iter().filter(|skip| skip.path == at.path && within(skip.line)) {
        write_wrapped(text, 2, &format!("not understood: {}: {}", skip.reason, skip.detail), out)?;
    }
    writeln!(out)
}

struct Page<'a> {
    text: &'a Text,
    report: &'a RunReport,
    query: &'a QueryEntry,
    variant: &'a VariantEntry,
    explained: &'a ExplainedEntry,
}

impl Page<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for note in &self.explained.notes {
            write_wrapped(self.text, 2, &format!("note: {note}"), out)?;
        }
        self.write_references(out)?;
        self.write_plans(out)?;
        self.write_candidates(out)?;
        self.write_advice(out)?;
        writeln!(out)
    }

    fn write_references(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.explained.references.is_empty() {
            return writeln!(out, "  it asks nothing of any table");
        }
        for (reference, pattern) in self.explained.references.iter().zip(&self.variant.patterns) {
            self.write_reference(reference, pattern, out)?;
        }
        Ok(())
    }

    fn write_reference(
        &self,
        reference: &ReferenceEntry,
        pattern: &PatternEntry,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        write_wrapped(self.text, 2, &queries::asks(pattern), out)?;
        if let Some(rows) = reference.rows {
            let reason = reference.rows_reason.as_deref().map_or(String::new(), |reason| format!(": {reason}"));
            let pages = reference.pages.map_or(String::new(), |pages| format!(" on {} pages", grouped(pages)));
            write_wrapped(self.text, 4, &format!("{} rows{pages}{reason}", grouped(rows)), out)?;
        }
        write_figures(self.text, &reference.columns, out)?;
        let asks = !(pattern.predicates.is_empty()
            && pattern.any_of.is_empty()
            && pattern.joins.is_empty()
            && pattern.order_by.is_empty()
            && pattern.group_by.is_empty());
        match &reference.served_by {
            Some(serving) => write_serving(self.text, "served by ", serving, out)?,
            None if asks => writeln!(out, "    served by no index")?,
            None => {}
        }
        reference.others.iter().try_for_each(|other| write_serving(self.text, "", other, out))
    }

    fn write_plans(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(before) = &self.explained.plan_before else { return Ok(()) };
        writeln!(out)?;
        let engine = self.explained.engine.as_deref().unwrap_or_default();
        let database = self.report.run.databases.iter().find(|database| *database.name == *self.query.database);
        let stand_in = match database {
            Some(database) if !database.native => format!(" as a stand-in for {}", database.dialect),
            _ => String::new(),
        };
        let exact = match self.variant.fidelity_reasons.as_slice() {
            [] => ", as it is sent".to_owned(),
            reasons => format!(", approximately: {}", reasons.join("; ")),
        };
        write_wrapped(self.text, 2, &format!("planned by {engine}{stand_in}{exact}"), out)?;
        write_plan("plan now", before, out)?;
        match &self.explained.plan_after {
            Some(after) if after == before => writeln!(out, "  plan with the advice: the same"),
            Some(after) => write_plan("plan with the advice", after, out),
            None => writeln!(out, "  nothing is advised on its tables"),
        }
    }

    fn write_candidates(&self, out: &mut dyn Write) -> io::Result<()> {
        let ExplainedEntry { candidates, unfit, .. } = self.explained;
        writeln!(out)?;
        match candidates.is_empty() {
            true => writeln!(out, "  candidates: none")?,
            false => writeln!(out, "  candidates")?,
        }
        for candidate in candidates {
            writeln!(out, "    {}", neutral::line(&keys(candidate)))?;
            write_wrapped(self.text, 6, &candidate.why, out)?;
        }
        if !unfit.is_empty() {
            writeln!(out, "  no key of an index")?;
        }
        unfit.iter().try_for_each(|unfit| write_wrapped(self.text, 4, &without_key(unfit), out))
    }

    fn write_advice(&self, out: &mut dyn Write) -> io::Result<()> {
        let serving = || self.report.advice.iter().filter(|advice| self.explained.advice.contains(&advice.id));
        let drops = serving().any(|advice| advice.action == Action::Drop);
        for (number, advice) in serving().enumerate() {
            if number == 0 {
                let how = if drops { "changes its plan" } else { "serves it" };
                writeln!(out, "\n  advice of the whole workload that {how}")?;
            }
            let others =
                advice.queries.iter().filter(|id| self.report.queries.iter().all(|query| query.id != **id)).count();
            for line in served_by(self.report, advice) {
                writeln!(out, "    -- {line}")?;
            }
            for line in neutral::block(&advice.ddl).lines() {
                writeln!(out, "    {line}")?;
            }
            if others > 0 {
                writeln!(out, "    -- and {} besides", count(others, "query", "queries"))?;
            }
        }
        Ok(())
    }
}

/// `distinct values: user_id 20,000, pulled; note 200, assumed`.
fn write_figures(text: &Text, columns: &[ColumnFiguresEntry], out: &mut dyn Write) -> io::Result<()> {
    let from = |source: &str| {
        let mut named = columns.iter().filter(|column| column.source == source).peekable();
        named.peek()?;
        let each: Vec<String> =
            named.map(|column| format!("`{}` {}", column.column, grouped(column.distinct))).collect();
        Some(format!("{}, {source}", each.join(", ")))
    };
    let all: Vec<String> = ["pulled", "configured", "assumed"].into_iter().filter_map(from).collect();
    if all.is_empty() {
        return Ok(());
    }
    write_wrapped(text, 4, &format!("distinct values: {}", all.join("; ")), out)
}

fn write_serving(text: &Text, before: &str, serving: &ServingEntry, out: &mut dyn Write) -> io::Result<()> {
    let keys: Vec<&str> =
        serving.columns.iter().filter_map(|key| key.name.as_deref().or(key.expression.as_deref())).collect();
    let keys = format!("({})", keys.join(", "));
    // An index without a name is named by its keys already.
    let shown = if serving.index.ends_with(&keys) { String::new() } else { format!(" {keys}") };
    write_wrapped(text, 4, &format!("{before}`{}{shown}`: {}", serving.index, serving.why), out)
}

fn write_plan(label: &str, plan: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {label}")?;
    plan.lines().try_for_each(|line| writeln!(out, "    {}", neutral::line(line)))
}

/// `orders o (customer_id, created_at desc)`.
fn keys(candidate: &CandidateEntry) -> String {
    let key = |key: &crate::outcome::IndexColumnEntry| {
        let name = key.name.as_deref().or(key.expression.as_deref()).unwrap_or_default();
        let opclass = key.opclass.as_ref().map_or(String::new(), |opclass| format!(" {opclass}"));
        format!("{name}{opclass}{}", if key.order == "desc" { " desc" } else { "" })
    };
    let keys: Vec<String> = candidate.columns.iter().map(key).collect();
    let predicate = candidate.predicate.as_ref().map_or(String::new(), |predicate| format!(" where {predicate}"));
    let using = if candidate.method == "btree" { String::new() } else { format!(" using {}", candidate.method) };
    format!("{}{using} ({}){predicate}", label(&candidate.table, &candidate.reference), keys.join(", "))
}

fn without_key(unfit: &UnfitEntry) -> String {
    format!("`{}` of `{}` {}", unfit.key, label(&unfit.table, &unfit.reference), unfit.why)
}

fn label(table: &str, reference: &str) -> String {
    if table == reference { table.to_owned() } else { format!("{table} {reference}") }
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes a sentence at an indent, its further lines two columns deeper.
fn write_wrapped(text: &Text, indent: usize, sentence: &str, out: &mut dyn Write) -> io::Result<()> {
    say(text, &" ".repeat(indent), &neutral::line(sentence), out)
}
