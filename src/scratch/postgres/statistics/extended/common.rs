//! The list of common combinations of values: built by the server, given its fractions by us.
//!
//! How values lie in the list depends on their types, so a temporary table with one row for each combination is analyzed,
//! which makes the list that production has but for the fractions. Nothing of it is there when the transaction ends.

use std::collections::HashMap;

use super::forms;
use crate::scratch::postgres::relations::Attribute;
use crate::scratch::postgres::session::{Row, Session, SqlError};
use crate::scratch::postgres::statistics::print::{is_readable, literal};

/// Values that are common together, in the order of the columns.
pub(super) struct Item<'a> {
    pub(super) values: Vec<Option<&'a str>>,
    pub(super) fraction: f64,
    pub(super) independent: f64,
}

/// Text forms as those of the file of statistics, and room for as many items as a list may have.
const BEGIN: &str = "BEGIN; SET LOCAL default_statistics_target = 10000; SET LOCAL DateStyle = 'ISO';
SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC'; SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex';";

const LIST: &str = "SELECT pg_catalog.encode(pg_catalog.pg_mcv_list_send(d.stxdmcv), 'hex')
FROM pg_catalog.pg_statistic_ext_data d JOIN pg_catalog.pg_statistic_ext e ON e.oid = d.stxoid WHERE $which";

/// The object of the temporary table.
const MINE: &str = "e.stxrelid = 'pg_temp.planlint_common'::pg_catalog.regclass";

/// The items of an object's list: their values, and the fractions as they are.
const ITEMS: &str = "SELECT pg_catalog.to_json(i.values), i.frequency, i.base_frequency
FROM pg_catalog.pg_statistic_ext_data d JOIN pg_catalog.pg_statistic_ext e ON e.oid = d.stxoid,
pg_catalog.pg_mcv_list_items(d.stxdmcv) i WHERE $which ORDER BY i.index";

/// Tells the list of an object; what the server does not take is not told.
///
/// # Errors
/// The server's words.
pub(super) fn tell(
    admin: &mut Session,
    object: u32,
    attributes: &[&Attribute],
    items: &[Item<'_>],
) -> Result<(), SqlError> {
    if !attributes.iter().all(|attribute| is_readable(attribute)) {
        return Ok(());
    }
    let told = within(admin, object, attributes, items);
    let end = if matches!(told, Ok(true)) { "COMMIT" } else { "ROLLBACK" };
    let ended = admin.run(end);
    told.and(ended)
}

/// Does it within a transaction; the answer says whether the server now says what it was told.
fn within(admin: &mut Session, object: u32, attributes: &[&Attribute], items: &[Item<'_>]) -> Result<bool, SqlError> {
    admin.run(BEGIN)?;
    let types = admin.rows(&types(attributes))?;
    admin.run(&table(&types, items))?;
    let built = admin.rows(&ITEMS.replace("$which", MINE))?;
    let list = admin.rows(&LIST.replace("$which", MINE))?;
    let list = list.first().and_then(|row| forms::from_hexadecimal(row.first()?.as_deref()?));
    let list =
        fractions(&built, items).zip(list).and_then(|(of, list)| forms::with_fractions(&list, attributes.len(), &of));
    let Some(list) = list else { return Ok(false) };
    admin.run(&format!(
        "DROP TABLE pg_temp.planlint_common; CREATE CAST (bytea AS pg_catalog.pg_mcv_list) WITHOUT FUNCTION; \
         UPDATE pg_catalog.pg_statistic_ext_data SET stxdmcv = {}::pg_catalog.pg_mcv_list WHERE stxoid = {object}; \
         DROP CAST (bytea AS pg_catalog.pg_mcv_list)",
        super::bytea(&list)
    ))?;
    let mut told = admin.rows(&ITEMS.replace("$which", &format!("d.stxoid = {object}")))?;
    // Of a table with heirs there are two lists, which are the same.
    told.dedup();
    let number = |row: &Row, at: usize| row.get(at)?.as_deref()?.parse::<f64>().ok();
    let says = told.iter().map(|row| number(row, 1).zip(number(row, 2)));
    Ok(says.collect::<Option<Vec<_>>>() == fractions(&told, items))
}

/// The fractions of the items of a list, which the server has in an order of its own; none unless it has all.
fn fractions(list: &[Row], items: &[Item<'_>]) -> Option<Vec<(f64, f64)>> {
    let known: HashMap<&[Option<&str>], (f64, f64)> =
        items.iter().map(|item| (&*item.values, (item.fraction, item.independent))).collect();
    let find = |row: &Row| {
        let values: Vec<Option<String>> = serde_json::from_str(row.first()?.as_deref()?).ok()?;
        known.get(&*values.iter().map(Option::as_deref).collect::<Vec<_>>()).copied()
    };
    list.iter().map(find).collect::<Option<Vec<_>>>().filter(|found| found.len() == items.len())
}

/// Asks what the columns' types are called.
fn types(attributes: &[&Attribute]) -> String {
    // Without a length, or `character` would be one.
    let name = |attribute: &&Attribute| format!("pg_catalog.format_type({}, -1)", attribute.base);
    format!("SELECT {}", attributes.iter().map(name).collect::<Vec<_>>().join(", "))
}

/// A table with a row for each item, analyzed.
fn table(types: &[Row], items: &[Item<'_>]) -> String {
    let types = types.first().into_iter().flatten().flatten();
    let columns: Vec<(String, &String)> = types.enumerate().map(|(at, name)| (format!("c{at}"), name)).collect();
    let declared: Vec<String> = columns.iter().map(|(column, name)| format!("{column} {name}")).collect();
    let names: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
    let value = |value: &Option<&str>| value.map_or("NULL".to_owned(), literal);
    let row = |item: &Item<'_>| format!("({})", item.values.iter().map(value).collect::<Vec<_>>().join(", "));
    format!(
        "CREATE TEMPORARY TABLE planlint_common ({}); INSERT INTO pg_temp.planlint_common VALUES {}; \
         CREATE STATISTICS pg_temp.planlint_common (mcv) ON {} FROM pg_temp.planlint_common; \
         ANALYZE pg_temp.planlint_common",
        declared.join(", "),
        items.iter().map(row).collect::<Vec<_>>().join(", "),
        names.join(", "),
    )
}
