//! Trees of paths in, databases out.

use super::*;
use crate::query::PathClass;
use crate::sql::summary::{DumpTool, MarkerTool};

/// Marks behind a path: `+3` tables created, `~2` alterations, `q` queries, `n` named, `data`, `goose`, `dbmate`,
/// `tern`, `pg_dump`, and a path class.
fn file(line: &str) -> (TreePath, FileSummary) {
    let mut words = line.split_whitespace();
    let path = TreePath::new(words.next().expect("a path"));
    let mut summary = FileSummary::empty(PathClass::App);
    for word in words {
        match word {
            "q" => summary.queries = 1,
            "n" => summary.named = 1,
            "data" => summary.data = 1,
            "goose" => summary.markers = Some(MarkerTool::Goose),
            "dbmate" => summary.markers = Some(MarkerTool::Dbmate),
            "tern" => summary.markers = Some(MarkerTool::Tern),
            "pg_dump" => summary.dump = Some(DumpTool::PgDump),
            "test" => summary.class = PathClass::Test,
            "script" => summary.class = PathClass::Script,
            "seed" => summary.class = PathClass::Seed,
            _ if word.starts_with('+') => summary.creates = word[1..].parse().expect("a number"),
            _ if word.starts_with('~') => summary.alters = word[1..].parse().expect("a number"),
            other => panic!("unknown mark {other}"),
        }
    }
    (path, summary)
}

fn decide(tree: &str, config: &Config) -> String {
    let mut files: Vec<_> = tree.lines().map(str::trim).filter(|line| !line.is_empty()).map(file).collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let name = |index: &usize| files[*index].0.as_str().to_owned();
    let mut text = String::new();
    let roots = plan(&files, config, &[]);
    for root in &roots {
        text.push_str(&format!("{} in `{}`: {}", root.name, root.folder, root.source));
        if let Some(dialect) = root.dialect {
            text.push_str(&format!(" ({dialect})"));
        }
        text.push('\n');
        root.files.iter().for_each(|index| text.push_str(&format!("  {}\n", name(index))));
        for other in &root.others {
            let first = other.files.first().map(name).unwrap_or_default();
            text.push_str(&format!("  not: {} ({} files, {first})\n", other.kind, other.files.len()));
        }
    }
    for other in foreign(&files, &roots) {
        text.push_str(&format!("foreign: {} in `{}`\n", other.kind, other.folder));
    }
    text
}

fn check(tree: &str, expect: &str) {
    let trim = |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    assert_eq!(trim(&decide(tree, &Config::default())), trim(expect), "{tree}");
}

#[test]
fn versions_compare_as_numbers() {
    check(
        "migrations/10_c.sql ~1
         migrations/9_b.sql ~1
         migrations/1_a.sql +2
         migrations/20230101_d.sql ~1",
        "main in ``: migrations
         migrations/1_a.sql
         migrations/9_b.sql
         migrations/10_c.sql
         migrations/20230101_d.sql",
    );
}

#[test]
fn only_the_way_up_counts() {
    check(
        "db/migrate/000002_b.up.sql ~1
         db/migrate/000002_b.down.sql ~1
         db/migrate/000001_a.up.sql +1
         db/migrate/000001_a.down.sql ~1",
        "main in ``: up/down migrations
         db/migrate/000001_a.up.sql
         db/migrate/000002_b.up.sql",
    );
}

#[test]
fn one_file_with_a_mark_tells_the_tool_of_all() {
    check(
        "db/010_irreversible.sql ~1
         db/002_b.sql ~1 tern
         db/001_a.sql +2 tern",
        "main in ``: tern migrations
         db/001_a.sql
         db/002_b.sql
         db/010_irreversible.sql",
    );
}

