//! Candidate indexes of a query, by the policy of `statistics.md` ("Candidates and consolidation").
//!
//! From required conditions only. What an existing index serves already and what a guard refuses never reaches the
//! engine; both verdicts are kept, so that a person can ask why nothing was advised.

use crate::advice::{Guard, Trial, Unfit, UnfitWhy, Verdict};
use crate::assume::{self, Polymorphic};
use crate::catalog::{Direction, Index, IndexDef, IndexId, IndexKey, Method};
use crate::coverage::{self, Asked, Coverage, Joins, Sort};
use crate::dialect::Dialect;
use crate::expr::{Expr, Op};
use crate::query::{
    AccessPattern, Clause, Disjunction, JoinKind, Predicate, PredicateOp, QueryShape, RefId, StatementKind,
};
use crate::workload::WorkloadQuery;

use super::guards;
use super::keys::{Class, Judge, Key, Keys, required};
use super::operators;
use super::stage::Stage;

/// The widest index that is advised: the fourth column brought nothing.
pub(super) const WIDTH: usize = 3;

/// What a candidate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To find rows by conditions on the table alone.
    Filter,
    /// To find the partner rows of a join or of a correlated subquery.
    Join,
    /// To read along an order and stop early.
    Order,
    /// To find the rows of one branch of the OR of this number; the branches stand or fall together.
    Branch(u16),
    /// To answer an operator that plain b-trees do not.
    Operator,
}

/// An index to try for one reference.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) def: IndexDef,
    pub(super) reference: RefId,
    pub(super) purpose: Purpose,
    /// Leading keys that are compared by equality; their order among themselves is free.
    pub(super) equalities: usize,
    /// An existing index leads with one of its equality keys: more is asked of it.
    pub(super) extends: bool,
}

impl Candidate {
    /// Says whether it is made for an operator that plain b-trees do not answer.
    pub(super) fn is_for_operator(&self) -> bool {
        self.purpose == Purpose::Operator
            || self.def.method != Method::Btree
            || self.def.keys.iter().any(|key| key.opclass.is_some())
    }
}

/// What is tried for one query.
#[derive(Debug, Default)]
pub(super) struct Proposal {
    pub(super) candidates: Vec<Candidate>,
    /// Candidates that were refused before any trial.
    pub(super) refused: Vec<Trial>,
    /// Conditions and orders that offer no key.
    pub(super) unfit: Vec<Unfit>,
}

/// Proposes candidates for every reference of a query, for an engine to try.
pub(super) fn propose(stage: &Stage<'_>, query: &WorkloadQuery) -> Proposal {
    let shape = &query.shape;
    // Where no side is filtered the target reads both whole; SQLite has no way to.
    let joins_whole = !is_filtered(shape) && !stage.native() && shape.statement == StatementKind::Select;
    let wanted = |kind: JoinKind| !joins_whole || kind == JoinKind::Correlated;
    each_reference(stage, query, &|builder, drafts| {
        builder.filters(drafts);
        builder.joins(&wanted, drafts);
        builder.disjunctions(&shape.clauses, drafts);
        builder.operators(&shape.clauses, drafts);
        let joins = builder.keys.joins.iter().filter(|(_, kind, _)| !wanted(*kind)).flat_map(|(.., keys)| keys);
        joins.map(|key| (key.expr.clone(), UnfitWhy::WholeJoin)).chain(builder.unfit_branches(&shape.clauses)).collect()
    })
}

/// Proposes at most one index a reference, for a query that no engine plans: the four rules of `statistics.md`.
pub(super) fn propose_unplanned(stage: &Stage<'_>, query: &WorkloadQuery) -> Proposal {
    let alone = query.shape.references.len() == 1;
    each_reference(stage, query, &|builder, drafts| {
        drafts.extend(builder.by_rule(alone));
        let joins = builder.keys.joins.iter().flat_map(|(.., keys)| keys).map(|key| key.expr.clone());
        joins
            .chain(builder.branch_keys(builder.pattern.disjunctions.iter()))
            .map(|key| (key, UnfitWhy::NoPlan))
            .collect()
    })
}

