//! A statement for an engine that speaks its dialect: the text as it is, with our aliases and limits that are known.
//!
//! Only qualifiers are rewritten: a column without one means the same whatever its table is called.

mod range;
mod wide;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    self, FunctionArg, FunctionArgExpr, FunctionArguments, LimitClause, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, Statement, TableFactor, Visit, VisitMut, Visitor, VisitorMut,
};

use super::{alias, ctes_of, elsewhere, looks_like_alias, number};
use crate::catalog::Catalog;
use crate::engine::{Bound, EngineQuery, Fidelity};
use crate::query::RefId;
use crate::sql::resolution::{Name, Resolution, Shaped, place_of_table};
use range::BOUND;

/// Makes the form of a statement that an engine of its own dialect plans; `limit_rows` is what `LIMIT $1` stands for.
pub fn lower_native(shaped: &Shaped, catalog: &Catalog, limit_rows: u64) -> EngineQuery {
    let too_wide = || {
        let is_wide = wide::is_too_wide(&shaped.statement, catalog);
        is_wide.then(|| format!("its views stand for more than {} relations", wide::MOST))
    };
    if let Some(reason) = elsewhere(shaped, catalog).or_else(too_wide) {
        return EngineQuery { fidelity: Fidelity::None(reason), ..EngineQuery::about(&shaped.shape) };
    }
    let mut statement = shaped.statement.clone();
    let ctes = ctes_of(&shaped.statement);
    let others = others(shaped);
    let mut native = Native { shaped, catalog, limit_rows, ctes, others, parameters: Vec::new(), bounds: Vec::new() };
    let _ = VisitMut::visit(&mut statement, &mut native);
    EngineQuery {
        sql: statement.to_string(),
        parameters: u16::try_from(native.parameters.len()).unwrap_or(u16::MAX),
        bounds: native.bounds,
        fidelity: Fidelity::Exact,
        functions: BTreeSet::new(),
        ..EngineQuery::about(&shaped.shape)
    }
}

/// The labels of what is read and is no table of the schema, in lower case.
fn others(shaped: &Shaped) -> BTreeSet<String> {
    struct Others<'a>(&'a Resolution, BTreeSet<String>);
    impl Visitor for Others<'_> {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            let label = match factor {
                TableFactor::Table { name, args: None, .. }
                    if place_of_table(name).is_some_and(|place| self.0.table(place).is_some()) =>
                {
                    None
                }
                TableFactor::Table { name, alias, .. } | TableFactor::Function { name, alias, .. } => {
                    let own = || name.0.last()?.as_ident();
                    alias.as_ref().map(|alias| &alias.name).or_else(own)
                }
                TableFactor::Derived { alias, .. }
                | TableFactor::UNNEST { alias, .. }
                | TableFactor::NestedJoin { alias, .. } => alias.as_ref().map(|alias| &alias.name),
                _ => None,
            };
            self.1.extend(label.map(|label| label.value.to_ascii_lowercase()));
            ControlFlow::Continue(())
        }
    }
    let mut others = Others(&shaped.names, BTreeSet::new());
    let _ = Visit::visit(&shaped.statement, &mut others);
    others.1
}

struct Native<'a> {
    shaped: &'a Shaped,
    catalog: &'a Catalog,
    limit_rows: u64,
    ctes: BTreeSet<String>,
    /// The labels of derived tables, CTEs and functions, in lower case.
    others: BTreeSet<String>,
    /// The parameters as the statement names them, in the order of the numbers they get: an engine wants no gaps.
    parameters: Vec<String>,
    bounds: Vec<Bound>,
}

