//! Facts to query sites.

use std::sync::Arc;

use super::{Part, SqlFileFacts, SqlStatement, StatementClass};
use crate::query::{
    Caller, DatabaseId, PathClass, QuerySite, Resolution, SiteOrigin, Skip, SkipStage, Variant, VariantKind,
};
use crate::sql::placeholders::{Hole, normalise_mapped};

/// Makes a site of every query that is not part of a migration's way back.
///
/// A site that is [`Resolution::Skipped`] has no variant, and a skip that says why; a partial one has a skip for what
/// could not be told. Whether the SQL can be read shows when its shape is made.
pub fn sites(facts: &SqlFileFacts, database: DatabaseId, class: PathClass) -> (Vec<QuerySite>, Vec<Skip>) {
    let mut skips = Vec::new();
    let queries = facts.statements.iter().filter(|statement| statement.class == StatementClass::Query);
    let sites = queries
        .filter(|statement| statement.part != Part::Down)
        .map(|statement| site(statement, database, class, &mut skips))
        .collect();
    (sites, skips)
}

fn site(statement: &SqlStatement, database: DatabaseId, class: PathClass, skips: &mut Vec<Skip>) -> QuerySite {
    let mut site = QuerySite {
        place: statement.place,
        symbol: statement.name.clone(),
        takes: statement.takes,
        database,
        class,
        origin: SiteOrigin::Text,
        source: statement.source,
        caller: Caller::Any,
        in_loop: None,
        resolution: Resolution::Skipped,
        variants: Vec::new(),
    };
    if let Some(problem) = statement.problem {
        let start: String = statement.text.chars().take(60).collect();
        let detail = format!("the statement never ends: `{}`", start.lines().next().unwrap_or(""));
        skips.push(Skip { stage: SkipStage::Query, reason: problem, detail, place: statement.place });
        return site;
    }
    let normalised = normalise_mapped(&statement.text, &statement.spans);
    skips.extend(normalised.holes.iter().map(|hole| skip(hole, &normalised.spans, statement)));
    if normalised.holes.iter().all(|hole| hole.kind.is_readable()) {
        site.resolution = if normalised.holes.is_empty() { Resolution::Resolved } else { Resolution::Partial };
        site.variants = vec![Variant {
            kind: VariantKind::Required,
            sql: match *normalised.sql == *statement.text {
                true => Arc::clone(&statement.text),
                false => Arc::from(normalised.sql),
            },
            spans: normalised.spans,
            params: normalised.params,
        }];
    }
    site
}

fn skip(hole: &Hole, spans: &crate::source::SpanMap, statement: &SqlStatement) -> Skip {
    let place =
        if hole.sql.is_empty() { statement.place } else { spans.places(hole.sql.clone(), &statement.place).primary };
    Skip {
        stage: SkipStage::Query,
        reason: hole.kind.reason(),
        detail: format!("`{}` is only known at run time", hole.text),
        place,
    }
}
