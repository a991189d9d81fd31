//! Indexes in the words of each framework, form by form.

use super::*;
use crate::catalog::replay;
use crate::schema::ddl;
use crate::source::FileId;

const TABLE: &str = "CREATE TABLE visits (id integer, barber_id integer, start_time timestamp, email text, \
                     tags jsonb, is_open boolean, deleted_at timestamp, status text);";

fn at(start: u32) -> HostSpan {
    HostSpan::new(FileId(0), start..start + 1)
}

/// The table with one index of a definition.
fn table_with(index: &str, dialect: Dialect) -> crate::catalog::Table {
    let steps = [TABLE, index].map(|sql| ddl::steps(sql, at(500), dialect).0).concat();
    let (catalog, _) = replay(dialect, &steps);
    catalog.tables.into_values().next().expect("one table")
}

fn host(framework: Framework) -> HostTable {
    let columns = ["barber_id", "start_time", "email", "tags", "is_open", "deleted_at", "status"];
    let column = |(number, column): (usize, &&str)| HostColumn {
        column: Ident::new(column),
        attribute: match (framework, *column) {
            (Framework::Django, "barber_id") => "barber".to_owned(),
            (_, column) => column.to_owned(),
        },
        place: at(100 + number as u32),
        own_index: match (framework, *column) {
            (Framework::Django, "barber_id") => OwnIndex::Implied,
            (Framework::Django, "start_time") => OwnIndex::Asked,
            _ => OwnIndex::Untold,
        },
    };
    let columns = columns.iter().enumerate().map(column).collect();
    HostTable { table: QName::plain("visits"), framework, class: Some("Visit".to_owned()), place: at(50), columns }
}

fn added(framework: Framework, index: &str, dialect: Dialect) -> String {
    let table = table_with(index, dialect);
    let index = table.indexes.last().expect("an index");
    let name = index.name.clone().expect("it has a name");
    let text = match framework {
        Framework::Sqlalchemy => Some(sqlalchemy::index(&name, &index.def, dialect)),
        Framework::Django => django::index(&name, &index.def, &host(framework), dialect),
    };
    text.unwrap_or_else(|| "nothing".to_owned())
}

