//! What SQLAlchemy's queries become; an idiom a row.

use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::host::facts::{HostFacts, facts};
use crate::orm::{Linked, words};
use crate::query::{DatabaseId, PathClass, QuerySite, SiteOrigin, VariantKind};
use crate::source::{FileId, TreePath};

mod idioms;

/// Models that the rows query.
const MODELS: &str = "
import enum
from sqlalchemy import Column, Enum, ForeignKey, Integer, String, DateTime, Boolean, Table, TypeDecorator, and_, or_, not_, func, select, update, delete, desc, text, case, exists, cast, Date, union_all, literal, null, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import relationship, aliased, selectinload, joinedload, lazyload, contains_eager, with_parent, column_property, declared_attr, foreign
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import declarative_base
Base = declarative_base()

class Status(str, enum.Enum):
    live = 'l'
    gone = 'g'

class Kind(enum.Enum):
    a = 1
    b = 2

class Kept(TypeDecorator):
    impl = String
    def __init__(self, of):
        self.of = of
    def process_bind_param(self, value, dialect):
        return value.value if isinstance(value, self.of) else value

member = Table('member', Base.metadata, Column('user_id', ForeignKey('users.id')), Column('team_id', ForeignKey('teams.id')))

class Team(Base):
    __tablename__ = 'teams'
    id = Column(Integer, primary_key=True)
    name = Column(String)
    users = relationship('User', secondary=member, back_populates='teams')

class User(Base):
    __tablename__ = 'users'
    id = Column(Integer, primary_key=True)
    email = Column(String)
    active = Column('is_active', Boolean)
    born = Column(DateTime)
    posts = relationship('Post', back_populates='author')
    teams = relationship('Team', secondary=member, back_populates='users')
    @hybrid_property
    def adult(self):
        return self.born < '2000-01-01'

class Post(Base):
    __tablename__ = 'posts'
    id = Column(Integer, primary_key=True)
    author_id = Column(Integer, ForeignKey('users.id'))
    title = Column(String)
    at = Column(DateTime)
    author = relationship('User', back_populates='posts')

class Note(Base):
    __tablename__ = 'notes'
    id = Column(Integer, primary_key=True)
    above_id = Column(ForeignKey('notes.id'))
    above = relationship('Note', remote_side=[id], backref='below')
    status = Column(Enum(Status))
    kept = Column(Enum(Status, values_callable=lambda of: [item.value for item in of]))
    told = Column(String)
    kind = Column(Enum(Kind))
    own = Column(Kept(Kind))
    plain = Column(Integer)
    data = Column(JSONB)
    tags = Column(ARRAY(String))

class Thing(Base):
    __tablename__ = 'things'
    id = Column(Integer, primary_key=True)
    name = Column(String)

class Tool(Thing):
    __tablename__ = 'tools'
    id = Column(ForeignKey('things.id'), primary_key=True)
    size = Column(Integer)

class Shop(Base):
    __tablename__ = 'shops'
    id = Column(Integer, primary_key=True)
    name = Column(String)
    owner_id = Column(ForeignKey('users.id'))
    owner = relationship('User', lazy='joined')
    items = relationship('Item', lazy='selectin')
    live = relationship('Item', primaryjoin='and_(Shop.id == foreign(Item.shop_id), Item.gone == False)', viewonly=True)
    title = column_property(name + '!')

class Item(Base):
    __tablename__ = 'items'
    id = Column(Integer, primary_key=True)
    shop_id = Column(ForeignKey('shops.id'))
    gone = Column(Boolean)
    @declared_attr
    def shop(cls):
        return relationship('Shop')
    @declared_attr
    def notes(cls):
        return column_property(select(func.count(Note.id)).where(Note.plain == cls.id).scalar_subquery())

class Pair(Base):
    __tablename__ = 'pairs'
    a = Column(Integer, primary_key=True)
    b = Column(Integer, primary_key=True)
";

fn files(body: &str) -> [HostFacts; 2] {
    let one = |id: u32, path: &str, text: &str| facts(FileId(id), &TreePath::new(path), PathClass::App, text, &words());
    [one(0, "app/models.py", MODELS), one(1, "app/views.py", body)]
}

fn sites(body: &str) -> Vec<QuerySite> {
    let files = files(body);
    let linked = Linked::new(Code::new(&files));
    linked.sites(1, DatabaseId(0), Dialect::Postgres, PathClass::App).sites
}

