//! Relationships and attributes of a few models.

use super::{Models, Property};
use crate::host::code::Code;
use crate::host::facts;
use crate::query::PathClass;
use crate::source::{FileId, TreePath};

/// Reads files, and shows a model: what is asked of it, a line each.
fn check(files: &[(&str, &str)], class: &str, expected: &str) {
    let words = crate::orm::words();
    let fact = |(at, (path, text)): (usize, &(&str, &str))| {
        facts::facts(FileId(at as u32), &TreePath::new(path), PathClass::App, text, &words)
    };
    let facts: Vec<facts::HostFacts> = files.iter().enumerate().map(fact).collect();
    let code = Code::new(&facts);
    let models = Models::read(&code);
    let is_it = |id: &crate::host::value::ClassId| *code.class(*id).class.name == *class;
    let model = code.class_ids().filter(is_it).find_map(|id| models.of_class(id)).expect("the class is mapped");
    let mut lines = Vec::new();
    let pairs = |pairs: &[(crate::name::Ident, crate::name::Ident)]| {
        pairs.iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>().join(",")
    };
    for relationship in &model.relationships {
        let mut line = format!("{} {}", relationship.attribute, code.class(relationship.target).class.name);
        line.push_str(if relationship.many { "*" } else { "" });
        match (&relationship.join, &relationship.secondary) {
            (Some(join), _) => line.push_str(&format!(" {}", pairs(join))),
            (None, Some(between)) => {
                line.push_str(&format!(" {} {} {}", pairs(&between.local), between.table, pairs(&between.remote)));
            }
            (None, None) => line.push_str(" ?"),
        }
        line.push_str(&format!(" {:?}", relationship.loading));
        for (column, is_descending) in &relationship.order_by {
            line.push_str(&format!(" {column}{}", if *is_descending { " desc" } else { "" }));
        }
        lines.push(line);
    }
    lines.extend(model.hybrids.keys().map(|name| format!("hybrid {name}")));
    let told = model.properties.iter().filter(|(_, property)| **property != Property::Plain);
    lines.extend(told.map(|(name, property)| format!("{name} {property:?}")));
    lines.extend(model.discriminator.iter().map(|(column, names)| format!("only {column} {}", names.join(","))));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, expected, "{files:?}");
}

const BASE: &str = "from sqlalchemy import *\nfrom sqlalchemy.orm import *\nfrom sqlalchemy.ext.hybrid import hybrid_property\nfrom sqlalchemy.ext.associationproxy import association_proxy\nclass Base(DeclarativeBase):\n    pass\n";

#[test]
fn references_tell_which_columns_join() {
    let text = format!(
        r#"{BASE}
links = Table("links", Base.metadata, Column("user_id", ForeignKey("users.id")), Column("tag_id", ForeignKey("tags.id")))
friends = Table("friends", Base.metadata, Column("a", ForeignKey("users.id")), Column("b", ForeignKey("users.id")))
class User(Base):
    __tablename__ = "users"
    id = mapped_column(Integer, primary_key=True)
    boss_id = mapped_column(ForeignKey("users.id"))
    posts: Mapped[list["Post"]] = relationship(back_populates="author", foreign_keys="Post.author_id", order_by="Post.made.desc(), Post.id", lazy="selectin")
    reviewed = relationship("Post", primaryjoin="and_(User.id == foreign(Post.reviewer_id), Post.made > 3)", viewonly=True)
    boss = relationship("User", remote_side=[id], backref=backref("staff", lazy="dynamic"))
    tags = relationship(lambda: Tag, secondary=links, backref="users")
    friends = relationship("User", secondary="friends", primaryjoin=id == friends.c.a, secondaryjoin=id == friends.c.b)
    lost = relationship("Nobody")
class Post(Base):
    __tablename__ = "posts"
    id = mapped_column(Integer, primary_key=True)
    made = mapped_column(DateTime)
    author_id = mapped_column("writer_id", ForeignKey(User.id))
    reviewer_id = mapped_column(ForeignKey("users.id"))
    author: Mapped["User | None"] = relationship(foreign_keys=[author_id], lazy="joined")
    either = relationship("User")
class Tag(Base):
    __tablename__ = "tags"
    id = mapped_column(Integer, primary_key=True)
"#
    );
    let files = [("app/models.py", text.as_str())];
    check(
        &files,
        "User",
        "posts Post* id=writer_id Selectin made desc id
        reviewed Post* id=reviewer_id Lazy
        boss User boss_id=id Lazy
        tags Tag* id=user_id links tag_id=id Lazy
        friends User* id=a friends b=id Lazy
        staff User* id=boss_id Dynamic",
    );
    check(&files, "Post", "author User writer_id=id Joined\neither User ? Lazy");
    check(&files, "Tag", "users User* id=tag_id links user_id=id Lazy");
}

#[test]
fn attributes_that_are_no_columns() {
    let text = format!(
        r#"{BASE}
class Animal(Base):
    __tablename__ = "animals"
    id = mapped_column(Integer, primary_key=True)
    kind = mapped_column("type", Text)
    nick = synonym("kind")
    length = column_property(func.length(kind))
    owner_name = association_proxy("owner", "name")
    __mapper_args__ = {{"polymorphic_on": kind, "polymorphic_identity": "animal"}}
    @hybrid_property
    def loud(self):
        return self.kind == "dog"
    @loud.expression
    def loud(cls):
        return cls.kind == "dog"
    @property
    def plain(self):
        return 1
class Dog(Animal):
    __mapper_args__ = {{"polymorphic_identity": "dog"}}
class Puppy(Dog):
    __mapper_args__ = {{"polymorphic_identity": "puppy"}}
"#
    );
    let files = [("app/models.py", text.as_str())];
    let inherited = "hybrid loud
        length Expression
        nick Synonym(\"kind\")
        owner_name Proxy { relationship: \"owner\", attribute: \"name\" }";
    check(&files, "Animal", inherited);
    check(&files, "Dog", &format!("{inherited}\nonly type dog,puppy"));
}

#[test]
fn of_several_classes_of_a_name_the_nearest_is_meant() {
    let user = |more: &str| {
        format!(
            "{BASE}class User(Base):\n    __tablename__ = 'users'\n    {more} = mapped_column(Integer, primary_key=True)\n"
        )
    };
    let (a, b) = (user("a_id"), user("b_id"));
    let post = |column: &str| {
        format!(
            "{BASE}class Post(Base):\n    __tablename__ = 'posts'\n    id = mapped_column(Integer, primary_key=True)\n    \
             user_id = mapped_column(ForeignKey('users.{column}'))\n    user = relationship('User')\n"
        )
    };
    let near = post("b_id");
    let files =
        [("a/models/user.py", a.as_str()), ("b/models/user.py", b.as_str()), ("b/models/post.py", near.as_str())];
    check(&files, "Post", "user User user_id=b_id Lazy");
}
