//! Python texts and the SQL that they send.

use crate::config::WrapperSettings;
use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::host::facts::{HostFacts, facts};
use crate::orm::{Found, Linked, words, words_with};
use crate::query::{DatabaseId, PathClass, QuerySite, Resolution, Skip, Takes};
use crate::source::{FileId, TreePath};

fn read(files: &[(&str, &str)]) -> Vec<HostFacts> {
    let words = words();
    let file = |(number, (path, text)): (usize, &(&str, &str))| {
        facts(FileId(number as u32), &TreePath::new(path), PathClass::App, text, &words)
    };
    files.iter().enumerate().map(file).collect()
}

fn sites(files: &[(&str, &str)], file: usize) -> (Vec<QuerySite>, Vec<Skip>) {
    let facts = read(files);
    let found = Linked::new(Code::new(&facts)).sites(file, DatabaseId(0), Dialect::Postgres, PathClass::App);
    (found.sites, found.skips)
}

/// A site in a line: its forms, how much is known of it, and what is not.
fn shown(site: &QuerySite, skips: &[Skip]) -> String {
    let forms: Vec<String> =
        site.variants.iter().map(|form| form.sql.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let mut shown = forms.join(" | ");
    if site.resolution != Resolution::Resolved {
        let reasons: Vec<&str> = skips.iter().filter(|skip| skip.place == site.place).map(|skip| skip.reason).collect();
        shown.push_str(&format!(" <{}>", reasons.join(" ")));
    }
    if site.takes == Takes::One {
        shown.push_str(" one");
    }
    if site.in_loop.is_some() {
        shown.push_str(" in-loop");
    }
    shown.trim().to_owned()
}

fn check(text: &str, expect: &[&str]) {
    let (sites, skips) = sites(&[("app/a.py", text)], 0);
    let found: Vec<String> = sites.iter().map(|site| shown(site, &skips)).collect();
    assert_eq!(found, expect, "{text}");
}

#[test]
fn drivers_send_what_their_methods_are_given() {
    check("def f(cur):\n    cur.execute('SELECT a FROM t WHERE b = %s', (1,))\n", &["SELECT a FROM t WHERE b = $1"]);
    check("def f(txn):\n    txn.execute('SELECT a FROM t WHERE b = ?', (1,))\n", &["SELECT a FROM t WHERE b = $1"]);
    check(
        "async def f(conn):\n    await conn.fetchrow('SELECT a FROM t WHERE b = $2 AND c = $1 AND d = $2', 1, 2)\n",
        &["SELECT a FROM t WHERE b = $2 AND c = $1 AND d = $2 one"],
    );
    check(
        "async def f(db):\n    return await db.fetch_all(query='SELECT a FROM t WHERE b = :b', values={})\n",
        &["SELECT a FROM t WHERE b = $1"],
    );
    check("import pandas as pd\ndef f(conn):\n    return pd.read_sql('SELECT a FROM t', conn)\n", &["SELECT a FROM t"]);
    check(
        "from psycopg2.extras import execute_values\ndef f(cur, rows):\n    execute_values(cur, 'INSERT INTO t (a) VALUES %s', rows)\n",
        &["INSERT INTO t (a) VALUES ($1)"],
    );
    check(
        "def f(txn, rows):\n    txn.execute_batch('DELETE FROM t WHERE a = ?', rows)\n",
        &["DELETE FROM t WHERE a = $1"],
    );
    check(
        "from django.db import connection\ndef f():\n    with connection.cursor() as c:\n        c.execute('SELECT 1 FROM t')\n        c.fetchone()\n",
        &["SELECT 1 FROM t one"],
    );
    check(
        "def f(Person):\n    return Person.objects.raw('SELECT * FROM person WHERE a = %s', [1])\n",
        &["SELECT * FROM person WHERE a = $1"],
    );
}

#[test]
fn text_of_sqlalchemy_is_sent_once() {
    let head = "from sqlalchemy import text\n";
    let check = |text: &str, expect: &[&str]| check(&format!("{head}{text}"), expect);
    check(
        "def f(s):\n    s.execute(text('SELECT a FROM t WHERE b = :b'), {'b': 1}).scalar()\n",
        &["SELECT a FROM t WHERE b = $1 one"],
    );
    check(
        "def f(s):\n    q = text('SELECT a FROM t').bindparams(b=1)\n    return s.scalars(q)\n",
        &["SELECT a FROM t"],
    );
    check(
        "Q = text('SELECT a FROM t')\ndef f(s):\n    r = s.execute(Q)\n    return r.first()\n",
        &["SELECT a FROM t one"],
    );
    check("def f(q):\n    return q.filter(text('a > 1')).order_by(text('b'))\n", &[]);
}

#[test]
fn templates_have_parameters_and_holes() {
    let check = |text: &str, expect: &[&str]| check(&format!("def f(cur, a, b):\n    {text}\n"), expect);
    check(
        "cur.execute(f'SELECT a FROM t WHERE b = {a} AND c IN ({b})')",
        &["SELECT a FROM t WHERE b = $1 AND c IN ($2)"],
    );
    check("cur.execute('SELECT a FROM %s WHERE b = %%s' % a)", &["<dynamic-table>"]);
    check(
        "cur.execute('SELECT a FROM t WHERE b = {} ORDER BY {}'.format(a, b))",
        &["SELECT a FROM t WHERE b = $1 ORDER BY $2 <dynamic-order>"],
    );
    check("cur.execute('SELECT a FROM t ' + a)", &["SELECT a FROM t <dynamic-clause>"]);
    check(
        "cur.execute('SELECT a FROM t WHERE b IN (%s)' % ', '.join('?' for x in a))",
        &["SELECT a FROM t WHERE b IN ($1)"],
    );
    check(
        "cur.execute(f\"SELECT a FROM t WHERE b = '{a}' AND c LIKE '%{b}%'\")",
        &["SELECT a FROM t WHERE b = $1 AND c LIKE ('%' || $2 || '%')"],
    );
    check(
        "cur.execute(f\"SELECT a FROM t WHERE b > now() - INTERVAL '{a} days'\")",
        &["SELECT a FROM t WHERE b > now() - INTERVAL '1 days'"],
    );
    check("cur.execute(f'SELECT a FROM \"{a}\"')", &["<dynamic-table>"]);
    check("T = 't'\n    cur.execute(f'SELECT a FROM {T} WHERE b = {1}')", &["SELECT a FROM t WHERE b = 1"]);
}

#[test]
fn what_comes_and_goes_gives_forms() {
    check(
        "def f(cur, a):\n    q = 'SELECT a FROM t WHERE b = %s'\n    if a:\n        q += ' AND c = %s'\n    cur.execute(q)\n",
        &["SELECT a FROM t WHERE b = $1 | SELECT a FROM t WHERE b = $1 AND c = $2"],
    );
    check(
        "def f(cur, a):\n    w = ['b = %s']\n    if a:\n        w.append('c = %s')\n    cur.execute('SELECT a FROM t WHERE ' + ' AND '.join(w))\n",
        &["SELECT a FROM t WHERE b = $1 | SELECT a FROM t WHERE b = $1 AND c = $2"],
    );
    check(
        "def f(cur, a):\n    w = []\n    if a:\n        w.append('c = %s')\n    x = 'WHERE ' + ' AND '.join(w) if w else ''\n    cur.execute(f'SELECT a FROM t {x} ORDER BY d')\n",
        &["SELECT a FROM t ORDER BY d | SELECT a FROM t WHERE c = $1 ORDER BY d"],
    );
    check(
        "def f(cur, a):\n    if a:\n        q = 'SELECT a FROM t'\n    else:\n        q = 'SELECT b FROM u'\n    cur.execute(q)\n",
        &["SELECT a FROM t | SELECT b FROM u"],
    );
}

#[test]
fn psycopg_composes() {
    let head = "from psycopg2 import sql\ndef f(cur, a, cols):\n    ";
    let check = |text: &str, expect: &[&str]| check(&format!("{head}{text}\n"), expect);
    check(
        "cur.execute(sql.SQL('SELECT {} FROM {} WHERE {} = %s').format(sql.Identifier('x'), sql.Identifier('s', 't'), sql.Identifier('y')), [1])",
        &["SELECT \"x\" FROM \"s\".\"t\" WHERE \"y\" = $1"],
    );
    check(
        "cur.execute(sql.SQL('SELECT a FROM t WHERE b = {b} AND c = {c}').format(b=sql.Literal(a), c=sql.Placeholder()))",
        &["SELECT a FROM t WHERE b = $1 AND c = $2"],
    );
    check("cur.execute(sql.SQL('SELECT a FROM {}').format(sql.Identifier(a)))", &["<dynamic-table>"]);
    check(
        "q = sql.SQL('SELECT a FROM t') + sql.SQL(' WHERE b = %s')\n    cur.execute(q)",
        &["SELECT a FROM t WHERE b = $1"],
    );
    check(
        "cur.execute(sql.SQL('SELECT {} FROM t').format(sql.SQL(', ').join([sql.Identifier('a'), sql.Identifier('b')])))",
        &["SELECT \"a\", \"b\" FROM t"],
    );
}

#[test]
fn what_asks_for_nothing_is_no_query() {
    for text in [
        "BEGIN",
        "PRAGMA foreign_keys = ON",
        "CREATE TABLE t (a int)",
        "SET statement_timeout = 0",
        "update the docs",
        "my_cursor",
    ] {
        check(&format!("def f(cur):\n    cur.execute('{text}')\n    cur.cursor('{text}')\n"), &[]);
    }
    check(
        "def f(cur):\n    cur.executescript('DELETE FROM t WHERE a = 1; CREATE TABLE u (a int); SELECT a FROM t')\n",
        &["DELETE FROM t WHERE a = 1", "SELECT a FROM t"],
    );
}

#[test]
fn a_query_for_each_row_of_another_stands_in_its_loop() {
    check(
        "def f(cur):\n    cur.execute('SELECT a FROM t')\n    for (a,) in cur.fetchall():\n        cur.execute('SELECT b FROM u WHERE a = %s', (a,))\n",
        &["SELECT a FROM t", "SELECT b FROM u WHERE a = $1 in-loop"],
    );
    check(
        "def f(cur, ids):\n    for a in ids:\n        cur.execute('SELECT b FROM u WHERE a = %s', (a,))\n",
        &["SELECT b FROM u WHERE a = $1"],
    );
    check(
        "def f(txn):\n    txn.execute('SELECT a FROM t')\n    for row in txn:\n        txn.execute('SELECT b FROM u WHERE a = %s', (row[0],))\n",
        &["SELECT a FROM t", "SELECT b FROM u WHERE a = $1 in-loop"],
    );
}

#[test]
fn places_are_the_bytes_of_the_string() {
    let text = "def f(cur):\n    cur.execute('''SELECT a\n  FROM t WHERE b\\\n = %s AND colour = 'x' ''')\n";
    let (sites, _) = sites(&[("app/a.py", text)], 0);
    let [site] = sites.as_slice() else { panic!("one site") };
    let form = &site.variants[0];
    for word in ["FROM t", "colour", "'x'", "b"] {
        let at = form.sql.find(word).expect("the word is there") as u32;
        let host = form.spans.stretch(&(at..at + word.len() as u32)).expect("it is spelled so");
        assert_eq!(&text[host.start as usize..host.end as usize], word);
    }
}

#[test]
fn constants_of_other_modules_are_read() {
    let files = [
        ("app/__init__.py", ""),
        (
            "app/queries.py",
            "T = 'users'\nBY_NAME = f'SELECT id FROM {T} WHERE name = %s'\n\nclass Q:\n    ALL = 'SELECT id FROM users'\n",
        ),
        (
            "app/b.py",
            "from app.queries import BY_NAME, Q\n\ndef f(cur):\n    cur.execute(BY_NAME)\n    cur.execute(Q.ALL)\n",
        ),
    ];
    let (sites, skips) = sites(&files, 2);
    let found: Vec<String> = sites.iter().map(|site| shown(site, &skips)).collect();
    assert_eq!(found, ["SELECT id FROM users WHERE name = $1", "SELECT id FROM users"]);
}

#[test]
fn a_function_that_sends_what_it_is_given_makes_its_callers_senders() {
    let helper = "class Db:\n    def select(self, table, keys, cols):\n        sql = 'SELECT %s FROM %s' % (', '.join(cols), table)\n        if keys:\n            sql += ' WHERE %s' % (' AND '.join('%s = ?' % k for k in keys))\n        return self.run('select', self._txn, sql)\n\n    def _txn(self, txn, sql):\n        txn.execute(sql)\n\n    def run(self, name, f, *args):\n        return f(self.txn, *args)\n\n";
    let check = |text: &str, expect: &[&str]| check(&format!("{helper}{text}"), expect);
    check(
        "def f(db: Db):\n    db.select('t', {'a': 1, 'b': 2}, ['c', 'd'])\n",
        &["SELECT c, d FROM t WHERE a = $1 AND b = $2"],
    );
    check("def f(db: Db):\n    db.select(table='t', keys={}, cols=['c'])\n", &["SELECT c FROM t"]);
    check("def f(db: Db, t):\n    db.select(t, {}, ['c'])\n", &[]);
}

#[test]
fn loose_ends_are_cut() {
    check(
        "def f(cur, a):\n    w = []\n    if a:\n        w.append('c = %s')\n    cur.execute('SELECT a FROM t WHERE d AND ' + ' AND '.join(w) + ' ORDER BY e')\n",
        &["SELECT a FROM t WHERE d ORDER BY e | SELECT a FROM t WHERE d AND c = $1 ORDER BY e"],
    );
    check(
        "def f(cur, a):\n    cur.execute(f\"INSERT INTO t ({', '.join(a)}) VALUES ({a})\")\n",
        &["INSERT INTO t VALUES ($1) <dynamic-columns>"],
    );
    check(
        "def f(cur, a):\n    cur.execute('SELECT a FROM t WHERE 1 = 0' + ' OR (b = %s)' * len(a))\n",
        &["SELECT a FROM t WHERE 1 = 0 OR (b = $1)"],
    );
}

#[test]
fn a_loop_over_texts_gives_a_form_of_each() {
    check(
        "def f(cur):\n    for t in ('a', 'b'):\n        cur.execute('DELETE FROM %s WHERE c = %%s' % t, (1,))\n",
        &["DELETE FROM a WHERE c = $1 | DELETE FROM b WHERE c = $1"],
    );
    check(
        "def f(cur):\n    for t, c in [('a', 'x'), ('b', 'y')]:\n        cur.execute(f'DELETE FROM {t} WHERE {c} = 1')\n",
        &["DELETE FROM a WHERE x = 1 | DELETE FROM b WHERE y = 1"],
    );
}

#[test]
fn the_configuration_names_more_functions() {
    let files = [
        ("app/__init__.py", ""),
        (
            "app/db.py",
            "class Db:\n    def rows(self, name, query_text):\n        return send(query_text)\n\ndef run(sql):\n    return send(sql)\n",
        ),
        (
            "app/a.py",
            "from app import db\nfrom app.db import Db, run\nimport warehouse\n\ndef f(pool):\n    Db().rows('x', 'SELECT a FROM t')\n    Db().rows('x', query_text='SELECT b FROM t')\n    db.run('SELECT c FROM t')\n    run('SELECT d FROM t')\n    warehouse.client.ask('SELECT e FROM t')\n    pool.ask('SELECT f FROM t')\n    pool.rows('x', 'SELECT g FROM t')\n",
        ),
    ];
    let check = |function: &str, argument: u16, expect: &[&str]| {
        let wrappers = [WrapperSettings { function: function.to_owned(), argument }];
        let words = words_with(&wrappers);
        let file = |(number, (path, text)): (usize, &(&str, &str))| {
            facts(FileId(number as u32), &TreePath::new(path), PathClass::App, text, &words)
        };
        let facts: Vec<HostFacts> = files.iter().enumerate().map(file).collect();
        let linked = Linked::new(Code::new(&facts)).with_wrappers(&wrappers);
        let Found { sites, skips, .. } = linked.sites(2, DatabaseId(0), Dialect::Postgres, PathClass::App);
        let found: Vec<String> = sites.iter().map(|site| shown(site, &skips)).collect();
        assert_eq!(found, expect, "{function}");
    };
    check("nothing", 0, &[]);
    check("Db.rows", 1, &["SELECT a FROM t", "SELECT b FROM t"]);
    check("rows", 1, &["SELECT a FROM t", "SELECT b FROM t", "SELECT g FROM t"]);
    check("db.run", 0, &["SELECT c FROM t", "SELECT d FROM t"]);
    check("client.ask", 0, &["SELECT e FROM t"]);
    check("pool.ask", 0, &["SELECT f FROM t"]);
}
