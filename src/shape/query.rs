//! Queries: CTEs, set operations, SELECT blocks, and what they give to the query around them.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use sqlparser::ast::{self, SelectItem, SelectItemQualifiedWildcardKind, SetExpr};

use super::order::Tail;
use super::scope::{BlockKind, Columns, CteEntry, Output, Outputs, Relation, computed};
use super::state::Shaper;
use super::walk::Walked;
use crate::dialect::Dialect;
use crate::name::Ident;
use crate::query::RefId;
use crate::sql::build;
use crate::sql::parse::ident;
use crate::sql::resolution::{Name, Reach, place_of_table};

/// Whether the query around reads the outputs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// It does.
    Outputs,
    /// It does not: the outermost query, EXISTS.
    Nothing,
}

/// Where a query stands.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// The scope that its names may fall back to.
    pub(super) parent: Option<usize>,
    /// The block that it stands in.
    pub(super) block: Option<u16>,
    pub(super) kind: BlockKind,
    pub(super) want: Want,
}

impl Context {
    /// A query within an expression or a LATERAL item of `scope`.
    pub(super) fn within(shaper: &Shaper<'_>, scope: usize, kind: BlockKind, want: Want) -> Self {
        Self { parent: Some(scope), block: Some(shaper.scopes[scope].block), kind, want }
    }

    /// A derived table or CTE: it sees only what the query around it sees from further out.
    pub(super) fn apart(parent: Option<usize>, block: Option<u16>) -> Self {
        Self { parent, block, kind: BlockKind::Plain, want: Want::Outputs }
    }
}

