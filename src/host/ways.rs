//! Which of several ways a value is followed on: what must be there alone, everything, or one branch after the other.

use std::cell::Cell;
use std::rc::Rc;

use super::value::{Kind, Value, is_made_from};
use crate::query::VariantKind;

/// One form of a query: decides at each place where ways met.
#[derive(Debug)]
pub struct Ways {
    form: VariantKind,
    has_optional: Cell<bool>,
    branches: Cell<u16>,
}

impl Ways {
    /// The ways of one form.
    pub fn new(form: VariantKind) -> Self {
        Self { form, has_optional: Cell::new(false), branches: Cell::new(1) }
    }

    /// Whether what comes and goes is there.
    pub fn takes_optional(&self) -> bool {
        self.has_optional.set(true);
        self.form == VariantKind::All
    }

    /// The value that is taken where several may be.
    pub fn pick<'v>(&self, value: &'v Value) -> &'v Value {
        let mut value = value;
        while let Kind::Either(ways) = &value.kind {
            value = self.one_of(ways);
        }
        value
    }

    fn one_of<'v>(&self, ways: &'v [Value]) -> &'v Value {
        let is_something = |way: &&Value| !matches!(way.kind, Kind::Null | Kind::Unknown);
        let known: Vec<&Value> = ways.iter().filter(is_something).collect();
        let [first, ..] = known.as_slice() else { return &ways[0] };
        // A chain that some ways go on with: what all share must be there.
        let is_base = |base: &Value| known.iter().all(|way| is_made_from(way, base));
        if let Some(base) = known.iter().find(|way| is_base(way)).filter(|_| known.len() > 1) {
            let longest = known.iter().rev().find(|way| !Rc::ptr_eq(way, base));
            let more = u16::try_from(known.len() - 1).unwrap_or(u16::MAX);
            self.branches.set(self.branches.get().max(more));
            self.has_optional.set(true);
            return match (self.form, longest) {
                (VariantKind::All, Some(longest)) => longest,
                (VariantKind::Branch(number), _) => known.get(usize::from(number) + 1).unwrap_or(base),
                _ => base,
            };
        }
        let count = u16::try_from(known.len()).unwrap_or(u16::MAX);
        self.branches.set(self.branches.get().max(count));
        match self.form {
            VariantKind::Branch(number) => known[usize::from(number).min(known.len() - 1)],
            _ => first,
        }
    }

    /// Runs through the forms of a query: the required one, the one with everything, and each branch; no form twice.
    ///
    /// Says also whether there were more branches than `most`.
    pub fn forms<T: PartialEq>(most: u16, mut make: impl FnMut(&Self) -> Option<T>) -> (Vec<(VariantKind, T)>, bool) {
        let mut forms: Vec<(VariantKind, T)> = Vec::new();
        let required = Self::new(VariantKind::Required);
        let made = make(&required);
        let mut wanted = Vec::new();
        if required.has_optional.get() {
            wanted.push(VariantKind::All);
        }
        let branches = required.branches.get();
        wanted.extend((1..branches.min(most)).map(VariantKind::Branch));
        forms.extend(made.map(|made| (VariantKind::Required, made)));
        for kind in wanted {
            if let Some(made) = make(&Self::new(kind)).filter(|made| forms.iter().all(|(_, known)| known != made)) {
                // A required form that cannot be told leaves its place to the next.
                let kind = if forms.is_empty() { VariantKind::Required } else { kind };
                forms.push((kind, made));
            }
        }
        (forms, branches > most)
    }
}
