//! Scopes: which relations a name is looked up in, and what it turns out to be.

use std::sync::Arc;

use sqlparser::ast;

use super::state::Shaper;
use crate::catalog::Table;
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::query::{RefId, UnknownKind};
use crate::sql::parse::ident;
use crate::sql::resolution::{Name, Reach};

/// The relations of one FROM clause.
pub(super) struct Scope {
    pub(super) relations: Vec<Relation>,
    /// Names of the block's outputs, which clauses other than FROM may use.
    pub(super) aliases: Vec<Ident>,
    /// The scope around it.
    pub(super) parent: Option<usize>,
    pub(super) block: u16,
    pub(super) kind: BlockKind,
    /// Relations that belong together, by number; `OUTSIDE` stands for every scope around.
    pub(super) links: Vec<(usize, usize)>,
}

/// How a block stands in the one around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// It sees nothing of it: the outermost block, a derived table, a CTE.
    Plain,
    /// `EXISTS`, `IN`: the planner may start from either side.
    Semi,
    /// `NOT EXISTS`: probed for each outer row.
    Anti,
    /// A scalar subquery, LATERAL.
    Correlated,
}

/// One entry of a FROM clause.
pub(super) struct Relation {
    /// The name that qualifies its columns.
    pub(super) label: Option<Ident>,
    pub(super) columns: Columns,
    /// The base-table references it is made of.
    pub(super) refs: Vec<RefId>,
    /// Columns joined by USING or NATURAL, which an unqualified name finds in an earlier relation.
    pub(super) merged: Vec<Ident>,
}

/// The columns of a relation.
pub(super) enum Columns {
    /// Those of a base table.
    Table(RefId, QName),
    /// Known outputs of a subquery, CTE or list.
    Outputs(Arc<Outputs>),
    /// Not known: a function, a table that the schema does not have.
    Unknown,
}

/// What a query gives to the one around it.
pub(super) struct Outputs {
    pub(super) columns: Vec<Output>,
    /// Whether `columns` is all of them.
    pub(super) complete: bool,
    /// The references in its FROM clauses, those of its own derived tables and CTEs included.
    pub(super) refs: Vec<RefId>,
    /// What the planner moves into the whole of it.
    pub(super) reach: Reach,
    pub(super) block: u16,
}

/// One output.
#[derive(Clone)]
pub(super) struct Output {
    pub(super) name: Option<Ident>,
    pub(super) is: Name,
}

/// A CTE that is in scope.
pub(super) struct CteEntry {
    pub(super) name: Ident,
    pub(super) outputs: Arc<Outputs>,
}

impl Output {
    /// A column of a base table.
    pub(super) fn passed_on(reference: RefId, column: Ident, reach: Reach) -> Self {
        let sources = Arc::from([(reference, column.clone())]);
        Self { name: Some(column), is: Name::Derived { sources, reach } }
    }

    pub(super) fn computed(name: Option<Ident>) -> Self {
        Self { name, is: computed() }
    }
}

pub(super) fn computed() -> Name {
    Name::Derived { sources: Arc::from([]), reach: Reach::Nothing }
}

/// What a lookup in one scope found.
enum Found {
    /// This.
    Name(Name),
    /// Nothing, but a relation whose columns are not all known could have it.
    Perhaps,
    /// Nothing, for certain.
    Nothing,
}

/// A name, and whether it belongs to a scope around the one it was looked up in.
pub(super) struct Resolved {
    pub(super) name: Name,
    pub(super) outer: bool,
}

