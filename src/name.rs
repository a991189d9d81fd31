//! Identifiers as databases compare them: one column, table or index name, and the qualified form.
//!
//! Knows nothing of SQL text: folding by dialect happens where text is parsed (`sql::parse`),
//! quoting where it is printed ([`crate::dialect`]).

mod nearest;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use nearest::{is_slip, nearest};

/// An identifier, printed as declared and compared without regard to ASCII case.
///
/// SQLite and MySQL compare column names so. PostgreSQL folds unquoted names to lower case first and then
/// compares exactly. Nobody relies on one table with both `"A"` and `a`, so one comparison finds what a name
/// can mean; whether PostgreSQL takes it for that is asked of `Catalog::finds`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ident(Arc<str>);

impl Ident {
    /// Wraps a name that is already folded as its dialect folds it.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(Arc::from(name.as_ref()))
    }

    /// Returns the name as declared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Ident {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Ident {}

impl PartialEq<str> for Ident {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl PartialEq<&str> for Ident {
    fn eq(&self, other: &&str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl Hash for Ident {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // A hasher takes many bytes at once sooner than one at a time.
        for part in self.0.as_bytes().chunks(32) {
            let mut folded = [0; 32];
            let folded = &mut folded[..part.len()];
            folded.copy_from_slice(part);
            folded.make_ascii_lowercase();
            state.write(folded);
        }
        state.write_u8(0xff);
    }
}

impl Ord for Ident {
    fn cmp(&self, other: &Self) -> Ordering {
        // Names of one schema begin alike: bytes are folded only where they differ.
        let (mine, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        let differing = mine.iter().zip(theirs).filter(|(one, other)| one != other);
        differing
            .map(|(one, other)| one.to_ascii_lowercase().cmp(&other.to_ascii_lowercase()))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| mine.len().cmp(&theirs.len()))
    }
}

impl PartialOrd for Ident {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl From<&str> for Ident {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Ident {
    fn from(name: String) -> Self {
        Self(Arc::from(name))
    }
}

impl From<&Ident> for Arc<str> {
    fn from(name: &Ident) -> Self {
        Self::clone(&name.0)
    }
}

/// A possibly schema-qualified name of a table, view, index or type.
///
/// The dialect's default schema (`public`, `main`) is dropped on construction by whoever parses, so `users`
/// and `public.users` are one name.
///
/// Ordered by the object's own name first, so that what is called alike in several schemas stands together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QName {
    /// The object's own name.
    pub name: Ident,
    /// The schema, unless it is the default one.
    pub schema: Option<Ident>,
}

impl QName {
    /// Names an object of the default schema.
    pub fn plain(name: impl Into<Ident>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// Reads `name` or `schema.name`, as configurations and reports write it.
    pub fn read(text: &str) -> Self {
        match text.split_once('.') {
            Some((schema, name)) => Self::qualified(schema, name),
            None => Self::plain(text),
        }
    }

    /// Names an object of `schema`; the default schemas of the dialects we read count as none.
    pub fn qualified(schema: impl Into<Ident>, name: impl Into<Ident>) -> Self {
        let schema = schema.into();
        let default = ["public", "main", "dbo"].iter().any(|known| schema == *known);
        Self { schema: (!default).then_some(schema), name: name.into() }
    }
}

/// The name as reports print it; shared, not copied, where it has no schema.
impl From<&QName> for Arc<str> {
    fn from(name: &QName) -> Self {
        match name.schema {
            Some(_) => Self::from(name.to_string()),
            None => Self::from(&name.name),
        }
    }
}

impl fmt::Display for QName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        write!(f, "{}", self.name)
    }
}

// A map key in JSON must be a string, so a name serialises as `schema.name`.
impl Serialize for QName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for QName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_equality_agree_whatever_the_case() {
        let names = ["", "a", "A", "ab", "aB", "b", "B_", "b_", "Ä", "ä", "a_b", "AB"].map(Ident::new);
        for one in &names {
            for other in &names {
                assert_eq!(one == other, one.cmp(other).is_eq(), "{one:?} {other:?}");
                let folded = one.as_str().to_ascii_lowercase().cmp(&other.as_str().to_ascii_lowercase());
                assert_eq!(one.cmp(other), folded, "{one:?} {other:?}");
            }
        }
    }
}
