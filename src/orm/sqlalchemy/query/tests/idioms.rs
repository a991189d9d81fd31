//! Idioms whose SQL was compared with what SQLAlchemy itself sends.

use super::check;

#[test]
fn tables_that_only_conditions_name() {
    let check = |condition: &str, expect: &str| {
        check(
            &format!("session.query(User).filter({condition}).all()"),
            &format!("SELECT users.* FROM users WHERE {expect}"),
        );
    };
    let found = "EXISTS (SELECT 1 FROM posts WHERE posts.author_id = users.id)";
    check("exists(select(1).where(Post.author_id == User.id))", found);
    check("select(1).where(Post.author_id == User.id).exists()", found);
    check("exists(select(literal(1)).where(Post.author_id == User.id))", found);
    check("exists(select(text('1')).select_from(Post).where(Post.author_id == User.id))", found);
    check("exists(1).where(Post.author_id == User.id)", found);
    check("~exists(select(1).where(Post.author_id == User.id))", &format!("NOT ({found})"));
    super::check(
        "session.execute(select(1).where(User.email == x)).first()",
        "SELECT 1 FROM users WHERE users.email = $1",
    );
    super::check(
        "session.execute(delete(Post).where(exists().where(User.id == Post.author_id)))",
        "DELETE FROM posts WHERE EXISTS (SELECT 1 FROM users WHERE users.id = posts.author_id)",
    );
    super::check("x.select('INBOX')", "");
}

#[test]
fn members_of_enumerations_are_what_their_column_keeps() {
    let check = |condition: &str, expect: &str| {
        check(
            &format!("session.query(Note.id).filter({condition}).all()"),
            &format!("SELECT notes.id FROM notes WHERE {expect}"),
        );
    };
    check("Note.status == Status.live", "notes.status = 'live'");
    check("Note.kept == Status.live", "notes.kept = 'l'");
    check("Note.told == Status.live", "notes.told = 'l'");
    check("Note.told == Status.live.value", "notes.told = 'l'");
    check("Note.told == Status.live.name", "notes.told = 'live'");
    check("Note.status.in_([Status.live, Status.gone])", "notes.status IN ('live', 'gone')");
    check("Note.kind != Kind.b", "notes.kind <> 'b'");
    check("Note.own == Kind.b", "notes.own = 2");
    check("func.coalesce(Note.kept, Status.live) == x", "coalesce(notes.kept, 'l') = $1");
    // Nobody can say what a driver makes of it.
    check("Note.plain == Kind.b", "notes.plain = $1");
    check("Note.status == x.live", "notes.status = $1");
    super::check(
        "session.query(Note.id).filter_by(status=Status.gone).all()",
        "SELECT notes.id FROM notes WHERE notes.status = 'gone'",
    );
    super::check(
        "session.execute(update(Note).where(Note.id == x).values(status=Status.gone))",
        "UPDATE notes SET status = 'gone' WHERE notes.id = $1",
    );
}

#[test]
fn documents_arrays_and_texts() {
    let check = |condition: &str, expect: &str| {
        check(
            &format!("session.query(Note.id).filter({condition}).all()"),
            &format!("SELECT notes.id FROM notes WHERE {expect}"),
        );
    };
    check("Note.data['a'].astext == x", "(notes.data ->> 'a') = $1");
    check("Note.data['a']['b'].astext == x", "((notes.data -> 'a') ->> 'b') = $1");
    check("Note.data[('a', 'b')].astext == x", "(notes.data #>> '{a,b}') = $1");
    check("Note.data['a'].as_integer() == 3", "CAST((notes.data ->> 'a') AS INTEGER) = 3");
    check("Note.data['a'] == 'x'", "(notes.data -> 'a') = $1");
    check("Note.data['a'] == null()", "(notes.data -> 'a') IS NULL");
    check("Note.tags[1] == 'a'", "notes.tags[1] = 'a'");
    check("cast(Note.id, String) == x", "CAST(notes.id AS VARCHAR) = $1");
    check("cast(Note.id, String(20)) == x", "CAST(notes.id AS VARCHAR(20)) = $1");
    check("Note.told + 'x' == y", "(notes.told || 'x') = $1");
    check("Note.plain + 1 == y", "(notes.plain + 1) = $1");
    check("Note.told.collate('C') == y", "(notes.told COLLATE \"C\") = $1");
}

