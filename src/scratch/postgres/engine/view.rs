//! Which indexes the planner sees where no superuser may hide them: those it does not are dropped in a transaction that
//! is rolled back.

use super::lane::{Ground, Lane};
use super::lost;
use crate::advice::quote_qualified;
use crate::catalog::IndexId;
use crate::dialect::Dialect;
use crate::engine::ScratchError;
use crate::scratch::postgres::rounds::Round;
use crate::scratch::postgres::session::{Row, SqlError};

impl Lane {
    /// Begins to see what a round wants on its tables.
    pub(super) fn view(&mut self, cx: &Ground, round: &Round) -> Result<(), ScratchError> {
        self.end_view(cx)?;
        let is_shown = |id: &IndexId| round.views.values().any(|view| view.shown.contains(id));
        let candidates = self.indexes.candidates().filter(|id| !is_shown(id));
        let gone = candidates.chain(round.views.values().flat_map(|view| view.hidden.iter().copied()));
        let name = |id: IndexId| {
            let relation = self.relations.by_oid.get(self.indexes.oids(id).first()?)?;
            Some(quote_qualified(Dialect::Postgres, &relation.name)).filter(|name| !name.contains('$'))
        };
        let mut statements = vec!["BEGIN".to_owned()];
        // One that a constraint needs stays, and is seen.
        let drop = |name: String| format!("DO $$ BEGIN DROP INDEX {name}; EXCEPTION WHEN OTHERS THEN NULL; END $$");
        statements.extend(gone.filter_map(name).map(drop));
        statements.push("SAVEPOINT asked".to_owned());
        self.planner
            .pipeline(&statements)
            .into_iter()
            .filter_map(Result::err)
            .find(SqlError::is_lost)
            .map_or(Ok(()), |error| Err(lost(error)))
    }

    /// Sees all there is again.
    pub(super) fn end_view(&mut self, cx: &Ground) -> Result<(), ScratchError> {
        if cx.home.may_hide() { Ok(()) } else { self.planner.run("ROLLBACK").map_err(lost) }
    }

    /// Puts statements to the planner, each as if there were no other; up to the first that runs out of time where the
    /// session may be given up then.
    pub(super) fn put(&mut self, cx: &Ground, statements: &[&String]) -> Vec<Result<Vec<Row>, SqlError>> {
        if cx.home.may_hide() {
            let is_over = |answer: &Result<_, SqlError>| answer.as_ref().is_err_and(SqlError::is_out_of_time);
            return self.planner.pipeline_until(statements, is_over);
        }
        let back = "ROLLBACK TO SAVEPOINT asked";
        let each: Vec<&str> = statements.iter().flat_map(|statement| [back, statement]).collect();
        self.planner.pipeline(&each).into_iter().skip(1).step_by(2).collect()
    }
}
