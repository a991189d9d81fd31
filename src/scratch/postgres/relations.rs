//! What a database holds by its own catalogue: tables, indexes, their columns and files.
//!
//! Read by the admin, so nothing here calls what the code base defines: names and numbers are selected, no expression
//! is evaluated and no definition of a view is printed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::session::{Row, Session, SqlError};
use crate::name::{Ident, QName};

/// The tables and indexes of a database, by number; those of the server itself are left out.
#[derive(Clone, Debug, Default)]
pub struct Relations {
    /// By number (`pg_class.oid`).
    pub by_oid: BTreeMap<u32, Relation>,
    /// The tables by name.
    named: BTreeMap<QName, u32>,
    /// What is directly below a table or an index.
    heirs: BTreeMap<u32, Vec<u32>>,
    /// The indexes of a table.
    indexes: BTreeMap<u32, Vec<u32>>,
}

/// A table or an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// Its number.
    pub oid: u32,
    /// Its name; an index lives in the schema of its table.
    pub name: QName,
    /// What it is.
    pub kind: RelationKind,
    /// The table or index that it is a partition of or inherits from.
    pub parent: Option<u32>,
    /// Its first file, relative to the folder of the server's files; what is partitioned has none.
    pub file: Option<PathBuf>,
    /// Its columns; of an index, keys first.
    pub attributes: Vec<Attribute>,
}

/// What a relation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// A table or a materialised view, with rows of its own.
    Table,
    /// A partitioned table.
    Partitioned,
    /// An index.
    Index(IndexFacts),
}

/// What the server knows of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFacts {
    /// The number of its table.
    pub table: u32,
    /// By key, then by carried column: the table's column, or none for an expression.
    pub columns: Vec<Option<Ident>>,
    /// How many of them are keys.
    pub keys: usize,
    /// The access method.
    pub method: String,
    /// Whether it refuses repetitions.
    pub unique: bool,
    /// Whether it has a condition.
    pub partial: bool,
}

/// A column of a table or an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its number in the relation, from 1; dropped columns keep theirs.
    pub number: i16,
    /// Its name.
    pub name: Ident,
    /// Its type, of a domain the type below it.
    pub base: u32,
    /// Whether that is an enum.
    pub is_enum: bool,
    /// Bytes of a value; negative where they vary.
    pub length: i16,
    /// What a value's place must be a multiple of.
    pub align: f64,
    /// Its collation, 0 without one.
    pub collation: u32,
    /// The operators that compare its values, if they can be put in order.
    pub order: Option<Order>,
}

/// The operators of a type's default order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The number of `=`.
    pub equal: u32,
    /// The number of `<`.
    pub less: u32,
}

const RELATIONS: &str = "
SELECT c.oid, n.nspname, c.relname, c.relkind, h.inhparent, pg_relation_filepath(c.oid),
       i.indrelid, i.indnkeyatts, i.indkey, i.indisunique, i.indpred IS NOT NULL, m.amname
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_am m ON m.oid = c.relam
LEFT JOIN (SELECT inhrelid, min(inhparent) AS inhparent FROM pg_inherits GROUP BY inhrelid) h ON h.inhrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I') AND c.relpersistence <> 't' AND c.oid >= 16384
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY c.oid";

// A domain has no operators of its own; enums, ranges and arrays have those of their kind.
const ATTRIBUTES: &str = "
WITH RECURSIVE base (oid, base) AS (
    SELECT oid, oid FROM pg_type WHERE typtype <> 'd'
    UNION ALL
    SELECT t.oid, b.base FROM pg_type t JOIN base b ON t.typbasetype = b.oid WHERE t.typtype = 'd'
), ordered AS (
    SELECT c.opcintype AS type, min(o.amopopr) FILTER (WHERE o.amopstrategy = 3) AS equal,
           min(o.amopopr) FILTER (WHERE o.amopstrategy = 1) AS less
    FROM pg_opclass c
    JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
    JOIN pg_amop o ON o.amopfamily = c.opcfamily AND o.amoplefttype = c.opcintype AND o.amoprighttype = c.opcintype
    WHERE c.opcdefault
    GROUP BY c.opcintype
)
SELECT a.attrelid, a.attnum, a.attname, t.oid, t.typtype = 'e', a.attlen, a.attalign, a.attcollation, o.equal, o.less
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN base b ON b.oid = a.atttypid
JOIN pg_type t ON t.oid = b.base
LEFT JOIN ordered o ON o.type = CASE
    WHEN t.typtype = 'e' THEN 'anyenum'::regtype
    WHEN t.typtype = 'r' THEN 'anyrange'::regtype
    WHEN t.typcategory = 'A' THEN 'anyarray'::regtype
    WHEN t.oid = 'varchar'::regtype THEN 'text'::regtype
    ELSE t.oid END
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm', 'i', 'I') AND c.oid >= 16384
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY a.attrelid, a.attnum";