impl Proposal {
    /// Says whether an index that leads with a key was thought of.
    fn leads_with(&self, reference: RefId, key: &Expr) -> bool {
        let candidates = self.candidates.iter().map(|one| (one.reference, &one.def));
        let mut all = candidates.chain(self.refused.iter().map(|trial| (trial.reference, &trial.def)));
        all.any(|(of, def)| of == reference && def.keys[0].expr == *key)
    }
}

/// Draws candidates for a reference, and says what else offers no key.
type Draw<'a> = dyn Fn(&Builder<'_>, &mut Vec<Draft>) -> Vec<(Expr, UnfitWhy)> + 'a;

fn each_reference(stage: &Stage<'_>, query: &WorkloadQuery, draw: &Draw<'_>) -> Proposal {
    let shape = &query.shape;
    let mut proposal = Proposal::default();
    for reference in &shape.references {
        let Some(judge) = stage.judge(&reference.table) else { continue };
        let pattern = &shape.patterns[usize::from(reference.id.0)];
        let mut keys = judge.keys(shape, reference.id);
        if !query.is_whole {
            // A condition that is not known may find the few rows that are sorted.
            if keys.equal.first().is_none_or(|first| first.class == Class::Few) {
                keys.order.clear();
            }
            if shape.blocks[usize::from(reference.block)].open && shape.references.len() == 1 {
                keys.are_beside_unknown();
            }
        }
        let builder = Builder { stage, judge, pattern, reference: reference.id, keys: &keys };
        let mut drafts = Vec::new();
        let unfit = draw(&builder, &mut drafts);
        builder.admit(drafts, &mut proposal);
        unfit.into_iter().for_each(|(key, why)| keys.note_unfit(&key, why));
        let answered = |key: &Expr, why: UnfitWhy| {
            matches!(why, UnfitWhy::Operator | UnfitWhy::Prefix) && proposal.leads_with(reference.id, key)
        };
        keys.unfit.retain(|(key, why)| !answered(key, *why));
        proposal.unfit.extend(keys.unfit.into_iter().map(|(key, why)| Unfit { reference: reference.id, key, why }));
    }
    proposal
}

/// Says whether anything keeps a statement from reading its tables whole.
fn is_filtered(shape: &QueryShape) -> bool {
    shape.blocks.iter().any(|block| block.limit.is_some())
        || shape.patterns.iter().any(|pattern| {
            !pattern.disjunctions.is_empty() || required(pattern).any(|one| one.op != PredicateOp::NotNull)
        })
}

struct Builder<'a> {
    stage: &'a Stage<'a>,
    judge: Judge<'a>,
    pattern: &'a AccessPattern,
    reference: RefId,
    keys: &'a Keys,
}

/// A candidate before coverage and guards are asked.
struct Draft {
    keys: Vec<IndexKey>,
    method: Method,
    equalities: usize,
    predicate: Option<Expr>,
    purpose: Purpose,
    branch: Vec<Predicate>,
    /// The partner whose rows are at hand, for a join.
    partner: Option<RefId>,
    /// An index that seeks the table already, where no plan can tell whether this one gains more.
    sought: Option<IndexId>,
}

