//! What the code of a function comes to: every idiom in a line of its own.

mod bounds;

use super::*;
use crate::host::facts::{HostFacts, Words, facts};
use crate::host::value::{Call, Piece};
use crate::query::PathClass;
use crate::source::{FileId, TreePath};

fn read(files: &[(&str, &str)]) -> Vec<HostFacts> {
    let everything = Words::new(&[""], &[""]);
    let file = |(number, (path, text)): (usize, &(&str, &str))| {
        facts(FileId(number as u32), &TreePath::new(path), PathClass::App, text, &everything)
    };
    files.iter().enumerate().map(file).collect()
}

/// A value in a short form: `{a|b}` is one of several, `a?` comes and goes.
fn shown(code: &Code<'_>, value: &Value) -> String {
    let show = |value: &Value| shown(code, value);
    let list = |items: &[Value]| items.iter().map(show).collect::<Vec<_>>().join(", ");
    let pair = |(key, value): &(Option<Value>, Value)| match key {
        Some(key) => format!("{}: {}", show(key), show(value)),
        None => format!("**{}", show(value)),
    };
    match &value.kind {
        Kind::Unknown => "unknown".to_owned(),
        Kind::Text(pieces) => format!("'{}'", text(code, pieces)),
        Kind::Number(number) => number.to_string(),
        Kind::Bool(value) => value.to_string(),
        Kind::Null => "null".to_owned(),
        Kind::List(items) => format!("[{}]", list(items)),
        Kind::Dict(pairs) => format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", ")),
        Kind::Optional(inner) => format!("{}?", show(inner)),
        Kind::External(name) => name.to_string(),
        Kind::Module(file) => format!("module {}", code.files[*file].path),
        Kind::Folder(folder) => format!("folder {folder}"),
        Kind::Class(id) => format!("class {}#{}", code.class(*id).class.name, id.0),
        Kind::Function(id, _) => format!("def {}", code.function(*id).function.name),
        Kind::Parameter { name, .. } => format!("${name}"),
        Kind::Receiver(id) => format!("self:{}", code.class(*id).class.name),
        Kind::Attribute { of, name, .. } => format!("{}.{name}", show(of)),
        Kind::Call(Call { callee, positional, named, .. }) => {
            let named =
                named.iter().map(|(name, value)| format!("{}={}", name.as_deref().unwrap_or("**"), show(value)));
            let given: Vec<String> = positional.iter().map(show).chain(named).collect();
            format!("{}({})", show(callee), given.join(", "))
        }
        Kind::Index { of, at } => format!("{}[{}]", show(of), show(at)),
        Kind::Slice { start, stop } => {
            let end = |end: &Option<Value>| end.as_ref().map(show).unwrap_or_default();
            format!("{}:{}", end(start), end(stop))
        }
        Kind::Compare { left, op, right } => format!("({} {op:?} {})", show(left), show(right)),
        Kind::Logic { op, operands } => format!("({op:?} {})", list(operands)),
        Kind::Not(inner) => format!("(not {})", show(inner)),
        Kind::Unary { op, operand } => format!("({op:?} {})", show(operand)),
        Kind::Binary { left, op, right } => format!("({} {op:?} {})", show(left), show(right)),
        Kind::Item(over) => format!("item({})", show(over)),
        Kind::Each { element, .. } => format!("each({})", show(element)),
        Kind::Spread(inner) => format!("*{}", show(inner)),
        Kind::Lambda(body) => format!("fn({})", show(body)),
        Kind::Either(ways) => format!("{{{}}}", ways.iter().map(show).collect::<Vec<_>>().join("|")),
    }
}

fn text(code: &Code<'_>, pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text { text, .. } => text.to_string(),
        Piece::Hole(hole) => format!("{{{}}}", shown(code, hole)),
        Piece::Optional(inner) => format!("<{}>", text(code, inner)),
    };
    pieces.iter().map(piece).collect()
}

/// What `out(…)` is given, call by call, in the last of some files.
fn outs(files: &[(&str, &str)]) -> Vec<String> {
    let facts = read(files);
    let code = Code::new(&facts);
    let events = Evaluator::new(&code).file(files.len() - 1);
    let given = |event: &Event| {
        let call = event.value.call().filter(|call| call.callee.external() == Some("out"))?;
        Some(call.positional.iter().map(|value| shown(&code, value)).collect::<Vec<_>>().join(", "))
    };
    events.iter().filter(|event| event.deed == Deed::Call).filter_map(given).collect()
}

