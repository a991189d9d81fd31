//! The names that Django makes up: of tables, indexes and constraints.
//!
//! The schema keeps them, so migrations that drop an index by name only find it where they are told exactly
//! (`django/db/backends/base/schema.py`, `_create_index_name`; `django/db/models/indexes.py`, `set_name_with_model`;
//! `django/db/backends/utils.py`, `names_digest` and `truncate_name`).

use md5::{Digest as _, Md5};

use crate::name::Ident;

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
    format!("{}{}", head(name, length - 4), hash(&[name], 4))
}

/// The name of an index or a constraint of columns; `suffix` says which kind: ``, `_like`, `_uniq`, `_idx`, `_fk_…`.
pub(super) fn of_columns(table: &Ident, columns: &[Ident], suffix: &str, max: usize) -> String {
    let table = table.as_str();
    let texts: Vec<&str> = std::iter::once(table).chain(columns.iter().map(Ident::as_str)).collect();
    let mut end = format!("{}{suffix}", hash(&texts, 8));
    let joined = texts[1..].join("_");
    let whole = format!("{table}_{joined}_{end}");
    if whole.len() <= max {
        return whole;
    }
    if end.len() > max / 3 {
        end = head(&end, max / 3).to_owned();
    }
    let rest = (max - end.len()) / 2 - 1;
    let name = format!("{}_{}_{end}", head(table, rest), head(&joined, rest));
    led_by_letter(name)
}

/// The name of an index of `Meta.indexes` that is given none; columns that go down have a `-` before them.
pub(super) fn of_index(table: &Ident, columns: &[(Ident, bool)], suffix: &str) -> String {
    let ordered: Vec<String> =
        columns.iter().map(|(column, desc)| format!("{}{column}", if *desc { "-" } else { "" })).collect();
    let texts: Vec<&str> =
        std::iter::once(table.as_str()).chain(ordered.iter().map(String::as_str)).chain([suffix]).collect();
    let first = columns.first().map_or("", |(column, _)| column.as_str());
    let name = format!("{}_{}_{}_{suffix}", head(table.as_str(), 11), head(first, 7), hash(&texts, 6));
    match name.starts_with(|char: char| char == '_' || char.is_ascii_digit()) {
        true => format!("D{}", &name[1..]),
        false => name,
    }
}

fn led_by_letter(name: String) -> String {
    match name.starts_with(|char: char| char == '_' || char.is_ascii_digit()) {
        true => format!("D{}", head(&name, name.len() - 1)),
        false => name,
    }
}

fn head(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}

/// The first hexadecimal digits of the MD5 of several texts, one after the other.
fn hash(texts: &[&str], digits: usize) -> String {
    let mut hasher = Md5::new();
    texts.iter().for_each(|text| hasher.update(text.as_bytes()));
    let hexadecimal: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    hexadecimal[..digits].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names out of databases that Django itself has made.
    #[test]
    fn names_are_those_of_real_databases() {
        let ident = |name: &str| Ident::from(name);
        let columns = |names: &[&str]| names.iter().map(|name| Ident::from(*name)).collect::<Vec<_>>();
        let of = |table: &str, names: &[&str], suffix: &str| of_columns(&ident(table), &columns(names), suffix, 63);
        assert_eq!(of("auth_user", &["username"], "_like"), "auth_user_username_6821ab7c_like");
        assert_eq!(of("django_session", &["expire_date"], ""), "django_session_expire_date_a5c62663");
        assert_eq!(of("django_session", &["session_key"], "_like"), "django_session_session_key_c0390e0f_like");
        assert_eq!(
            of("auth_permission", &["content_type_id", "codename"], "_uniq"),
            "auth_permission_content_type_id_codename_01ab375a_uniq"
        );
        assert_eq!(
            of("django_content_type", &["app_label", "model"], "_uniq"),
            "django_content_type_app_label_model_76bd3d3b_uniq"
        );
        assert_eq!(
            of("auth_group_permissions", &["permission_id"], "_fk_auth_permission_id"),
            "auth_group_permissio_permission_id_84c5c92e_fk_auth_perm"
        );
        assert_eq!(
            of("auth_user_user_permissions", &["user_id", "permission_id"], "_uniq"),
            "auth_user_user_permissions_user_id_permission_id_14a6b632_uniq"
        );
    }

    /// Names that `makemigrations` has written for NetBox.
    #[test]
    fn indexes_without_a_name_get_one() {
        let of = |table: &str, columns: &[&str]| {
            let columns: Vec<(Ident, bool)> = columns.iter().map(|column| (Ident::from(*column), false)).collect();
            of_index(&Ident::from(table), &columns, "idx")
        };
        let journal = of("extras_journalentry", &["assigned_object_type_id", "assigned_object_id"]);
        assert_eq!(journal, "extras_jour_assigne_76510f_idx");
        let addresses = of("ipam_ipaddress", &["assigned_object_type_id", "assigned_object_id"]);
        assert_eq!(addresses, "ipam_ipaddr_assigne_890ab8_idx");
    }

    #[test]
    fn a_long_table_name_ends_in_its_hash() {
        let name = truncate(&"a".repeat(70), 63);
        assert_eq!((name.len(), &name[..59]), (63, &*"a".repeat(59)));
        assert_eq!(truncate("short", 63), "short");
    }
}