impl Builder<'_> {
    fn ascending(&self, key: &Key) -> IndexKey {
        IndexKey::new(self.judge.dialect, key.expr.clone(), Direction::Ascending)
    }

    fn draft(&self, equal: &[Key], tail: &[IndexKey], purpose: Purpose) -> Draft {
        Draft {
            keys: equal.iter().map(|key| self.ascending(key)).chain(tail.iter().cloned()).collect(),
            method: Method::Btree,
            equalities: equal.len(),
            predicate: None,
            purpose,
            branch: Vec::new(),
            partner: None,
            sought: None,
        }
    }

    fn filters(&self, drafts: &mut Vec<Draft>) {
        let Keys { equal, lists, ranges, order, .. } = self.keys;
        if equal.is_empty() {
            return self.without_equality(drafts);
        }
        // A list of references finds fewer rows than a status does; without an order, nothing is lost behind it.
        let leading = lists.first().filter(|list| order.is_empty() && list.class < equal[0].class);
        let keys: Vec<Key> = leading.into_iter().chain(equal).cloned().collect();
        let least = self.inseparable(&keys);
        // Shorter ones first: among those that serve equally well the shortest is kept.
        for width in least..=keys.len().min(WIDTH) {
            drafts.push(self.draft(&keys[..width], &[], Purpose::Filter));
        }
        // A list loses the order behind it, so it is never put before a sort column.
        if !order.is_empty() {
            for width in self.inseparable(equal)..=equal.len().min(WIDTH - order.len().min(WIDTH - 1)) {
                let room = WIDTH - width;
                drafts.push(self.draft(&equal[..width], &order[..order.len().min(room)], Purpose::Filter));
            }
        }
        let tails = ranges.first().into_iter().chain(lists.first().filter(|_| leading.is_none()));
        for tail in tails.filter(|tail| order.first().is_none_or(|order| order.expr != tail.expr)) {
            let width = equal.len().min(WIDTH - 1);
            drafts.push(self.draft(&equal[..width], &[self.ascending(tail)], Purpose::Filter));
        }
    }

    /// How many keys stand together: a number that refers to a row of any table is nothing without its kind.
    fn inseparable(&self, keys: &[Key]) -> usize {
        let Some(Polymorphic { id, kind }) = assume::polymorphic(self.stage.catalog(), self.judge.table) else {
            return 1;
        };
        let is_part = |key: &Key| key.expr.as_column().is_some_and(|column| column == id || column == kind);
        if keys.len() > 1 && keys[..2].iter().all(is_part) { 2 } else { 1 }
    }

    fn without_equality(&self, drafts: &mut Vec<Draft>) {
        let Keys { lists, ranges, order, nulls, .. } = self.keys;
        if let [list, ..] = lists.as_slice() {
            let one = std::slice::from_ref(list);
            drafts.push(self.draft(one, &[], Purpose::Filter));
            let second = lists.get(1).or(ranges.first());
            drafts.extend(second.map(|second| self.draft(one, &[self.ascending(second)], Purpose::Filter)));
            return;
        }
        let tail = match (order.as_slice(), ranges.first()) {
            ([], None) => return,
            ([], Some(range)) => vec![self.ascending(range)],
            (order, _) => order[..order.len().min(WIDTH)].to_vec(),
        };
        let purpose = if order.is_empty() { Purpose::Filter } else { Purpose::Order };
        let mut draft = self.draft(&[], &tail, purpose);
        // A queue: the rows that wait are few, and they alone need the order.
        draft.predicate = match nulls.as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            many => Some(Expr::op(Op::And, many.to_vec())),
        };
        drafts.push(draft);
    }

    fn joins(&self, wanted: &dyn Fn(JoinKind) -> bool, drafts: &mut Vec<Draft>) {
        for (partner, _, keys) in self.keys.joins.iter().filter(|(_, kind, _)| wanted(*kind)) {
            let partner = Some(*partner);
            let mut keys = keys.clone();
            keys.sort_by(|a, b| {
                a.class.cmp(&b.class).then(b.distinct.total_cmp(&a.distinct)).then(a.expr.cmp(&b.expr))
            });
            keys.truncate(WIDTH);
            let alike = |keys: &[Key]| self.judge.stats.rows / keys.iter().map(|key| key.distinct).product::<f64>();
            drafts.push(Draft { partner, ..self.draft(&keys, &[], Purpose::Join) });
            // A second column pays where many partners are found of which few are wanted.
            let beside = self.keys.equal.iter().filter(|equal| keys.iter().all(|key| key.expr != equal.expr));
            if let Some(equal) = beside.take(1).next()
                && alike(&keys) > 50.0
                && keys.len() < WIDTH
            {
                let mut wide = keys.clone();
                wide.push(equal.clone());
                wide.sort_by_key(|key| key.class);
                drafts.push(Draft { partner, ..self.draft(&wide, &[], Purpose::Join) });
            }
        }
    }

    /// An OR is served by an index a branch or not at all.
    fn disjunctions(&self, clauses: &[Clause], drafts: &mut Vec<Draft>) {
        if !self.keys.equal.is_empty() || !self.keys.lists.is_empty() {
            return;
        }
        for (at, disjunction) in self.pattern.disjunctions.iter().enumerate() {
            let purpose = Purpose::Branch(u16::try_from(at).unwrap_or(u16::MAX));
            let found: Vec<_> =
                disjunction.branches.iter().map(|branch| self.of_branch(branch, purpose, clauses)).collect();
            let all = disjunction.branches.iter().zip(&found);
            if all.into_iter().all(|(branch, draft)| draft.is_some() || self.is_served(branch)) {
                drafts.extend(found.into_iter().flatten());
            }
        }
    }

    /// The index that would find the rows of a branch of an OR.
    fn of_branch(&self, branch: &[Predicate], purpose: Purpose, clauses: &[Clause]) -> Option<Draft> {
        let draft = match self.branch_key(branch) {
            Some(key) => self.draft(&[key], &[], purpose),
            None => {
                let required = branch.iter().filter(|predicate| !predicate.optional);
                // Of the ways to answer a pattern the last is the one that hangs on no collation.
                let (method, key) = required.filter_map(|one| self.answering(one, clauses).pop()).next()?;
                Draft { method, ..self.draft(&[], &[key], purpose) }
            }
        };
        Some(Draft { branch: branch.to_vec(), ..draft })
    }

    /// Says whether an existing index finds the rows of a branch of an OR.
    fn is_served(&self, branch: &[Predicate]) -> bool {
        coverage::serving_branch(self.judge.table, self.pattern, branch, self.stage.target()).is_some()
    }

    /// An operator is answered by an index of its own where nothing better finds the rows.
    fn operators(&self, clauses: &[Clause], drafts: &mut Vec<Draft>) {
        if !self.keys.equal.is_empty() || !self.keys.lists.is_empty() {
            return;
        }
        for predicate in required(self.pattern) {
            for (method, key) in self.answering(predicate, clauses) {
                drafts.push(Draft { method, ..self.draft(&[], &[key], Purpose::Operator) });
            }
        }
    }

    /// The indexes made for a predicate's operator, where an engine can try them and few rows are found.
    fn answering(&self, predicate: &Predicate, clauses: &[Clause]) -> Vec<(Method, IndexKey)> {
        let tries = self.stage.native() && self.judge.dialect == Dialect::Postgres;
        let has_values = || {
            let column = predicate.key.as_column().and_then(|column| self.judge.stats.columns.get(column));
            column.is_some_and(|column| column.values.is_some())
        };
        match tries && (!operators::is_short(predicate) || has_values()) {
            true => operators::answering(self.judge.table, self.reference, predicate, clauses),
            false => Vec::new(),
        }
    }

    /// The best key of a branch of an OR.
    fn branch_key(&self, branch: &[Predicate]) -> Option<Key> {
        branch
            .iter()
            .filter(|one| !one.optional && matches!(one.op, PredicateOp::Eq | PredicateOp::In))
            .filter_map(|one| self.judge.key(&one.key))
            .filter(|key| key.class != Class::Few)
            .min_by(|a, b| a.class.cmp(&b.class).then(b.distinct.total_cmp(&a.distinct)))
    }

    /// What the branches of ORs test.
    fn branch_keys<'d>(&self, disjunctions: impl Iterator<Item = &'d Disjunction>) -> impl Iterator<Item = Expr> {
        disjunctions.flat_map(|any| any.branches.iter().flatten()).map(|predicate| predicate.key.clone())
    }

    /// What ORs test that are served by no set of indexes.
    fn unfit_branches(&self, clauses: &[Clause]) -> Vec<(Expr, UnfitWhy)> {
        let beside = !self.keys.equal.is_empty() || !self.keys.lists.is_empty();
        let why = if beside { UnfitWhy::BesideEquality } else { UnfitWhy::Branch };
        let helps = |branch: &Vec<Predicate>| {
            self.is_served(branch) || self.of_branch(branch, Purpose::Branch(0), clauses).is_some()
        };
        let lacks = |any: &&Disjunction| beside || !any.branches.iter().all(helps);
        self.branch_keys(self.pattern.disjunctions.iter().filter(lacks)).map(|key| (key, why)).collect()
    }

    /// The static rules, which agreed with PostgreSQL on 94 % of shapes; nothing is kept where any index seeks the table
    /// already.
    fn by_rule(&self, alone: bool) -> Option<Draft> {
        let draft = self.draw_by_rule(alone)?;
        // That an index serves a join is no help where the rows are to be found by values.
        let asked = Asked { access: self.pattern, branch: &[], joins: Joins::Ignored, table: Some(self.judge.table) };
        let seeks = |index: &IndexDef| coverage::judge(index, &asked, self.stage.target()).seeks();
        let sought = self.judge.table.usable_indexes().find(|index| seeks(&index.def)).map(|index| index.id);
        Some(Draft { sought, ..draft })
    }

    fn draw_by_rule(&self, alone: bool) -> Option<Draft> {
        let Keys { equal, lists, ranges, order, order_lead, .. } = self.keys;
        let by_class = |keys: &[Key], class: Class| -> Vec<Key> {
            keys.iter().filter(|key| key.class == class).cloned().collect()
        };
        let time = ranges.iter().find(|range| range.time).map(|range| self.ascending(range));
        let mut many = by_class(equal, Class::Many);
        let few = by_class(equal, Class::Few);
        if many.is_empty() {
            many = by_class(lists, Class::Many);
        }
        if !many.is_empty() {
            many.truncate(2);
            many.extend(few.into_iter().take(1));
            let room = WIDTH - many.len();
            let tail: Vec<IndexKey> = time.into_iter().take(room).collect();
            return Some(self.draft(&many, &tail, Purpose::Filter));
        }
        if !alone {
            return None;
        }
        let status: Vec<Key> = few.into_iter().take(1).collect();
        if order_lead.as_ref().is_some_and(|lead| lead.time || lead.class == Class::Many) {
            let purpose = if status.is_empty() { Purpose::Order } else { Purpose::Filter };
            return Some(self.draft(&status, &order[..1], purpose));
        }
        time.map(|time| self.draft(&status, &[time], Purpose::Filter))
    }

    /// Asks coverage and the guards; a branch that either of them keeps back takes its OR along, unless an index serves it.
    fn admit(&self, drafts: Vec<Draft>, proposal: &mut Proposal) {
        let first = proposal.candidates.len();
        let mut broken = Vec::new();
        for draft in drafts {
            let def = IndexDef {
                table: self.judge.table.name.clone(),
                keys: draft.keys,
                include: Vec::new(),
                predicate: draft.predicate,
                unique: false,
                method: draft.method,
            };
            let known = |other: &Candidate| other.def == def && other.reference == self.reference;
            if proposal.candidates[first..].iter().any(known) {
                continue;
            }
            let candidate = Candidate {
                extends: self.extends(&def, draft.equalities),
                def,
                reference: self.reference,
                purpose: draft.purpose,
                equalities: draft.equalities,
            };
            let verdict = match self.covered(&candidate, &draft.branch, draft.partner) {
                Some(index) => Verdict::CoveredBy(index),
                None => match guards::refuse(&self.judge, self.stage.limits(), self.keys, &candidate) {
                    Some(guard) => {
                        broken.push(candidate.purpose);
                        Verdict::Guard(guard)
                    }
                    None => match draft.sought.or_else(|| self.sought_by_other_method()) {
                        Some(index) => Verdict::SoughtBy(index),
                        None => {
                            proposal.candidates.push(candidate);
                            continue;
                        }
                    },
                },
            };
            proposal.refused.push(Trial { def: candidate.def, reference: self.reference, verdict });
        }
        let stands = |one: &Candidate| !matches!(one.purpose, Purpose::Branch(_)) || !broken.contains(&one.purpose);
        let (kept, gone): (Vec<_>, Vec<_>) = proposal.candidates.drain(first..).partition(stands);
        proposal.candidates.extend(kept);
        proposal.refused.extend(gone.into_iter().map(|one| Trial {
            def: one.def,
            reference: one.reference,
            verdict: Verdict::Guard(Guard::Set),
        }));
    }

    /// Finds an existing index that does all that the candidate would.
    ///
    /// A join is judged with the rows of one partner at hand: that another partner finds a single row by the table's key
    /// is no help when the rows come from this one.
    fn covered(&self, candidate: &Candidate, branch: &[Predicate], partner: Option<RefId>) -> Option<IndexId> {
        let joins = if partner.is_some() { Joins::Bound } else { Joins::Ignored };
        let alone = partner.map(|partner| {
            let mut pattern = self.pattern.clone();
            pattern.joins.retain(|join| join.other == partner);
            pattern
        });
        let access = alone.as_ref().unwrap_or(self.pattern);
        let asked = Asked { access, branch, joins, table: Some(self.judge.table) };
        let target = self.stage.target();
        let wanted = coverage::judge(&candidate.def, &asked, target);
        let mut usable = self.judge.table.usable_indexes();
        let does_all = |index: &&Index| {
            let existing = coverage::judge(&index.def, &asked, target);
            does_all(&existing, &wanted, &narrowed_by_condition(&index.def, access))
        };
        usable.find(does_all).map(|index| index.id)
    }

    /// Finds an index of another method, such as GIN, that answers a condition: a stand-in cannot plan with it, so that
    /// what it sees as a scan is none.
    fn sought_by_other_method(&self) -> Option<IndexId> {
        if self.stage.native() {
            return None;
        }
        let asked = Asked { access: self.pattern, branch: &[], joins: Joins::Bound, table: Some(self.judge.table) };
        let answers = |index: &&Index| coverage::judge(&index.def, &asked, self.stage.target()).special;
        self.judge.table.usable_indexes().find(answers).map(|index| index.id)
    }

    fn extends(&self, def: &IndexDef, equalities: usize) -> bool {
        let leads = |index: &IndexDef| {
            index.keys.first().is_some_and(|lead| def.keys[..equalities].iter().any(|key| key.expr == lead.expr))
        };
        self.judge.table.usable_indexes().any(|index| index.def.predicate.is_none() && leads(&index.def))
    }
}

