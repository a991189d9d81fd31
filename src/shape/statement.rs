//! Statements that write: INSERT, UPDATE, DELETE, MERGE, and what they return.

use sqlparser::ast::{self, Statement, UpdateTableFromKind};

use super::condition::Admits;
use super::order::limit_of;
use super::query::{Context, Want};
use super::scope::{BlockKind, Columns, Output};
use super::state::Shaper;
use crate::catalog::Column;
use crate::name::Ident;
use crate::query::{JoinKind, StatementKind, UnknownKind};
use crate::sql::build;
use crate::sql::parse::ident;

impl Shaper<'_> {
    /// Shapes a statement and says what its RETURNING gives.
    pub(super) fn statement(&mut self, statement: &Statement, context: Option<Context>) -> Vec<Output> {
        let context =
            context.unwrap_or(Context { parent: None, block: None, kind: BlockKind::Plain, want: Want::Nothing });
        match statement {
            Statement::Query(query) => self.query(query, context).columns,
            Statement::Insert(insert) => self.insert(insert, context),
            Statement::Update(update) => self.update(update, context),
            Statement::Delete(delete) => self.delete(delete, context),
            Statement::Merge(merge) => self.merge(merge, context),
            _ => Vec::new(),
        }
    }

    fn insert(&mut self, insert: &ast::Insert, context: Context) -> Vec<Output> {
        let block = self.open_block(context.block);
        if let Some(source) = &insert.source {
            self.query(source, Context { block: Some(block), want: Want::Nothing, ..context });
        }
        let scope = self.open_scope(context.parent, block, BlockKind::Plain);
        if let ast::TableObject::TableName(name) = &insert.table {
            let alias = insert.table_alias.as_ref().map(|alias| ast::TableAlias {
                explicit: alias.explicit,
                name: alias.alias.clone(),
                columns: Vec::new(),
                at: None,
            });
            self.factor(&build::table(name.clone(), alias), scope);
        }
        self.mark_written(StatementKind::Insert, scope, 0);
        for column in insert.columns.iter().filter_map(single_part) {
            self.check_target(column, scope);
        }
        // MySQL's `INSERT … SET`.
        self.assignments(&insert.assignments, scope, None);
        self.on_conflict(insert, scope);
        let outputs = self.returning(insert.returning.as_deref(), scope, context.want);
        self.close_scope();
        outputs
    }

    /// `ON CONFLICT`: the row that would have been inserted has the table's columns under another name.
    fn on_conflict(&mut self, insert: &ast::Insert, scope: usize) {
        let row =
            insert.insert_alias.as_ref().and_then(|alias| alias.row_alias.0.last()).and_then(|part| part.as_ident());
        let row = row.map_or_else(|| Ident::from("excluded"), |name| ident(name, self.dialect));
        match &insert.on {
            Some(ast::OnInsert::OnConflict(conflict)) => {
                if let Some(ast::ConflictTarget::Columns(columns)) = &conflict.conflict_target {
                    columns.iter().for_each(|column| self.check_target(column, scope));
                }
                if let ast::OnConflictAction::DoUpdate(update) = &conflict.action {
                    self.note_set(&update.assignments, scope, 0);
                    self.assignments(&update.assignments, scope, Some(row));
                    if let Some(condition) = &update.selection {
                        self.walk(condition, scope);
                    }
                }
            }
            Some(ast::OnInsert::DuplicateKeyUpdate(assignments)) => {
                self.note_set(assignments, scope, 0);
                self.assignments(assignments, scope, Some(row));
            }
            _ => {}
        }
    }

    /// Reads `SET column = value`; `row` names the row that was to be inserted.
    fn assignments(&mut self, assignments: &[ast::Assignment], scope: usize, row: Option<Ident>) {
        if let Some(row) = row {
            // Known only by its own name: a bare column is the table's.
            self.add_relation(Some(row), Columns::Unknown, Vec::new(), scope);
        }
        for assignment in assignments {
            match &assignment.target {
                ast::AssignmentTarget::ColumnName(name) => {
                    if let Some(name) = single_part(name) {
                        self.check_target(name, scope);
                    }
                }
                ast::AssignmentTarget::Tuple(names) => {
                    for name in names.iter().filter_map(single_part) {
                        self.check_target(name, scope);
                    }
                }
            }
            self.walk(&assignment.value, scope);
        }
    }

    /// Notes which columns of a written table get other values.
    fn note_set(&mut self, assignments: &[ast::Assignment], scope: usize, relation: usize) {
        let refs = self.scopes[scope].relations.get(relation).map_or_else(Vec::new, |relation| relation.refs.clone());
        let [reference] = refs[..] else { return };
        let names = assignments.iter().flat_map(|assignment| match &assignment.target {
            ast::AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
            ast::AssignmentTarget::Tuple(names) => names,
        });
        // `SET t.a = 1` is MySQL's.
        let last = |name: &ast::ObjectName| Some(ident(name.0.last()?.as_ident()?, self.dialect));
        let columns: Vec<Ident> = names.filter_map(last).collect();
        let set = &mut self.reference(reference).set;
        set.extend(columns);
        set.sort();
        set.dedup();
    }

    /// A column that is written must be one of the written table's.
    fn check_target(&mut self, column: &ast::Ident, scope: usize) {
        let name = ident(column, self.dialect);
        let tables = self.scopes[scope].relations.iter().map(|relation| match &relation.columns {
            Columns::Table(_, table) => self.catalog.tables.get(table),
            _ => None,
        });
        let tables: Option<Vec<_>> = tables.collect();
        let Some(tables) = tables else { return };
        let finds = |column: &Column| column.name == name && self.catalog.finds(&column.name, &name);
        let known =
            tables.iter().any(|table| !table.complete || table.columns.is_empty() || table.columns.iter().any(finds));
        if !known && !tables.is_empty() {
            let tables = tables.iter().map(|table| table.name.clone()).collect();
            self.note_unknown(UnknownKind::Column { column: name, tables }, column.span);
        }
    }

    fn update(&mut self, update: &ast::Update, context: Context) -> Vec<Output> {
        let block = self.open_block(context.block);
        let scope = self.open_scope(context.parent, block, BlockKind::Plain);
        if let Some(UpdateTableFromKind::BeforeSet(from)) = &update.from {
            self.relations_of(from, scope);
        }
        let target = self.scopes[scope].relations.len();
        self.joined(&update.table, scope);
        self.mark_written(StatementKind::Update, scope, target);
        if let Some(UpdateTableFromKind::AfterSet(from)) = &update.from {
            self.relations_of(from, scope);
        }
        self.note_set(&update.assignments, scope, target);
        self.assignments(&update.assignments, scope, None);
        match &update.selection {
            Some(condition) => self.filter(condition, scope),
            None if update.from.is_none() && update.limit.is_none() && update.table.joins.is_empty() => {
                self.every_row(StatementKind::Update, &update.table.relation, &update.assignments, scope);
            }
            None => {}
        }
        self.apart(scope);
        self.rows_of_a_write(&update.order_by, update.limit.as_ref(), scope);
        let outputs = self.returning(update.returning.as_deref(), scope, context.want);
        self.close_scope();
        outputs
    }

    fn delete(&mut self, delete: &ast::Delete, context: Context) -> Vec<Output> {
        let block = self.open_block(context.block);
        let scope = self.open_scope(context.parent, block, BlockKind::Plain);
        let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
        self.relations_of(from, scope);
        if delete.tables.is_empty() {
            self.mark_written(StatementKind::Delete, scope, 0);
        }
        for name in delete.tables.iter().filter_map(single_part) {
            let label = ident(name, self.dialect);
            if let Some((_, relation)) = self.find_label(&label, scope) {
                self.mark_written(StatementKind::Delete, scope, relation);
            }
        }
        if let Some(using) = &delete.using {
            self.relations_of(using, scope);
        }
        match (&delete.selection, &from[..]) {
            (Some(condition), _) => self.filter(condition, scope),
            (None, [only]) if delete.using.is_none() && delete.limit.is_none() && only.joins.is_empty() => {
                self.every_row(StatementKind::Delete, &only.relation, &[], scope);
            }
            _ => {}
        }
        self.apart(scope);
        self.rows_of_a_write(&delete.order_by, delete.limit.as_ref(), scope);
        let outputs = self.returning(delete.returning.as_deref(), scope, context.want);
        self.close_scope();
        outputs
    }

    /// MySQL's `UPDATE … ORDER BY … LIMIT n`.
    fn rows_of_a_write(&mut self, order: &[ast::OrderByExpr], limit: Option<&ast::Expr>, scope: usize) {
        let block = self.scopes[scope].block;
        if !order.is_empty() {
            self.block(block).ordered = true;
            self.order_keys(order, &[], scope);
        }
        if let Some(limit) = limit.and_then(limit_of) {
            self.block(block).limit = Some(limit);
            self.give_limit(limit, block);
        }
    }

    /// The target is probed for each row of the source; rows of the source without a partner are inserted.
    fn merge(&mut self, merge: &ast::Merge, context: Context) -> Vec<Output> {
        let block = self.open_block(context.block);
        let scope = self.open_scope(context.parent, block, BlockKind::Plain);
        self.factor(&merge.source, scope);
        let target = self.scopes[scope].relations.len();
        self.factor(&merge.table, scope);
        self.mark_written(StatementKind::Merge, scope, target);
        let inserts = merge.clauses.iter().any(|clause| matches!(clause.action, ast::MergeAction::Insert(_)));
        let end = self.scopes[scope].relations.len();
        let relations = if inserts { target..end } else { 0..end };
        let join = if inserts { JoinKind::Outer } else { JoinKind::Inner };
        self.condition(&merge.on, scope, &Admits { relations, join });
        for clause in &merge.clauses {
            if let ast::MergeAction::Update(update) = &clause.action
                && let ast::MergeUpdateKind::Set(assignments) = &update.kind
            {
                self.note_set(assignments, scope, target);
            }
        }
        self.walk(&merge.clauses, scope);
        self.close_scope();
        Vec::new()
    }

    fn returning(&mut self, items: Option<&[ast::SelectItem]>, scope: usize, want: Want) -> Vec<Output> {
        let Some(items) = items else { return Vec::new() };
        self.scopes[scope].aliases = self.alias_names(items);
        let (mut outputs, complete, _) = self.projection(items, scope, want);
        // What a write returns is computed once; no condition from outside reaches the tables.
        outputs = outputs.into_iter().map(|output| Output::computed(output.name)).collect();
        if complete { outputs } else { Vec::new() }
    }

    fn mark_written(&mut self, kind: StatementKind, scope: usize, relation: usize) {
        let refs = self.scopes[scope].relations.get(relation).map_or_else(Vec::new, |relation| relation.refs.clone());
        for reference in refs {
            self.reference(reference).written = Some(kind);
        }
    }
}

fn single_part(name: &ast::ObjectName) -> Option<&ast::Ident> {
    match name.0.as_slice() {
        [part] => part.as_ident(),
        _ => None,
    }
}
