//! Migrations of a few lines, and the statements that they send.

use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::host::facts;
use crate::query::PathClass;
use crate::source::{FileId, TreePath};

/// Reads migrations of one folder, each given by its file's name, its revision, the one before and what it does.
fn read(files: &[(&str, &str)], dialect: Option<Dialect>) -> Vec<super::DeclaredSchema> {
    let words = crate::orm::words();
    let facts: Vec<facts::HostFacts> = files
        .iter()
        .enumerate()
        .map(|(at, (path, text))| {
            facts::facts(FileId(at as u32), &TreePath::new(path), PathClass::Migration, text, &words)
        })
        .collect();
    super::schemas(&Code::new(&facts), dialect)
}

fn migration(revision: &str, before: &str, upgrade: &str) -> String {
    let lines: Vec<String> = upgrade.lines().map(|line| format!("    {line}")).collect();
    format!(
        "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n\
         revision = \"{revision}\"\ndown_revision = {before}\n\n\
         def upgrade():\n{}\n\ndef downgrade():\n    op.drop_table(\"everything\")\n",
        lines.join("\n")
    )
}

/// What a schema sends, a statement a line, and what could not be told.
fn shown(schema: &super::DeclaredSchema) -> String {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let statements = schema.statements.iter().map(|statement| flat(&statement.text.sql));
    let skips = schema.skips.iter().map(|skip| format!("? {}", skip.reason));
    statements.chain(skips).collect::<Vec<_>>().join("\n")
}

fn check_as(dialect: Option<Dialect>, upgrade: &str, expected: &str) {
    let text = migration("a1", "None", upgrade.trim());
    let schemas = read(&[("versions/a1.py", &text)], dialect);
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(schemas.iter().map(shown).collect::<Vec<_>>().join("\n"), expected.join("\n"), "{upgrade}");
}

fn check(upgrade: &str, expected: &str) {
    check_as(None, upgrade, expected);
}

#[test]
fn tables_are_created_with_all_that_stands_in_them() {
    check(
        r#"
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("email", sa.String(length=255), nullable=False, unique=True),
    sa.Column("team_id", postgresql.UUID(as_uuid=True), sa.ForeignKey("teams.id", ondelete="cascade"), index=True),
    sa.Column("made", sa.DateTime(timezone=True), server_default=sa.text("now()")),
    sa.Column("kind", sa.Enum("a", "b", name="kind"), server_default="a"),
    sa.CheckConstraint("length(email) > 3", name="long_enough"),
    sa.PrimaryKeyConstraint("id", name="users_pk"),
    sa.UniqueConstraint("email", "team_id"),
)
"#,
        "CREATE TYPE kind AS ENUM ('a', 'b')
        CREATE TABLE users ( id SERIAL NOT NULL, email VARCHAR(255) NOT NULL, team_id UUID, made TIMESTAMP WITH TIME ZONE DEFAULT now(), kind kind DEFAULT 'a', UNIQUE (email), FOREIGN KEY(team_id) REFERENCES teams (id) ON DELETE CASCADE, CONSTRAINT long_enough CHECK (length(email) > 3), CONSTRAINT users_pk PRIMARY KEY (id), UNIQUE (email, team_id) )
        CREATE INDEX ix_users_team_id ON users (team_id)",
    );
}

#[test]
fn indexes_keep_their_options() {
    check(
        r#"
op.create_index(op.f("ix_a"), "users", ["email", sa.text("made DESC")], unique=True, postgresql_where=sa.text("gone IS NULL"))
op.create_index("ix_b", "users", ["data"], postgresql_using="gin", postgresql_ops={"data": "jsonb_path_ops"}, schema="app")
op.create_index("ix_c", "users", [sa.func.lower(sa.column("email"))], postgresql_include=["id"], if_not_exists=True)
op.create_index("ix_d", "users", ["email"], postgresql_concurrently=True)
op.drop_index("ix_d", table_name="users", if_exists=True)
"#,
        "CREATE UNIQUE INDEX ix_a ON users (email, made DESC) WHERE gone IS NULL
        CREATE INDEX ix_b ON app.users USING gin (data jsonb_path_ops)
        CREATE INDEX IF NOT EXISTS ix_c ON users (lower(email)) INCLUDE (id)
        CREATE INDEX CONCURRENTLY ix_d ON users (email)
        DROP INDEX IF EXISTS ix_d",
    );
}

