//! What is read: schemas that the configuration asks of the code, files in another form, and the counts of a head.

use planlint::config::{Config, DatabaseSettings};
use planlint::dialect::Dialect;
use planlint::engine::Deadline;
use planlint::outcome::RunReport;
use planlint::run::{Ask, Focus, Goal, Here, Plans, RunError, Session};
use planlint::source::TreePath;

use crate::tree::Memory;

fn run(tree: &Memory, goal: Goal<'_>, config: Config) -> Result<RunReport, RunError> {
    let ask = Ask { goal, here: Here::Within(""), scope: &[], until: Deadline(None), plans: Plans::Omitted };
    Session::new(config).analyse(tree, &ask)
}

const MODELS: &str = "
from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import declarative_base, relationship
Base = declarative_base()

class User(Base):
    __tablename__ = 'users'
    id = Column(Integer, primary_key=True)
    email = Column(String)
    posts = relationship('Post')

class Post(Base):
    __tablename__ = 'posts'
    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey('users.id'))
";

fn shop() -> Memory {
    let views = "
from models import User

def show(db, email):
    for user in db.query(User).filter(User.email == email):
        print(user.posts)
";
    Memory::default().with("shop/models.py", MODELS).with("shop/views.py", views)
}

/// Each database: its name, its dialect, where its schema is from, how many tables it has.
fn databases(report: &RunReport) -> Vec<String> {
    let said = report.run.databases.iter();
    said.map(|one| format!("{} {} {} {}", one.name, one.dialect, one.schema_source, one.tables)).collect()
}

fn configured(name: &str, schema: &[&str], paths: &[&str]) -> DatabaseSettings {
    let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    let dialect = Some(Dialect::Sqlite);
    DatabaseSettings { name: name.to_owned(), dialect, version: None, schema: owned(schema), paths: owned(paths) }
}

#[test]
fn a_head_counts_the_same_queries_as_found_and_as_planned() {
    let queries = run(&shop(), Goal::Check, Config::default()).expect("a run").coverage.queries;
    assert_eq!((queries.implied, queries.found, queries.judged, queries.planned), (1, 1, 1, 1));
}

#[test]
fn what_is_explained_is_planned_with_what_else_is_asked_of_its_tables() {
    let queries = "SELECT id FROM users WHERE email = ?;\nSELECT email FROM users WHERE email > ?;\n\
                   SELECT id FROM posts WHERE user_id = ?;\n";
    let tree = Memory::default().with("q.sql", queries).with("models.py", MODELS);
    let whole = run(&tree, Goal::Check, Config::default()).expect("a run");
    let path = TreePath::new("q.sql");
    let focus = Focus::Place { path: &path, line: 1, column: None };
    let report = run(&tree, Goal::Explain(focus), Config::default()).expect("a run");
    let counts = &report.coverage.queries;
    assert_eq!((counts.found, counts.judged, counts.planned), (3, 2, 2));
    let ddl = |report: &RunReport| -> Vec<String> {
        report.advice.iter().filter(|one| one.table == "users").map(|one| one.ddl.clone()).collect()
    };
    assert!(!ddl(&whole).is_empty());
    assert_eq!(ddl(&report), ddl(&whole), "it is the whole set's");
}

#[test]
fn configured_databases_take_what_the_code_declares() {
    let check = |tree: &Memory, databases_: Vec<DatabaseSettings>, expect: &[&str]| {
        let config = Config { databases: databases_, ..Config::default() };
        let report = run(tree, Goal::Queries, config).expect("a run");
        assert_eq!(databases(&report), expect);
        assert_eq!(report.coverage.queries.resolved, 1);
    };
    check(&shop(), vec![configured("main", &["models"], &[])], &["main sqlite sqlalchemy models 2"]);
    check(&shop(), vec![configured("main", &[], &["shop"])], &["main sqlite sqlalchemy models 2"]);
    let beside = shop().with("jobs/schema.sql", "CREATE TABLE jobs (id integer PRIMARY KEY);");
    let both = vec![configured("jobs", &["jobs/schema.sql"], &["jobs"]), configured("shop", &["models"], &["./shop/"])];
    check(&beside, both, &["jobs sqlite config 1", "shop sqlite sqlalchemy models 2"]);
    // A dump of the same tables comes first, as without a configuration.
    let dumped = shop().with(
        "schema.sql",
        "CREATE TABLE users (id integer PRIMARY KEY, email text); CREATE TABLE posts (id integer PRIMARY KEY, user_id integer);",
    );
    check(&dumped, vec![configured("main", &[], &[])], &["main sqlite dump 2"]);
    // A folder may be called so.
    let folder = Memory::default()
        .with("migrations/1_a.sql", "CREATE TABLE users (id integer PRIMARY KEY);")
        .with("q.sql", "SELECT id FROM users WHERE id = ?;");
    check(&folder, vec![configured("main", &["migrations"], &[])], &["main sqlite config 1"]);
}

#[test]
fn what_the_code_does_not_declare_is_an_error() {
    let check = |config: Config, expect: &str| match run(&shop(), Goal::Queries, config) {
        Err(RunError::Config { message, key, .. }) => assert_eq!(format!("{}: {message}", key.join(".")), expect),
        other => panic!("{:?}", other.map(|report| databases(&report))),
    };
    check(
        Config { databases: vec![configured("main", &["migrations"], &[])], ..Config::default() },
        "database.0.schema.0: no migrations were found that declare a schema",
    );
    check(
        Config { databases: vec![configured("main", &["models"], &["elsewhere"])], ..Config::default() },
        "database.0.schema.0: no models were found that declare a schema",
    );
    check(
        Config { schema: vec!["nonsense".to_owned()], ..Config::default() },
        "schema.0: the schema `nonsense` names no SQL file with a schema in it",
    );
}

#[test]
fn notebooks_that_name_a_database_are_counted() {
    let skips = |text: &str| -> Vec<String> {
        let report = run(&shop().with("notes.ipynb", text), Goal::Queries, Config::default()).expect("a run");
        report.skips.iter().map(|skip| format!("{}: {}", skip.path, skip.reason)).collect()
    };
    assert_eq!(
        skips(r#"{"cells": [{"source": ["db.query(User).filter(User.id == 1).all()"]}]}"#),
        ["notes.ipynb: notebook"]
    );
    assert_eq!(skips(r#"{"cells": [{"source": ["print(1)"]}]}"#), [""; 0]);
}

#[test]
fn what_stands_behind_sql_is_the_dialect_of_a_file() {
    let tree = Memory::default()
        .with("migrations/01_a.sql", "CREATE TABLE t (id integer PRIMARY KEY);")
        .with("migrations/02_b.sql.postgres", "ALTER TABLE t ADD COLUMN tags text[];")
        .with("migrations/02_b.sql.sqlite", "ALTER TABLE t ADD COLUMN tags text; CREATE INDEX t_tags ON t (tags);")
        .with("q.sql.sqlite", "SELECT id FROM t WHERE tags = ?;");
    let check = |dialect: Option<Dialect>, expect: &[&str], indexes: usize, found: usize| {
        let report = run(&tree, Goal::Queries, Config { dialect, ..Config::default() }).expect("a run");
        assert_eq!(databases(&report), expect);
        assert_eq!((report.run.databases[0].indexes, report.coverage.queries.resolved), (indexes, found));
    };
    check(None, &["main postgres migrations 1"], 1, 0);
    check(Some(Dialect::Sqlite), &["main sqlite migrations 1"], 2, 1);
}
