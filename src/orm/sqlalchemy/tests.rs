//! Models of a few lines, and the statements that create their tables.

use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::host::facts;
use crate::orm::declared::DeclaredSchema;
use crate::query::PathClass;
use crate::source::{FileId, TreePath};

fn read(files: &[(&str, &str)], dialect: Option<Dialect>) -> Vec<DeclaredSchema> {
    let words = crate::orm::words();
    let fact = |(at, (path, text)): (usize, &(&str, &str))| {
        facts::facts(FileId(at as u32), &TreePath::new(path), PathClass::App, text, &words)
    };
    let facts: Vec<facts::HostFacts> = files.iter().enumerate().map(fact).collect();
    super::schema::schemas(&Code::new(&facts), dialect)
}

/// What a schema sends, a statement a line, and what could not be told.
fn shown(schema: &DeclaredSchema) -> String {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let statements = schema.statements.iter().map(|statement| flat(&statement.text.sql));
    let partial = schema.partial.iter().map(|table| format!("partial {table}"));
    let skips = schema.skips.iter().map(|skip| format!("? {}", skip.reason));
    statements.chain(partial).chain(skips).collect::<Vec<_>>().join("\n")
}

fn check_as(dialect: Option<Dialect>, files: &[(&str, &str)], expected: &str) {
    let schemas = read(files, dialect);
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(schemas.iter().map(shown).collect::<Vec<_>>().join("\n"), expected.join("\n"), "{files:?}");
}

const LEGACY: &str =
    "from sqlalchemy import *\nfrom sqlalchemy.orm import declarative_base, relationship\nBase = declarative_base()\n";
const MODERN: &str = "import datetime, enum, uuid\nfrom typing import Optional, Annotated\nimport sqlalchemy as sa\nfrom sqlalchemy import *\nfrom sqlalchemy.dialects.postgresql import *\nfrom sqlalchemy.orm import *\nclass Base(DeclarativeBase):\n    pass\n";

fn check(base: &str, text: &str, expected: &str) {
    check_as(None, &[("app/models.py", &format!("{base}{text}"))], expected);
}

#[test]
fn columns_of_the_old_style() {
    check(
        LEGACY,
        r#"
class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True, index=True)
    email = Column(String(120), unique=True, index=True, nullable=False)
    code = Column("the_code", Text, unique=True, server_default="x'y")
    team_id = Column(ForeignKey("teams.id", ondelete="CASCADE"))
    seen = Column(DateTime, server_default=func.now())
    label = Column(Numeric(10, 2), CheckConstraint("label > 0", name="positive"))

class Team(Base):
    __tablename__ = "teams"
    id = Column(BigInteger, primary_key=True, autoincrement=False)
"#,
        "CREATE TABLE users ( id SERIAL NOT NULL, email VARCHAR(120) NOT NULL, the_code TEXT DEFAULT 'x''y', team_id BIGINT, seen TIMESTAMP DEFAULT now(), label NUMERIC(10, 2), PRIMARY KEY (id), UNIQUE (the_code), FOREIGN KEY(team_id) REFERENCES teams (id) ON DELETE CASCADE, CONSTRAINT positive CHECK (label > 0) )
        CREATE INDEX ix_users_id ON users (id)
        CREATE UNIQUE INDEX ix_users_email ON users (email)
        CREATE TABLE teams ( id BIGINT NOT NULL, PRIMARY KEY (id) )",
    );
}

#[test]
fn columns_of_annotations() {
    check(
        MODERN,
        r#"
name50 = Annotated[str, mapped_column(String(50), index=True)]
class Kind(enum.Enum):
    A = "first"
    B = "second"
class Note(Base):
    __tablename__ = "notes"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    title: Mapped[name50]
    body: Mapped[str | None]
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    kind: Mapped[Kind] = mapped_column(default=Kind.A)
    data: Mapped[Optional[dict]] = mapped_column(JSONB)
    at: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True))
    size: Mapped[int] = mapped_column(Computed("length(body)"))
    helper = 3
    def method(self): return 1
"#,
        "CREATE TYPE kind AS ENUM ('A', 'B')
        CREATE TABLE notes ( id UUID NOT NULL, title VARCHAR(50) NOT NULL, body VARCHAR, tags VARCHAR[], kind kind NOT NULL, data JSONB, at TIMESTAMP WITH TIME ZONE NOT NULL, size INTEGER GENERATED ALWAYS AS (length(body)) STORED NOT NULL, PRIMARY KEY (id) )
        CREATE INDEX ix_notes_title ON notes (title)",
    );
}

