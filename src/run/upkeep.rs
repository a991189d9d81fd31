//! What the upkeep of each advised index costs, because the workload writes to its table.
//!
//! Only of PostgreSQL: the formula is made of what happens there.

use std::collections::BTreeSet;

use super::analysis::Database;
use crate::advice::IndexAdvice;
use crate::catalog::Index;
use crate::cost::upkeep::{Held, upkeep};
use crate::dialect::Dialect;
use crate::name::QName;
use crate::writes::writes;

/// Prices the upkeep of each advised index, beside those that stay.
pub(super) fn price(database: &mut Database) {
    if database.target.dialect != Dialect::Postgres {
        return;
    }
    let writes = writes(&database.workload, &database.stats, &database.counted);
    let gone: BTreeSet<&QName> = database.advice.iter().flat_map(|advice| &advice.replaces).collect();
    let priced = |advice: &IndexAdvice| {
        let table = database.catalog.table(&advice.def.table)?;
        let (stats, writes) = (database.stats.table(&table.name)?, writes.get(&table.name)?);
        let stays = |index: &&Index| {
            let name = index.name.as_ref().map(|name| QName { schema: table.name.schema.clone(), name: name.clone() });
            index.def != advice.def && name.is_none_or(|name| !gone.contains(&name))
        };
        let known = |index: &Index| stats.indexes.get(index.name.as_ref()?).map(|known| (known.pages * 8192.0) as u64);
        let others: Vec<Held<'_>> =
            table.usable_indexes().filter(stays).map(|index| Held { def: &index.def, bytes: known(index) }).collect();
        Some(upkeep(Held { def: &advice.def, bytes: advice.size }, &others, stats, writes))
    };
    let prices: Vec<Option<f64>> = database.advice.iter().map(priced).collect();
    for (advice, price) in database.advice.iter_mut().zip(prices) {
        advice.write_cost = price;
    }
}
