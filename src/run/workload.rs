//! From query sites to a workload: each variant's shape, its lowered form, and equal queries put together.
//!
//! Where only patterns are asked for, nothing is lowered and no workload is kept. Knows no engine; `judge` plans what stands here.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::Goal;
use super::analysis::{Analysis, Database};
use super::concrete;
use super::entries::Asked;
use super::load::Load;
use super::policy::Policy;
use crate::config::Config;
use crate::engine::{EngineKind, EngineQuery, Fidelity};
use crate::query::{
    Clause, ClauseKind, PathClass, QueryShape, QuerySite, Resolution, SiteId, Skip, SkipStage, UnknownKind, Variant,
};
use crate::shape::shape;
use crate::sql::likeness::Likeness;
use crate::sql::lower::{lower, lower_native};
use crate::workload::{QueryId, Sender, WorkloadQuery};

/// Fills every database's workload with the queries of the sites in scope; sites out of scope are dropped.
pub(super) fn build(analysis: &mut Analysis, config: &Config, goal: Goal, policy: &Policy<'_>) {
    let files = &analysis.files;
    analysis.sites.retain(|site| policy.is_asked(&files[site.place.file.0 as usize].path));
    // Equal queries are many: read piece by piece, they are put together before there are more of them.
    const PIECE: usize = 4_096;
    let mut groups: Vec<Groups> = analysis.databases.iter().map(|_| Groups::default()).collect();
    for start in (0..analysis.sites.len()).step_by(PIECE) {
        for one in read(analysis, config, goal, start..analysis.sites.len().min(start + PIECE)) {
            add(analysis, &mut groups, one);
        }
    }
}

fn add(analysis: &mut Analysis, groups: &mut [Groups], (sender, outcome): Read) {
    let site = &mut analysis.sites[sender.site.0 as usize];
    match outcome {
        Ok(Seen { unknown, kept, likeness }) => {
            analysis.load.likenesses.extend(likeness.map(|likeness| (sender, likeness)));
            if let Some(skip) = unknown {
                site.resolution = site.resolution.max(Resolution::Partial);
                analysis.skips.push(skip);
            }
            let (shape, engine) = match kept {
                Kept::Entry(asked) => return analysis.entries.push_back((sender, asked)),
                Kept::Query(query) => *query,
            };
            let seen = Sent {
                sender,
                advisable: site.class == PathClass::App && site.requires(sender.variant),
                is_whole: site.resolution == Resolution::Resolved,
            };
            let database = usize::from(site.database.0);
            let key = key(&shape, &engine);
            groups[database].add(&mut analysis.databases[database], key, seen, shape, engine);
        }
        Err(skip) => {
            site.resolution = Resolution::Skipped;
            analysis.skips.push(skip);
        }
    }
}

/// What equal queries have in common: what the engine would get.
fn key(shape: &QueryShape, engine: &EngineQuery) -> u128 {
    let mut key = match &engine.fidelity {
        // What cannot be lowered is told apart by what it asks, not by a text that is not there.
        Fidelity::None(reason) => format!("{:?}", (reason, &shape.references, &shape.patterns, &shape.clauses)),
        // Lowering may hide how a clause is written.
        _ => shape.clauses.iter().fold(engine.sql.clone(), |key, clause| key + "\0" + &written(clause)),
    };
    // Nor does it keep every name that the schema lacks: the columns of an INSERT, a table that is left out.
    shape.unknown.iter().for_each(|unknown| key.push_str(&format!("\0{:?}", unknown.kind)));
    xxh3_128(key.as_bytes())
}

/// How a clause is written, as far as findings about it differ.
fn written(clause: &Clause) -> String {
    match &clause.kind {
        ClauseKind::NullComparison { rewrite: Some(rewrite), .. } => format!("{} {rewrite}", clause.text),
        _ => clause.text.clone(),
    }
}

type Read = (Sender, Result<Seen, Skip>);

/// A form of a query that could be read.
struct Seen {
    /// It names a table that no step of the schema creates.
    unknown: Option<Skip>,
    /// How it is told from others, where that is asked for.
    likeness: Option<Likeness>,
    kept: Kept,
}