#[test]
fn indexes_and_constraints_of_a_table() {
    check(
        MODERN,
        r#"
class Status(enum.Enum):
    ON = "on"
class Job(Base):
    __tablename__ = "jobs"
    id = mapped_column(Integer, primary_key=True)
    name = mapped_column("job_name", Text)
    status = mapped_column(Enum(Status, name="job_status"))
    made = mapped_column(DateTime)
    data = mapped_column(JSONB)
    gone = mapped_column(Boolean)
    __table_args__ = (
        Index("a", "name", made.desc(), unique=True, postgresql_where=(gone == False)),
        Index("b", func.lower(name), postgresql_ops={"name": "text_pattern_ops"}),
        Index("c", "data", postgresql_using="gin", postgresql_ops={"data": "jsonb_path_ops"}),
        Index("d", data["key"].astext, postgresql_where=and_(status == Status.ON, name.isnot(None))),
        Index("e", text("lower(job_name) DESC"), postgresql_include=["made"]),
        Index(None, "made", "gone"),
        UniqueConstraint("name", "made", name="one"),
        CheckConstraint(made > func.now()),
        ExcludeConstraint(("name", "="), ("made", "&&"), using="gist", where=text("gone")),
        {"schema": "work", "comment": "jobs"},
    )
Index("late", Job.name.desc(), Job.id)
"#,
        "CREATE TYPE job_status AS ENUM ('ON')
        CREATE TABLE work.jobs ( id SERIAL NOT NULL, job_name TEXT, status job_status, made TIMESTAMP, data JSONB, gone BOOLEAN, PRIMARY KEY (id), CONSTRAINT one UNIQUE (job_name, made), CHECK (made > now()), EXCLUDE USING gist (job_name WITH =, made WITH &&) WHERE (gone) )
        CREATE UNIQUE INDEX a ON work.jobs (job_name, made DESC) WHERE gone = false
        CREATE INDEX b ON work.jobs (lower(job_name))
        CREATE INDEX c ON work.jobs USING gin (data jsonb_path_ops)
        CREATE INDEX d ON work.jobs ((data ->> 'key')) WHERE (status = 'ON') AND (job_name IS NOT NULL)
        CREATE INDEX e ON work.jobs (lower(job_name) DESC) INCLUDE (made)
        CREATE INDEX ix_work_jobs_made ON work.jobs (made, gone)
        CREATE INDEX late ON work.jobs (job_name DESC, id)",
    );
}

#[test]
fn names_come_from_mixins_conventions_and_classes() {
    check(
        "import re\n",
        r#"
from sqlalchemy import MetaData, Column, Integer, String, ForeignKey, UniqueConstraint, Index
from sqlalchemy.orm import DeclarativeBase, declared_attr, Mapped, mapped_column
convention = {"ix": "idx_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"}
class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=convention)
    @declared_attr.directive
    def __tablename__(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower() + "s"
class Owned:
    @declared_attr
    def owner_id(cls):
        return mapped_column(ForeignKey("user_accounts.id"), index=True)
    @declared_attr
    def __table_args__(cls):
        return (Index(None, "id", cls.owner_id),)
class UserAccount(Base):
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
class HTTPLog(Owned, Base):
    id: Mapped[int] = mapped_column(primary_key=True)
"#,
        "CREATE TABLE user_accounts ( id SERIAL NOT NULL, email VARCHAR NOT NULL, CONSTRAINT pk_user_accounts PRIMARY KEY (id), CONSTRAINT uq_user_accounts_email UNIQUE (email) )
        CREATE TABLE http_logs ( id SERIAL NOT NULL, owner_id INTEGER, CONSTRAINT pk_http_logs PRIMARY KEY (id), FOREIGN KEY(owner_id) REFERENCES user_accounts (id) )
        CREATE INDEX idx_http_logs_owner_id ON http_logs (owner_id)
        CREATE INDEX idx_http_logs_id_owner_id ON http_logs (id, owner_id)",
    );
}

#[test]
fn inheritance_shares_a_table_or_joins_one() {
    check(
        MODERN,
        r#"
class Stamped:
    made = mapped_column(DateTime)
class Abstract(Base):
    __abstract__ = True
    id: Mapped[int] = mapped_column(primary_key=True)
class Animal(Stamped, Abstract):
    __tablename__ = "animals"
    type: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "type", "polymorphic_identity": "animal"}
class Dog(Animal):
    __mapper_args__ = {"polymorphic_identity": "dog"}
    bark: Mapped[str | None]
class Cat(Animal):
    __tablename__ = "cats"
    id: Mapped[int] = mapped_column(ForeignKey(Animal.id), primary_key=True)
    lives: Mapped[int]
"#,
        "CREATE TABLE animals ( type VARCHAR NOT NULL, made TIMESTAMP, id SERIAL NOT NULL, bark VARCHAR, PRIMARY KEY (id) )
        CREATE TABLE cats ( id INTEGER NOT NULL, lives INTEGER NOT NULL, PRIMARY KEY (id), FOREIGN KEY(id) REFERENCES animals (id) )",
    );
}

