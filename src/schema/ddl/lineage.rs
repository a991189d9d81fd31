//! The columns of `CREATE TABLE … AS SELECT` and of materialised views: their names, and where their types come from.
//!
//! A type is followed through aliases, casts, `min`, `max`, `coalesce`, subqueries and CTEs to a table's column, which
//! the replay looks up. What cannot be followed stays untyped; what cannot even be named leaves the table incomplete.

use sqlparser::ast;

use super::Lowering;
use super::create::untyped;
use crate::catalog::{ColumnType, SchemaOp, SchemaStep, Table, TakeOver, TypeClass};
use crate::name::{Ident, QName};
use crate::source::HostSpan;

/// What a query gives.
#[derive(Clone, Default)]
struct Output {
    columns: Vec<OutputColumn>,
    /// Tables all of whose columns it gives.
    whole: Vec<QName>,
    /// Whether there is more that cannot be told.
    more: bool,
}

#[derive(Clone)]
struct OutputColumn {
    name: Ident,
    place: HostSpan,
    origin: Origin,
}

/// Where a value's type comes from.
#[derive(Clone)]
enum Origin {
    Column(QName, Ident),
    Type(ColumnType),
    Unknown,
}

/// Something in FROM, under the name it goes by.
enum Source {
    Table(QName),
    Query(Output),
}

type Scope = Vec<(Ident, Source)>;

impl Lowering<'_> {
    /// Gives the table the columns of a query; the steps say where their types are to be found.
    pub(super) fn columns_of_query(&self, table: &mut Table, query: &ast::Query) -> Vec<SchemaStep> {
        let output = self.output(query, &[]);
        table.complete &= !output.more;
        let mut types = Vec::new();
        for OutputColumn { name, place, origin } in output.columns {
            if table.column(&name).is_some() {
                continue;
            }
            let mut column = untyped(name.clone(), place);
            match origin {
                Origin::Type(ty) => column.ty = ty,
                Origin::Column(from, source) => types.push((name, from, source)),
                Origin::Unknown => {}
            }
            table.columns.push(column);
        }
        let whole = output.whole.into_iter().map(|from| {
            let op = SchemaOp::TakeOver { table: table.name.clone(), from, what: TakeOver::Columns };
            self.part(op, self.place)
        });
        let mut parts: Vec<SchemaStep> = whole.collect();
        if !types.is_empty() {
            parts.push(self.part(SchemaOp::TypesFrom(table.name.clone(), types), self.place));
        }
        parts
    }

    fn output(&self, query: &ast::Query, above: &[(Ident, Output)]) -> Output {
        let mut ctes = above.to_vec();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let mut output = self.output(&cte.query, &ctes);
            for (column, renamed) in output.columns.iter_mut().zip(&cte.alias.columns) {
                column.name = self.ident(&renamed.name);
            }
            ctes.push((self.ident(&cte.alias.name), output));
        }
        self.output_of(&query.body, &ctes)
    }

    fn output_of(&self, body: &ast::SetExpr, ctes: &[(Ident, Output)]) -> Output {
        match body {
            ast::SetExpr::Select(select) => self.selected(select, ctes),
            ast::SetExpr::Query(query) => self.output(query, ctes),
            // The first arm names the columns.
            ast::SetExpr::SetOperation { left, .. } => self.output_of(left, ctes),
            _ => Output { more: true, ..Output::default() },
        }
    }

    fn selected(&self, select: &ast::Select, ctes: &[(Ident, Output)]) -> Output {
        let mut scope = Scope::new();
        let relations = select
            .from
            .iter()
            .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
        let mut unknown = false;
        for relation in relations {
            match self.source(relation, ctes) {
                Some(source) => scope.push(source),
                None => unknown = true,
            }
        }
        let mut output = Output::default();
        for item in &select.projection {
            match item {
                ast::SelectItem::UnnamedExpr(expr) => match last_name(expr) {
                    Some(name) => output.columns.push(self.output_column(name, expr, &scope, unknown)),
                    None => output.more = true,
                },
                ast::SelectItem::ExprWithAlias { expr, alias } => {
                    output.columns.push(self.output_column(alias, expr, &scope, unknown));
                }
                ast::SelectItem::Wildcard(_) => {
                    output.more |= unknown;
                    scope.iter().for_each(|(_, source)| source.give_all(&mut output));
                }
                ast::SelectItem::QualifiedWildcard(ast::SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let name = self.qname(name).name;
                    match scope.iter().find(|(known, _)| *known == name) {
                        Some((_, source)) => source.give_all(&mut output),
                        None => output.more = true,
                    }
                }
                _ => output.more = true,
            }
        }
        output
    }

    fn output_column(&self, name: &ast::Ident, expr: &ast::Expr, scope: &Scope, unknown: bool) -> OutputColumn {
        let origin = self.origin(expr, scope, unknown);
        OutputColumn { name: self.ident(name), place: self.at(name), origin }
    }

    fn source(&self, relation: &ast::TableFactor, ctes: &[(Ident, Output)]) -> Option<(Ident, Source)> {
        match relation {
            ast::TableFactor::Table { name, alias, args: None, .. } => {
                let table = self.qname(name);
                let label = alias.as_ref().map_or(table.name.clone(), |alias| self.ident(&alias.name));
                let cte = ctes.iter().rev().find(|(known, _)| table.schema.is_none() && *known == table.name);
                Some((label, cte.map_or(Source::Table(table), |(_, output)| Source::Query(output.clone()))))
            }
            ast::TableFactor::Derived { subquery, alias: Some(alias), .. } => {
                Some((self.ident(&alias.name), Source::Query(self.output(subquery, ctes))))
            }
            ast::TableFactor::Derived { subquery, alias: None, .. } => {
                Some((Ident::new(""), Source::Query(self.output(subquery, ctes))))
            }
            _ => None,
        }
    }

    fn origin(&self, expr: &ast::Expr, scope: &Scope, unknown: bool) -> Origin {
        match expr {
            ast::Expr::Nested(inner) => self.origin(inner, scope, unknown),
            ast::Expr::Cast { data_type, .. } => Origin::Type(self.column_type(data_type)),
            ast::Expr::Identifier(name) if !unknown => match scope.as_slice() {
                [(_, source)] => source.column(&self.ident(name)),
                _ => Origin::Unknown,
            },
            ast::Expr::CompoundIdentifier(path) => {
                let [.., label, name] = path.as_slice() else { return Origin::Unknown };
                let label = self.ident(label);
                let source = scope.iter().find(|(known, _)| *known == label);
                source.map_or(Origin::Unknown, |(_, source)| source.column(&self.ident(name)))
            }
            ast::Expr::Function(call) => self.origin_of_call(call, scope, unknown),
            ast::Expr::BinaryOp { op, .. } if is_comparison(op) => boolean(),
            ast::Expr::IsNull(_) | ast::Expr::IsNotNull(_) | ast::Expr::Exists { .. } => boolean(),
            _ => Origin::Unknown,
        }
    }

    fn origin_of_call(&self, call: &ast::Function, scope: &Scope, unknown: bool) -> Origin {
        let name = self.qname(&call.name).name;
        let ast::FunctionArguments::List(list) = &call.args else { return Origin::Unknown };
        match (name.as_str(), list.args.as_slice()) {
            ("count" | "row_number" | "rank", _) => typed("bigint", TypeClass::Integer),
            ("now", []) => typed("timestamp with time zone", TypeClass::Timestamp),
            ("min" | "max" | "coalesce", [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(first)), ..]) => {
                self.origin(first, scope, unknown)
            }
            _ => Origin::Unknown,
        }
    }
}