#[test]
fn relationships_within_conditions() {
    let check = |condition: &str, expect: &str| {
        check(
            &format!("session.query(User.id).filter({condition}).all()"),
            &format!("SELECT users.id FROM users{expect}"),
        );
    };
    check("User.posts.contains(x)", " WHERE users.id = $1");
    check("User.teams.contains(x)", ", member AS member_1 WHERE users.id = member_1.user_id AND member_1.team_id = $1");
    check(
        "~User.teams.contains(x)",
        " WHERE NOT (EXISTS (SELECT 1 FROM member, teams WHERE users.id = member.user_id AND member.team_id = teams.id AND teams.id = $1))",
    );
    check("User.posts == None", " WHERE NOT (EXISTS (SELECT 1 FROM posts WHERE users.id = posts.author_id))");
    super::check(
        "session.query(Post.id).filter(Post.author != x).all()",
        "SELECT posts.id FROM posts WHERE (posts.author_id <> $1 OR posts.author_id IS NULL)",
    );
    // What is asked of rows of the same table is asked of their alias.
    super::check(
        "session.query(Note.id).filter(Note.above.has(Note.told == x)).all()",
        "SELECT notes.id FROM notes WHERE EXISTS (SELECT 1 FROM notes AS notes_1 WHERE notes.above_id = notes_1.id AND notes_1.told = $1)",
    );
    super::check(
        "session.query(Team.id).filter(with_parent(x, User.teams)).all()",
        "SELECT teams.id FROM teams, member AS member_1 WHERE member_1.user_id = $1 AND member_1.team_id = teams.id",
    );
}

#[test]
fn parents_keys_and_locks() {
    check(
        "session.query(Tool.size).filter(Tool.name == x).all()",
        "SELECT tools.size FROM tools, things WHERE tools.id = things.id AND things.name = $1",
    );
    check("session.query(Pair).get((x, y))", "SELECT pairs.* FROM pairs WHERE pairs.a = $1 AND pairs.b = $2");
    check(
        "session.query(User).with_for_update(of=User, key_share=True, nowait=True).first()",
        "SELECT users.* FROM users LIMIT 1 FOR NO KEY UPDATE OF users NOWAIT",
    );
    check("session.get(User, x, with_for_update=True)", "SELECT users.* FROM users WHERE users.id = $1 FOR UPDATE");
}

#[test]
fn queries_within_queries() {
    check(
        "t = select(Note.id, Note.above_id).where(Note.id == x).cte('t', recursive=True)\nt = t.union_all(select(Note.id, Note.above_id).join(t, Note.above_id == t.c.id))\nsession.execute(select(t.c.id))",
        "WITH RECURSIVE t AS (SELECT notes.id, notes.above_id FROM notes WHERE notes.id = $1 UNION ALL SELECT notes.id, notes.above_id FROM notes JOIN t ON notes.above_id = t.id) SELECT t.id FROM t",
    );
    check(
        "sub = select(Post).where(Post.title == x).subquery()\np = aliased(Post, sub)\nsession.execute(select(p.id).where(p.at > y))",
        "SELECT anon_1.id FROM (SELECT posts.* FROM posts WHERE posts.title = $1) AS anon_1 WHERE anon_1.at > $2",
    );
    check(
        "sub = session.query(Post.author_id).filter(Post.title == x).subquery()\nsession.query(User.id).filter(User.id.in_(select(sub.c.author_id))).all()",
        "SELECT users.id FROM users WHERE users.id IN (SELECT anon_1.author_id FROM (SELECT posts.author_id FROM posts WHERE posts.title = $1) AS anon_1)",
    );
    check(
        "last = select(Post.id).where(Post.author_id == User.id).limit(1).lateral('last')\nsession.execute(select(User.id, last.c.id).join(last, true()))",
        "SELECT users.id, last.id FROM users JOIN LATERAL (SELECT posts.id FROM posts WHERE posts.author_id = users.id LIMIT 1) AS last ON true",
    );
    // A row that a query gave is no query.
    check(
        "u = session.query(User).first()\nsession.query(Post.id).filter(Post.author_id == u.id).all()",
        "SELECT users.* FROM users LIMIT 1\nSELECT posts.id FROM posts WHERE posts.author_id = $1",
    );
}