/// The predicates whose columns the condition of a partial index is about: an index of `status IN ('a', 'b')` rows has
/// done most of what `status = 'a'` asks, and an engine that does not see it (SQLite as a stand-in) is no witness.
fn narrowed_by_condition(def: &IndexDef, access: &AccessPattern) -> Vec<usize> {
    let Some(condition) = &def.predicate else { return Vec::new() };
    let columns = condition.columns();
    let narrows = |predicate: &Predicate| predicate.key.columns().is_subset(&columns);
    (0..).zip(&access.predicates).filter(|(_, predicate)| narrows(predicate)).map(|(at, _)| at).collect()
}

/// Says whether an existing index answers all that another would, `narrowed` counting as answered; one row needs nothing
/// more.
fn does_all(existing: &Coverage, wanted: &Coverage, narrowed: &[usize]) -> bool {
    if existing.blocked.is_some() || existing.skipped > 0 {
        return false;
    }
    let answered = wanted.answered.iter().all(|at| existing.answered.contains(at) || narrowed.contains(&at));
    let answered = answered && (narrowed.is_empty() || existing.seeks());
    let joined = wanted.joined.iter().all(|at| existing.joined.contains(at));
    let sorted = match (existing.sort, wanted.sort) {
        (_, Sort::NotAsked | Sort::Unserved) => true,
        (Sort::Served(_), _) => true,
        (existing, wanted) => existing >= wanted,
    };
    existing.single_row || (answered && joined && sorted)
}
