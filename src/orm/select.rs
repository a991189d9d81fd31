//! A query as a query builder holds it, clause by clause, and the one way that it is written as SQL.
//!
//! Knows no framework; what a framework knows beyond this it puts into the clauses as [`Sql`].

use super::sql::Sql;
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::source::HostSpan;

/// What rows come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Relation {
    /// A table, or a common table expression by its name.
    Table(QName),
    /// The rows of a query.
    Query(Box<Sql>),
    /// The rows of a query that sees what is before it.
    Lateral(Box<Sql>),
}

/// A relation under the name that the query calls it by.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The rows.
    pub relation: Relation,
    /// Their name.
    pub alias: Ident,
    /// The host code that names it.
    pub place: HostSpan,
}

/// How a relation is joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinType {
    /// Rows without a partner are dropped.
    Inner,
    /// Rows of what is before it are kept.
    Left,
    /// Rows of both are kept.
    Full,
    /// Every row with every row.
    Cross,
}

/// A relation that is joined to those before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// How.
    pub kind: JoinType,
    /// What.
    pub source: Source,
    /// On which condition.
    pub on: Option<Sql>,
}

/// A query, clause by clause.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select {
    /// Queries under names of their own.
    pub with: Vec<(Ident, Sql)>,
    /// Whether one of those may name itself.
    pub recursive: bool,
    /// What is made different: nothing, whole rows (an empty list) or the listed.
    pub distinct: Option<Vec<Sql>>,
    /// What is selected; every column when empty.
    pub columns: Vec<Sql>,
    /// Relations side by side.
    pub from: Vec<Source>,
    /// Relations joined to the first of those.
    pub joins: Vec<Join>,
    /// Conditions that must all hold.
    pub conditions: Vec<Sql>,
    /// Keys of GROUP BY.
    pub group: Vec<Sql>,
    /// Conditions on groups.
    pub having: Vec<Sql>,
    /// Keys of ORDER BY, with their direction.
    pub order: Vec<Sql>,
    /// How many rows.
    pub limit: Option<Sql>,
    /// How many rows are left out first.
    pub offset: Option<Sql>,
    /// `FOR UPDATE`, with what follows it.
    pub lock: Option<String>,
}

/// A statement as a query builder holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// `SELECT`
    Select(Box<Select>),
    /// `UPDATE target SET … FROM … WHERE …`, the clauses of a query for the rest.
    Update {
        /// What is changed.
        target: Source,
        /// Columns and values.
        set: Vec<(Sql, Sql)>,
        /// What else it reads: its FROM, joins and conditions.
        rest: Box<Select>,
    },
    /// `DELETE FROM target USING … WHERE …`
    Delete {
        /// What is deleted from.
        target: Source,
        /// What else it reads.
        rest: Box<Select>,
    },
}

/// Writes identifiers as a dialect spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The dialect.
    pub dialect: Dialect,
    /// The call that the statement is: what no other place stands for.
    pub place: HostSpan,
}

impl Writer {
    /// Spells a table's name.
    pub fn table(&self, name: &QName) -> String {
        let own = self.dialect.quote(&name.name);
        match &name.schema {
            Some(schema) => format!("{}.{own}", self.dialect.quote(schema)),
            None => own.into_owned(),
        }
    }

    /// Spells a column of a source.
    pub fn column(&self, alias: &Ident, column: &Ident, place: HostSpan) -> Sql {
        Sql::text(format!("{}.{}", self.dialect.quote(alias), self.dialect.quote(column)), place)
    }

    /// Writes a statement.
    pub fn statement(&self, statement: &Statement) -> Sql {
        match statement {
            Statement::Select(select) => self.select(select),
            Statement::Update { target, set, rest } => {
                let pair = |(column, value): &(Sql, Sql)| column.clone().then(" = ").and(value.clone());
                let sql = self.with(rest).and(self.source(target).within("UPDATE ", "", self.place));
                let sql = sql.and(self.list(" SET ", set.iter().map(pair), ", "));
                sql.and(self.from(" FROM ", rest)).and(self.filter(" WHERE ", &rest.conditions))
            }
            Statement::Delete { target, rest } => {
                let sql = self.with(rest).and(self.source(target).within("DELETE FROM ", "", self.place));
                sql.and(self.from(" USING ", rest)).and(self.filter(" WHERE ", &rest.conditions))
            }
        }
    }