#[test]
fn slices_of_legacy_queries() {
    check("return session.query(User)[:10]", "SELECT users.* FROM users LIMIT 10");
    check("users = session.query(User)[5:15]", "SELECT users.* FROM users LIMIT 10 OFFSET 5");
    check("session.query(User).order_by(User.id)[0]", "SELECT users.* FROM users ORDER BY users.id LIMIT 1");
    check("session.query(User)[x:x + 5]", "SELECT users.* FROM users LIMIT $1 OFFSET $2");
    check("session.query(User)[3]", "SELECT users.* FROM users LIMIT 1 OFFSET 3");
    check("session.query(User).slice(2, 5).all()", "SELECT users.* FROM users LIMIT 3 OFFSET 2");
    check("for user in session.query(User)[:x]:\n    print(user)", "SELECT users.* FROM users LIMIT $1");
    check("list(session.query(User))", "SELECT users.* FROM users");
    // Rows that were read are the host's.
    check("session.query(User).all()[:10]", "SELECT users.* FROM users");
    check("session.query(User)[-1]", "SELECT users.* FROM users");
}

#[test]
fn what_relationships_say_of_their_loading() {
    let joined =
        "SELECT shops.* FROM shops LEFT JOIN users AS users_1 ON shops.owner_id = users_1.id WHERE shops.name = $1";
    check(
        "session.query(Shop).filter(Shop.name == x).all()",
        &format!("{joined}\n+SELECT items.* FROM items WHERE items.shop_id IN ($1)"),
    );
    check("session.query(Shop).options(lazyload(Shop.items)).filter(Shop.name == x).all()", joined);
    check(
        "session.query(Shop).options(lazyload('*')).filter(Shop.name == x).all()",
        "SELECT shops.* FROM shops WHERE shops.name = $1",
    );
    check("session.query(Shop.id).filter(Shop.name == x).all()", "SELECT shops.id FROM shops WHERE shops.name = $1");
    check("session.query(Shop).filter(Shop.name == x).count()", "SELECT count(*) FROM shops WHERE shops.name = $1");
    check(
        "session.get(Shop, x)",
        "SELECT shops.* FROM shops LEFT JOIN users AS users_1 ON shops.owner_id = users_1.id WHERE shops.id = $1\n\
         +SELECT items.* FROM items WHERE items.shop_id IN ($1)",
    );
    check(
        "session.query(User).options(joinedload(User.teams)).filter(User.id == x).all()",
        "SELECT users.* FROM users LEFT JOIN member AS member_1 ON users.id = member_1.user_id LEFT JOIN teams AS teams_1 ON member_1.team_id = teams_1.id WHERE users.id = $1",
    );
    // Rows that are cut off first are joined around.
    check(
        "session.query(User).options(joinedload(User.posts)).limit(3).all()",
        "SELECT users.* FROM users LIMIT 3\n+SELECT posts.* FROM posts WHERE posts.author_id IN ($1)",
    );
}

