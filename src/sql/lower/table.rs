//! Tables of a FROM clause: aliases, lists, functions, and what only resembles a table.

use sqlparser::ast::{self, SelectItem, SetExpr, TableFactor, TableWithJoins};

use super::{Lowering, alias, engine_table_name, parameter, query, quote, quoted};
use crate::dialect::Dialect;
use crate::query::RefId;
use crate::sql::build;
use crate::sql::parse::qname;
use crate::sql::resolution::place_of_table;

/// The rows that a list of unknown length stands for (statistics.md, "Parameters").
const LIST_ROWS: usize = 5;

impl Lowering<'_> {
    pub(super) fn factor(&mut self, factor: &mut TableFactor) {
        match factor {
            TableFactor::Table { name, args: None, sample, .. } => {
                if sample.is_some() {
                    self.approximate("TABLESAMPLE is planned as the whole table");
                }
                match place_of_table(name).and_then(|place| self.names.table(place)) {
                    Some(reference) => self.base_table(factor, reference),
                    None => self.other_table(factor),
                }
            }
            TableFactor::Derived { alias, lateral, sample, subquery } => {
                *lateral = false;
                *sample = None;
                if let Some(alias) = alias {
                    self.rename_columns(alias, subquery);
                }
            }
            TableFactor::NestedJoin { alias, .. } => {
                if alias.is_some() {
                    self.refuse("a join that is named as a whole");
                }
            }
            TableFactor::Table { args: Some(_), .. } if self.dialect == Dialect::Sqlite => self.sqlite_function(factor),
            TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
                let function = ListFunction::of(name, args.args.len(), *with_ordinality);
                let alias = alias.take();
                self.rows(factor, &function, alias);
            }
            TableFactor::Function { name, alias, args, with_ordinality, .. } => {
                let function = ListFunction::of(name, args.len(), *with_ordinality);
                let alias = alias.take();
                self.rows(factor, &function, alias);
            }
            TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } => {
                let name = ast::ObjectName::from(vec![ast::Ident::new("unnest")]);
                let function = ListFunction::of(&name, array_exprs.len(), *with_ordinality);
                let alias = alias.take();
                *factor = self.list(&function, alias);
            }
            _ => self.refuse("a table function that SQLite has no form for"),
        }
    }

    fn rows(&mut self, factor: &mut TableFactor, function: &ListFunction, alias: Option<ast::TableAlias>) {
        *factor = self.list(function, alias);
        self.approximate("a function's rows are planned as a list");
    }

    fn base_table(&mut self, factor: &mut TableFactor, reference: RefId) {
        let TableFactor::Table { alias: given, .. } = &factor else { return };
        let Some(table) = self.shaped.shape.references.get(usize::from(reference.0)) else { return };
        let name = ast::Ident::with_quote('"', engine_table_name(&table.table));
        let renamed: Vec<ast::Ident> =
            given.iter().flat_map(|alias| &alias.columns).map(|column| column.name.clone()).collect();
        let label = given.as_ref().map(|alias| alias.name.clone());
        let plain = table_factor(name, Some(alias(reference)));
        *factor = match (renamed.is_empty(), label) {
            (false, Some(label)) => self.with_column_names(plain, reference, renamed, label),
            _ => plain,
        };
    }

    /// `table AS label(a, b)`.
    fn with_column_names(
        &self,
        table: TableFactor,
        reference: RefId,
        names: Vec<ast::Ident>,
        mut label: ast::Ident,
    ) -> TableFactor {
        let columns = self.table_of(reference).map(|table| table.columns.as_slice()).unwrap_or_default();
        let items = columns.iter().enumerate().map(|(at, column)| {
            let expr = super::column(reference, column.name.as_str());
            match names.get(at) {
                Some(name) => SelectItem::ExprWithAlias { expr, alias: quoted(&name.value) },
                None => SelectItem::UnnamedExpr(expr),
            }
        });
        let select = ast::Select {
            projection: items.collect(),
            from: vec![TableWithJoins { relation: table, joins: Vec::new() }],
            ..query::empty_select()
        };
        self.label(&mut label);
        let subquery = Box::new(build::query(SetExpr::Select(Box::new(select))));
        TableFactor::Derived { lateral: false, subquery, alias: Some(table_alias(label)), sample: None }
    }

    /// A CTE, or a table that the schema does not have.
    fn other_table(&mut self, factor: &mut TableFactor) {
        let TableFactor::Table { name, alias, .. } = factor else { return };
        let Some(mut last) = name.0.last().and_then(|part| part.as_ident()).cloned() else { return };
        if name.0.len() > 1 || !self.ctes.contains(&last.value.to_ascii_lowercase()) {
            return self.refuse(match self.catalog.view(&qname(name, self.dialect)) {
                Some(_) => format!(
                    "view `{name}` is not expanded: it reads itself, is not understood, or too many are behind it"
                ),
                None => format!("table `{name}` is not in the schema"),
            });
        }
        self.label(&mut last);
        let mut alias = alias.take();
        if let Some(alias) = &mut alias {
            self.label(&mut alias.name);
        }
        let renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
        let label = alias.as_ref().map(|alias| alias.name.clone());
        let plain = table_factor(last.clone(), label.filter(|_| !renamed));
        *factor = match alias.filter(|_| renamed) {
            None => plain,
            Some(mut alias) => {
                let select = ast::Select {
                    projection: vec![query::star()],
                    from: vec![TableWithJoins { relation: plain, joins: Vec::new() }],
                    ..query::empty_select()
                };
                let mut subquery = Box::new(build::query(SetExpr::Select(Box::new(select))));
                self.rename_columns(&mut alias, &mut subquery);
                TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None }
            }
        };
    }

    /// SQLite's own table functions are there as they are.
    fn sqlite_function(&mut self, factor: &mut TableFactor) {
        let TableFactor::Table { name, alias, .. } = factor else { return };
        let known = ["json_each", "json_tree", "jsonb_each", "jsonb_tree"];
        let text = name.to_string();
        if !known.iter().any(|known| text.eq_ignore_ascii_case(known)) {
            return self.refuse(format!("the scratch engine has no table function `{text}`"));
        }
        if let Some(alias) = alias {
            self.label(&mut alias.name);
        }
    }

    /// `(query) AS label(a, b)`: the names go to a CTE, which can have some.
    fn rename_columns(&self, alias: &mut ast::TableAlias, subquery: &mut Box<ast::Query>) {
        self.label(&mut alias.name);
        alias.at = None;
        if alias.columns.is_empty() {
            return;
        }
        let mut columns = std::mem::take(&mut alias.columns);
        for column in &mut columns {
            column.data_type = None;
            quote(&mut column.name);
        }
        let body = std::mem::replace(&mut **subquery, build::query(query::nothing()));
        **subquery = of_cte(alias.name.clone(), columns, body);
    }

    /// A few rows of values that are known at run time only.
    fn list(&self, function: &ListFunction, alias: Option<ast::TableAlias>) -> TableFactor {
        let (mut label, given) = match alias {
            Some(alias) => (alias.name, alias.columns.into_iter().map(|column| column.name).collect()),
            None => (function.name.clone(), Vec::new()),
        };
        let mut columns: Vec<ast::Ident> = given;
        if columns.is_empty() {
            columns = function.columns(&label);
        }
        columns.iter_mut().for_each(quote);
        self.label(&mut label);
        let row = || ast::Parens::with_empty_span(columns.iter().map(|_| parameter("list")).collect());
        let rows = (0..LIST_ROWS).map(|_| row()).collect();
        let values = build::query(SetExpr::Values(ast::Values { explicit_row: false, value_keyword: false, rows }));
        let columns = columns.into_iter().map(|name| ast::TableAliasColumnDef { name, data_type: None }).collect();
        let subquery = Box::new(of_cte(label.clone(), columns, values));
        TableFactor::Derived { lateral: false, subquery, alias: Some(table_alias(label)), sample: None }
    }
}