    /// Writes a query.
    pub fn select(&self, select: &Select) -> Sql {
        let word = match &select.distinct {
            None => self.word("SELECT "),
            Some(keys) if keys.is_empty() => self.word("SELECT DISTINCT "),
            Some(keys) => self.list("SELECT DISTINCT ON (", keys.iter().cloned(), ", ").and(self.word(") ")),
        };
        let columns = match select.columns.is_empty() {
            true => self.word("*"),
            false => self.list("", select.columns.iter().cloned(), ", "),
        };
        let mut sql = self.with(select).and(word).and(columns).and(self.from(" FROM ", select));
        sql = sql.and(self.filter(" WHERE ", &select.conditions));
        sql = sql.and(self.list(" GROUP BY ", select.group.iter().cloned(), ", "));
        sql = sql.and(self.filter(" HAVING ", &select.having));
        sql = sql.and(self.list(" ORDER BY ", select.order.iter().cloned(), ", "));
        sql = sql.and(self.list(" LIMIT ", select.limit.iter().cloned(), ""));
        sql = sql.and(self.list(" OFFSET ", select.offset.iter().cloned(), ""));
        match &select.lock {
            Some(lock) => sql.and(self.word(&format!(" {lock}"))),
            None => sql,
        }
    }

    fn with(&self, select: &Select) -> Sql {
        if select.with.is_empty() {
            return Sql::default();
        }
        let named = |(name, query): &(Ident, Sql)| {
            query.clone().within(&format!("{} AS (", self.dialect.quote(name)), ")", self.place)
        };
        let word = if select.recursive { "WITH RECURSIVE " } else { "WITH " };
        self.list(word, select.with.iter().map(named), ", ").and(self.word(" "))
    }

    /// The first relation, what is joined to it, and then those beside it.
    fn from(&self, word: &str, select: &Select) -> Sql {
        let mut sql = self.list(word, select.from.iter().take(1).map(|source| self.source(source)), "");
        for join in &select.joins {
            let word = match join.kind {
                JoinType::Inner if join.on.is_none() => " CROSS JOIN ",
                JoinType::Inner => " JOIN ",
                JoinType::Left => " LEFT JOIN ",
                JoinType::Full => " FULL JOIN ",
                JoinType::Cross => " CROSS JOIN ",
            };
            sql = sql.and(self.source(&join.source).within(word, "", join.source.place));
            if let Some(on) = &join.on {
                sql = sql.and(on.clone().within(" ON ", "", join.source.place));
            }
        }
        sql.and(self.list(", ", select.from.iter().skip(1).map(|source| self.source(source)), ", "))
    }

    fn source(&self, source: &Source) -> Sql {
        let alias = self.dialect.quote(&source.alias);
        match &source.relation {
            Relation::Table(table) if table.name == source.alias => Sql::text(self.table(table), source.place),
            Relation::Table(table) => Sql::text(format!("{} AS {alias}", self.table(table)), source.place),
            Relation::Query(query) => (**query).clone().within("(", &format!(") AS {alias}"), source.place),
            Relation::Lateral(query) => (**query).clone().within("LATERAL (", &format!(") AS {alias}"), source.place),
        }
    }

    fn filter(&self, word: &str, conditions: &[Sql]) -> Sql {
        self.list(word, conditions.iter().cloned(), " AND ")
    }

    fn word(&self, word: &str) -> Sql {
        Sql::text(word, self.place)
    }

    fn list(&self, word: &str, items: impl Iterator<Item = Sql>, between: &str) -> Sql {
        let joined = Sql::join(items, between, self.place);
        match joined.is_empty() || word.is_empty() {
            true => joined,
            false => joined.within(word, "", self.place),
        }
    }
}