#[test]
fn folders_of_steps() {
    check(
        "migrations/2023-02-01-000000_b/up.sql ~1
         migrations/2023-02-01-000000_b/down.sql ~1
         migrations/00000000000000_diesel_initial_setup/up.sql ~1
         migrations/2022-02-01-000000_a/up.sql +1",
        "main in ``: diesel migrations
         migrations/00000000000000_diesel_initial_setup/up.sql
         migrations/2022-02-01-000000_a/up.sql
         migrations/2023-02-01-000000_b/up.sql",
    );
    check(
        "prisma/migrations/20230101000000_b/migration.sql ~1
         prisma/migrations/0_init/migration.sql +4",
        "main in ``: prisma migrations
         prisma/migrations/0_init/migration.sql
         prisma/migrations/20230101000000_b/migration.sql",
    );
}

#[test]
fn flyway_orders_by_part_and_ends_with_the_repeatable() {
    check(
        "src/main/resources/db/migration/V1_10__c.sql ~1
         src/main/resources/db/migration/V1_2__b.sql ~1
         src/main/resources/db/migration/V1__a.sql +1
         src/main/resources/db/migration/U1_2__b.sql ~1
         src/main/resources/db/migration/R__views.sql ~1",
        "main in ``: flyway migrations
         src/main/resources/db/migration/V1__a.sql
         src/main/resources/db/migration/V1_2__b.sql
         src/main/resources/db/migration/V1_10__c.sql
         src/main/resources/db/migration/R__views.sql",
    );
    check(
        "db/migration/V1__a.sql +1
         db/migration/B2__all.sql +2
         db/migration/V2__b.sql +1
         db/migration/V2.1__c.sql ~1",
        "main in ``: flyway migrations
         db/migration/B2__all.sql
         db/migration/V2.1__c.sql",
    );
}

#[test]
fn a_dump_wins_over_the_migrations_of_the_same_application() {
    check(
        "db/schema.sql +9 pg_dump
         db/migrations/20230101_a.sql +3 dbmate
         db/migrations/20230102_b.sql +6 dbmate",
        "main in ``: dump
         db/schema.sql
         not: dbmate migrations (2 files, db/migrations/20230101_a.sql)",
    );
    check(
        "schema.sql +3
         internal/store/migrations/1_a.sql +3 goose
         queries/users.sql q n",
        "main in ``: dump
         schema.sql
         not: goose migrations (1 files, internal/store/migrations/1_a.sql)",
    );
}

#[test]
fn a_dump_that_holds_next_to_nothing_is_none() {
    check(
        "schema.sql +1
         migrations/1_a.sql +8",
        "main in ``: migrations
         migrations/1_a.sql
         not: dump (1 files, schema.sql)",
    );
}

#[test]
fn services_have_databases_of_their_own() {
    check(
        "services/a/migrations/1_x.sql +1 goose
         services/b/schema.sql +1
         services/b/db/indexes.sql ~2",
        "a in `services/a`: goose migrations
         services/a/migrations/1_x.sql
         b in `services/b`: dump
         services/b/schema.sql
         not: files (1 files, services/b/db/indexes.sql)",
    );
}

#[test]
fn tests_examples_seeds_and_queries_are_not_the_schema() {
    check(
        "app/db/schema.sql +2
         app/db/seed.sql data seed
         tests/schema.sql +9 test
         examples/one/schema.sql +9
         app/queries.sql q n ~1",
        "app in `app`: dump
         app/db/schema.sql",
    );
    check("examples/one/schema.sql +1", "one in `examples/one`: dump\nexamples/one/schema.sql");
    check("queries/a.sql q n", "");
    check("queries/1a.sql q\nqueries/2.sql q", "");
    check("migrations/1.sql +1\nmigrations/2.sql q", "main in ``: migrations\nmigrations/1.sql\nmigrations/2.sql");
}