/// What was tested on the way to each `out(…)`, the first test first; `!` before one that did not hold.
fn tested(text: &str) -> Vec<String> {
    let facts = read(&[("app/a.py", text)]);
    let code = Code::new(&facts);
    let events = Evaluator::new(&code).file(0);
    let of_event = |event: &Event| {
        let way = tests(&event.tests).map(|(test, holds)| {
            let sign = if holds { "" } else { "!" };
            format!("{sign}{}", shown(&code, test))
        });
        let mut way: Vec<String> = way.collect();
        way.reverse();
        way.join(" ")
    };
    let is_out = |event: &&Event| {
        event.deed == Deed::Call && event.value.call().is_some_and(|call| call.callee.external() == Some("out"))
    };
    events.iter().filter(is_out).map(of_event).collect()
}

#[test]
fn what_was_tested_on_the_way_is_known() {
    let check = |body: &str, expect: &[&str]| {
        assert_eq!(tested(&format!("def f(a, b):\n{body}")), expect, "{body}");
    };
    check("    out(1)\n    if a:\n        out(2)\n    else:\n        out(3)\n    out(4)", &["", "$a", "!$a", ""]);
    check("    if a:\n        return\n    out(1)\n    if b:\n        out(2)", &["!$a", "!$a $b"]);
    check("    if not a:\n        pass\n    else:\n        raise X\n    out(1)", &["(not $a)"]);
    check("    for x in b:\n        if x:\n            continue\n        out(1)\n    out(2)", &["!item($b)", ""]);
    check("    if a:\n        if b:\n            return\n        out(1)\n    out(2)", &["$a !$b", ""]);
    check("    try:\n        if a:\n            raise X\n    except Y:\n        pass\n    out(1)", &["!$a"]);
    check("    if a:\n        return\n    def g():\n        out(1)\n    g()", &[""]);
}

fn check(text: &str, expect: &[&str]) {
    assert_eq!(outs(&[("app/a.py", text)]), expect, "{text}");
}

/// The body of a function of three parameters.
fn body(lines: &str, expect: &str) {
    let indented: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    check(&format!("def f(a, b, c):\n{indented}"), &[expect]);
}

#[test]
fn branches_meet() {
    body("x = 1\nif a:\n    x = 2\nout(x)", "{2|1}");
    body("if a:\n    x = 1\nelif b:\n    x = 2\nelse:\n    x = 3\nout(x)", "{1|2|3}");
    body("x = 1 if a else 2\nout(x)", "{1|2}");
    body("x = q()\nif a:\n    x = x.f(1)\nif b:\n    x = x.g()\nout(x)", "{{q()|q().f(1)}|{q()|q().f(1)}.g()}");
    body("match a:\n    case 1:\n        x = 1\n    case _:\n        x = 2\nout(x)", "{1|2}");
}

#[test]
fn what_leaves_does_not_lead_on() {
    body("x = 1\nif a:\n    x = 2\n    return x\nout(x)", "1");
    body("if a:\n    raise E()\nelse:\n    x = 1\nout(x)", "1");
    check("def f(a):\n    return 1\n    out(a)\n", &[]);
    body("for i in a:\n    if i:\n        continue\n    x = i\nout(1)", "1");
}

#[test]
fn chains_go_on_over_statements() {
    body("x = q(a)\nx = x.f(b)\nx = x.g(c)\nout(x)", "q($a).f($b).g($c)");
    body("x = y = q()\nout(x, y)", "q(), q()");
    body("x, y = q(), 2\nout(y, x)", "2, q()");
    body("x, y = a\nout(y)", "$a[1]");
    body("a.q = q()\nout(a.q.f())", "q().f()");
    body("if (x := q()):\n    out(x)", "q()");
    body("x = 'a'; x += 'b'\nout(x)", "'ab'");
}

#[test]
fn strings_are_put_together() {
    body("out(f'x {a} y')", "'x {$a} y'");
    body("out('x %s y %s' % (a, 'k'))", "'x {$a} y k'");
    body("out('x %(n)s' % {'n': a})", "'x {$a}'");
    body("out('100%% %d' % a)", "'100% {$a}'");
    body("out('x {} y {n} {0}'.format(a, n=b))", "'x {$a} y {$b} {$a}'");
    body("out('{{x}} {}'.format(a))", "'{x} {$a}'");
    body("out('x ' + a + ' y')", "'x {$a} y'");
    body("out(', '.join(['p', a, 'q']))", "'p, {$a}, q'");
    body("out(', '.join(a))", "'{$a}'");
    body("out('x' 'y'\n    'z')", "'xyz'");
    body("x = 'p'\nif a:\n    x += ' q'\nout(x)", "'p< q>'");
    body("x = f'p {a}'\nif b:\n    x = x + f' q {c}'\nx += ' r'\nout(x)", "'p {$a}< q {$c}> r'");
    body("import textwrap\nout(textwrap.dedent('x').strip())", "'x'");
}