impl VisitorMut for Native<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<()> {
        self.limit(query);
        for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            label(&mut cte.alias.name);
        }
        let SetExpr::Select(select) = &*query.body else { return ControlFlow::Continue(()) };
        let tables = select
            .from
            .iter()
            .flat_map(|table| std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation)));
        let labels: Vec<(String, ast::Ident)> = tables.filter_map(|factor| self.locked_name(factor)).collect();
        for name in query.locks.iter_mut().filter_map(|lock| lock.of.as_mut()) {
            let wanted = name.to_string();
            if let Some((_, alias)) = labels.iter().find(|(label, _)| label.eq_ignore_ascii_case(&wanted)) {
                *name = ast::ObjectName::from(vec![alias.clone()]);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut ast::Select) -> ControlFlow<()> {
        self.outputs(&mut select.projection);
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &mut Statement) -> ControlFlow<()> {
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.outputs(update.returning.as_deref_mut().unwrap_or_default()),
            Statement::Delete(delete) => self.outputs(delete.returning.as_deref_mut().unwrap_or_default()),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, alias: given, args: None, .. } => match self.reference(name) {
                // What renames its columns is read under names that are no column's: it stays as it is.
                Some(reference) if given.as_ref().is_none_or(|given| given.columns.is_empty()) => {
                    self.qualify(name, reference);
                    let columns = Vec::new();
                    *given = Some(ast::TableAlias { explicit: true, name: alias(reference), columns, at: None });
                }
                _ => {
                    if let [ast::ObjectNamePart::Identifier(only)] = &mut name.0[..]
                        && self.ctes.contains(&only.value.to_ascii_lowercase())
                    {
                        label(only);
                    }
                    given.iter_mut().for_each(|alias| label(&mut alias.name));
                }
            },
            TableFactor::Table { alias, .. }
            | TableFactor::Derived { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::NestedJoin { alias, .. } => alias.iter_mut().for_each(|alias| label(&mut alias.name)),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        self.bounds(expr);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        match expr {
            ast::Expr::Identifier(name) => {
                if let Some(Name::Row(reference)) = self.names().column(name.span.start) {
                    *name = alias(*reference);
                } else if let Some(Name::Fields(_)) = self.names().column(name.span.start) {
                    label(name);
                }
            }
            ast::Expr::CompoundIdentifier(path) => self.qualified(path),
            ast::Expr::Function(function) => self.arguments(function),
            ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr: operand } => super::apart(operand),
            ast::Expr::Value(value) => {
                if let ast::Value::Placeholder(name) = &mut value.value {
                    *name = self.parameter(name);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Native<'_> {
    fn names(&self) -> &Resolution {
        &self.shaped.names
    }

    fn reference(&self, name: &ast::ObjectName) -> Option<RefId> {
        place_of_table(name).and_then(|place| self.names().table(place))
    }

    /// A table that is not in `public` is found whatever the search path is.
    fn qualify(&self, name: &mut ast::ObjectName, reference: RefId) {
        let table = self.shaped.shape.references.get(usize::from(reference.0)).map(|reference| &reference.table);
        if let (1, Some(schema)) = (name.0.len(), table.and_then(|table| table.schema.as_ref())) {
            name.0.insert(0, ast::ObjectNamePart::Identifier(ast::Ident::with_quote('"', schema.as_str())));
        }
    }

    /// `label.column`
    fn qualified(&self, path: &mut Vec<ast::Ident>) {
        let Some(last) = path.len().checked_sub(1) else { return };
        match self.names().column(path[0].span.start) {
            Some(Name::Column(reference, _)) => *path = vec![alias(*reference), path[last].clone()],
            Some(Name::Row(reference)) => *path = vec![alias(*reference)],
            // A column that the replayed schema does not know may be one of the engine's: `ctid`, or one that a function
            // of a migration adds.
            Some(Name::Other) if let Some(reference) = self.only_reference(&path[last - 1]) => {
                *path = vec![alias(reference), path[last].clone()];
            }
            _ => path[..last].iter_mut().for_each(label),
        }
    }

    /// The one reference that has a label, if nothing else has it.
    fn only_reference(&self, name: &ast::Ident) -> Option<RefId> {
        if self.others.contains(&name.value.to_ascii_lowercase()) {
            return None;
        }
        let references = self.shaped.shape.references.iter();
        let mut same = references.filter(|reference| reference.label.as_str().eq_ignore_ascii_case(&name.value));
        same.next().filter(|_| same.next().is_none()).map(|reference| reference.id)
    }

    /// The number that a parameter gets.
    fn parameter(&mut self, name: &str) -> String {
        if let Some(number) = name.strip_prefix(BOUND) {
            return format!("${number}");
        }
        // A question mark is another value each time.
        let known = self.parameters.iter().position(|known| known == name && name.len() > 1);
        let number = known.unwrap_or_else(|| {
            self.parameters.push(name.to_owned());
            self.parameters.len() - 1
        });
        format!("${}", number + 1)
    }

    fn outputs(&self, items: &mut [SelectItem]) {
        for item in items {
            if let SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) = item {
                self.star(name);
            }
        }
    }

    fn arguments(&self, function: &mut ast::Function) {
        let FunctionArguments::List(list) = &mut function.args else { return };
        for arg in &mut list.args {
            if let FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) = arg {
                self.star(name);
            }
        }
    }

    /// `label.*`
    fn star(&self, name: &mut ast::ObjectName) {
        match self.reference(name) {
            Some(reference) => *name = ast::ObjectName::from(vec![alias(reference)]),
            None => name.0.iter_mut().for_each(|part| {
                if let ast::ObjectNamePart::Identifier(part) = part {
                    label(part);
                }
            }),
        }
    }

    fn insert(&self, insert: &mut ast::Insert) {
        if let ast::TableObject::TableName(name) = &mut insert.table
            && let Some(reference) = self.reference(name)
        {
            self.qualify(name, reference);
            insert.table_alias = Some(ast::TableAliasWithoutColumns { explicit: true, alias: alias(reference) });
        }
        self.outputs(insert.returning.as_deref_mut().unwrap_or_default());
        // The parser leaves out targets and conditions that it cannot read, and without them it is an error; what
        // happens on a conflict reads nothing but in a subquery.
        if insert.on.as_ref().is_some_and(|on| !on.to_string().contains("SELECT")) {
            insert.on = None;
        }
    }

    /// The name that `FOR UPDATE OF` calls a table by, and the one it gets.
    fn locked_name(&self, factor: &TableFactor) -> Option<(String, ast::Ident)> {
        let TableFactor::Table { name, alias: given, .. } = factor else { return None };
        let reference = self.reference(name)?;
        let called = given.as_ref().map(|alias| alias.name.to_string());
        let called = called.or_else(|| name.0.last().map(ToString::to_string))?;
        Some((called, alias(reference)))
    }

    /// PostgreSQL takes a limit it does not know for a tenth of the rows.
    fn limit(&self, query: &mut ast::Query) {
        let rows = u32::try_from(self.limit_rows).unwrap_or(u32::MAX);
        if let Some(quantity) = query.fetch.as_mut().and_then(|fetch| fetch.quantity.as_mut()) {
            known_or(quantity, rows);
        }
        match &mut query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                limit.iter_mut().for_each(|limit| known_or(limit, rows));
                offset.iter_mut().for_each(|offset| known_or(&mut offset.value, 0));
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
                known_or(limit, rows);
                known_or(offset, 0);
            }
            None => {}
        }
    }
}

/// Puts a number in place of a value that is known at run time only.
fn known_or(value: &mut ast::Expr, rows: u32) {
    let known = match value {
        ast::Expr::Value(value) => !matches!(value.value, ast::Value::Placeholder(_)),
        // `ALL`
        ast::Expr::Identifier(_) => true,
        _ => false,
    };
    if !known {
        *value = number(rows);
    }
}

/// Keeps the name of a derived table or CTE apart from our aliases.
fn label(name: &mut ast::Ident) {
    if looks_like_alias(&name.value) {
        name.value.insert_str(0, "q_");
    }
}