#[test]
fn what_models_write_of_themselves() {
    check(
        "session.query(Shop.id).join(Shop.live).filter(Item.id == x).all()",
        "SELECT shops.id FROM shops JOIN items ON shops.id = items.shop_id AND items.gone = false WHERE items.id = $1",
    );
    check(
        "session.query(Shop.id).filter(Shop.live.any()).all()",
        "SELECT shops.id FROM shops WHERE EXISTS (SELECT 1 FROM items WHERE shops.id = items.shop_id AND items.gone = false)",
    );
    check(
        "session.query(Shop.id).filter(Shop.title == x).all()",
        "SELECT shops.id FROM shops WHERE ((shops.name || '!')) = $1",
    );
    // A relationship that a method declares.
    check(
        "session.query(Item.id).join(Item.shop).filter(Shop.name == x).all()",
        "SELECT items.id FROM items JOIN shops ON items.shop_id = shops.id WHERE shops.name = $1",
    );
    let notes = "(SELECT count(notes.id) FROM notes WHERE notes.plain = items.id)";
    check(
        "session.query(Item).filter(Item.gone).all()",
        &format!("SELECT items.*, ({notes}) AS notes FROM items WHERE items.gone"),
    );
    check(
        "session.query(Item.id).filter(Item.notes > 3).all()",
        &format!("SELECT items.id FROM items WHERE ({notes}) > 3"),
    );
}

#[test]
fn queries_that_cannot_be_told_are_counted() {
    check("session.query(x).filter_by(a=1).all()", "?");
    check("made = type('Made', (Base,), {})\nsession.query(made).first()", "?");
    check("session.execute(select(x).where(x.a == y)).all()", "?");
    check("rows = session.query(x).all()\nreturn rows[0]", "?");
    check("client.query(x).all()", "");
    check("session.execute(update(User).where(User.id == x), y)", "UPDATE users SET email = $1 WHERE users.id = $2");
    // A row that the host makes has values.
    check(
        "user = User(email=x)\nsession.query(Post.id).filter(Post.author_id == user.id).all()",
        "SELECT posts.id FROM posts WHERE posts.author_id = $1",
    );
    // An expression of a query is none.
    check("return select(Post.id).where(Post.title == x).scalar_subquery().in_([1, 2])", "");
}

#[test]
fn queries_that_are_handed_over() {
    let repository = |body: &str| {
        let text = format!(
            "from app.models import *\nfrom pages import Page\n\
             class Repository:\n    model = User\n\
             \x20   def all(self, statement):\n        return self.session.execute(statement).scalars().all()\n\
             \x20   def one(self, statement):\n        rows = self.all(statement.limit(1))\n        return rows\n\
             \x20   def page(self, statement, x):\n\
             \x20       count = select(func.count()).select_from(statement.subquery())\n\
             \x20       self.session.execute(count)\n\
             \x20       return self.session.execute(statement.limit(10).offset(x))\n\
             \x20   def f(self, session, x, y):\n        {body}\n"
        );
        // Of what it counts where nobody gives it a query `page` says nothing.
        let shown: Vec<String> = super::shown(&text).into_iter().filter(|form| form != "?").collect();
        shown.join("\n")
    };
    assert_eq!(
        repository("self.all(select(User.id).where(User.email == x))"),
        "SELECT users.id FROM users WHERE users.email = $1"
    );
    assert_eq!(
        repository("self.one(select(self.model).where(User.email == x))"),
        "SELECT users.* FROM users WHERE users.email = $1 LIMIT 1"
    );
    assert_eq!(
        repository("self.page(select(User.id), x)"),
        "SELECT count(*) FROM (SELECT users.id FROM users) AS anon_1\nSELECT users.id FROM users LIMIT 10 OFFSET $1"
    );
    // A row is none.
    assert_eq!(repository("self.all(session.query(User).first())"), "SELECT users.* FROM users LIMIT 1");
    assert_eq!(repository("Page(select(User.id), x)"), "SELECT users.id FROM users");
    assert_eq!(
        repository("q = select(User.id)\n        Page(q)\n        session.execute(q)"),
        "SELECT users.id FROM users"
    );
}

#[test]
fn what_is_kept_of_columns_and_loads() {
    check(
        "session.execute(select(User).with_only_columns(literal(1), maintain_column_froms=True))",
        "SELECT 1 FROM users",
    );
    check(
        "session.query(User.id, User).options(selectinload(User.posts).joinedload(Post.author)).all()",
        "SELECT users.id, users.* FROM users\n+SELECT posts.* FROM posts WHERE posts.author_id IN ($1)\n\
         +SELECT users.* FROM users WHERE users.id IN ($1)",
    );
}