#[test]
fn lists_and_dictionaries_grow() {
    body("x = [1]\nif a:\n    x.append(2)\nout(x)", "[1, 2?]");
    body("x = []\nif a:\n    x.append(1)\nelse:\n    x.append(2)\nout(x)", "{[1]|[2]}");
    body("x = [1]\nx.extend([2, 3])\nx += [4]\nx.insert(0, 5)\nout(x)", "[1, 2, 3, 4, 5]");
    body("x = [1, *[2, 3]]\nout(x)", "[1, 2, 3]");
    body("x = {'p': 1}\nif a:\n    x['q'] = 2\nout(x)", "{'p': 1, 'q': 2?}");
    body("x = {}\nx.update(q=1)\nout({**x, 'r': 2})", "{'q': 1, 'r': 2}");
    body("x = {'p': 1}\nout(q(**x))", "q(p=1)");
    body("x = {'p': 1, 'q': 2}\nout(list(x), x.items(), x['q'])", "['p', 'q'], [['p', 1], ['q', 2]], 2");
    body("x = [1, 2]\nout(q(*x))", "q(1, 2)");
    body("w = ['p']\nif a:\n    w.append('q')\nout(' AND '.join(w))", "'p< AND q>'");
    body("w = []\nif a:\n    w.append('p')\nw.append('q')\nout(' AND '.join(w))", "'<p AND >q'");
}

#[test]
fn loops_run_once() {
    body("for i in a:\n    out(i)", "item($a)");
    body("x = 'p'\nfor i in a:\n    x += i\nout(x)", "'p<{item($a)}>'");
    body("x = 1\nwhile a:\n    x = 2\nout(x)", "{1|2}");
    body("x = q()\nfor i in a:\n    x = x.f(i)\nout(x)", "{q()|q().f(item($a))}");
    body("for i in a:\n    if i:\n        break\nelse:\n    return\nout(a)", "$a");
    body("for k, v in a.items():\n    out(v)", "item($a.items())[1]");
    body("out([i.n for i in a])", "each(item($a).n)");
    body("out([f'{i} = ?' for i in ('p', 'q')])", "['p = ?', 'q = ?']");
}

#[test]
fn errors_and_contexts_are_passed_through() {
    body("try:\n    x = 1\nexcept E:\n    x = 2\nout(x)", "{2|1}");
    body("try:\n    x = 1\nexcept E:\n    return\nfinally:\n    y = 2\nout(x, y)", "1, 2");
    body("with q(a) as x:\n    x.f()\nout(x)", "q($a)");
    body("with q() as x, x.r() as y:\n    out(y)", "q().r()");
}

#[test]
fn constants_are_found_wherever_they_stand() {
    check("X = 'p'\ndef f():\n    out(X)\n", &["'p'"]);
    check("X = 'p'\nY = f'{X} q'\ndef f():\n    out(Y)\n", &["'p q'"]);
    check("class C:\n    X = 'p'\n    def f(self):\n        out(self.X, C.X)\n", &["'p', 'p'"]);
    check("class B:\n    X = 'p'\nclass C(B):\n    def f(self):\n        out(self.X)\n", &["'p'"]);
    check("X = 'p'\nX += ' q'\ndef f():\n    out(X)\n", &["'p q'"]);
    check("try:\n    X = 'p'\nexcept E:\n    X = 'q'\ndef f():\n    out(X)\n", &["{'p'|'q'}"]);
    check("import enum\nclass E(str, enum.Enum):\n    A = 'p'\ndef f():\n    out(E.A.value)\n", &["'p'"]);
}

#[test]
fn names_are_found_across_files() {
    let init = ("app/__init__.py", "");
    let constants = ("app/c.py", "X = 'p'\nclass K:\n    Y = 'q'\n");
    let check = |more: &[(&str, &str)], text: &str, expect: &str| {
        let mut files = vec![init, constants];
        files.extend_from_slice(more);
        files.push(("app/z.py", text));
        assert_eq!(outs(&files), [expect], "{text}");
    };
    check(&[], "from app.c import X, K as Z\ndef f():\n    out(X, Z.Y)\n", "'p', 'q'");
    check(&[], "from .c import X\ndef f():\n    out(X)\n", "'p'");
    check(&[], "import app.c\ndef f():\n    out(app.c.X)\n", "'p'");
    check(&[], "from app import c\ndef f():\n    out(c.X)\n", "'p'");
    check(&[], "from app.c import *\ndef f():\n    out(X)\n", "'p'");
    check(&[("app/d/__init__.py", "from ..c import X as V\n")], "from app.d import V\ndef f():\n    out(V)\n", "'p'");
    check(&[("app/d/__init__.py", "from app.c import *\n")], "from app.d import X\ndef f():\n    out(X)\n", "'p'");
    check(&[], "def f():\n    from app.c import X\n    out(X)\n", "'p'");
    check(
        &[("app/e.py", "from app.g import V\nW = 'w'\n"), ("app/g.py", "from app.e import W\nV = W\n")],
        "from app.e import V\ndef f():\n    out(V)\n",
        "'w'",
    );
    check(
        &[("app/e.py", "from app.g import V\n"), ("app/g.py", "from app.e import V\n")],
        "from app.e import V\ndef f():\n    out(V)\n",
        "app.e.V",
    );
}

