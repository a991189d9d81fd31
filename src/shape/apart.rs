//! Which relations of a FROM clause belong together: by a condition, a join that says so, an argument, an output.
//!
//! When in doubt they do: a name that cannot be told connects everything.

use std::ops::{ControlFlow, Range};

use sqlparser::ast::{self, Visit};

use super::own;
use super::predicate::has_aggregate;
use super::scope::{Columns, Relation};
use super::state::Shaper;
use crate::query::{Clause, ClauseKind, Limit, RefId};
use crate::sql::canonical::unnested;
use crate::sql::parse::ident;
use crate::sql::resolution::Name;

/// Stands for every scope around among the relations of a scope.
const OUTSIDE: usize = usize::MAX;

impl Shaper<'_> {
    /// Connects the relations that a condition names.
    pub(super) fn connect(&mut self, condition: &impl Visit, scope: usize) {
        if self.scopes[scope].relations.len() > 1 {
            let named = self.named(condition, scope);
            self.link(&named, scope);
        }
    }

    /// Connects a relation with those that its own text names: a LATERAL subquery, a function's arguments.
    pub(super) fn connect_argument(&mut self, argument: &impl Visit, scope: usize) {
        let own = self.scopes[scope].relations.len() - 1;
        let mut named = self.named(argument, scope);
        named.push(own);
        self.link(&named, scope);
    }

    /// Connects both sides of a join that says that every pair is meant: `CROSS JOIN`, `ON true`, USING.
    pub(super) fn connect_sides(&mut self, left: &Range<usize>, right: &Range<usize>, scope: usize) {
        self.link(&[left.start, right.start], scope);
    }

    /// Connects both sides of a join whose condition leaves no doubt that the right one was thought of: a constant
    /// (`ON true`), or a test of it alone that compares no two of its columns.
    pub(super) fn connect_by_on(
        &mut self,
        condition: &ast::Expr,
        left: &Range<usize>,
        right: &Range<usize>,
        scope: usize,
    ) {
        let mut open = vec![condition];
        let mut named_any = false;
        while let Some(expr) = open.pop() {
            if let ast::Expr::BinaryOp { left, op: ast::BinaryOperator::And, right } = unnested(expr) {
                open.extend([&**left, &**right]);
                continue;
            }
            let named = self.named(expr, scope);
            named_any |= !named.is_empty();
            if named.len() == 1 && right.contains(&named[0]) {
                self.connect_sides(left, right, scope);
            }
        }
        if !named_any {
            self.connect_sides(left, right, scope);
        }
    }

    /// Connects the relations that one output is computed from: whoever asks for a distance means every pair. An
    /// aggregate over pairs says nothing of the kind.
    pub(super) fn connect_outputs(&mut self, outputs: &[ast::SelectItem], scope: usize) {
        for output in outputs {
            if let ast::SelectItem::UnnamedExpr(expr) | ast::SelectItem::ExprWithAlias { expr, .. } = output
                && !has_aggregate(expr)
            {
                self.connect(expr, scope);
            }
        }
    }

    fn link(&mut self, named: &[usize], scope: usize) {
        let links = named.windows(2).map(|pair| (pair[0], pair[1]));
        self.scopes[scope].links.extend(links);
    }

    /// The relations of a scope that stand in a text, once for each time.
    fn named(&self, text: &impl Visit, scope: usize) -> Vec<usize> {
        let mut names = Names { shaper: self, scope, depth: 0, found: Vec::new() };
        let _ = own::visit_nested(text, &mut |expr, depth| {
            names.depth = depth;
            match expr {
                ast::Expr::Identifier(name) => names.bare(name),
                ast::Expr::CompoundIdentifier(path) => names.qualified(path),
                _ => {}
            }
            ControlFlow::Continue(())
        });
        names.found
    }

    /// Notes a FROM clause that falls apart.
    pub(super) fn apart(&mut self, scope: usize) {
        let count = self.scopes[scope].relations.len();
        if count < 2 {
            return;
        }
        let groups = groups(count, &self.scopes[scope].links);
        let mut parts: Vec<Vec<RefId>> = Vec::new();
        for group in &groups {
            let counted = group.iter().map(|number| &self.scopes[scope].relations[*number]);
            let counted = counted.filter(|relation| !self.is_one_row(relation, scope));
            let refs: Vec<RefId> = counted.flat_map(|relation| relation.refs.iter().copied()).collect();
            if !refs.is_empty() {
                parts.push(refs);
            }
        }
        let [_, second, ..] = &parts[..] else { return };
        let first = &self.shape.references[usize::from(second[0].0)];
        let (sql, block) = (first.sql.clone(), self.scopes[scope].block);
        let tables = parts.iter().map(|refs| self.shape.references[usize::from(refs[0].0)].table.to_string());
        let mut tables: Vec<String> = tables.collect();
        tables.sort();
        let text = format!("from {}", tables.join(", ").to_lowercase());
        self.note_clause(Clause { kind: ClauseKind::Apart(parts), block, reference: None, sql, text });
    }

    /// A subquery that gives one row multiplies nothing.
    fn is_one_row(&self, relation: &Relation, scope: usize) -> bool {
        let Columns::Outputs(outputs) = &relation.columns else { return false };
        // A table whose columns an alias renames has the block of the FROM clause itself.
        if outputs.block == self.scopes[scope].block {
            return false;
        }
        let block = &self.shape.blocks[usize::from(outputs.block)];
        (block.aggregated && !block.grouped) || matches!(block.limit, Some(Limit::Rows(0 | 1)))
    }
}