impl Shaper<'_> {
    /// Shapes a query with its CTEs and says what it gives.
    pub(super) fn query(&mut self, query: &ast::Query, context: Context) -> Outputs {
        let known_ctes = self.ctes.len();
        if let Some(with) = &query.with {
            self.ctes(with, context);
        }
        let mut outputs = match &*query.body {
            SetExpr::Select(select) => self.select(select, Tail::of(query), context),
            body => self.compound(body, query, context),
        };
        if !query.locks.is_empty() || query.for_clause.is_some() {
            outputs.reach = outputs.reach.min(Reach::Filters);
        }
        self.ctes.truncate(known_ctes);
        if self.shape.blocks.get(usize::from(outputs.block)).is_some_and(|block| block.correlated) {
            self.names.note_correlated(query);
        }
        outputs
    }

    pub(super) fn ctes(&mut self, with: &ast::With, context: Context) {
        for cte in &with.cte_tables {
            let name = ident(&cte.alias.name, self.dialect);
            let renamed: Vec<Ident> =
                cte.alias.columns.iter().map(|column| ident(&column.name, self.dialect)).collect();
            let inner = Context { kind: BlockKind::Plain, want: Want::Outputs, ..context };
            // SQLite lets a CTE name itself without the keyword.
            let may_recurse = with.recursive || self.dialect == Dialect::Sqlite;
            let recursive = may_recurse.then(|| recursive_parts(&cte.query)).flatten();
            let mut outputs = match recursive {
                Some((anchor, step)) if self.names_table(step, &name) => {
                    self.recursive_cte(&cte.query, anchor, step, (&name, &renamed), inner)
                }
                _ => self.query(&cte.query, inner),
            };
            rename(&mut outputs, &renamed);
            let once = self.uses_of(&name) <= 1 || cte.materialized == Some(ast::CteAsMaterialized::NotMaterialized);
            if !once || cte.materialized == Some(ast::CteAsMaterialized::Materialized) {
                limit_reach(&mut outputs, Reach::Nothing);
            }
            self.ctes.push(CteEntry { name, outputs: Arc::new(outputs) });
        }
    }

    /// The anchor gives the columns; the step joins the rows found so far, which no condition from outside reaches.
    fn recursive_cte(
        &mut self,
        query: &ast::Query,
        anchor: &SetExpr,
        step: &SetExpr,
        (name, renamed): (&Ident, &[Ident]),
        context: Context,
    ) -> Outputs {
        let block = self.open_block(context.block);
        let arm = Context { block: Some(block), ..context };
        let mut outputs = self.arm(anchor, arm);
        rename(&mut outputs, renamed);
        limit_reach(&mut outputs, Reach::Nothing);
        let shared = Arc::new(outputs);
        self.ctes.push(CteEntry { name: name.clone(), outputs: Arc::clone(&shared) });
        self.arm(step, Context { want: Want::Nothing, ..arm });
        self.ctes.pop();
        Tail::of(query).note(self, block);
        let (columns, refs) = (shared.columns.clone(), shared.refs.clone());
        Outputs { columns, complete: shared.complete, refs, reach: Reach::Nothing, block }
    }

    fn names_table(&self, step: &SetExpr, name: &Ident) -> bool {
        struct Finds<'n> {
            name: &'n Ident,
        }
        impl ast::Visitor for Finds<'_> {
            type Break = ();

            fn pre_visit_relation(&mut self, relation: &ast::ObjectName) -> std::ops::ControlFlow<()> {
                match relation.0.as_slice() {
                    [ast::ObjectNamePart::Identifier(table)] if *self.name == *table.value => {
                        std::ops::ControlFlow::Break(())
                    }
                    _ => std::ops::ControlFlow::Continue(()),
                }
            }
        }
        ast::Visit::visit(step, &mut Finds { name }).is_break()
    }

    /// Everything that is no SELECT: set operations, VALUES, statements that return rows.
    fn compound(&mut self, body: &SetExpr, query: &ast::Query, context: Context) -> Outputs {
        let block = self.open_block(context.block);
        Tail::of(query).note(self, block);
        let limited = self.shape.blocks[usize::from(block)].limit.is_some() || Tail::of(query).cuts();
        let mut outputs = match body {
            SetExpr::SetOperation { left, right, .. } => {
                let arm = Context { block: Some(block), ..context };
                let left = self.arm(left, arm);
                let right = self.arm(right, arm);
                Outputs { block, ..united(left, right) }
            }
            SetExpr::Values(values) => {
                let scope = self.open_scope(context.parent, block, context.kind);
                self.walk(values, scope);
                self.close_scope();
                let width = values.rows.first().map_or(0, |row| row.content.len());
                let column = |number| Output { name: Some(Ident::from(format!("column{number}"))), is: Name::List };
                let columns = (1..=width).map(column).collect();
                Outputs { columns, complete: true, refs: Vec::new(), reach: Reach::Nothing, block }
            }
            SetExpr::Query(inner) => {
                let inner = self.query(inner, Context { block: Some(block), ..context });
                Outputs { block, ..inner }
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => {
                let columns = self.statement(statement, Some(Context { block: Some(block), ..context }));
                let complete = !columns.is_empty();
                Outputs { columns, complete, refs: Vec::new(), reach: Reach::Nothing, block }
            }
            _ => Outputs { columns: Vec::new(), complete: false, refs: Vec::new(), reach: Reach::Nothing, block },
        };
        if limited {
            limit_reach(&mut outputs, Reach::Nothing);
        }
        outputs
    }

    /// One side of a set operation.
    fn arm(&mut self, body: &SetExpr, context: Context) -> Outputs {
        let outputs = match body {
            SetExpr::Select(select) => self.select(select, Tail::none(), context),
            SetExpr::Query(query) => self.query(query, context),
            SetExpr::SetOperation { left, right, .. } => {
                let left = self.arm(left, context);
                let right = self.arm(right, context);
                return united(left, right);
            }
            other => self.compound(
                other,
                &build::query(SetExpr::Table(Box::new(ast::Table { table_name: None, schema_name: None }))),
                context,
            ),
        };
        self.block(outputs.block).arm = true;
        outputs
    }

    /// Shapes one SELECT block.
    pub(super) fn select(&mut self, select: &ast::Select, tail: Tail<'_>, context: Context) -> Outputs {
        let block = self.open_block(context.block);
        let scope = self.open_scope(context.parent, block, context.kind);
        self.relations_of(&select.from, scope);
        let tables = |relation: &Relation| matches!(relation.columns, Columns::Table(..));
        if !self.scopes[scope].relations.iter().all(tables) {
            self.block(block).open = true;
        }
        self.scopes[scope].aliases = self.alias_names(&select.projection);
        for condition in select.prewhere.iter().chain(&select.selection) {
            self.filter(condition, scope);
        }
        let (mut columns, complete, walked) = self.projection(&select.projection, scope, context.want);
        self.connect_outputs(&select.projection, scope);
        self.apart(scope);
        self.walk(&select.named_window, scope);
        let grouped = self.grouping(select, scope);
        if let Some(having) = &select.having {
            self.having(having, scope);
        }
        if let Some(qualify) = &select.qualify {
            self.walk(qualify, scope);
        }
        self.distinct(select, scope);
        if !grouped {
            self.block(block).aggregated = walked.aggregate || select.having.is_some();
        }
        let aggregated = self.shape.blocks[usize::from(block)].aggregated;
        tail.note(self, block);
        self.order(select, &tail, scope);
        self.limit(select, &tail, &walked, scope);
        self.extremum(select, scope);
        self.lock(&tail, scope);
        let reach = if tail.cuts() || select.top.is_some() || walked.window || aggregated || distinct_on(select) {
            Reach::Nothing
        } else if grouped || select.distinct.is_some() || tail.order_by.is_some() {
            Reach::Filters
        } else {
            Reach::Joins
        };
        if grouped {
            self.keep_group_keys(select, scope, &mut columns);
        }
        let refs = self.refs_of(scope);
        self.close_scope();
        let mut outputs = Outputs { columns, complete, refs, reach: Reach::Joins, block };
        limit_reach(&mut outputs, reach);
        outputs
    }

    pub(super) fn alias_names(&self, items: &[SelectItem]) -> Vec<Ident> {
        let names = items.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(ident(alias, self.dialect)),
            _ => None,
        });
        names.collect()
    }

    /// Reads the outputs; says whether all of them are known.
    pub(super) fn projection(&mut self, items: &[SelectItem], scope: usize, want: Want) -> (Vec<Output>, bool, Walked) {
        let (mut columns, mut complete, mut all) = (Vec::new(), true, Walked::default());
        for item in items {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    let walked = self.walk(expr, scope);
                    all.aggregate |= walked.aggregate;
                    all.window |= walked.window;
                    if want == Want::Outputs {
                        let alias = match item {
                            SelectItem::ExprWithAlias { alias, .. } => Some(ident(alias, self.dialect)),
                            _ => None,
                        };
                        columns.push(self.output(expr, alias, &walked));
                    }
                }
                SelectItem::ExprWithAliases { expr, .. } => {
                    self.walk(expr, scope);
                    complete = false;
                }
                SelectItem::Wildcard(_) => {
                    complete &= self.star(0..self.scopes[scope].relations.len(), scope, want, &mut columns);
                }
                SelectItem::QualifiedWildcard(kind, _) => {
                    complete &= self.qualified_star(kind, scope, want, &mut columns);
                }
            }
        }
        (columns, complete, all)
    }

    fn output(&self, expr: &ast::Expr, alias: Option<Ident>, walked: &Walked) -> Output {
        let (own, passes) = match crate::sql::canonical::unnested(expr) {
            ast::Expr::Identifier(name) => (Some(ident(name, self.dialect)), true),
            ast::Expr::CompoundIdentifier(path) => (path.last().map(|name| ident(name, self.dialect)), true),
            // What the others call it is the expression's own text, or theirs to choose.
            _ if self.dialect != Dialect::Postgres => (None, false),
            ast::Expr::Function(function) => {
                let name = function.name.0.last().and_then(|part| part.as_ident());
                (name.map(|name| ident(name, self.dialect)), false)
            }
            ast::Expr::Cast { expr, .. } => match &**expr {
                ast::Expr::Identifier(name) => (Some(ident(name, self.dialect)), false),
                _ => (None, false),
            },
            _ => (None, false),
        };
        let own_of_column = alias.is_none() && self.dialect == Dialect::Sqlite;
        let name = alias.or(own);
        match walked.used.first() {
            Some(used) if passes && !used.outer => match &used.name {
                Name::Column(reference, column) => {
                    // A rowid goes by the name of the column that it is.
                    let name = if own_of_column { Some(column.clone()) } else { name };
                    Output { name, ..Output::passed_on(*reference, column.clone(), Reach::Joins) }
                }
                same @ (Name::Derived { .. } | Name::List) => Output { name, is: same.clone() },
                _ => Output::computed(name),
            },
            _ => Output::computed(name),
        }
    }

    fn qualified_star(
        &mut self,
        kind: &SelectItemQualifiedWildcardKind,
        scope: usize,
        want: Want,
        columns: &mut Vec<Output>,
    ) -> bool {
        let SelectItemQualifiedWildcardKind::ObjectName(name) = kind else {
            return false;
        };
        let Some(label) = name.0.last().and_then(|part| part.as_ident()) else {
            return false;
        };
        let label = ident(label, self.dialect);
        let own = self.scopes[scope].relations.iter().position(|relation| relation.label.as_ref() == Some(&label));
        if let (Some((Some(reference), _)), Some(place)) = (self.find_label(&label, scope), place_of_table(name)) {
            self.names.note_table(place, reference);
        }
        match own {
            Some(number) => self.star(number..number + 1, scope, want, columns),
            None => {
                if let Some((Some(reference), _)) = self.find_label(&label, scope) {
                    self.read_whole_row(reference);
                }
                false
            }
        }
    }

    /// The references that the relations of a scope are made of, each once: a CTE may stand there several times.
    fn refs_of(&self, scope: usize) -> Vec<RefId> {
        let refs = self.scopes[scope].relations.iter().flat_map(|relation| relation.refs.iter().copied());
        refs.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Every column of some relations; says whether all of them are known.
    fn star(&mut self, relations: std::ops::Range<usize>, scope: usize, want: Want, columns: &mut Vec<Output>) -> bool {
        let mut complete = true;
        for number in relations {
            if columns.len() > MAX_OUTPUTS {
                return false;
            }
            let relation = &self.scopes[scope].relations[number];
            match &relation.columns {
                Columns::Table(reference, table) => {
                    let (reference, table) = (*reference, self.catalog.tables.get(table));
                    if let (Want::Outputs, Some(table)) = (want, table) {
                        let names = table.columns.iter().map(|column| column.name.clone());
                        let names = names.filter(|name| !relation.merged.contains(name));
                        columns.extend(names.map(|name| Output::passed_on(reference, name, Reach::Joins)));
                    }
                    complete &= table.is_some_and(|table| table.complete && !table.columns.is_empty());
                    self.read_whole_row(reference);
                }
                Columns::Outputs(outputs) => {
                    if want == Want::Outputs {
                        columns.extend(outputs.columns.iter().cloned());
                    }
                    complete &= outputs.complete;
                }
                Columns::Unknown => complete = false,
            }
        }
        complete
    }

    /// Only conditions on what a block groups by commute with the grouping.
    fn keep_group_keys(&mut self, select: &ast::Select, scope: usize, columns: &mut [Output]) {
        let keys = self.group_names(select, scope);
        for column in columns {
            if let Name::Derived { sources, .. } = &column.is
                && !sources.iter().all(|source| keys.contains(source))
            {
                column.is = match &column.is {
                    Name::Derived { sources, .. } => {
                        Name::Derived { sources: Arc::clone(sources), reach: Reach::Nothing }
                    }
                    _ => computed(),
                };
            }
        }
    }
}