#[test]
fn sqlalchemy_says_every_form() {
    for (index, expect) in [
        ("(barber_id, start_time)", r#"Index("ix", "barber_id", "start_time")"#),
        ("(barber_id, start_time DESC)", r#"Index("ix", "barber_id", text("start_time DESC"))"#),
        ("(start_time DESC NULLS LAST)", r#"Index("ix", text("start_time DESC NULLS LAST"))"#),
        ("(lower(email))", r#"Index("ix", text("lower(email)"))"#),
        ("(lower(email) text_pattern_ops)", r#"Index("ix", text("lower(email) text_pattern_ops"))"#),
        ("(email text_pattern_ops)", r#"Index("ix", "email", postgresql_ops={"email": "text_pattern_ops"})"#),
        ("(barber_id) INCLUDE (status)", r#"Index("ix", "barber_id", postgresql_include=["status"])"#),
        (
            "(barber_id) WHERE deleted_at IS NULL",
            r#"Index("ix", "barber_id", postgresql_where=text("deleted_at IS NULL"))"#,
        ),
        ("(barber_id) WHERE status = 'a:b'", r#"Index("ix", "barber_id", postgresql_where=text("status = 'a\\:b'"))"#),
        ("USING gin (tags)", r#"Index("ix", "tags", postgresql_using="gin")"#),
    ] {
        let found = added(Framework::Sqlalchemy, &format!("CREATE INDEX ix ON visits {index};"), Dialect::Postgres);
        assert_eq!(found, expect, "{index}");
    }
    let sqlite = added(Framework::Sqlalchemy, "CREATE INDEX ix ON visits (email) WHERE is_open = 1;", Dialect::Sqlite);
    assert_eq!(sqlite, r#"Index("ix", "email", sqlite_where=text("is_open = 1"))"#);
    let unique = added(Framework::Sqlalchemy, "CREATE UNIQUE INDEX ix ON visits (email);", Dialect::Postgres);
    assert_eq!(unique, r#"Index("ix", "email", unique=True)"#);
}

#[test]
fn django_says_what_it_can() {
    for (index, expect) in [
        ("(barber_id, start_time DESC)", r#"models.Index(fields=["barber", "-start_time"], name="ix")"#),
        ("(start_time DESC NULLS LAST)", r#"models.Index(F("start_time").desc(nulls_last=True), name="ix")"#),
        ("(lower(email))", r#"models.Index(Lower("email"), name="ix")"#),
        ("(barber_id, lower(email) DESC)", r#"models.Index(F("barber"), Lower("email").desc(), name="ix")"#),
        ("(email text_pattern_ops)", r#"models.Index(fields=["email"], name="ix", opclasses=["text_pattern_ops"])"#),
        (
            "(barber_id, email text_pattern_ops)",
            r#"models.Index(F("barber"), OpClass(F("email"), name="text_pattern_ops"), name="ix")"#,
        ),
        ("(barber_id) INCLUDE (status)", r#"models.Index(fields=["barber"], name="ix", include=["status"])"#),
        (
            "(barber_id) WHERE deleted_at IS NULL AND status = 'new'",
            r#"models.Index(fields=["barber"], name="ix", condition=Q(status="new") & Q(deleted_at__isnull=True))"#,
        ),
        ("(barber_id) WHERE NOT is_open", r#"models.Index(fields=["barber"], name="ix", condition=Q(is_open=False))"#),
        (
            "(barber_id) WHERE status IN ('a', 'b')",
            r#"models.Index(fields=["barber"], name="ix", condition=Q(status__in=["a", "b"]))"#,
        ),
        ("USING gin (tags)", r#"GinIndex(fields=["tags"], name="ix")"#),
        ("((email || status))", "nothing"),
        ("(email COLLATE \"C\")", "nothing"),
        ("(barber_id) WHERE length(email) > 3", "nothing"),
    ] {
        let found = added(Framework::Django, &format!("CREATE INDEX ix ON visits {index};"), Dialect::Postgres);
        assert_eq!(found, expect, "{index}");
    }
    let unique = "CREATE UNIQUE INDEX ix ON visits (barber_id, email) WHERE deleted_at IS NULL;";
    assert_eq!(
        added(Framework::Django, unique, Dialect::Postgres),
        r#"models.UniqueConstraint(fields=["barber", "email"], name="ix", condition=Q(deleted_at__isnull=True))"#
    );
    let long = "CREATE INDEX idx_visits_barber_id_start_time_status ON visits (barber_id);";
    let found = added(Framework::Django, long, Dialect::Postgres);
    let name = found.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a name");
    assert!(name.starts_with("idx_visits_barber_id_st") && name.len() <= 30, "{found}");
}

#[test]
fn what_goes_is_found_where_the_class_asks_for_it() {
    let removed = |framework: Framework, sql: &str, place: u32| {
        let table = table_with(&format!("CREATE INDEX ix ON visits {sql};"), Dialect::Postgres);
        let mut index = table.indexes.last().expect("an index").clone();
        index.place = at(place);
        host(framework).removal(&index).map(|step| format!("{:?} {} {}", step.action, step.holder, step.text))
    };
    let some = |text: &str| Some(text.to_owned());
    let of_field = removed(Framework::Sqlalchemy, "(barber_id)", 100);
    assert_eq!(of_field, some("Remove Visit.barber_id index=True"));
    assert_eq!(removed(Framework::Django, "(start_time)", 101), some("Remove Visit.start_time db_index=True"));
    // A foreign key has an index of its own accord.
    assert_eq!(removed(Framework::Django, "(barber_id)", 100), some("Add Visit.barber db_index=False"));
    let of_class = removed(Framework::Sqlalchemy, "(barber_id, email)", 300);
    assert_eq!(of_class, some("Remove Visit.__table_args__ Index(… \"ix\" …)"));
    // A migration has made it, and the field asks for it all the same.
    let migrated = HostSpan::new(FileId(1), 7..8);
    let mut index = table_with("CREATE INDEX ix ON visits (start_time);", Dialect::Postgres).indexes[0].clone();
    index.place = migrated;
    let found = host(Framework::Django).removal(&index).map(|step| (step.place, step.text));
    assert_eq!(found, some("db_index=True").map(|text| (at(101), text)));
    assert_eq!(host(Framework::Sqlalchemy).removal(&index), None);
    // A class above.
    assert_eq!(removed(Framework::Sqlalchemy, "(barber_id)", 10), None);
}
