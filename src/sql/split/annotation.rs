//! Comments that tools give a meaning to: the names of queries, the up and down parts of migrations.

use std::ops::Range;

use crate::query::Takes;
use crate::sql::summary::MarkerTool;

/// A comment with a meaning; it ends the statement before it, with or without a `;`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The comment.
    pub bytes: Range<u32>,
    /// Its meaning.
    pub kind: AnnotationKind,
}

/// What an annotation means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnnotationKind {
    /// `-- name: get-user`: the name of the statement that follows.
    Name(Naming),
    /// `-- +goose Up`: what follows applies the migration; no tool where several write it so.
    Up(Option<MarkerTool>),
    /// `-- +goose Down`: what follows takes it back.
    Down(Option<MarkerTool>),
    /// `-- +goose StatementEnd`: only an end.
    End,
}

/// The name of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The name, without aiosql's operator.
    pub name: String,
    /// The family of tools that writes it so: `sqlc`, `aiosql`, `yesql`, `hugsql`.
    pub tool: &'static str,
    /// How many rows of its answer are taken.
    pub takes: Takes,
}

/// The line between the two parts of tern's migrations, read as a comment; what stands above it has no mark.
const TERN: &str = "-- create above / drop below ----";

/// Reads the text of a comment, without its delimiters.
pub(super) fn read(comment: &str) -> Option<AnnotationKind> {
    if comment.trim_end() == TERN {
        return Some(AnnotationKind::Down(Some(MarkerTool::Tern)));
    }
    let text = comment.trim_start_matches('-').trim();
    if let Some(rest) = after(text, "name:").or_else(|| after(text, ":name ")) {
        return name(rest, text.starts_with(':'));
    }
    for (prefix, tool) in
        [("+goose", MarkerTool::Goose), ("+migrate", MarkerTool::SqlMigrate), ("migrate:", MarkerTool::Dbmate)]
    {
        if let Some(rest) = after(text, prefix) {
            return direction(rest.split_whitespace().next()?, Some(tool));
        }
    }
    whole_direction(text)
}

/// The marks of smaller tools, each a comment of nothing else: node-pg-migrate, Play, MyBatis, micrate, and by hand.
///
/// A way back that is taken for the way forth drops the schema, so these are worth knowing.
fn whole_direction(text: &str) -> Option<AnnotationKind> {
    const LONGEST: usize = 20;
    if text.len() > LONGEST {
        return None;
    }
    let plain = text.trim_matches(|char: char| !char.is_ascii_alphanumeric()).to_ascii_lowercase();
    match plain.as_str() {
        "up" | "ups" | "up migration" | "migrate up" | "micrate up" => Some(AnnotationKind::Up(None)),
        "down" | "downs" | "down migration" | "migrate down" | "micrate down" | "undo" | "rollback" => {
            Some(AnnotationKind::Down(None))
        }
        _ => None,
    }
}

fn after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| text[prefix.len()..].trim_start())
}

fn name(rest: &str, hugsql: bool) -> Option<AnnotationKind> {
    if rest.contains("; Type: ") {
        // What pg_dump writes over each object.
        return None;
    }
    let mut words = rest.split_whitespace();
    let word = words.next()?;
    // aiosql's operators: `^` one row, `$` one value, `!` no rows, `<!` returning, `*!` many, `#` script.
    let name = word.trim_end_matches(['^', '$', '!', '<', '*', '#']);
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte)) {
        return None;
    }
    let command = words.next();
    let tool = match command {
        _ if hugsql => "hugsql",
        Some(command) if command.starts_with(':') => "sqlc",
        _ if name.len() < word.len() => "aiosql",
        _ => "yesql",
    };
    // sqlc `:one`, hugsql `:? :1` and `:one`, pugsql `:scalar`, aiosql `^` and `$`.
    let one = |command: &str| [":one", ":1", ":scalar", ":batchone"].contains(&command);
    let takes = match word[name.len()..].ends_with(['^', '$']) || command.into_iter().chain(words).any(one) {
        true => Takes::One,
        false => Takes::All,
    };
    Some(AnnotationKind::Name(Naming { name: name.to_owned(), tool, takes }))
}

fn direction(word: &str, tool: Option<MarkerTool>) -> Option<AnnotationKind> {
    match word.to_ascii_lowercase().as_str() {
        "up" => Some(AnnotationKind::Up(tool)),
        "down" => Some(AnnotationKind::Down(tool)),
        "statementbegin" | "statementend" => Some(AnnotationKind::End),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_with_a_meaning_are_told_from_talk() {
        let taking = |name: &str, tool: &'static str, takes: Takes| {
            Some(AnnotationKind::Name(Naming { name: name.to_owned(), tool, takes }))
        };
        let named = |name: &str, tool: &'static str| taking(name, tool, Takes::All);
        let check = |comment: &str, kind: Option<AnnotationKind>| assert_eq!(read(comment), kind, "{comment}");
        check(" name: GetUser :one", taking("GetUser", "sqlc", Takes::One));
        check(" name: ListUsers :many", named("ListUsers", "sqlc"));
        check("name: get-user", named("get-user", "yesql"));
        check(" name: get_user^", taking("get_user", "aiosql", Takes::One));
        check(" name: publish<!", named("publish", "aiosql"));
        check(" :name all-users :? :*", named("all-users", "hugsql"));
        check(" :name user-by-id :? :1", taking("user-by-id", "hugsql", Takes::One));
        check(" name: (of the customer)", None);
        check(" Name: orders; Type: TABLE; Schema: public; Owner: -", None);
        check(" Name: orders orders_pkey; Type: CONSTRAINT; Schema: public; Owner: -", None);
        check(" the name: x", None);
        check(" +goose Up", Some(AnnotationKind::Up(Some(MarkerTool::Goose))));
        check(" +goose StatementBegin", Some(AnnotationKind::End));
        check(" +goose NO TRANSACTION", None);
        check(" +migrate Down", Some(AnnotationKind::Down(Some(MarkerTool::SqlMigrate))));
        check(" migrate:down transaction:false", Some(AnnotationKind::Down(Some(MarkerTool::Dbmate))));
        check(" migrate: later", None);
        check("-- create above / drop below ----", Some(AnnotationKind::Down(Some(MarkerTool::Tern))));
        check(" create above / drop below", None);
        check(" Up Migration", Some(AnnotationKind::Up(None)));
        check("- !Downs", Some(AnnotationKind::Down(None)));
        check(" //@UNDO", Some(AnnotationKind::Down(None)));
        check(" down", Some(AnnotationKind::Down(None)));
        check(" down to the ground", None);
    }
}
