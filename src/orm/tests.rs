//! Code that is cut off or mixed up never makes a front end fail, whatever it is read as.

use proptest::prelude::*;

use super::*;
use crate::host::facts::{HostFacts, facts};
use crate::source::{FileId, TreePath};

/// One of everything that a front end looks at.
const CODE: &str = r#"
from django.db import connection, models
from django.shortcuts import get_object_or_404
from psycopg2 import sql
from sqlalchemy import Column, ForeignKey, Index, Integer, String, and_, func, or_, select, text
from sqlalchemy.orm import declarative_base, joinedload, relationship
from alembic import op
import sqlalchemy as sa

Base = declarative_base()
BY_NAME = f"SELECT id FROM {'users'} WHERE name = %s"

class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String(50), index=True)
    posts = relationship("Post", back_populates="user")
    __table_args__ = (Index("ix_email", func.lower(email), postgresql_where=text("email IS NOT NULL")),)

class Post(Base):
    __tablename__ = "posts"
    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"))
    user = relationship(User)

class Shop(models.Model):
    name = models.CharField(max_length=20, db_index=True)
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE, related_name="shops")
    class Meta:
        ordering = ["-name"]
        indexes = [models.Index(fields=["name", "-owner"], condition=models.Q(name="x"))]

def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer()), sa.PrimaryKeyConstraint("id"))
    with op.batch_alter_table("users") as batch:
        batch.create_index("i", ["id"], unique=True)

class Repo:
    def __init__(self, db):
        self.db = db

    def find(self, email=None, *names, limit: int = 10, **more):
        query = self.db.query(User).options(joinedload(User.posts))
        if email:
            query = query.filter(and_(User.email == email.lower(), or_(User.id > 3, ~User.id.in_(names))))
        for name in names:
            query = query.join(Post).filter_by(**more)
        return query.order_by(User.email.desc())[:limit]

def raw(cur, table, ids, status=None):
    where = ["a = %s"]
    if status:
        where.append(f"status = '{status}'")
    cur.execute("SELECT a FROM " + table + " WHERE " + " AND ".join(where), (1,))
    for row in cur.fetchall():
        cur.execute(sql.SQL("DELETE FROM {} WHERE b IN ({})").format(sql.Identifier("t"), sql.SQL(", ").join(ids)))
    cur.execute(BY_NAME % {"a": [x for x in ids if x], 'b': lambda y: y[1:2]}, """ -- planlint: ignore[missing-index]
    """)
    try:
        return Shop.objects.filter(owner__email__icontains=status, name__in=["a", "é"]).exclude(pk=1).first()
    except (KeyError, ValueError) as error:
        raise Http404 from error

async def stream(session, uid):
    rows = await session.scalars(select(Post).where(Post.user_id == uid).limit(5))
    return [row async for row in rows], get_object_or_404(Shop, pk=uid)
"#;

/// Reads texts as the files of a code base: models, views, a migration.
fn read(texts: &[String]) {
    const PATHS: &[&str] = &["shop/models.py", "shop/migrations/0001_initial.py", "alembic/versions/a.py", "app/b.py"];
    let words = words();
    let file = |(number, text): (usize, &String)| {
        let path = TreePath::new(PATHS[number % PATHS.len()]);
        facts(FileId(number as u32), &path, PathClass::App, text, &words)
    };
    let facts: Vec<HostFacts> = texts.iter().enumerate().map(file).collect();
    let linked = Linked::new(Code::new(&facts));
    linked.schemas(None);
    for number in 0..texts.len() {
        for dialect in [Dialect::Postgres, Dialect::Mysql] {
            let Found { sites, .. } = linked.sites(number, DatabaseId(0), dialect, PathClass::App);
            for form in sites.iter().flat_map(|site| &site.variants) {
                assert_eq!(form.spans.sql_len() as usize, form.sql.len(), "{}", form.sql);
            }
        }
    }
}

fn cut(at: usize) -> usize {
    CODE.floor_char_boundary(at.min(CODE.len()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_text_that_is_cut_off(at in 0..CODE.len(), from in 0..CODE.len()) {
        read(&[CODE[..cut(at)].to_owned(), CODE[cut(from)..].to_owned()]);
    }

    #[test]
    fn a_text_with_a_part_missing_or_moved(a in 0..CODE.len(), b in 0..CODE.len(), c in 0..CODE.len()) {
        let mut ends = [cut(a), cut(b), cut(c)];
        ends.sort_unstable();
        let [a, b, c] = ends;
        read(&[
            format!("{}{}", &CODE[..a], &CODE[b..]),
            format!("{}{}{}{}", &CODE[..a], &CODE[b..c], &CODE[a..b], &CODE[c..]),
        ]);
    }

    #[test]
    fn lines_in_any_order(seed in proptest::collection::vec(0..1000usize, 40)) {
        let lines: Vec<&str> = CODE.lines().collect();
        let text: String = seed.iter().map(|number| format!("{}\n", lines[number % lines.len()])).collect();
        read(&[format!("{CODE}{text}"), text]);
    }
}