/// Every form of every query, one a line; forms but the required one are named, implied queries start with `+`.
fn shown(body: &str) -> Vec<String> {
    let of_site = |site: &QuerySite| {
        let mark = if matches!(site.origin, SiteOrigin::Implied { .. }) { "+" } else { "" };
        let each = if site.in_loop.is_some() { "each: " } else { "" };
        let form = |kind: VariantKind| match kind {
            VariantKind::Required => String::new(),
            VariantKind::All => "all: ".to_owned(),
            VariantKind::Branch(number) => format!("branch {number}: "),
        };
        let of_variant = |sql: &str, kind| format!("{mark}{each}{}{sql}", form(kind));
        let forms: Vec<String> = site.variants.iter().map(|form| of_variant(&form.sql, form.kind)).collect();
        if forms.is_empty() { vec!["?".to_owned()] } else { forms }
    };
    sites(body).iter().flat_map(of_site).collect()
}

/// A line of code that sends one query.
fn check(code: &str, expect: &str) {
    let body = format!("from app.models import *\ndef f(session, db, x, y):\n    {}\n", code.replace('\n', "\n    "));
    assert_eq!(shown(&body).join("\n"), expect, "{code}");
}

#[test]
fn legacy_queries() {
    check("session.query(User).all()", "SELECT users.* FROM users");
    check(
        "db.session.query(User).filter(User.email == x).first()",
        "SELECT users.* FROM users WHERE users.email = $1 LIMIT 1",
    );
    check(
        "session.query(User).filter_by(email=x, active=True).one()",
        "SELECT users.* FROM users WHERE users.email = $1 AND users.is_active = true",
    );
    check(
        "session.query(User.id, User.email).filter(User.born >= x, User.born < y).all()",
        "SELECT users.id, users.email FROM users WHERE users.born >= $1 AND users.born < $2",
    );
    check(
        "session.query(func.count(User.id)).filter(User.active.is_(True)).scalar()",
        "SELECT count(users.id) FROM users WHERE users.is_active IS true",
    );
    check(
        "session.query(User).filter(User.email.in_(['a', 'b'])).count()",
        "SELECT count(*) FROM users WHERE users.email IN ('a', 'b')",
    );
    check(
        "session.query(User).filter(User.id.in_(x)).delete(synchronize_session=False)",
        "DELETE FROM users WHERE users.id IN ($1)",
    );
    check(
        "session.query(Post).filter_by(title=x).update({Post.at: y, 'author_id': 3})",
        "UPDATE posts SET at = $1, author_id = 3 WHERE posts.title = $2",
    );
    check("session.query(User).get(x)", "SELECT users.* FROM users WHERE users.id = $1");
    check("session.get(User, x)", "SELECT users.* FROM users WHERE users.id = $1");
    check(
        "session.query(User).order_by(User.born.desc(), User.id).limit(10).offset(x).all()",
        "SELECT users.* FROM users ORDER BY users.born DESC, users.id LIMIT 10 OFFSET $1",
    );
    check(
        "session.query(Post).filter(Post.title.ilike(f'%{x}%')).all()",
        "SELECT posts.* FROM posts WHERE posts.title ILIKE $1",
    );
    check(
        "session.query(Post).filter(Post.title.startswith('ab')).all()",
        "SELECT posts.* FROM posts WHERE posts.title LIKE 'ab%'",
    );
    check(
        "session.query(User).filter(User.email == None, User.born != None).all()",
        "SELECT users.* FROM users WHERE users.email IS NULL AND users.born IS NOT NULL",
    );
    check("session.query(User.email).distinct().all()", "SELECT DISTINCT users.email FROM users");
    check(
        "session.query(User.email).distinct().count()",
        "SELECT count(*) FROM (SELECT DISTINCT users.email FROM users) AS anon_1",
    );
    check(
        "session.query(Post.author_id, func.count().label('n')).group_by(Post.author_id).having(func.count() > 3).order_by(desc('n')).all()",
        "SELECT posts.author_id, count(*) AS n FROM posts GROUP BY posts.author_id HAVING count(*) > 3 ORDER BY n DESC",
    );
    check(
        "session.query(User).with_for_update(skip_locked=True).first()",
        "SELECT users.* FROM users LIMIT 1 FOR UPDATE SKIP LOCKED",
    );
    check(
        "session.query(User).filter(User.adult).all()",
        "SELECT users.* FROM users WHERE (users.born < '2000-01-01')",
    );
    check("session.query(User).filter(User.missing == x).all()", "SELECT users.* FROM users WHERE users.missing = $1");
}

