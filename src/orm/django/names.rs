//! The names that Django makes up: of tables, columns, indexes and constraints.

use md5::{Digest as _, Md5};

/// The length that PostgreSQL cuts names to.
pub(super) const MAX_NAME: usize = 63;

/// A table's name where the model says none.
pub(super) fn table(app: &str, model: &str) -> String {
    let model = model.to_lowercase();
    let name = if app.is_empty() { model } else { format!("{app}_{model}") };
    truncate(&name, MAX_NAME)
}

/// A name that is short enough: its end is four hexadecimal digits of the hash of the whole where it was not.
pub(super) fn truncate(name: &str, length: usize) -> String {
    if name.len() <= length {
        return name.to_owned();
    }
    let end = name.floor_char_boundary(length - 4);
    format!("{}{}", &name[..end], hash(&[name], 4))
}

/// The first hexadecimal digits of the MD5 of several texts, one after the other.
fn hash(texts: &[&str], digits: usize) -> String {
    let mut hasher = Md5::new();
    texts.iter().for_each(|text| hasher.update(text.as_bytes()));
    let hexadecimal: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    hexadecimal[..digits].to_owned()
}