impl Source {
    fn column(&self, name: &Ident) -> Origin {
        match self {
            Self::Table(table) => Origin::Column(table.clone(), name.clone()),
            Self::Query(output) => {
                let found = output.columns.iter().find(|column| column.name == *name);
                match (found, output.whole.as_slice()) {
                    (Some(column), _) => column.origin.clone(),
                    (None, [table]) if !output.more => Origin::Column(table.clone(), name.clone()),
                    _ => Origin::Unknown,
                }
            }
        }
    }

    fn give_all(&self, output: &mut Output) {
        match self {
            Self::Table(table) => output.whole.push(table.clone()),
            Self::Query(inner) => {
                output.columns.extend(inner.columns.iter().cloned());
                output.whole.extend(inner.whole.iter().cloned());
                output.more |= inner.more;
            }
        }
    }
}

fn last_name(expr: &ast::Expr) -> Option<&ast::Ident> {
    match expr {
        ast::Expr::Identifier(name) => Some(name),
        ast::Expr::CompoundIdentifier(path) => path.last(),
        // PostgreSQL names a cast column after its operand, and a call after its function.
        ast::Expr::Cast { expr, .. } => last_name(expr),
        ast::Expr::Function(call) => call.name.0.last().and_then(ast::ObjectNamePart::as_ident),
        _ => None,
    }
}

fn is_comparison(op: &ast::BinaryOperator) -> bool {
    use ast::BinaryOperator as Op;
    matches!(op, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq | Op::And | Op::Or)
}

fn boolean() -> Origin {
    typed("boolean", TypeClass::Boolean)
}

fn typed(declared: &str, class: TypeClass) -> Origin {
    Origin::Type(ColumnType { declared: declared.to_owned(), class, members: Vec::new() })
}