#[test]
fn conditions() {
    let check = |condition: &str, expect: &str| {
        check(
            &format!("session.query(User).filter({condition}).all()"),
            &format!("SELECT users.* FROM users WHERE {expect}"),
        );
    };
    check(
        "or_(User.email == x, and_(User.id > 3, User.active))",
        "(users.email = $1 OR (users.id > 3 AND users.is_active))",
    );
    check("(User.email == x) | ~(User.id == y)", "(users.email = $1 OR NOT (users.id = $2))");
    check("not_(User.active)", "NOT (users.is_active)");
    check("func.lower(User.email) == x.lower()", "lower(users.email) = $1");
    check("User.born.between(x, y)", "users.born BETWEEN $1 AND $2");
    check("cast(User.born, Date) == x", "CAST(users.born AS DATE) = $1");
    check("getattr(User, 'email') == x", "users.email = $1");
    check("text('born > :since')", "born > $1");
    check(
        "User.id.in_(select(Post.author_id).where(Post.title == x))",
        "users.id IN (SELECT posts.author_id FROM posts WHERE posts.title = $1)",
    );
    check("exists().where(Post.author_id == User.id)", "EXISTS (SELECT 1 FROM posts WHERE posts.author_id = users.id)");
    check(
        "User.posts.any(Post.title == x)",
        "EXISTS (SELECT 1 FROM posts WHERE users.id = posts.author_id AND posts.title = $1)",
    );
    check("*[User.id == x]", "users.id = $1");
}

#[test]
fn joins() {
    check(
        "session.query(Post).join(User).filter(User.email == x).all()",
        "SELECT posts.* FROM posts JOIN users ON posts.author_id = users.id WHERE users.email = $1",
    );
    check(
        "session.query(Post).join(Post.author).filter(User.email == x).all()",
        "SELECT posts.* FROM posts JOIN users ON posts.author_id = users.id WHERE users.email = $1",
    );
    check(
        "session.query(Post).outerjoin(User, Post.author_id == User.id).all()",
        "SELECT posts.* FROM posts LEFT JOIN users ON posts.author_id = users.id",
    );
    check(
        "session.query(User).join(User.teams).filter(Team.name == x).all()",
        "SELECT users.* FROM users JOIN member ON users.id = member.user_id JOIN teams ON member.team_id = teams.id WHERE teams.name = $1",
    );
    check("session.query(Post).filter(Post.author == x).all()", "SELECT posts.* FROM posts WHERE posts.author_id = $1");
    check(
        "session.query(Post).filter(Post.author_id == User.id, User.email == x).all()",
        "SELECT posts.* FROM posts, users WHERE posts.author_id = users.id AND users.email = $1",
    );
    check(
        "p = aliased(Post)\nsession.query(Post).join(p, p.author_id == Post.author_id).filter(p.title == x).all()",
        "SELECT posts.* FROM posts JOIN posts AS posts_1 ON posts_1.author_id = posts.author_id WHERE posts_1.title = $1",
    );
    check(
        "sub = session.query(Post.author_id, func.max(Post.at).label('last')).group_by(Post.author_id).subquery()\nsession.query(User).join(sub, sub.c.author_id == User.id).order_by(sub.c.last).all()",
        "SELECT users.* FROM users JOIN (SELECT posts.author_id, max(posts.at) AS last FROM posts GROUP BY posts.author_id) AS anon_1 ON anon_1.author_id = users.id ORDER BY anon_1.last",
    );
}

#[test]
fn statements_of_two() {
    check(
        "session.execute(select(User).where(User.email == x)).scalar_one_or_none()",
        "SELECT users.* FROM users WHERE users.email = $1",
    );
    check(
        "await session.scalars(select(Post).order_by(Post.at.desc()).limit(5))",
        "SELECT posts.* FROM posts ORDER BY posts.at DESC LIMIT 5",
    );
    check(
        "session.execute(update(User).where(User.id == x).values(email=y))",
        "UPDATE users SET email = $1 WHERE users.id = $2",
    );
    check("session.execute(delete(Post).where(Post.at < x))", "DELETE FROM posts WHERE posts.at < $1");
    check(
        "session.execute(select(member.c.team_id).where(member.c.user_id == x))",
        "SELECT member.team_id FROM member WHERE member.user_id = $1",
    );
    check(
        "c = select(Post).where(Post.at > x).cte('recent')\nsession.execute(select(c.c.id))",
        "WITH recent AS (SELECT posts.* FROM posts WHERE posts.at > $1) SELECT recent.id FROM recent",
    );
    check(
        "session.scalar(select(func.count()).select_from(Post).where(Post.title == x))",
        "SELECT count(*) FROM posts WHERE posts.title = $1",
    );
    check(
        "session.execute(union_all(select(User.id), select(Post.id)))",
        "SELECT * FROM (SELECT users.id FROM users UNION ALL SELECT posts.id FROM posts) AS anon_1",
    );
}

