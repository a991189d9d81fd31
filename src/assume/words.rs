//! What names say: the words of an identifier, and the lists of words that mean something.

use crate::name::Ident;

/// The words of an identifier, lower case: `createdAt`, `created_at` and `CREATED_AT` are `created`, `at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words(Vec<String>);

impl Words {
    pub(super) fn of(name: &Ident) -> Self {
        let mut words = vec![String::new()];
        let mut was_lower = false;
        for char in name.as_str().chars() {
            if !char.is_alphanumeric() || (char.is_uppercase() && was_lower) {
                words.push(String::new());
            }
            was_lower = char.is_lowercase();
            if char.is_alphanumeric() {
                words.last_mut().expect("there is a first word").extend(char.to_lowercase());
            }
        }
        words.retain(|word| !word.is_empty());
        Self(words)
    }

    /// Returns the last word.
    pub(super) fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// Returns the first word.
    pub(super) fn first(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Says whether one of the words is in a list.
    pub(super) fn any(&self, list: &[&str]) -> bool {
        self.0.iter().any(|word| list.contains(&word.as_str()))
    }

    /// Returns the words before the last, joined by `_`; none where there is one word.
    pub(super) fn head(&self) -> Option<String> {
        let (_, head) = self.0.split_last()?;
        (!head.is_empty()).then(|| head.join("_"))
    }

    /// Returns all words, joined by `_`.
    pub(super) fn joined(&self) -> String {
        self.0.join("_")
    }

    /// What a table is called that `x_id` is called after.
    pub(super) fn tables(&self) -> Option<Vec<String>> {
        let one = self.head().filter(|_| self.last() == "id")?;
        let mut many = vec![one.clone(), format!("{one}s"), format!("{one}es")];
        many.extend(one.strip_suffix('y').map(|stem| format!("{stem}ies")));
        Some(many)
    }
}

/// Says whether a table's name says that it holds a handful of settings or kinds.
pub(super) fn is_lookup_table(name: &Ident) -> bool {
    let words = Words::of(name);
    LOOKUPS.iter().any(|(one, many)| words.last() == *one || words.last() == *many)
}

const LOOKUPS: &[(&str, &str)] = &[
    ("setting", "settings"),
    ("config", "configs"),
    ("type", "types"),
    ("category", "categories"),
    ("template", "templates"),
    ("plan", "plans"),
    ("role", "roles"),
    ("permission", "permissions"),
    ("country", "countries"),
    ("currency", "currencies"),
    ("rule", "rules"),
    ("policy", "policies"),
    ("region", "regions"),
    ("definition", "definitions"),
    ("migration", "migrations"),
];

/// Says whether what is called so has a few values.
pub fn is_few_valued(name: &Ident) -> bool {
    STATUS.contains(&Words::of(name).last())
}

/// Columns of a few values.
pub(super) const STATUS: &[&str] = &[
    "status", "state", "type", "kind", "role", "category", "level", "tier", "priority", "mode", "channel", "source",
    "provider", "severity", "stage",
];

/// Columns that name an attribute, where another holds its value.
pub(super) const ATTRIBUTE: &[&str] = &["key", "name", "attribute", "property", "field"];

/// Columns of some fifty values.
pub(super) const FIFTY: &[&str] = &["country", "timezone", "tz"];

/// Columns where nearly every row has a value of its own.
pub(super) const UNIQUE: &[&str] = &[
    "email",
    "phone",
    "uuid",
    "guid",
    "token",
    "hash",
    "digest",
    "checksum",
    "slug",
    "url",
    "uri",
    "key",
    "code",
    "sku",
    "reference",
    "identifier",
    "username",
    "login",
];

/// Columns where every second row has a value of its own.
pub(super) const NAMES: &[&str] = &["name", "title"];

/// Columns that repeat among many rows.
pub(super) const PLACES: &[&str] = &["city", "zip", "zipcode", "postcode", "address", "street"];

/// Columns of long text.
pub(super) const LONG: &[&str] = &[
    "body",
    "description",
    "content",
    "contents",
    "notes",
    "note",
    "bio",
    "comment",
    "message",
    "text",
    "html",
    "summary",
];

/// Columns that say when something happened, whatever their type.
pub(super) const MOMENT: &[&str] = &["at", "date", "time", "timestamp", "datetime"];

/// Events that most rows never see.
pub(super) const RARE: &[&str] = &[
    "deleted",
    "cancelled",
    "canceled",
    "archived",
    "revoked",
    "blocked",
    "failed",
    "refunded",
    "resolved",
    "expired",
    "banned",
    "suspended",
    "locked",
    "dismissed",
    "rejected",
    "discarded",
];

/// Times that change throughout a row's life, so that rows do not lie in their order.
pub(super) const MOVING: &[&str] = &["updated", "modified", "last", "next", "expires", "expiry", "changed"];

/// Amounts of money, often kept in integers.
pub(super) const MONEY: &[&str] = &["amount", "price", "total", "cents", "balance", "cost", "fee", "subtotal"];
