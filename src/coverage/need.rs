//! Whether an access needs one index where others are left: said of its shape alone, so that no figures, which may be
//! wrong, speak for taking an index away.

use crate::catalog::{IndexDef, Table};
use crate::dialect::Target;
use crate::query::{AccessPattern, Predicate};

use super::{Asked, Coverage, Joins, Sort, WhyNot, judge};

/// What an access makes of an index beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It has no use for it.
    None,
    /// It could use it, and does as well with another one, whose position among the others this is.
    Met(usize),
    /// It compares the first key in a way that the index does not answer: written otherwise, it would use it.
    Meant,
    /// It could use it in a way that none of the others offers.
    Own,
}

/// Which conditions of an access apply together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditions {
    /// All of them that are not behind a run-time switch.
    Together,
    /// Any of them: which ones is known at run time only.
    Any,
}

/// Says what an access makes of an index of its table where `others` are left, whatever the data are.
pub fn need(
    index: &IndexDef,
    others: &[&IndexDef],
    (access, conditions): (&AccessPattern, Conditions),
    table: Option<&Table>,
    target: &Target,
) -> Need {
    let mut found = Need::None;
    for form in forms(access, conditions) {
        let either = form.disjunctions.iter().flat_map(|any| &any.branches).map(Vec::as_slice);
        for branch in std::iter::once(&[] as &[Predicate]).chain(either) {
            for joins in [Joins::Bound, Joins::Ignored] {
                let asked = Asked { access: &form, branch, joins, table };
                let own = judge(index, &asked, target);
                if !own.serves() {
                    let is_single = || others.iter().any(|other| judge(other, &asked, target).single_row);
                    if found != Need::Meant && is_meant(own.blocked) && !is_single() {
                        found = Need::Meant;
                    }
                    continue;
                }
                match others.iter().position(|other| judge(other, &asked, target).does_all_of(&own)) {
                    Some(at) if found == Need::None => found = Need::Met(at),
                    Some(_) => {}
                    None => return Need::Own,
                }
            }
        }
    }
    found
}

/// Says whether a comparison of the first key is what an index does not answer.
fn is_meant(blocked: Option<WhyNot>) -> bool {
    match blocked {
        None | Some(WhyNot::LeadingKey | WhyNot::Predicate | WhyNot::Method) => false,
        Some(_) => true,
    }
}

/// The forms that an access may have: as it is, and where conditions come and go, with all of them and with each alone.
fn forms(access: &AccessPattern, conditions: Conditions) -> Vec<AccessPattern> {
    let comes_and_goes = |predicate: &Predicate| predicate.optional || conditions == Conditions::Any;
    let mut forms = vec![access.clone()];
    if !access.predicates.iter().any(comes_and_goes) {
        return forms;
    }
    let with = |is_there: &dyn Fn(usize, &Predicate) -> bool| {
        let there = access.predicates.iter().enumerate().filter(|(at, predicate)| is_there(*at, predicate));
        let predicates = there.map(|(_, predicate)| Predicate { optional: false, ..predicate.clone() });
        AccessPattern { predicates: predicates.collect(), ..access.clone() }
    };
    forms.push(with(&|_, _| true));
    forms.push(with(&|_, predicate| !comes_and_goes(predicate)));
    let alone = access.predicates.iter().enumerate().filter(|(_, predicate)| comes_and_goes(predicate));
    forms.extend(alone.map(|(only, _)| with(&|at, predicate| at == only || !comes_and_goes(predicate))));
    forms
}

impl Coverage {
    /// Says whether an index does for an access all that another one does, whatever the data are.
    fn does_all_of(&self, other: &Self) -> bool {
        if !self.serves() {
            return false;
        }
        // No index finds fewer rows than one.
        if self.single_row {
            return true;
        }
        let finds = other.answered.iter().all(|at| self.answered.contains(at))
            && other.joined.iter().all(|at| self.joined.contains(at))
            && self.equality >= other.equality
            && (self.range || !other.range || self.equality > other.equality)
            && self.skipped <= other.skipped;
        let orders = match (self.sort, other.sort) {
            (Sort::Served(_), _) | (_, Sort::NotAsked | Sort::Unserved) => true,
            (Sort::Partial(own), Sort::Partial(others)) => own >= others,
            _ => false,
        };
        finds
            && orders
            && (self.grouped || !other.grouped)
            && (self.partial || !other.partial)
            && (self.special || !other.special)
            && (self.covering || !other.covering)
    }
}