impl Shaper<'_> {
    /// Opens a scope; close it with [`Self::close_scope`].
    pub(super) fn open_scope(&mut self, parent: Option<usize>, block: u16, kind: BlockKind) -> usize {
        self.scopes.push(Scope { relations: Vec::new(), aliases: Vec::new(), parent, block, kind, links: Vec::new() });
        self.scopes.len() - 1
    }

    /// Closes the scope opened last.
    pub(super) fn close_scope(&mut self) {
        self.scopes.pop();
    }

    /// Says what an identifier is, notes it, and counts the column as read.
    pub(super) fn resolve(&mut self, path: &[ast::Ident], scope: usize) -> Resolved {
        let resolved = match path {
            [name] => self.resolve_bare(name, scope),
            [.., table, name] => self.resolve_qualified(table, name, path, scope),
            [] => Resolved { name: Name::Other, outer: false },
        };
        self.count_as_read(&resolved.name);
        let place = path[0].span.start;
        if place.line > 0 {
            self.names.note_column(place, resolved.name.clone());
        }
        resolved
    }

    fn count_as_read(&mut self, name: &Name) {
        match name {
            Name::Column(reference, column) => {
                let column = column.clone();
                self.pattern(*reference).columns.insert(column);
            }
            Name::Row(reference) => self.read_whole_row(*reference),
            _ => {}
        }
    }

    /// Counts every column of a reference as read.
    pub(super) fn read_whole_row(&mut self, reference: RefId) {
        let table = &self.shape.references[usize::from(reference.0)].table;
        if let Some(table) = self.catalog.tables.get(table) {
            let columns = table.columns.iter().map(|column| column.name.clone());
            self.shape.patterns[usize::from(reference.0)].columns.extend(columns);
        }
    }

    fn resolve_bare(&mut self, name: &ast::Ident, scope: usize) -> Resolved {
        let wanted = ident(name, self.dialect);
        let mut perhaps = false;
        let mut at = Some(scope);
        let mut outer = false;
        while let Some(here) = at {
            match self.find_column(&wanted, here) {
                Found::Name(found) => {
                    if outer {
                        self.mark_correlated(scope, here);
                    }
                    return Resolved { name: found, outer };
                }
                Found::Perhaps => perhaps = true,
                Found::Nothing => {}
            }
            outer = true;
            at = self.scopes[here].parent;
        }
        Resolved { name: self.without_column(name, &wanted, scope, perhaps), outer: false }
    }

    /// What a bare name is that no relation has as a column.
    fn without_column(&mut self, name: &ast::Ident, wanted: &Ident, scope: usize, perhaps: bool) -> Name {
        if let Some(relation) = self.labelled(wanted, scope) {
            return match &relation.columns {
                Columns::Table(reference, _) => Name::Row(*reference),
                Columns::Outputs(outputs) => {
                    Name::Fields(outputs.columns.iter().filter_map(|output| output.name.clone()).collect())
                }
                Columns::Unknown => Name::Other,
            };
        }
        if self.chain(scope).any(|scope| scope.aliases.contains(wanted)) {
            return Name::Other;
        }
        match name.quote_style {
            None if is_no_column(&name.value) => return Name::Value,
            Some('"') if self.dialect == Dialect::Sqlite => return Name::Text,
            _ => {}
        }
        if perhaps || self.is_system_column(wanted) {
            return Name::Other;
        }
        let mut tables: Vec<QName> = self
            .chain(scope)
            .flat_map(|scope| &scope.relations)
            .filter_map(|relation| match &relation.columns {
                Columns::Table(_, table) => Some(table.clone()),
                _ => None,
            })
            .collect();
        tables.sort();
        tables.dedup();
        let only = {
            let mut relations = self.chain(scope).flat_map(|scope| &scope.relations);
            relations.next().filter(|_| relations.next().is_none())
        };
        let kind = match tables.is_empty() {
            false => Some(UnknownKind::Column { column: wanted.clone(), tables }),
            true => only.and_then(|relation| self.lacking(relation, wanted)),
        };
        if let Some(kind) = kind {
            self.note_unknown(kind, name.span);
        }
        Name::Other
    }

    fn resolve_qualified(
        &mut self,
        table: &ast::Ident,
        name: &ast::Ident,
        path: &[ast::Ident],
        scope: usize,
    ) -> Resolved {
        let (label, wanted) = (ident(table, self.dialect), ident(name, self.dialect));
        let mut at = Some(scope);
        let mut outer = false;
        while let Some(here) = at {
            let relation = self.scopes[here].relations.iter().find(|relation| relation.label.as_ref() == Some(&label));
            if let Some(relation) = relation {
                let found = match self.column_of(relation, &wanted) {
                    Found::Name(name) => Found::Name(name),
                    other => self.hidden_of(relation, &wanted).map_or(other, Found::Name),
                };
                let lacking = match found {
                    Found::Nothing if !self.is_system_column(&wanted) => self.lacking(relation, &wanted),
                    _ => None,
                };
                if outer {
                    self.mark_correlated(scope, here);
                }
                if let Some(kind) = lacking {
                    self.note_unknown(kind, name.span);
                }
                let name = if let Found::Name(name) = found { name } else { Name::Other };
                return Resolved { name, outer };
            }
            outer = true;
            at = self.scopes[here].parent;
        }
        // `t.composite.field` and `composite.field`: the first part alone may be the column.
        if let [column, _] = path
            && self.chain(scope).any(|scope| scope.relations.iter().any(|relation| self.has_column(relation, &label)))
        {
            return self.resolve_bare(column, scope);
        }
        Resolved { name: Name::Other, outer: false }
    }

    /// What to note of a column that a relation, whose columns are all known, does not have.
    ///
    /// Nothing of functions and lists: their columns have names that no query says.
    fn lacking(&self, relation: &Relation, column: &Ident) -> Option<UnknownKind> {
        match &relation.columns {
            Columns::Table(_, table) => {
                Some(UnknownKind::Column { column: column.clone(), tables: vec![table.clone()] })
            }
            Columns::Outputs(outputs) if !outputs.refs.is_empty() => {
                let given = outputs.columns.iter().filter_map(|output| output.name.clone()).collect();
                let sources = outputs.refs.iter().map(|reference| &self.shape.references[usize::from(reference.0)]);
                let tables =
                    sources.flat_map(|one| std::iter::once(&one.table).chain(&one.via_view)).cloned().collect();
                Some(UnknownKind::Output { column: column.clone(), of: relation.label.clone()?, given, tables })
            }
            Columns::Outputs(_) | Columns::Unknown => None,
        }
    }

    fn has_column(&self, relation: &Relation, name: &Ident) -> bool {
        matches!(self.column_of(relation, name), Found::Name(_))
    }

    fn find_column(&self, wanted: &Ident, scope: usize) -> Found {
        let mut found = Found::Nothing;
        let mut several = false;
        for relation in &self.scopes[scope].relations {
            if relation.merged.contains(wanted) {
                continue;
            }
            match (self.column_of(relation, wanted), &found) {
                (Found::Name(_), Found::Name(_)) => several = true,
                (Found::Name(name), _) => found = Found::Name(name),
                (Found::Perhaps, Found::Nothing) => found = Found::Perhaps,
                _ => {}
            }
        }
        // The database would refuse an ambiguous name; nothing can be told from it.
        if several {
            return Found::Name(Name::Other);
        }
        match found {
            Found::Name(name) => Found::Name(name),
            other => self.find_hidden(wanted, scope).map_or(other, Found::Name),
        }
    }

    /// What a bare name is that no relation of a scope declares, if one has it all the same.
    fn find_hidden(&self, wanted: &Ident, scope: usize) -> Option<Name> {
        let relations = &self.scopes[scope].relations;
        let mut having = relations.iter().filter_map(|relation| self.hidden_of(relation, wanted));
        // Every relation may have a rowid, and of several it would be nobody's.
        having.next().filter(|_| having.next().is_none() && (relations.len() == 1 || !is_rowid(wanted)))
    }

    /// A column that a base table has without declaring it.
    fn hidden_of(&self, relation: &Relation, wanted: &Ident) -> Option<Name> {
        let (Columns::Table(reference, table), Dialect::Sqlite) = (&relation.columns, self.dialect) else {
            return None;
        };
        let table = self.catalog.tables.get(table)?;
        let searched = || table.name.name == *wanted || *wanted == "rank";
        match is_rowid(wanted) {
            true if table.without_rowid => None,
            true => Some(match table.rowid() {
                Some(column) => Name::Column(*reference, column.clone()),
                None => Name::Hidden(*reference, wanted.clone()),
            }),
            false => (table.is_full_text() && searched()).then(|| Name::Hidden(*reference, wanted.clone())),
        }
    }

    fn column_of(&self, relation: &Relation, wanted: &Ident) -> Found {
        match &relation.columns {
            Columns::Table(reference, table) => match self.catalog.tables.get(table) {
                Some(table) => self.column_of_table(*reference, table, wanted),
                None => Found::Perhaps,
            },
            Columns::Outputs(outputs) => {
                match outputs.columns.iter().find(|output| output.name.as_ref() == Some(wanted)) {
                    Some(output) => Found::Name(output.is.clone()),
                    // An expression without an alias has a name that the database gives it.
                    None if outputs.complete && outputs.columns.iter().all(|output| output.name.is_some()) => {
                        Found::Nothing
                    }
                    None => Found::Perhaps,
                }
            }
            Columns::Unknown => Found::Perhaps,
        }
    }

    fn column_of_table(&self, reference: RefId, table: &Table, wanted: &Ident) -> Found {
        match table.column(wanted).filter(|column| self.catalog.finds(&column.name, wanted)) {
            Some(column) => Found::Name(Name::Column(reference, column.name.clone())),
            None if table.complete && !table.columns.is_empty() => Found::Nothing,
            None => Found::Perhaps,
        }
    }

    fn labelled(&self, label: &Ident, scope: usize) -> Option<&Relation> {
        self.chain(scope)
            .find_map(|scope| scope.relations.iter().find(|relation| relation.label.as_ref() == Some(label)))
    }

    /// Finds a relation by its label: its reference if it is a base table.
    pub(super) fn find_label(&self, label: &Ident, scope: usize) -> Option<(Option<RefId>, usize)> {
        let mut at = Some(scope);
        while let Some(here) = at {
            for (number, relation) in self.scopes[here].relations.iter().enumerate() {
                if relation.label.as_ref() == Some(label) {
                    let reference = match relation.columns {
                        Columns::Table(reference, _) => Some(reference),
                        _ => None,
                    };
                    return Some((reference, number));
                }
            }
            at = self.scopes[here].parent;
        }
        None
    }

    fn chain(&self, scope: usize) -> impl Iterator<Item = &Scope> {
        std::iter::successors(Some(&self.scopes[scope]), |scope| scope.parent.map(|parent| &self.scopes[parent]))
    }

    /// Marks every block from `scope` up to, not including, `home` as naming a column of a block around it.
    fn mark_correlated(&mut self, scope: usize, home: usize) {
        let mut at = scope;
        while at != home {
            let Scope { block, parent, .. } = self.scopes[at];
            self.block(block).correlated = true;
            let Some(parent) = parent else { return };
            at = parent;
        }
    }

    fn is_system_column(&self, name: &Ident) -> bool {
        let names: &[&str] = match self.dialect {
            Dialect::Postgres => &["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"],
            Dialect::Sqlite => &["rowid", "oid", "_rowid_", "rank"],
            Dialect::Mysql => &["_rowid"],
        };
        names.iter().any(|system| name == system)
    }
}

/// SQLite's names for the number of a row.
fn is_rowid(name: &Ident) -> bool {
    ["rowid", "oid", "_rowid_"].iter().any(|known| name == known)
}

/// Words that the parser gives as names: keywords that stand for values, units of time, variables.
fn is_no_column(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "default",
        "current_date",
        "current_time",
        "current_timestamp",
        "current_user",
        "session_user",
        "localtime",
        "localtimestamp",
        "utc_date",
        "utc_time",
        "utc_timestamp",
        "sysdate",
        "user",
        "maxvalue",
        "infinity",
        "year",
        "quarter",
        "month",
        "week",
        "day",
        "hour",
        "minute",
        "second",
        "microsecond",
        "epoch",
        "dow",
        "doy",
        "new",
        "old",
        "excluded",
        "value",
        "unknown",
    ];
    word.starts_with(['@', ':', '$', '?']) || WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}
