//! Whether a query is sent once for each row of another one: its arguments hold the variable of a loop over that one's
//! rows.

use std::rc::Rc;

use super::{Calls, sink};
use crate::host::flow::Loop;
use crate::host::value::{Kind, Value, walk};
use crate::source::HostSpan;

/// How many calls before a query are looked at for the one whose rows are gone through.
const MAX_BEFORE: usize = 1000;

/// Methods that give the rows of a query.
const ROWS: &[&str] = &["fetchall", "fetchmany", "fetch", "fetch_all", "mappings", "scalars", "all"];

impl Calls<'_, '_> {
    /// The innermost loop over rows whose variable the arguments of a query hold.
    pub(super) fn in_loop(&self, at: usize) -> Option<HostSpan> {
        let event = self.events[at];
        let call = event.value.call()?;
        let is_keyed = |found: &&Loop| {
            let mut is_keyed = false;
            for argument in call.positional.iter().chain(call.named.iter().map(|(_, value)| value)) {
                walk(argument, &mut |node| {
                    is_keyed |= matches!(&node.kind, Kind::Item(over) if Rc::ptr_eq(over, &found.over));
                });
            }
            is_keyed
        };
        let found = event.loops.iter().rev().find(|found| is_keyed(found) && self.gives_rows(&found.over, at))?;
        Some(found.place)
    }

    /// Whether a value is the rows of a query, or a cursor that one was sent on.
    fn gives_rows(&self, over: &Value, at: usize) -> bool {
        let mut is_query = false;
        walk(over, &mut |node| {
            let name = node.call().and_then(|call| sink::name_of(self.code, &call.callee));
            is_query |= sink::of(self.code, node).is_some() || name.is_some_and(|name| ROWS.contains(&name));
        });
        let before = self.events[..at].iter().rev().take_while(|call| call.function == self.events[at].function);
        is_query || before.take(MAX_BEFORE).any(|call| self.cursor_of(call).is_some_and(|of| Rc::ptr_eq(of, over)))
    }
}
