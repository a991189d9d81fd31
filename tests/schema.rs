//! Small code bases in the layout of each migration tool: which files become the schema, in which order, and what
//! catalogue they lead to. Every printed catalogue also replays to itself.

use std::path::Path;

use planlint::catalog::{Catalog, replay};
use planlint::config::Config;
use planlint::dialect::Dialect;
use planlint::query::Skip;
use planlint::schema::ddl;
use planlint::schema::layout::{self, SchemaRoot};
use planlint::source::{FileId, HostSpan, TreePath};
use planlint::sql::print;
use planlint::sql::split::split;
use planlint::sqlfile::{self, Part, SqlFileFacts, StatementClass};
use planlint::tree::{Content, Tree};
use planlint::walk::{Disk, classify};

/// Reads every SQL file of a folder.
fn facts(folder: &str, config: &Config) -> Vec<(TreePath, SqlFileFacts)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/schemas/layouts").join(folder);
    let disk = Disk::new(root, config).expect("the configuration is empty");
    let files = disk.list().expect("the folder is there").into_iter().filter(|file| sqlfile::reads(&file.path));
    let read = |(number, path): (usize, TreePath)| match disk.read(&path) {
        Ok(Content::Text(text)) => (path.clone(), sqlfile::facts(FileId(number as u32), &path, &text)),
        other => panic!("cannot read `{path}`: {other:?}"),
    };
    files.map(|file| file.path).enumerate().map(read).collect()
}

fn catalog(files: &[(TreePath, SqlFileFacts)], root: &SchemaRoot) -> (Catalog, Vec<Skip>) {
    let votes = root.files.iter().find_map(|file| files[*file].1.votes.winner());
    let dialect = root.dialect.or(votes).unwrap_or(Dialect::Postgres);
    let (mut steps, mut skips) = (Vec::new(), Vec::new());
    let statements = root.files.iter().flat_map(|file| &files[*file].1.statements);
    for statement in statements.filter(|each| each.class == StatementClass::Schema && each.part != Part::Down) {
        let (some, skipped) = ddl::steps(&statement.text, statement.place, dialect);
        steps.extend(some);
        skips.extend(skipped);
    }
    let (catalog, skipped) = replay(dialect, &steps);
    skips.extend(skipped);
    (catalog, skips)
}

/// The databases of a folder, as text.
fn schema(folder: &str) -> String {
    let config = Config::default();
    let files = facts(folder, &config);
    let summaries: Vec<_> = files
        .iter()
        .map(|(path, facts)| {
            (path.clone(), facts.summary(classify(path, &config).expect("no patterns are configured")))
        })
        .collect();
    let mut text = String::new();
    for root in layout::plan(&summaries, &config, &[]) {
        text.push_str(&format!("-- {} in `{}` from {}\n", root.name, root.folder, root.source));
        root.files.iter().for_each(|file| text.push_str(&format!("--   {}\n", files[*file].0)));
        for other in &root.others {
            text.push_str(&format!("-- not {}\n", other.kind));
        }
        let (catalog, skips) = catalog(&files, &root);
        let printed = print::catalog(&catalog);
        assert_eq!(print::catalog(&replayed(&printed, catalog.dialect)), printed, "{folder}");
        text.push_str(&printed);
        skips.iter().for_each(|skip| text.push_str(&format!("-- skip {}: {}\n", skip.reason, skip.detail)));
    }
    text
}

fn replayed(sql: &str, dialect: Dialect) -> Catalog {
    let statements = split(sql).statements.into_iter();
    let steps = statements.flat_map(|statement| {
        let text = &sql[statement.bytes.start as usize..statement.bytes.end as usize];
        ddl::steps(text, HostSpan::new(FileId(0), statement.bytes), dialect).0
    });
    replay(dialect, &steps.collect::<Vec<_>>()).0
}

#[test]
fn sqlx() {
    insta::assert_snapshot!(schema("sqlx"));
}

#[test]
fn diesel() {
    insta::assert_snapshot!(schema("diesel"));
}

#[test]
fn golang_migrate() {
    insta::assert_snapshot!(schema("golang-migrate"));
}

#[test]
fn goose() {
    insta::assert_snapshot!(schema("goose"));
}

#[test]
fn dbmate() {
    insta::assert_snapshot!(schema("dbmate"));
}

#[test]
fn flyway() {
    insta::assert_snapshot!(schema("flyway"));
}

#[test]
fn prisma() {
    insta::assert_snapshot!(schema("prisma"));
}

#[test]
fn rails() {
    insta::assert_snapshot!(schema("rails"));
}

#[test]
fn services() {
    insta::assert_snapshot!(schema("services"));
}