#[test]
fn flask_and_sqlmodel_name_tables_themselves() {
    check(
        "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n",
        r#"
class UserProfile(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(20), index=True)
tags = db.Table("tags", db.Column("a", db.Integer, db.ForeignKey("user_profile.id"), primary_key=True), db.Index("t", "a"))
"#,
        "CREATE TABLE tags ( a INTEGER NOT NULL, PRIMARY KEY (a), FOREIGN KEY(a) REFERENCES user_profile (id) )
        CREATE INDEX t ON tags (a)
        CREATE TABLE user_profile ( id SERIAL NOT NULL, name VARCHAR(20), PRIMARY KEY (id) )
        CREATE INDEX ix_user_profile_name ON user_profile (name)",
    );
    check(
        "from typing import Optional\nfrom sqlmodel import SQLModel, Field, Relationship\n",
        r#"
class HeroBase(SQLModel):
    name: str = Field(index=True, max_length=40)
class Hero(HeroBase, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    age: int | None = None
    team_id: int | None = Field(default=None, foreign_key="team.id")
    team: Optional["Team"] = Relationship(back_populates="heroes")
class HeroPublic(HeroBase):
    id: int
class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    heroes: list["Hero"] = Relationship(back_populates="team")
"#,
        "CREATE TABLE hero ( name VARCHAR(40) NOT NULL, id SERIAL NOT NULL, age INTEGER, team_id INTEGER, PRIMARY KEY (id), FOREIGN KEY(team_id) REFERENCES team (id) )
        CREATE INDEX ix_hero_name ON hero (name)
        CREATE TABLE team ( id SERIAL NOT NULL, PRIMARY KEY (id) )",
    );
}

#[test]
fn helpers_that_make_columns_are_followed() {
    check(
        LEGACY,
        r#"
import functools
Col = functools.partial(Column, nullable=False)
def key(name):
    return Col(Integer, primary_key=True)
class A(Base):
    __tablename__ = "a"
    id = key("a")
    b = Col(Text)
    c = Col(Text, nullable=True)
"#,
        "CREATE TABLE a ( id SERIAL NOT NULL, b TEXT NOT NULL, c TEXT, PRIMARY KEY (id) )",
    );
}

#[test]
fn own_types_stand_for_what_they_are_made_from() {
    check(
        MODERN,
        r#"
class UTC(TypeDecorator):
    impl = DateTime
class CIText(UserDefinedType):
    def get_col_spec(self):
        return "CITEXT"
class Row(Base):
    __tablename__ = "rows"
    id = mapped_column(Integer, primary_key=True)
    a = mapped_column(UTC(timezone=True))
    b = mapped_column(CIText)
    c = mapped_column(JSON().with_variant(JSONB(), "postgresql"))
    d = mapped_column(Enum("x", "y", native_enum=False))
    e = mapped_column(ARRAY(Integer, dimensions=2))
"#,
        "CREATE TABLE \"rows\" ( id SERIAL NOT NULL, a TIMESTAMP WITH TIME ZONE, b CITEXT, c JSONB, d VARCHAR(1), e INTEGER[][], PRIMARY KEY (id) )",
    );
}

#[test]
fn what_cannot_be_told_is_no_wrong_table() {
    // A name that is computed, a base that nobody knows, a class that a call makes; classes made from each other.
    check(
        LEGACY,
        r#"
from elsewhere import Mixin
class Lost(Base):
    __tablename__ = name_of("lost")
    id = Column(Integer, primary_key=True)
class Part(Mixin, Base):
    __tablename__ = "parts"
    id = Column(Integer, primary_key=True)
class Once(Base):
    __tablename__ = "once"
    id = Column(Integer, primary_key=True)
Made = type("Made", (Base,), {"__tablename__": "made"})
"#,
        "CREATE TABLE parts ( id SERIAL NOT NULL, PRIMARY KEY (id) )
        CREATE TABLE once ( id SERIAL NOT NULL, PRIMARY KEY (id) )
        partial parts
        ? computed-table-name",
    );
    check_as(
        Some(Dialect::Sqlite),
        &[
            (
                "a.py",
                "from b import B\nfrom sqlalchemy import *\nfrom sqlalchemy.orm import declarative_base\nBase = declarative_base()\nclass A(B):\n    __tablename__ = 'a'\n    id = Column(Integer, primary_key=True)\n",
            ),
            ("b.py", "from a import A\nfrom sqlalchemy import *\nclass B(A):\n    other = Column(Integer)\n"),
        ],
        "",
    );
}

#[test]
fn a_column_stands_at_its_attribute() {
    let text = format!("{LEGACY}class A(Base):\n    __tablename__ = 'a'\n    wanted = Column(Integer, index=True)\n");
    let schemas = read(&[("models.py", &text)], None);
    let places: Vec<&str> = schemas[0]
        .statements
        .iter()
        .map(|statement| {
            let sql = &statement.text.sql;
            let at = sql.rfind("wanted").expect("the column is named") as u32;
            let place = statement.text.spans.places(at..at + 6, &statement.place).primary;
            &text[place.start as usize..place.end as usize]
        })
        .collect();
    assert_eq!(places, ["wanted", "wanted"]);
}