#[test]
fn columns_and_constraints_are_altered() {
    check(
        r#"
with op.batch_alter_table("users", schema=None) as batch_op:
    batch_op.add_column(sa.Column("age", sa.SmallInteger(), nullable=False, server_default="0"))
    batch_op.alter_column("name", new_column_name="full_name", type_=sa.Text(), nullable=True)
    batch_op.create_index("ix_age", ["age"])
    batch_op.create_foreign_key("fk_team", "teams", ["team_id"], ["id"], ondelete="SET NULL")
    batch_op.create_unique_constraint("uq_age", ["age", "team_id"])
    batch_op.drop_column("old")
op.alter_column("users", "age", server_default=None)
op.create_primary_key("pk", "links", ["a", "b"])
op.create_check_constraint("positive", "users", sa.column("age") >= 0)
op.create_exclude_constraint("no_overlap", "stays", ("room", "="), ("during", "&&"), using="gist")
op.drop_constraint("uq_age", "users", type_="unique")
op.rename_table("users", "people")
op.drop_table("links")
"#,
        "ALTER TABLE users ADD COLUMN age SMALLINT DEFAULT '0' NOT NULL
        ALTER TABLE users RENAME COLUMN name TO full_name
        ALTER TABLE users ALTER COLUMN full_name TYPE TEXT
        ALTER TABLE users ALTER COLUMN full_name DROP NOT NULL
        CREATE INDEX ix_age ON users (age)
        ALTER TABLE users ADD CONSTRAINT fk_team FOREIGN KEY(team_id) REFERENCES teams (id) ON DELETE SET NULL
        ALTER TABLE users ADD CONSTRAINT uq_age UNIQUE (age, team_id)
        ALTER TABLE users DROP COLUMN old
        ALTER TABLE users ALTER COLUMN age DROP DEFAULT
        ALTER TABLE links ADD CONSTRAINT pk PRIMARY KEY (a, b)
        ALTER TABLE users ADD CONSTRAINT positive CHECK (age >= 0)
        ALTER TABLE stays ADD CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&)
        ALTER TABLE users DROP CONSTRAINT uq_age
        ALTER TABLE users RENAME TO people
        DROP TABLE links",
    );
}

#[test]
fn statements_of_strings_are_taken_where_they_change_the_schema() {
    check(
        r#"
table = "users"
op.execute("UPDATE users SET a = 1; CREATE INDEX one ON users (a); -- why\nALTER TABLE users ADD b int")
op.execute(sa.text(f"CREATE INDEX two ON {table} (lower(a))"))
op.get_bind().execute(sa.text("DROP INDEX one"))
op.execute(sa.table("users").update())
op.execute("CREATE INDEX three ON " + unknown())
"#,
        "CREATE INDEX one ON users (a)
        ALTER TABLE users ADD b int
        CREATE INDEX two ON users (lower(a))
        DROP INDEX one
        ? dynamic-statement",
    );
}

#[test]
fn a_statement_stands_where_it_is_spelled() {
    let text = migration("a1", "None", "op.execute(\"SELECT 1; CREATE INDEX one ON users (a)\")");
    let schemas = read(&[("versions/a1.py", &text)], None);
    let place = schemas[0].statements[0].text.spans.places(0..12, &schemas[0].statements[0].place).primary;
    assert_eq!(&text[place.start as usize..place.end as usize], "CREATE INDEX");
}

