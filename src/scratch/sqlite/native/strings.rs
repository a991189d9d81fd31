//! Names in double quotes that are strings: SQLite takes them so where the table has no such column.

use crate::catalog::Table;
use crate::expr::{Expr, Literal, simplify};
use crate::name::Ident;

/// Makes strings of the columns that a table, of which every column is known, does not have.
pub(super) fn unquote(table: &mut Table) {
    let Table { columns, indexes, checks, .. } = table;
    let names: Vec<Ident> = columns.iter().map(|column| column.name.clone()).collect();
    for def in indexes.iter_mut().map(|index| &mut index.def) {
        def.keys.iter_mut().for_each(|key| replace(&mut key.expr, &names));
        def.predicate.iter_mut().for_each(|predicate| replace(predicate, &names));
    }
    checks.iter_mut().for_each(|check| replace(&mut check.condition, &names));
    columns.iter_mut().filter_map(|column| column.generated.as_mut()).for_each(|expr| replace(expr, &names));
}

fn replace(expr: &mut Expr, names: &[Ident]) {
    if expr.columns().iter().all(|column| is_known(column, names)) {
        return;
    }
    replace_within(expr, names);
    // Operands are kept in order, and strings stand elsewhere in it than columns.
    *expr = simplify(expr.clone(), &|_| None);
}

fn replace_within(expr: &mut Expr, names: &[Ident]) {
    match expr {
        Expr::Column(name) if !is_known(name, names) => *expr = Expr::Literal(Literal::Text(name.to_string())),
        Expr::Call { args: parts, .. } | Expr::Op { operands: parts, .. } => {
            parts.iter_mut().for_each(|part| replace_within(part, names));
        }
        Expr::Cast { operand, .. } => replace_within(operand, names),
        Expr::Column(_) | Expr::Literal(_) | Expr::Param | Expr::Outer | Expr::Opaque { .. } => {}
    }
}

fn is_known(column: &Ident, names: &[Ident]) -> bool {
    names.contains(column) || ["rowid", "oid", "_rowid_"].iter().any(|rowid| column == rowid)
}
