//! Which conditions were tested on the way to a statement, and how they came out.

use std::rc::Rc;

use super::Frame;
use crate::host::value::Value;

/// A condition that was tested on the way, and those before it.
#[derive(Debug)]
pub struct Tested {
    value: Value,
    holds: bool,
    before: Tests,
    count: u16,
}

/// The conditions on the way, the last one first.
pub type Tests = Option<Rc<Tested>>;

/// As many are noted: of a chain of a thousand only the first ones.
const MAX_TESTS: u16 = 200;

/// The conditions on the way, the last one first, each with how it came out.
pub fn tests(tests: &Tests) -> impl Iterator<Item = (&Value, bool)> {
    let first = tests.as_deref();
    std::iter::successors(first, |tested| tested.before.as_deref()).map(|tested| (&tested.value, tested.holds))
}

impl Frame {
    /// Notes how a condition came out.
    pub(super) fn tested(&mut self, value: &Value, holds: bool) {
        let count = self.tests.as_ref().map_or(0, |tested| tested.count) + 1;
        if count <= MAX_TESTS {
            self.tests = Some(Rc::new(Tested { value: Rc::clone(value), holds, before: self.tests.take(), count }));
        }
    }
}
