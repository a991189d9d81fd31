//! Why an index is of no use to an access, or does not stand in for another index; with the words for a person.

use crate::catalog::{IndexDef, IndexKey, Method};

/// Why an index does not serve, or does not stand in for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhyNot {
    /// The access does not compare the leading key.
    LeadingKey,
    /// The access compares an expression over the leading key, or the bare column under a leading expression.
    Expression,
    /// The leading key's operator class does not answer the comparison.
    OperatorClass,
    /// The leading key is kept in another collation than the comparison's.
    Collation,
    /// The collation keeps a prefix LIKE from seeking.
    PrefixCollation,
    /// A hash index answers equality on all its keys only.
    HashNeedsEquality,
    /// The access method answers other operators only.
    Method,
    /// The access may want rows that the partial index leaves out.
    Predicate,
    /// It is the same index, or has no key more.
    Same,
    /// The other index does not lead with the same keys.
    Keys,
    /// The keys run in other directions.
    Direction,
    /// The index refuses repetitions, which the other does not.
    Unique,
    /// The index carries columns along that the other has not.
    Include,
}

impl WhyNot {
    /// Says it in words; `index` is the one that was judged (for `subsumes` the wider one).
    pub fn explain(self, index: &IndexDef) -> String {
        let lead = index.keys.first().map(|key| key.expr.to_string()).unwrap_or_default();
        match self {
            Self::LeadingKey => format!("its leading key `{lead}` is not compared"),
            Self::Expression => format!("the comparison is not on its leading key `{lead}` itself"),
            Self::OperatorClass => {
                let opclass = index.keys.first().and_then(|key| key.opclass.as_deref()).unwrap_or("default");
                format!("`{lead}` is indexed with the operator class `{opclass}`, which does not answer the comparison")
            }
            Self::Collation => {
                let kept = index.keys.first().and_then(collation).unwrap_or("another collation");
                format!("`{lead}` is indexed under `{kept}`, not under the comparison's collation")
            }
            Self::PrefixCollation => format!("the collation of `{lead}` keeps a prefix LIKE from seeking"),
            Self::HashNeedsEquality => "a hash index answers equality on all its keys only".to_owned(),
            Self::Method => match &index.method {
                Method::Other(method) => format!("its method `{method}` answers other operators only"),
                Method::Btree | Method::Hash => "its method answers other operators only".to_owned(),
            },
            Self::Predicate => match &index.predicate {
                Some(predicate) => format!("it holds only rows where `{predicate}`, and others may be wanted"),
                None => "only one of the two is partial".to_owned(),
            },
            Self::Same => "it has no more keys".to_owned(),
            Self::Keys => "it does not lead with the same keys".to_owned(),
            Self::Direction => "its keys run in other directions".to_owned(),
            Self::Unique => "the narrower index refuses repetitions".to_owned(),
            Self::Include => "it does not hold every included column".to_owned(),
        }
    }
}

fn collation(key: &IndexKey) -> Option<&str> {
    key.collation.as_deref()
}