impl Relations {
    /// Reads them.
    ///
    /// # Errors
    /// The server's words.
    pub fn read(admin: &mut Session) -> Result<Self, SqlError> {
        let mut answers = admin.pipeline(&[RELATIONS, ATTRIBUTES]).into_iter();
        let mut next = || answers.next().expect("an answer for every statement");
        let (relations, attributes) = (next()?, next()?);
        let mut read = Self::default();
        let mut keys = Vec::new();
        for row in &relations {
            let Some((relation, key)) = relation(row) else { continue };
            keys.push((relation.oid, key));
            read.by_oid.insert(relation.oid, relation);
        }
        for row in &attributes {
            if let (Some(oid), Some(attribute)) = (number(row, 0), attribute(row))
                && let Some(relation) = read.by_oid.get_mut(&oid)
            {
                relation.attributes.push(attribute);
            }
        }
        for (oid, key) in keys {
            read.name_columns(oid, &key);
        }
        read.note_ties();
        Ok(read)
    }

    /// Notes what belongs to what.
    fn note_ties(&mut self) {
        for relation in self.by_oid.values() {
            if let Some(parent) = relation.parent {
                self.heirs.entry(parent).or_default().push(relation.oid);
            }
            match &relation.kind {
                RelationKind::Index(facts) => self.indexes.entry(facts.table).or_default().push(relation.oid),
                RelationKind::Table | RelationKind::Partitioned => {
                    self.named.insert(relation.name.clone(), relation.oid);
                }
            }
        }
    }

    /// Names the columns that an index is over, by their numbers in its table.
    fn name_columns(&mut self, oid: u32, numbers: &[i16]) {
        let Some(RelationKind::Index(facts)) = self.by_oid.get(&oid).map(|relation| &relation.kind) else { return };
        let table = self.by_oid.get(&facts.table);
        let column = |number: &i16| {
            let found = table?.attributes.iter().find(|attribute| attribute.number == *number)?;
            Some(found.name.clone())
        };
        let columns = numbers.iter().map(column).collect();
        if let Some(RelationKind::Index(facts)) = self.by_oid.get_mut(&oid).map(|relation| &mut relation.kind) {
            facts.columns = columns;
        }
    }

    /// The same in a copy of the database, whose files are in a folder of its number.
    pub(super) fn within(&self, database: u32) -> Self {
        let mut copied = self.clone();
        for file in copied.by_oid.values_mut().filter_map(|relation| relation.file.as_mut()) {
            if let (Some(above), Some(name)) = (file.parent().and_then(Path::parent), file.file_name()) {
                *file = above.join(database.to_string()).join(name);
            }
        }
        copied
    }

    /// Finds a table by name.
    pub fn table(&self, name: &QName) -> Option<&Relation> {
        self.by_oid.get(self.named.get(name)?)
    }

    /// Returns the tables, partitioned ones and partitions too.
    pub fn tables(&self) -> impl Iterator<Item = &Relation> {
        self.by_oid.values().filter(|relation| !matches!(relation.kind, RelationKind::Index(_)))
    }

    /// Returns the indexes.
    pub fn indexes(&self) -> impl Iterator<Item = (&Relation, &IndexFacts)> {
        self.by_oid.values().filter_map(as_index)
    }

    /// Returns the indexes of a table.
    pub fn indexes_of(&self, table: u32) -> impl Iterator<Item = (&Relation, &IndexFacts)> {
        let of_table = self.indexes.get(&table).into_iter().flatten();
        of_table.filter_map(|oid| self.by_oid.get(oid)).filter_map(as_index)
    }

    /// Returns what is directly below a table or an index.
    pub fn heirs(&self, oid: u32) -> &[u32] {
        self.heirs.get(&oid).map_or(&[], Vec::as_slice)
    }
}

fn as_index(relation: &Relation) -> Option<(&Relation, &IndexFacts)> {
    match &relation.kind {
        RelationKind::Index(facts) => Some((relation, facts)),
        RelationKind::Table | RelationKind::Partitioned => None,
    }
}

fn relation(row: &Row) -> Option<(Relation, Vec<i16>)> {
    let kind = match text(row, 3)? {
        "p" => RelationKind::Partitioned,
        "i" | "I" => RelationKind::Index(IndexFacts {
            table: number(row, 6)?,
            columns: Vec::new(),
            keys: number(row, 7)?,
            method: text(row, 11)?.to_owned(),
            unique: text(row, 9)? == "t",
            partial: text(row, 10)? == "t",
        }),
        _ => RelationKind::Table,
    };
    let relation = Relation {
        oid: number(row, 0)?,
        name: QName::qualified(text(row, 1)?, text(row, 2)?),
        kind,
        parent: number(row, 4),
        file: text(row, 5).map(PathBuf::from),
        attributes: Vec::new(),
    };
    let key = text(row, 8).unwrap_or_default().split(' ').filter_map(|number| number.parse().ok()).collect();
    Some((relation, key))
}

fn attribute(row: &Row) -> Option<Attribute> {
    let order = number(row, 8).zip(number(row, 9)).map(|(equal, less)| Order { equal, less });
    let align = match text(row, 6)? {
        "c" => 1.0,
        "s" => 2.0,
        "i" => 4.0,
        _ => 8.0,
    };
    Some(Attribute {
        number: number(row, 1)?,
        name: text(row, 2)?.into(),
        base: number(row, 3)?,
        is_enum: text(row, 4)? == "t",
        length: number(row, 5)?,
        align,
        collation: number(row, 7)?,
        order,
    })
}

fn text(row: &Row, at: usize) -> Option<&str> {
    row.get(at)?.as_deref()
}

fn number<T: std::str::FromStr>(row: &Row, at: usize) -> Option<T> {
    text(row, at)?.parse().ok()
}