/// What is kept of it.
enum Kept {
    /// What a judge needs.
    Query(Box<(QueryShape, EngineQuery)>),
    /// What a report says of it, where there is no judge: a tree may hold more queries than fit into memory as shapes.
    Entry(Asked),
}

/// Shapes and lowers every variant of some of the sites, in order.
fn read(analysis: &Analysis, config: &Config, goal: Goal, some: Range<usize>) -> Vec<Read> {
    let databases = &analysis.databases;
    let one = |number: usize| {
        let site = &analysis.sites[number];
        let id = SiteId(u32::try_from(number).unwrap_or(u32::MAX));
        let database = &databases[usize::from(site.database.0)];
        let known = site.resolution != Resolution::Skipped;
        let variants = site.variants.iter().enumerate().filter(|_| known);
        let variant = |(number, variant): (usize, &Variant)| {
            let sender = Sender { site: id, variant: u16::try_from(number).unwrap_or(u16::MAX) };
            (sender, read_one(&Reading { database, config, goal, load: &analysis.load }, site, variant))
        };
        variants.map(variant).collect::<Vec<_>>()
    };
    some.into_par_iter().map(one).flatten_iter().collect()
}

/// What forms of queries are read with.
struct Reading<'a> {
    database: &'a Database,
    config: &'a Config,
    goal: Goal<'a>,
    load: &'a Load,
}

fn read_one(cx: &Reading<'_>, site: &QuerySite, variant: &Variant) -> Result<Seen, Skip> {
    let Reading { database, config, goal, load } = cx;
    let mut shaped = shape(&variant.sql, &database.catalog).map_err(|failure| Skip {
        stage: SkipStage::Query,
        reason: failure.reason,
        place: failure.at.map_or(site.place, |at| variant.spans.places(at..at + 1, &site.place).primary),
        detail: failure.message,
    })?;
    let likeness = load.likeness_of(&shaped, &database.catalog);
    let unknown = unknown_table(site, variant, &shaped.shape).filter(|_| site.class.is_judged());
    if *goal == Goal::Queries {
        return Ok(Seen { unknown, likeness, kept: Kept::Entry(Asked::of(&shaped.shape)) });
    }
    shaped.shape.tighten();
    let native = database.engine.as_ref().is_some_and(|engine| engine.kind == EngineKind::Postgres);
    let engine = match native {
        true => lower_native(&shaped, &database.catalog, config.limits.limit_rows),
        false => lower(&shaped, &database.catalog, database.target),
    };
    Ok(Seen { unknown, likeness, kept: Kept::Query(Box::new((shaped.shape, engine))) })
}

fn unknown_table(site: &QuerySite, variant: &Variant, shape: &QueryShape) -> Option<Skip> {
    let unknown = shape.unknown.iter().find_map(|unknown| match &unknown.kind {
        UnknownKind::Table(table) => Some((table, unknown.sql.clone())),
        UnknownKind::Column { .. } | UnknownKind::Output { .. } => None,
    });
    let (table, range) = unknown?;
    Some(Skip {
        stage: SkipStage::Query,
        reason: "unknown-table",
        detail: format!("no step of the schema creates `{table}`"),
        place: variant.spans.places(range, &site.place).primary,
    })
}

/// Queries of one database by [`key`].
/// A query as one sender has it.
struct Sent {
    sender: Sender,
    advisable: bool,
    is_whole: bool,
}

#[derive(Default)]
struct Groups(HashMap<u128, usize>);

impl Groups {
    fn add(&mut self, database: &mut Database, key: u128, seen: Sent, shape: QueryShape, engine: EngineQuery) {
        let Sent { sender, advisable, is_whole } = seen;
        let ranges = concrete::ranges(&shape);
        if let Some(&known) = self.0.get(&key) {
            let query = &mut database.workload[known];
            query.senders.push(sender);
            query.advisable |= advisable;
            query.is_whole |= is_whole;
            database.ranges[known].push(ranges);
            return;
        }
        let number = database.workload.len();
        self.0.insert(key, number);
        database.ranges.push(vec![ranges]);
        database.workload.push(WorkloadQuery {
            id: QueryId(u32::try_from(number).unwrap_or(u32::MAX)),
            senders: vec![sender],
            shape,
            engine,
            advisable,
            is_whole,
            weight: 1.0,
            plan: None,
        });
    }
}