/// A function that gives rows.
struct ListFunction {
    name: ast::Ident,
    args: usize,
    ordinality: bool,
}

impl ListFunction {
    fn of(name: &ast::ObjectName, args: usize, ordinality: bool) -> Self {
        let name = name.0.last().and_then(|part| part.as_ident()).cloned();
        Self { name: name.unwrap_or_else(|| ast::Ident::new("list")), args, ordinality }
    }

    /// The names of its columns where the query gives none.
    fn columns(&self, label: &ast::Ident) -> Vec<ast::Ident> {
        let name = self.name.value.to_ascii_lowercase();
        let mut columns: Vec<ast::Ident> = match name.as_str() {
            "json_each" | "json_each_text" | "jsonb_each" | "jsonb_each_text" => {
                ["key", "value"].map(ast::Ident::new).into()
            }
            "json_array_elements"
            | "json_array_elements_text"
            | "jsonb_array_elements"
            | "jsonb_array_elements_text" => [ast::Ident::new("value")].into(),
            // Each array of its own is a column; the first has the name of the whole.
            "unnest" => {
                let rest = (1..self.args).map(|number| ast::Ident::new(format!("unnest_{number}")));
                std::iter::once(ast::Ident::new(&label.value)).chain(rest).collect()
            }
            _ => [ast::Ident::new(&label.value)].into(),
        };
        if self.ordinality {
            columns.push(ast::Ident::new("ordinality"));
        }
        columns
    }
}

/// `WITH name(columns) AS (body) SELECT * FROM name`.
fn of_cte(name: ast::Ident, columns: Vec<ast::TableAliasColumnDef>, body: ast::Query) -> ast::Query {
    let select = ast::Select {
        projection: vec![query::star()],
        from: vec![TableWithJoins { relation: table_factor(name.clone(), None), joins: Vec::new() }],
        ..query::empty_select()
    };
    let cte = ast::Cte {
        alias: ast::TableAlias { explicit: false, name, columns, at: None },
        query: Box::new(body),
        from: None,
        materialized: None,
        closing_paren_token: ast::helpers::attached_token::AttachedToken::empty(),
    };
    let with_token = ast::helpers::attached_token::AttachedToken::empty();
    let with = ast::With { with_token, recursive: false, cte_tables: vec![cte] };
    ast::Query { with: Some(with), ..build::query(SetExpr::Select(Box::new(select))) }
}

fn table_alias(name: ast::Ident) -> ast::TableAlias {
    ast::TableAlias { explicit: true, name, columns: Vec::new(), at: None }
}

fn table_factor(name: ast::Ident, alias: Option<ast::Ident>) -> TableFactor {
    build::table(ast::ObjectName::from(vec![name]), alias.map(table_alias))
}
