//! FROM: the relations of a block, how they are joined, and which of them an outer join may leave without a partner.

use std::ops::Range;
use std::sync::Arc;

use sqlparser::ast::{self, JoinConstraint, JoinOperator, TableFactor, TableWithJoins};

use super::condition::Admits;
use super::query::{Context, Want, rename};
use super::scope::{BlockKind, Columns, Output, Outputs, Relation};
use super::state::Shaper;
use crate::catalog::Table;
use crate::name::{Ident, QName};
use crate::query::{JoinKind, RefId, UnknownKind};
use crate::sql::parse::{ident, qname};
use crate::sql::resolution::{Name, Reach};

/// What a join does to rows without a partner.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    Neither,
    Left,
    Right,
    Both,
}

impl Shaper<'_> {
    /// Adds the relations of a FROM clause to a scope and reads the conditions of its joins.
    pub(super) fn relations_of(&mut self, from: &[TableWithJoins], scope: usize) {
        for table in from {
            self.joined(table, scope);
        }
    }

    /// Adds a table and what is joined to it.
    pub(super) fn joined(&mut self, table: &TableWithJoins, scope: usize) {
        let start = self.scopes[scope].relations.len();
        self.factor(&table.relation, scope);
        for join in &table.joins {
            let before = self.scopes[scope].relations.len();
            self.factor(&join.relation, scope);
            let after = self.scopes[scope].relations.len();
            self.join(&join.join_operator, scope, start..before, before..after);
        }
    }

    fn join(&mut self, operator: &JoinOperator, scope: usize, left: Range<usize>, right: Range<usize>) {
        let (keeps, constraint) = match operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::CrossJoin(constraint)
            | JoinOperator::StraightJoin(constraint) => (Keeps::Neither, constraint),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (Keeps::Left, constraint),
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (Keeps::Right, constraint),
            JoinOperator::FullOuter(constraint) => (Keeps::Both, constraint),
            JoinOperator::OuterApply => {
                self.connect_sides(&left, &right, scope);
                return self.mark_nullable(scope, right);
            }
            _ => return self.connect_sides(&left, &right, scope),
        };
        if matches!(operator, JoinOperator::CrossJoin(_))
            || matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural)
        {
            self.connect_sides(&left, &right, scope);
        }
        let admits = match keeps {
            Keeps::Neither => Admits { relations: left.start..right.end, join: JoinKind::Inner },
            Keeps::Left => Admits { relations: right.clone(), join: JoinKind::Outer },
            Keeps::Right => Admits { relations: left.clone(), join: JoinKind::Outer },
            Keeps::Both => Admits { relations: 0..0, join: JoinKind::Outer },
        };
        match constraint {
            JoinConstraint::On(condition) => {
                self.condition(condition, scope, &admits);
                self.connect_by_on(condition, &left, &right, scope);
            }
            JoinConstraint::Using(columns) => {
                let names = columns.iter().filter_map(|name| name.0.last().and_then(|part| part.as_ident()));
                let names: Vec<Ident> = names.map(|name| ident(name, self.dialect)).collect();
                self.equal_columns(&names, scope, (left.clone(), right.clone()), keeps, &admits);
            }
            JoinConstraint::Natural => {
                let names = self.common_columns(scope, left.clone(), right.clone());
                self.equal_columns(&names, scope, (left.clone(), right.clone()), keeps, &admits);
            }
            JoinConstraint::None => {}
        }
        if matches!(keeps, Keeps::Left | Keeps::Both) {
            self.mark_nullable(scope, right);
        }
        if matches!(keeps, Keeps::Right | Keeps::Both) {
            self.mark_nullable(scope, left);
        }
    }

    fn mark_nullable(&mut self, scope: usize, relations: Range<usize>) {
        let refs: Vec<RefId> =
            self.scopes[scope].relations[relations].iter().flat_map(|relation| relation.refs.clone()).collect();
        for reference in refs {
            self.reference(reference).nullable_side = true;
        }
    }

    /// `USING (names)`: an equality for each, and one column where there were two.
    fn equal_columns(
        &mut self,
        names: &[Ident],
        scope: usize,
        (left, right): (Range<usize>, Range<usize>),
        keeps: Keeps,
        admits: &Admits,
    ) {
        for name in names {
            let sides = (self.output_named(name, scope, left.clone()), self.output_named(name, scope, right.clone()));
            if let (Some((_, left)), Some((_, right))) = (&sides.0, &sides.1) {
                self.equal_names(left, right, scope, admits);
            }
            // The row that is always there gives the merged column.
            let hidden = if keeps == Keeps::Right { sides.0 } else { sides.1 };
            if let Some((relation, _)) = hidden {
                self.scopes[scope].relations[relation].merged.push(name.clone());
            }
        }
    }

    fn output_named(&mut self, name: &Ident, scope: usize, relations: Range<usize>) -> Option<(usize, Name)> {
        let mut found = None;
        for number in relations {
            let relation = &self.scopes[scope].relations[number];
            if relation.merged.contains(name) {
                continue;
            }
            let is = match &relation.columns {
                Columns::Table(reference, table) => {
                    let column = self.catalog.tables.get(table).and_then(|table| table.column(name));
                    column.map(|column| Name::Column(*reference, column.name.clone()))
                }
                Columns::Outputs(outputs) => {
                    let output = outputs.columns.iter().find(|output| output.name.as_ref() == Some(name));
                    output.map(|output| output.is.clone())
                }
                Columns::Unknown => None,
            };
            if let Some(is) = is {
                if let Name::Column(reference, column) = &is {
                    let (reference, column) = (*reference, column.clone());
                    self.pattern(reference).columns.insert(column);
                }
                found = found.or(Some((number, is)));
            }
        }
        found
    }

    fn common_columns(&mut self, scope: usize, left: Range<usize>, right: Range<usize>) -> Vec<Ident> {
        let mut names: Vec<Ident> = Vec::new();
        for relation in &self.scopes[scope].relations[left] {
            match &relation.columns {
                Columns::Table(_, table) => {
                    let columns = self.catalog.tables.get(table).into_iter().flat_map(|table| &table.columns);
                    names.extend(columns.map(|column| column.name.clone()));
                }
                Columns::Outputs(outputs) => {
                    names.extend(outputs.columns.iter().filter_map(|output| output.name.clone()))
                }
                Columns::Unknown => {}
            }
        }
        names.sort();
        names.dedup();
        names.retain(|name| self.output_named(name, scope, right.clone()).is_some());
        names
    }

    /// Adds one relation.
    pub(super) fn factor(&mut self, factor: &TableFactor, scope: usize) {
        match factor {
            TableFactor::Table { name, alias, args: None, sample, .. } => {
                if sample.is_some() {
                    self.note_open(scope);
                }
                self.table(name, alias.as_ref(), scope);
            }
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                self.derived(*lateral, subquery, alias.as_ref(), scope)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => self.joined(table_with_joins, scope),
            TableFactor::NestedJoin { table_with_joins, alias } => {
                // Named as a whole: its columns are still those of its tables.
                let first = self.scopes[scope].relations.len();
                self.joined(table_with_joins, scope);
                let whole = self.scopes[scope].relations.len();
                self.add_unknown(alias.as_ref(), scope);
                self.connect_sides(&(first..whole), &(whole..whole + 1), scope);
            }
            TableFactor::Table { args: Some(args), alias, name, .. } => {
                let walked = self.walk(&args.args, scope);
                self.function(name.0.last().and_then(|part| part.as_ident()), alias.as_ref(), &walked.used, scope);
                self.connect_argument(&args.args, scope);
            }
            TableFactor::Function { name, args, alias, .. } => {
                let walked = self.walk(args, scope);
                self.function(name.0.last().and_then(|part| part.as_ident()), alias.as_ref(), &walked.used, scope);
                self.connect_argument(args, scope);
            }
            TableFactor::UNNEST { array_exprs, alias, .. } => {
                let walked = self.walk(array_exprs, scope);
                let name = ast::Ident::new("unnest");
                self.function(Some(&name), alias.as_ref(), &walked.used, scope);
                self.connect_argument(array_exprs, scope);
            }
            TableFactor::TableFunction { expr, alias } | TableFactor::JsonTable { json_expr: expr, alias, .. } => {
                self.walk(expr, scope);
                self.add_unknown(alias.as_ref(), scope);
                self.connect_argument(expr, scope);
            }
            _ => {
                self.add_unknown(None, scope);
            }
        }
    }

    fn table(&mut self, name: &ast::ObjectName, alias: Option<&ast::TableAlias>, scope: usize) {
        let wanted = qname(name, self.dialect);
        let label = alias.map_or_else(|| wanted.name.clone(), |alias| ident(&alias.name, self.dialect));
        let cte = match wanted.schema {
            None => self.ctes.iter().rev().find(|cte| cte.name == wanted.name),
            Some(_) => None,
        };
        if let Some(outputs) = cte.map(|cte| Arc::clone(&cte.outputs)) {
            return self.add_outputs(outputs, Some(label), alias, scope);
        }
        let block = self.scopes[scope].block;
        let finds = |table: &&Table| !table.complete || self.catalog.finds(&table.name.name, &wanted.name);
        let Some(table) = self.catalog.table(&wanted).filter(finds) else {
            if !self.is_elsewhere(&wanted, name) {
                let last = name.0.last().and_then(|part| part.as_ident());
                let span = last.map_or(sqlparser::tokenizer::Span::empty(), |last| last.span);
                self.note_unknown(UnknownKind::Table(wanted), span);
            }
            return self.add_relation(Some(label), Columns::Unknown, Vec::new(), scope);
        };
        let reference = self.add_reference(table, name, label.clone(), block);
        let refs = vec![reference];
        match alias.filter(|alias| !alias.columns.is_empty()) {
            None => self.add_relation(Some(label), Columns::Table(reference, table.name.clone()), refs, scope),
            Some(alias) => {
                let columns = table.columns.iter();
                let columns = columns.map(|column| Output::passed_on(reference, column.name.clone(), Reach::Joins));
                let (columns, complete) = (columns.collect(), table.complete);
                let outputs = Outputs { columns, complete, refs, reach: Reach::Joins, block };
                self.read_whole_row(reference);
                self.add_outputs(Arc::new(outputs), Some(label), Some(alias), scope);
            }
        }
    }

    /// Tables that no schema declares: the database's own, and whatever a schema of which nothing is known holds.
    fn is_elsewhere(&self, table: &QName, name: &ast::ObjectName) -> bool {
        let system = |name: &Ident| {
            let name = name.as_str().to_ascii_lowercase();
            ["pg_", "sqlite_", "information_schema", "performance_schema", "pragma_", "mysql", "sys"]
                .iter()
                .any(|head| name.starts_with(head))
                || name == "dual"
        };
        self.catalog.tables.is_empty()
            || self.catalog.views.contains_key(table)
            || self.catalog.view(table).is_some()
            || system(&table.name)
            || name.0.iter().filter_map(|part| part.as_ident()).any(|part| system(&Ident::new(&part.value)))
    }

    fn derived(&mut self, lateral: bool, query: &ast::Query, alias: Option<&ast::TableAlias>, scope: usize) {
        let (parent, block) = (self.scopes[scope].parent, self.scopes[scope].block);
        let context = match lateral {
            true => Context::within(self, scope, BlockKind::Correlated, Want::Outputs),
            false => Context::apart(parent, Some(block)),
        };
        let outputs = self.query(query, context);
        let label = alias.map(|alias| ident(&alias.name, self.dialect));
        self.add_outputs(Arc::new(outputs), label, alias, scope);
        if lateral {
            self.connect_argument(query, scope);
        }
    }

    /// A function's rows: a list, if it reads none of the tables before it.
    fn function(
        &mut self,
        name: Option<&ast::Ident>,
        alias: Option<&ast::TableAlias>,
        used: &[super::walk::Used],
        scope: usize,
    ) {
        let named = alias.map(|alias| &alias.name).or(name).map(|name| ident(name, self.dialect));
        let unnests = name.is_some_and(|name| {
            ["unnest", "generate_series", "regexp_split_to_table", "string_to_table"]
                .iter()
                .any(|known| name.value.eq_ignore_ascii_case(known))
        });
        let is = if unnests && used.is_empty() { Name::List } else { super::scope::computed() };
        let mut columns: Vec<Output> = alias
            .into_iter()
            .flat_map(|alias| &alias.columns)
            .map(|column| Output { name: Some(ident(&column.name, self.dialect)), is: is.clone() })
            .collect();
        // `unnest(…) AS x` names the column too; of any other function it is not known what it gives.
        let complete = unnests || !columns.is_empty();
        if columns.is_empty() {
            columns.extend(named.iter().map(|name| Output { name: Some(name.clone()), is: is.clone() }));
        }
        let block = self.scopes[scope].block;
        let outputs =
            Outputs { columns, complete: complete && !unnests, refs: Vec::new(), reach: Reach::Nothing, block };
        self.add_relation(named, Columns::Outputs(Arc::new(outputs)), Vec::new(), scope);
    }

    fn add_unknown(&mut self, alias: Option<&ast::TableAlias>, scope: usize) {
        let label = alias.map(|alias| ident(&alias.name, self.dialect));
        self.add_relation(label, Columns::Unknown, Vec::new(), scope);
    }

    fn add_outputs(
        &mut self,
        outputs: Arc<Outputs>,
        label: Option<Ident>,
        alias: Option<&ast::TableAlias>,
        scope: usize,
    ) {
        let renamed: Vec<Ident> = alias
            .into_iter()
            .flat_map(|alias| &alias.columns)
            .map(|column| ident(&column.name, self.dialect))
            .collect();
        let outputs = if renamed.is_empty() {
            outputs
        } else {
            let Outputs { columns, complete, refs, reach, block } = &*outputs;
            let (columns, refs) = (columns.clone(), refs.clone());
            let mut copy = Outputs { columns, complete: *complete, refs, reach: *reach, block: *block };
            rename(&mut copy, &renamed);
            Arc::new(copy)
        };
        if outputs.reach == Reach::Joins {
            self.merge_block(outputs.block, self.scopes[scope].block);
        }
        let refs = outputs.refs.clone();
        self.add_relation(label, Columns::Outputs(outputs), refs, scope);
    }

    /// A simple subquery is planned together with the query around it.
    fn merge_block(&mut self, inner: u16, outer: u16) {
        for planned in &mut self.planned_in {
            if *planned == inner {
                *planned = outer;
            }
        }
    }

    pub(super) fn add_relation(&mut self, label: Option<Ident>, columns: Columns, refs: Vec<RefId>, scope: usize) {
        self.scopes[scope].relations.push(Relation { label, columns, refs, merged: Vec::new() });
    }
}