#[test]
fn one_dialect_of_several_is_taken() {
    let tree = "store/migration/sqlite/LATEST.sql +3
         store/migration/sqlite/0.2/01__b.sql ~1
         store/migration/mysql/LATEST.sql +3
         store/migration/mysql/0.10/01__c.sql ~1
         store/migration/mysql/0.9/01__b.sql ~1";
    check(
        tree,
        "main in ``: dump (sqlite)
         store/migration/sqlite/LATEST.sql
         not: dump (1 files, store/migration/mysql/LATEST.sql)
         not: migrations (1 files, store/migration/sqlite/0.2/01__b.sql)
         not: migrations (2 files, store/migration/mysql/0.9/01__b.sql)",
    );
    let config = Config { dialect: Some(Dialect::Mysql), ..Config::default() };
    assert!(decide(tree, &config).starts_with("main in ``: dump (mysql)\n  store/migration/mysql/LATEST.sql"));
}

#[test]
fn loose_files_create_before_they_alter() {
    check(
        "sql/a_indexes.sql ~3
         sql/tables.sql +3",
        "main in ``: files
         sql/tables.sql
         sql/a_indexes.sql",
    );
}

#[test]
fn loose_files_of_several_modules_are_one_schema() {
    check(
        "internal/users/tables.sql +3
         internal/orders/tables.sql +3
         internal/orders/constraints.sql ~3
         scripts/cleanup.sql ~1 script",
        "main in ``: files
         internal/orders/tables.sql
         internal/users/tables.sql
         internal/orders/constraints.sql",
    );
}

#[test]
fn what_lies_below_the_migrations_does_not_own_them() {
    check(
        "drivers/alpha/migration/main/001_a.up.sql +1
         drivers/alpha/internal/queries/jobs.sql +1 q n
         drivers/betasqlite/migration/main/001_a.up.sql +1
         drivers/shared/migration/extra/001_only_alters.sql ~1",
        "alpha in `drivers/alpha`: up/down migrations
         drivers/alpha/migration/main/001_a.up.sql
         not: files (1 files, drivers/alpha/internal/queries/jobs.sql)
         betasqlite in `drivers/betasqlite`: up/down migrations (sqlite)
         drivers/betasqlite/migration/main/001_a.up.sql",
    );
}

#[test]
fn databases_we_do_not_read_are_left_out() {
    check(
        "jdbc-h2/src/main/resources/migrations/h2/V1__a.sql +3
         jdbc-mysql/src/main/resources/migrations/mysql/V1__a.sql +3
         jdbc-postgres/src/main/resources/migrations/postgres/V1__a.sql +3",
        "jdbc-mysql in `jdbc-mysql`: flyway migrations (mysql)
         jdbc-mysql/src/main/resources/migrations/mysql/V1__a.sql
         jdbc-postgres in `jdbc-postgres`: flyway migrations (postgres)
         jdbc-postgres/src/main/resources/migrations/postgres/V1__a.sql
         foreign: flyway migrations in `jdbc-h2/src/main/resources/migrations/h2`",
    );
}

#[test]
fn flyway_folders_of_databases_are_apart() {
    check(
        "db/migration/mysql/V1__a.sql +2
         db/migration/mysql/later/V2__b.sql ~1
         db/migration/postgresql/V1__a.sql +2
         db/migration/h2/V1__a.sql +2",
        "main in ``: flyway migrations (postgres)
         db/migration/postgresql/V1__a.sql
         not: flyway migrations (2 files, db/migration/mysql/V1__a.sql)
         foreign: flyway migrations in `db/migration/h2`",
    );
    check(
        "mysql/V1__a.sql +2
         oracle/V1__a.sql +2",
        "main in ``: flyway migrations (mysql)
         mysql/V1__a.sql
         foreign: flyway migrations in `oracle`",
    );
}

