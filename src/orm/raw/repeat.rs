//! Whether a query is sent once for each row of another one: its arguments hold the variable of a loop over that one's
//! rows.

use std::rc::Rc;

use super::{Calls, sink};
use crate::host::flow::Loop;
use crate::host::value::{Kind, Node, Value, walk};
use crate::source::HostSpan;

/// How many calls before a query are looked at for the one whose rows are gone through.
const MAX_BEFORE: usize = 1000;

/// Methods that give the rows of a query.
const ROWS: &[&str] = &["fetchall", "fetchmany", "fetch", "fetch_all", "mappings", "scalars", "all"];

impl Calls<'_, '_> {
    /// The innermost loop over rows whose variable the arguments of a query hold, and the query before it that was sent
    /// on the cursor which the loop goes through.
    pub(super) fn in_loop(&self, at: usize) -> Option<(HostSpan, Option<HostSpan>)> {
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
        let keyed = event.loops.iter().rev().filter(is_keyed);
        let mut keyed = keyed.filter_map(|found| Some((found.place, self.gives_rows(&found.over, at)?)));
        keyed.next()
    }

    /// Whether a value is the rows of a query, or a cursor that one was sent on: the query.
    fn gives_rows(&self, over: &Value, at: usize) -> Option<Option<HostSpan>> {
        let mut is_query = false;
        let mut cursors: Vec<*const Node> = vec![Rc::as_ptr(over)];
        walk(over, &mut |node| {
            let name = node.call().and_then(|call| sink::name_of(self.sinks.code, &call.callee));
            is_query |= self.sinks.of(node).is_some();
            if let Some(call) = node.call().filter(|_| name.is_some_and(|name| ROWS.contains(&name))) {
                cursors.extend(sink::called_on(&call.callee).map(Rc::as_ptr));
            }
        });
        if is_query {
            return Some(None);
        }
        let before = self.events[..at].iter().rev().take_while(|call| call.function == self.events[at].function);
        let is_cursor = |call: &Value| cursors.contains(&Rc::as_ptr(call));
        let mut sent = before.take(MAX_BEFORE).filter(|call| self.cursor_of(call).is_some_and(is_cursor));
        sent.next().map(|call| Some(call.value.place))
    }
}
