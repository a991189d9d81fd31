//! What is known of a query's cost under sets of indexes, and what follows from it for sets that nobody has asked about.
//!
//! A planner takes the cheapest plan, so that three things follow from one answer for a set `S` of which the plan uses
//! `U`: every set between the two costs the same; what `S` holds besides costs at least as much; what `U` is part of
//! costs at most as much. Between the two bounds lies an estimate: what a plan costs whose index is missing rises by
//! what leaving that index out has been seen to cost.

/// A set of the query's own offers: bit `i` is the i-th of them.
pub(super) type Mask = u128;

/// How many offers a query looks at.
pub(super) const MOST: usize = 128;

/// Estimates that differ from the truth by less are the truth.
const EXACT: f64 = 1.0 + 1e-6;
/// An index that begins like another one, but is wider, serves a little worse.
const WIDER: f64 = 1.02;

/// What one answer of the planner said.
#[derive(Clone, Copy, Debug)]
struct Answer {
    shown: Mask,
    used: Mask,
    /// All offers on the tables of those that are used.
    tables: Mask,
    cost: f64,
}

/// What is known of one query.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Its offers by their numbers, in order.
    pub(super) offers: Vec<usize>,
    /// By offer, those that do all that it does, itself among them.
    wider: Vec<Mask>,
    /// By offer, all on its table.
    alike: Vec<Mask>,
    /// What it costs without any.
    pub(super) base: f64,
    /// The cheapest first.
    answers: Vec<Answer>,
    /// By offer, what leaving it out has been seen to cost at most.
    loss: Vec<Option<f64>>,
}

/// What a query costs under a set: a guess between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Guess {
    pub(super) least: f64,
    pub(super) cost: f64,
    pub(super) most: f64,
}

impl Guess {
    /// Says whether the guess is no guess.
    pub(super) fn is_certain(&self) -> bool {
        self.most <= self.least * EXACT
    }
}

impl Known {
    /// Knows what the query costs without any offer.
    pub(super) fn new(base: f64, offers: Vec<usize>, wider: Vec<Mask>, alike: Vec<Mask>) -> Self {
        let loss = vec![None; offers.len()];
        Self { offers, wider, alike, base, answers: vec![Answer { shown: 0, used: 0, tables: 0, cost: base }], loss }
    }

    /// Takes in an answer.
    pub(super) fn learn(&mut self, shown: Mask, used: Mask, cost: f64) {
        let used = used & shown;
        for at in 0..self.offers.len() {
            let bit = 1 << at;
            // The same set but for one index, which the other one's plan uses.
            let more = self.answers.iter().filter(|known| known.shown == shown | bit && shown & bit == 0);
            let fewer = self.answers.iter().filter(|known| known.shown | bit == shown && known.shown & bit == 0);
            let losses = more.map(|known| cost - known.cost).chain(fewer.map(|known| known.cost - cost));
            for loss in losses {
                let before = self.loss[at].unwrap_or(0.0);
                self.loss[at] = Some(before.max(loss).max(0.0));
            }
        }
        let place = self.answers.partition_point(|known| known.cost <= cost);
        let tables = (0..self.offers.len()).filter(|at| used & (1 << at) != 0).fold(0, |all, at| all | self.alike[at]);
        self.answers.insert(place, Answer { shown, used, tables, cost });
    }

    /// Guesses what the query costs under a set.
    pub(super) fn guess(&self, set: Mask) -> Guess {
        let (mut least, mut most, mut cost) = (0.0_f64, f64::INFINITY, f64::INFINITY);
        for answer in &self.answers {
            if set & !answer.shown == 0 {
                least = least.max(answer.cost);
            }
            if answer.used & !set == 0 {
                most = most.min(answer.cost);
            }
            cost = cost.min(self.without(answer, set));
        }
        cost = cost.min(self.together(set));
        let most = most.max(least);
        Guess { least, cost: cost.clamp(least, most), most }
    }

    /// What a plan costs of whose indexes some are missing.
    fn without(&self, answer: &Answer, set: Mask) -> f64 {
        let mut cost = answer.cost;
        let mut missing = answer.used & !set;
        while missing != 0 {
            let at = missing.trailing_zeros() as usize;
            missing &= missing - 1;
            cost = match set & self.wider[at] {
                0 => cost + self.loss[at].unwrap_or(self.base - answer.cost),
                _ => cost * WIDER,
            };
        }
        cost
    }

    /// What plans that use indexes of different tables would save together.
    fn together(&self, set: Mask) -> f64 {
        let (mut cost, mut taken) = (self.base, 0);
        for answer in self.answers.iter().filter(|answer| answer.used != 0 && answer.used & !set == 0) {
            if answer.tables & taken == 0 {
                taken |= answer.tables;
                cost -= self.base - answer.cost;
            }
        }
        cost
    }

    /// The sets that plans use.
    pub(super) fn used(&self) -> impl Iterator<Item = Mask> {
        self.answers.iter().map(|answer| answer.used)
    }

    /// What the plan under a set that was asked about uses.
    pub(super) fn used_under(&self, set: Mask) -> Option<Mask> {
        self.answers.iter().find(|answer| answer.shown == set).map(|answer| answer.used)
    }

    /// The numbers of the offers of a set.
    pub(super) fn numbers(&self, set: Mask) -> impl Iterator<Item = usize> {
        self.offers.iter().enumerate().filter(move |(at, _)| set & (1 << at) != 0).map(|(_, number)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two offers, the second of which does all that the first does; 100 without any.
    fn known(answers: &[(Mask, Mask, f64)]) -> Known {
        let mut known = Known::new(100.0, vec![3, 5, 9], vec![0b011, 0b010, 0b100], vec![0b011, 0b011, 0b100]);
        answers.iter().for_each(|(shown, used, cost)| known.learn(*shown, *used, *cost));
        known
    }

    #[test]
    fn what_follows_from_answers_is_certain() {
        let check = |answers: &[(Mask, Mask, f64)], set: Mask, least: f64, most: f64| {
            let guess = known(answers).guess(set);
            assert!((guess.least, guess.most) == (least, most), "{answers:?} of {set:b}: {guess:?}");
            assert!((least..=most).contains(&guess.cost), "{guess:?}");
        };
        check(&[], 0, 100.0, 100.0);
        check(&[], 0b111, 0.0, 100.0);
        check(&[(0b111, 0b010, 10.0)], 0b010, 10.0, 10.0);
        check(&[(0b111, 0b010, 10.0)], 0b110, 10.0, 10.0);
        check(&[(0b111, 0b010, 10.0)], 0b101, 10.0, 100.0);
        check(&[(0b111, 0b010, 10.0), (0b101, 0b001, 30.0)], 0b001, 30.0, 30.0);
    }

    #[test]
    fn what_does_not_follow_is_guessed() {
        let check = |answers: &[(Mask, Mask, f64)], set: Mask, cost: f64| {
            let guess = known(answers).guess(set);
            assert!((guess.cost - cost).abs() < 1e-9 && !guess.is_certain(), "{answers:?} of {set:b}: {guess:?}");
        };
        // The second one does what the first does.
        check(&[(0b101, 0b001, 30.0)], 0b010, 30.6);
        // Leaving the third out has cost 15.
        check(&[(0b101, 0b101, 30.0), (0b001, 0b001, 45.0)], 0b010, 30.6 + 15.0);
        // Nobody knows which of the two matters.
        check(&[(0b101, 0b101, 30.0)], 0b001, 100.0);
    }
}