#[test]
fn closures_see_what_is_around_them() {
    check("def f():\n    x = 'p'\n    def g():\n        out(x)\n    g()\n", &["'p'"]);
    check(
        "def f():\n    x = 'p'\n    def g():\n        def h():\n            out(x)\n        h()\n    g()\n",
        &["'p'"],
    );
    check("def f():\n    def g():\n        out(x)\n    x = 'p'\n    g()\n", &["'p'"]);
    check("class C:\n    def f(self):\n        def g():\n            out(self.q)\n        g()\n", &["self:C.q"]);
    body("out(lambda i: i.n)", "fn($i.n)");
}

#[test]
fn calls_are_followed_for_what_they_return() {
    check("def g(x):\n    return q(x)\ndef f(a):\n    out(g(a))\n", &["q($a)"]);
    check("def g(x, y='d'):\n    return q(x, y)\ndef f(a):\n    out(g(x=a), g(1, 'e'))\n", &["q($a, 'd'), q(1, 'e')"]);
    check("def g(x):\n    if x:\n        return q()\n    return r()\ndef f(a):\n    out(g(a))\n", &["{q()|r()}"]);
    check(
        "def g(x=None):\n    s = 'p'\n    if x:\n        s += ' q'\n    return s\ndef f(a):\n    out(g(), g('k'), g(a))\n",
        &["'p', 'p q', 'p< q>'"],
    );
    check("def g(*xs, **ks):\n    return q(xs, ks)\ndef f(a):\n    out(g(1, a, n=2))\n", &["q([1, $a], {'n': 2})"]);
    check("def g(x, *, y):\n    return q(x, y)\ndef f():\n    out(g(1, y=2))\n", &["q(1, 2)"]);
    check("def g(x):\n    return ('p', x)\ndef f(a):\n    c, d = g(a)\n    out(c, d)\n", &["'p', $a"]);
    check(
        "def g(x):\n    if x:\n        return 'p', 1\n    return 'q', 2\ndef f(a):\n    c, d = g(a)\n    out(c)\n",
        &["{'p'|'q'}"],
    );
    check("def g(n):\n    return g(n)\ndef f(a):\n    out(g(a))\n", &["def g($a)"]);
    check(
        "class R:\n    def q(self):\n        return self.s.query('p')\n    def f(self):\n        out(self.q().g())\n",
        &["self:R.s.query('p').g()"],
    );
    check(
        "class B:\n    def q(self):\n        return base()\nclass R(B):\n    def f(self):\n        out(self.q())\n",
        &["base()"],
    );
    check("class R:\n    @staticmethod\n    def q(x):\n        return r(x)\ndef f(a):\n    out(R.q(a))\n", &["r($a)"]);
    check(
        "class R:\n    @classmethod\n    def q(cls, x):\n        return r(x)\ndef f(a):\n    out(R.q(a))\n",
        &["r($a)"],
    );
}

#[test]
fn attributes_of_objects_are_what_their_class_binds() {
    check("class R:\n    def __init__(self):\n        self.t = 'p'\n    def f(self):\n        out(self.t)\n", &["'p'"]);
    check(
        "class R:\n    def __init__(self, s):\n        self.s = s\n    def f(self):\n        out(self.s.q())\n",
        &["$s.q()"],
    );
    check(
        "class R:\n    @property\n    def t(self):\n        return 'p'\n    def f(self):\n        out(self.t)\n",
        &["'p'"],
    );
    check("class R:\n    t = 'p'\ndef f(r: R):\n    out(r.t)\n", &["'p'"]);
    check("class R:\n    def q(self):\n        return 'p'\ndef f():\n    r = R()\n    out(r.q())\n", &["'p'"]);
}

#[test]
fn a_name_that_is_declared_twice_is_its_last() {
    check("class C:\n    X = 'p'\nclass C:\n    X = 'q'\ndef f():\n    out(C.X)\n", &["'q'"]);
    check("def g():\n    return 'p'\ndef g():\n    return 'q'\ndef f():\n    out(g())\n", &["'q'"]);
}