/// The connected groups of relations, in order of their first.
fn groups(count: usize, links: &[(usize, usize)]) -> Vec<Vec<usize>> {
    // The last node is everything around.
    let node = |number: usize| if number == OUTSIDE { count } else { number };
    let mut group_of: Vec<usize> = (0..=count).collect();
    for &(one, other) in links {
        let (keep, give) = (group_of[node(one)], group_of[node(other)]);
        group_of.iter_mut().filter(|group| **group == give).for_each(|group| *group = keep);
    }
    let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
    for (number, group) in group_of.iter().enumerate().take(count) {
        match groups.iter_mut().find(|(known, _)| known == group) {
            Some((_, members)) => members.push(number),
            None => groups.push((*group, vec![number])),
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

/// Collects the relations that a text names.
struct Names<'s, 'a> {
    shaper: &'s Shaper<'a>,
    scope: usize,
    /// How many subqueries deep.
    depth: u32,
    found: Vec<usize>,
}

impl Names<'_, '_> {
    fn qualified(&mut self, path: &[ast::Ident]) {
        let relations = &self.shaper.scopes[self.scope].relations;
        // `t.column`, `schema.t.column`, `t.composite.field`.
        let labels: Vec<_> = path[..path.len() - 1].iter().map(|part| ident(part, self.shaper.dialect)).collect();
        let own =
            relations.iter().position(|relation| relation.label.as_ref().is_some_and(|label| labels.contains(label)));
        match own {
            Some(number) => self.found.push(number),
            // A label of a subquery's own is no scope of ours.
            None if self.depth == 0 => self.by_name(path),
            None => {}
        }
    }

    fn bare(&mut self, name: &ast::Ident) {
        if self.depth == 0 || self.is_ours(name) {
            self.by_name(std::slice::from_ref(name));
        }
    }

    /// A bare name within a subquery belongs to us only if it is known to.
    fn is_ours(&self, name: &ast::Ident) -> bool {
        let known = self.shaper.names.column(name.span.start);
        known.is_some_and(|known| references(known).any(|reference| self.holder(reference).is_some()))
    }

    fn by_name(&mut self, path: &[ast::Ident]) {
        let known = self.shaper.names.column(path[0].span.start);
        let refs: Vec<RefId> = known.into_iter().flat_map(references).collect();
        let holders: Vec<usize> = refs.iter().filter_map(|reference| self.holder(*reference)).collect();
        match known {
            Some(Name::Value | Name::Text) => {}
            _ if !holders.is_empty() => self.found.push(holders[0]),
            _ if !refs.is_empty() => self.found.push(OUTSIDE),
            _ => self.by_column(&path[0]),
        }
    }

    /// A computed column of a subquery, an unknown table's, or a name that no one can tell: those that may have it.
    fn by_column(&mut self, name: &ast::Ident) {
        let wanted = ident(name, self.shaper.dialect);
        let relations = &self.shaper.scopes[self.scope].relations;
        let has = |relation: &Relation| match &relation.columns {
            Columns::Outputs(outputs) => outputs.columns.iter().any(|output| output.name.as_ref() == Some(&wanted)),
            _ => false,
        };
        match relations.iter().position(has) {
            Some(number) => self.found.push(number),
            None => self.found.extend(0..relations.len()),
        }
    }

    fn holder(&self, reference: RefId) -> Option<usize> {
        let relations = &self.shaper.scopes[self.scope].relations;
        relations.iter().position(|relation| relation.refs.contains(&reference))
    }
}

fn references(name: &Name) -> impl Iterator<Item = RefId> {
    let (one, several): (_, &[(RefId, crate::name::Ident)]) = match name {
        Name::Column(reference, _) | Name::Hidden(reference, _) | Name::Row(reference) => (Some(*reference), &[]),
        Name::Derived { sources, .. } => (None, sources),
        _ => (None, &[]),
    };
    one.into_iter().chain(several.iter().map(|(reference, _)| *reference))
}