#[test]
fn flyway_folders_of_databases_share_what_is_common() {
    check(
        "db/migration/common/V1__a.sql +2
         db/migration/common/R__views.sql ~1
         db/migration/Postgres/V2__b.sql ~1
         db/migration/sqlite/V2__b.sql ~1",
        "main in ``: flyway migrations (postgres)
         db/migration/common/V1__a.sql
         db/migration/Postgres/V2__b.sql
         db/migration/common/R__views.sql
         not: flyway migrations (3 files, db/migration/common/V1__a.sql)",
    );
    // What both have a form of is not common.
    check(
        "flyway/V1__a.sql +2
         flyway/V2__b.sql ~1
         flyway/mysql/V1__a.sql +2",
        "flyway in `flyway`: flyway migrations
         flyway/V1__a.sql
         flyway/V2__b.sql
         not: flyway migrations (1 files, flyway/mysql/V1__a.sql)",
    );
    check(
        "db/migration/users/V1__a.sql +2
         db/migration/orders/V2__b.sql +1",
        "main in ``: flyway migrations
         db/migration/users/V1__a.sql
         db/migration/orders/V2__b.sql",
    );
}

#[test]
fn a_form_of_a_file_is_named_behind_its_ending() {
    check(
        "migrations/1_a.sql +2
         migrations/2_b.up.sql.postgres ~1
         migrations/2_b.down.sql.postgres ~1
         migrations/2_b.up.sql.sqlite ~1",
        "main in ``: up/down migrations (postgres)
         migrations/1_a.sql
         migrations/2_b.up.sql.postgres
         not: up/down migrations (2 files, migrations/1_a.sql)",
    );
    check(
        "db/full.sql.sqlite +3
         db/full.sql.postgres +3",
        "main in ``: files (postgres)
         db/full.sql.postgres
         not: files (1 files, db/full.sql.sqlite)",
    );
}

#[test]
fn steps_of_migrations_are_known_on_every_way() {
    let check = |tree: &[&str], expect: &[&str]| {
        let mut files: Vec<_> = tree.iter().map(|line| file(line)).collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let roots = plan(&files, &Config::default(), &[]);
        let found: Vec<&str> = migrations(&files, &roots).into_iter().map(|index| files[index].0.as_str()).collect();
        assert_eq!(found, expect, "{tree:?}");
    };
    check(&["1_a.up.sql +1", "1_a.down.sql ~1", "queries/2_b.down.sql q"], &["1_a.down.sql", "1_a.up.sql"]);
    check(&["2023-01-01_a/up.sql +1", "2023-01-01_a/down.sql ~1"], &["2023-01-01_a/down.sql", "2023-01-01_a/up.sql"]);
    check(&["schema.sql +9", "v/1_a.up.sql +1", "q/1.sql q", "q/15.sql ~1"], &["v/1_a.up.sql"]);
}

#[test]
fn the_configuration_comes_first() {
    let tree = "schema.sql +3
         old/2_b.sql ~1
         old/10_c.sql ~1
         extra.sql ~1";
    let config = Config { schema: vec!["./old/".to_owned(), "extra.sql".to_owned()], ..Config::default() };
    assert_eq!(decide(tree, &config), "main in ``: config\n  old/2_b.sql\n  old/10_c.sql\n  extra.sql\n");
}

#[test]
fn a_query_belongs_to_the_nearest_database() {
    let tree = ["services/a/schema.sql +1", "services/b/schema.sql +1"];
    let files: Vec<_> = tree.into_iter().map(file).collect();
    let roots = plan(&files, &Config::default(), &[]);
    assert_eq!(database_of(&roots, &TreePath::new("services/b/src/queries.sql")), Some(1));
    assert_eq!(database_of(&roots, &TreePath::new("tools/report.sql")), None);
    assert_eq!(database_of(&roots[..1], &TreePath::new("tools/report.sql")), Some(0));

    let tree = [
        "services/jobs/migrations/1_a.up.sql +1",
        "services/jobs/migrations/2_b.up.sql +1",
        "services/web/sample.sql +1",
    ];
    let files: Vec<_> = tree.into_iter().map(file).collect();
    let roots = plan(&files, &Config::default(), &[]);
    assert_eq!(database_of(&roots, &TreePath::new("report.sql")), Some(0));
    assert_eq!(database_of(&roots, &TreePath::new("services/web/report.sql")), Some(1));
}