/// Outputs that a query can have in no database (MySQL takes 4,096).
const MAX_OUTPUTS: usize = 4_096;

fn distinct_on(select: &ast::Select) -> bool {
    matches!(select.distinct, Some(ast::Distinct::On(_)))
}

fn recursive_parts(query: &ast::Query) -> Option<(&SetExpr, &SetExpr)> {
    match &*query.body {
        SetExpr::SetOperation { left, right, .. } => Some((left, right)),
        _ => None,
    }
}

/// Gives outputs the names of a column list.
pub(super) fn rename(outputs: &mut Outputs, names: &[Ident]) {
    for (number, name) in names.iter().enumerate() {
        match outputs.columns.get_mut(number) {
            Some(column) => column.name = Some(name.clone()),
            None => outputs.columns.push(Output::computed(Some(name.clone()))),
        }
    }
}

/// Lets no more than `reach` into a subquery.
pub(super) fn limit_reach(outputs: &mut Outputs, reach: Reach) {
    outputs.reach = outputs.reach.min(reach);
    for column in &mut outputs.columns {
        if let Name::Derived { reach: own, .. } = &mut column.is {
            *own = (*own).min(reach);
        }
    }
}

/// The outputs of a set operation: named by the first arm, passed on by every arm that does so.
fn united(left: Outputs, right: Outputs) -> Outputs {
    let mut columns = left.columns;
    for (number, column) in columns.iter_mut().enumerate() {
        let other = right.columns.get(number).map(|column| &column.is);
        column.is = match (&column.is, other) {
            (Name::Derived { sources, reach }, Some(Name::Derived { sources: more, reach: other })) => {
                let mut seen = HashSet::new();
                let sources =
                    sources.iter().chain(more.iter()).filter(|source| seen.insert(*source)).cloned().collect();
                Name::Derived { sources, reach: (*reach).min(*other).min(Reach::Filters) }
            }
            (Name::List, Some(Name::List)) => Name::List,
            _ => computed(),
        };
    }
    let reach = left.reach.min(right.reach).min(Reach::Filters);
    let refs = left.refs.into_iter().chain(right.refs).collect();
    Outputs { columns, complete: left.complete && right.complete, refs, reach, block: left.block }
}