#[test]
fn loops_helpers_and_guards_are_followed() {
    check(
        r#"
def exists(name):
    return name in sa.inspect(op.get_bind()).get_table_names()

def add(table, column):
    if not exists(table):
        op.add_column(table, sa.Column(column, sa.Integer()))

for table in ["a", "b"]:
    op.drop_column(table, "x")
for table, columns in {"c": ["y"]}.items():
    op.create_index(f"ix_{table}", table, columns)
add("d", "z")
if op.get_bind().dialect.name == "sqlite":
    op.drop_table("only_sqlite")
else:
    op.drop_table("not_sqlite")
"#,
        "ALTER TABLE a DROP COLUMN x
        ALTER TABLE b DROP COLUMN x
        CREATE INDEX ix_c ON c (y)
        ALTER TABLE d ADD COLUMN z INTEGER
        DROP TABLE not_sqlite",
    );
}

#[test]
fn types_of_enumerations_are_made_once() {
    check(
        r#"
status = postgresql.ENUM("on", "off", name="status", create_type=False)
status.create(op.get_bind(), checkfirst=True)
op.create_table("lamps", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("status", status))
op.execute("CREATE TYPE colour AS ENUM ('red')")
op.add_column("lamps", sa.Column("colour", sa.Enum("red", name="colour")))
op.sync_enum_values("public", "status", ["on", "off", "broken"], [])
"#,
        "CREATE TYPE status AS ENUM ('on', 'off')
        CREATE TABLE lamps ( id BIGSERIAL NOT NULL, status status, PRIMARY KEY (id) )
        CREATE TYPE colour AS ENUM ('red')
        ALTER TABLE lamps ADD COLUMN colour colour
        ALTER TYPE status ADD VALUE IF NOT EXISTS 'on'
        ALTER TYPE status ADD VALUE IF NOT EXISTS 'off'
        ALTER TYPE status ADD VALUE IF NOT EXISTS 'broken'",
    );
}

#[test]
fn the_dialect_decides_how_things_are_spelled() {
    let upgrade = r#"
op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("u", sa.Uuid()), sa.Column("d", sa.JSON()))
op.create_index("i", "t", ["d"], postgresql_using="gin", postgresql_where=sa.text("d IS NOT NULL"))
"#;
    check_as(
        Some(Dialect::Sqlite),
        upgrade,
        "CREATE TABLE t ( id INTEGER NOT NULL, u CHAR(32), d JSON, PRIMARY KEY (id) )
        CREATE INDEX i ON t (d)",
    );
    check_as(
        Some(Dialect::Mysql),
        upgrade,
        "CREATE TABLE t ( id INTEGER NOT NULL AUTO_INCREMENT, u CHAR(32), d JSON, PRIMARY KEY (id) )
        CREATE INDEX i ON t (d)",
    );
}

#[test]
fn revisions_apply_behind_those_before_them() {
    let named = |name: &str| format!("op.drop_table(\"{name}\")");
    let texts = [
        ("versions/1.py", migration("c", "(\"a2\", \"b\")", &named("c"))),
        ("versions/2.py", migration("b", "\"root\"", &named("b"))),
        ("versions/3.py", migration("root", "None", &named("root"))),
        ("versions/4.py", migration("a2", "\"a1\"", &named("a2"))),
        ("versions/5.py", migration("a1", "\"root\"", &named("a1"))),
        ("other/versions/1.py", migration("x", "\"gone\"", &named("x"))),
        ("other/versions/2.py", migration("y", "None", &named("y"))),
    ];
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let mut schemas = read(&files, None);
    schemas.sort_by(|a, b| a.folder.cmp(&b.folder));
    let shown: Vec<String> = schemas.iter().map(shown).collect();
    assert_eq!(shown[0], "DROP TABLE x\nDROP TABLE y\n? missing-revision\n? several-heads");
    assert_eq!(shown[1].replace("DROP TABLE ", "").replace('\n', " "), "root a1 a2 b c");
}

#[test]
fn what_cannot_be_told_is_said() {
    check(
        r#"
op.drop_table(name_of_table())
op.create_index("i", "t", [some(thing)])
op.create_table("t", *columns())
"#,
        "CREATE TABLE t ( )
        ? dynamic-operation
        ? dynamic-index
        ? dynamic-column",
    );
    let text = migration("a1", "None", "op.create_table(\"t\", *columns())");
    assert_eq!(read(&[("versions/a1.py", &text)], None)[0].partial, [crate::name::QName::plain("t")]);
}