#[test]
fn chains_over_statements() {
    check(
        "q = session.query(User).filter(User.active == True)\nif x:\n    q = q.filter(User.email == x)\nif y:\n    q = q.filter(User.born > y)\nreturn q.order_by(User.id).all()",
        "SELECT users.* FROM users WHERE users.is_active = true ORDER BY users.id\n\
         all: SELECT users.* FROM users WHERE users.is_active = true AND users.email = $1 AND users.born > $2 ORDER BY users.id",
    );
    check(
        "conditions = [User.active == True]\nif x:\n    conditions.append(User.email == x)\nreturn session.query(User).filter(*conditions).all()",
        "SELECT users.* FROM users WHERE users.is_active = true\n\
         all: SELECT users.* FROM users WHERE users.is_active = true AND users.email = $1",
    );
    check(
        "q = session.query(User)\nif x:\n    q = q.order_by(User.email)\nelse:\n    q = q.order_by(User.born)\nreturn q.all()",
        "SELECT users.* FROM users ORDER BY users.email\nbranch 1: SELECT users.* FROM users ORDER BY users.born",
    );
    check("q = session.query(User).filter(User.id == x)\nreturn q", "SELECT users.* FROM users WHERE users.id = $1");
    check("user = session.query(User).first()\nreturn user.mark()", "SELECT users.* FROM users LIMIT 1");
}

#[test]
fn what_relationships_bring() {
    check(
        "session.query(User).options(selectinload(User.posts)).all()",
        "SELECT users.* FROM users\n+SELECT posts.* FROM posts WHERE posts.author_id IN ($1)",
    );
    check(
        "session.query(Post).options(joinedload(Post.author)).all()",
        "SELECT posts.* FROM posts LEFT JOIN users AS users_1 ON posts.author_id = users_1.id",
    );
    check(
        "for post in session.query(Post).all():\n    print(post.author.email)",
        "SELECT posts.* FROM posts\n+each: SELECT users.* FROM users WHERE users.id = $1",
    );
    check(
        "for post in session.query(Post).options(joinedload(Post.author)).all():\n    print(post.author.email)",
        "SELECT posts.* FROM posts LEFT JOIN users AS users_1 ON posts.author_id = users_1.id",
    );
    check(
        "for user in session.query(User).all():\n    session.query(Post).filter(Post.author_id == user.id).all()",
        "SELECT users.* FROM users\neach: SELECT posts.* FROM posts WHERE posts.author_id = $1",
    );
}

#[test]
fn what_is_asked_once_or_until_it_is_so_is_not_asked_for_each_row() {
    check(
        "for user in session.query(User).all():\n    if user.email:\n        return session.query(Post).filter(Post.author_id == user.id).all()",
        "SELECT users.* FROM users\nSELECT posts.* FROM posts WHERE posts.author_id = $1",
    );
    check(
        "for user in session.query(User).all():\n    post = start(user)\n    while not post.title:\n        post = session.query(Post).filter(Post.author_id == user.id).one()",
        "SELECT users.* FROM users\nSELECT posts.* FROM posts WHERE posts.author_id = $1",
    );
}

#[test]
fn what_is_no_query_is_left_alone() {
    check("x.query(y).all()", "");
    check("[item for item in x if item.all()]", "");
    check("x.filter(y).first()", "");
    check("session.add(User(email=x))", "");
}

#[test]
fn a_session_of_code_elsewhere_sends_queries() {
    let sent = "SELECT users.* FROM users WHERE users.email = $1";
    check("from elsewhere import session\nsession.query(User).filter(User.email == x).all()", sent);
    check("import elsewhere\nelsewhere.db.session.query(User).filter_by(email=x).all()", sent);
}

#[test]
fn a_class_that_is_declared_for_two_tables_is_neither() {
    let class = |table: &str| {
        format!("class Ev(Base):\n        __tablename__ = '{table}'\n        id = Column(Integer, primary_key=True)")
    };
    let declares = |test: &str| {
        format!(
            "import os\nfrom sqlalchemy import Column, Integer\nfrom sqlalchemy.orm import declarative_base\nBase = declarative_base()\n\
             if {test}:\n    {}\nelse:\n    {}\n\ndef f(session):\n    return session.query(Ev).all()\n",
            class("ev_pg"),
            class("ev_lite"),
        )
    };
    assert_eq!(shown(&declares("os.environ.get('PG')")), ["?"]);
}
