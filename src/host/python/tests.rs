//! What Python becomes; every form in a line of its own.

use super::*;

fn everything() -> Words {
    Words::new(&[""], &[""])
}
use crate::ir::{ExprKind, Piece};

/// An expression in a short form of its own, so that a row of a test is a line.
fn shown(expr: &Expr) -> String {
    let list = |items: &[Expr]| items.iter().map(shown).collect::<Vec<_>>().join(" ");
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Number(name) => name.to_string(),
        ExprKind::Attribute { of, name, .. } => format!("{}.{name}", shown(of)),
        ExprKind::Call(call) => {
            let positional = call.positional.iter().map(shown);
            let named = call.named.iter().map(|(name, value)| match name {
                Some(name) => format!("{name}={}", shown(value)),
                None => format!("**{}", shown(value)),
            });
            format!("{}({})", shown(&call.callee), positional.chain(named).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Index { of, at } => format!("{}[{}]", shown(of), shown(at)),
        ExprKind::Slice { start, stop } => {
            let end = |end: &Option<Box<Expr>>| end.as_ref().map(|end| shown(end)).unwrap_or_default();
            format!("{}:{}", end(start), end(stop))
        }
        ExprKind::Template(pieces) => {
            let piece = |piece: &Piece| match piece {
                Piece::Text { text, .. } => text.to_string(),
                Piece::Hole(hole) => format!("{{{}}}", shown(hole)),
            };
            format!("{:?}", pieces.iter().map(piece).collect::<String>())
        }
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Null => "null".to_owned(),
        ExprKind::List(items) => format!("[{}]", list(items)),
        ExprKind::Dict(pairs) => {
            let pair = |(key, value): &(Option<Expr>, Expr)| match key {
                Some(key) => format!("{}: {}", shown(key), shown(value)),
                None => format!("**{}", shown(value)),
            };
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Compare { left, op, right } => format!("({op:?} {} {})", shown(left), shown(right)),
        ExprKind::Logic { op, operands } => format!("({op:?} {})", list(operands)),
        ExprKind::Not(operand) => format!("(Not {})", shown(operand)),
        ExprKind::Unary { op, operand } => format!("({op:?} {})", shown(operand)),
        ExprKind::Binary { left, op, right } => format!("({op:?} {} {})", shown(left), shown(right)),
        ExprKind::Choice { test, then, otherwise } => {
            format!("(if {} {} {})", shown(test), shown(then), shown(otherwise))
        }
        ExprKind::Lambda { parameters, body } => format!("(fn {} {})", parameters.join(" "), shown(body)),
        ExprKind::Comprehension { element, sources, tests } => {
            let source = |(bound, over): &(Expr, Expr)| format!("for {} in {}", shown(bound), shown(over));
            let sources = sources.iter().map(source).collect::<Vec<_>>().join(" ");
            format!("[{} {sources} if [{}]]", shown(element), list(tests))
        }
        ExprKind::Spread(inner) => format!("*{}", shown(inner)),
        ExprKind::Bind { name, value } => format!("({name} := {})", shown(value)),
        ExprKind::Unknown => "?".to_owned(),
    }
}

fn block(statements: &[Stmt]) -> String {
    statements.iter().map(statement).collect::<Vec<_>>().join("; ")
}

fn statement(statement: &Stmt) -> String {
    match &statement.kind {
        StmtKind::Expr(expr) => shown(expr),
        StmtKind::Assign { target, annotation, value } => {
            let annotation = annotation.as_ref().map(|of| format!(": {}", shown(of))).unwrap_or_default();
            let value = value.as_ref().map(|of| format!(" = {}", shown(of))).unwrap_or_default();
            format!("{}{annotation}{value}", shown(target))
        }
        StmtKind::Augment { target, op, value } => format!("{} {op:?}= {}", shown(target), shown(value)),
        StmtKind::Return(value) => format!("return {}", value.as_ref().map(shown).unwrap_or_default()),
        StmtKind::Leave(value) => format!("leave {}", value.as_ref().map(shown).unwrap_or_default()),
        StmtKind::If { test, then, otherwise } => {
            format!("if {} {{ {} }} else {{ {} }}", shown(test), block(then), block(otherwise))
        }
        StmtKind::Either(blocks) => {
            format!("either {}", blocks.iter().map(|of| format!("{{ {} }}", block(of))).collect::<Vec<_>>().join(" "))
        }
        StmtKind::Loop { target, over, body } => {
            let target = target.as_ref().map(|of| format!("{} in ", shown(of))).unwrap_or_default();
            format!("loop {target}{} {{ {} }}", shown(over), block(body))
        }
        StmtKind::With { items, body } => {
            let item = |(opened, bound): &(Expr, Option<Expr>)| match bound {
                Some(bound) => format!("{} as {}", shown(opened), shown(bound)),
                None => shown(opened),
            };
            format!("with {} {{ {} }}", items.iter().map(item).collect::<Vec<_>>().join(", "), block(body))
        }
        StmtKind::Function(function) => {
            let parameter = |parameter: &Parameter| {
                let mark = match parameter.takes {
                    Takes::One => "",
                    Takes::Positional => "*",
                    Takes::Named => "**",
                };
                let annotation = parameter.annotation.as_ref().map(|of| format!(": {}", shown(of))).unwrap_or_default();
                let default = parameter.default.as_ref().map(|of| format!(" = {}", shown(of))).unwrap_or_default();
                format!("{mark}{}{annotation}{default}", parameter.name)
            };
            let parameters = function.parameters.iter().map(parameter).collect::<Vec<_>>().join(", ");
            let decorators: String = function.decorators.iter().map(|of| format!("@{} ", shown(of))).collect();
            let returns = function.returns.as_ref().map(|of| format!(" -> {}", shown(of))).unwrap_or_default();
            format!("{decorators}fn {}({parameters}){returns} {{ {} }}", function.name, block(&function.body))
        }
        StmtKind::Class(class) => {
            let bases = class.bases.iter().map(shown);
            let keywords = class.keywords.iter().map(|(name, value)| format!("{name}={}", shown(value)));
            let said = bases.chain(keywords).collect::<Vec<_>>().join(", ");
            let decorators: String = class.decorators.iter().map(|of| format!("@{} ", shown(of))).collect();
            format!("{decorators}class {}({said}) {{ {} }}", class.name, block(&class.body))
        }
        StmtKind::Import(imports) => {
            let import = |import: &Import| {
                let above = import.above.map(|above| ".".repeat(usize::from(above))).unwrap_or_default();
                let item = import.item.as_ref().map(|item| format!(" {item}")).unwrap_or_default();
                let bound = import.bound.as_deref().unwrap_or("*");
                format!("{above}{}{item} as {bound}", import.module.join("."))
            };
            format!("import {}", imports.iter().map(import).collect::<Vec<_>>().join(", "))
        }
        StmtKind::Unknown => "?".to_owned(),
    }
}

#[test]
fn every_expression_has_a_form() {
    let check = |text: &str, expect: &str| {
        let module = read(text, &everything());
        assert_eq!((block(&module.body).as_str(), module.faults.len()), (expect, 0), "{text}");
    };
    check(
        "db.query(User).filter(User.email == x, active=True)",
        "db.query(User).filter((Eq User.email x), active=true)",
    );
    check("a < b <= c", "(And (Less a b) (LessEq b c))");
    check("a is not None and b not in (1, 2) and c", "(And (IsNot a null) (NotIn b [1 2]) c)");
    check("a or b and c", "(Or a (And b c))");
    check("(A.x == 1) | ~(A.y > 2) & B.z", "(BitOr (Eq A.x 1) (BitAnd (Invert (Greater A.y 2)) B.z))");
    check("not x", "(Not x)");
    check("'a' \"b%s\" % (x,)", "(Modulo \"ab%s\" [x])");
    check(r#"f"select {a.b!r:>10} {{x}} \n{c}""#, r#""select {a.b} {x} \n{c}""#);
    check(r#"r"a\nb""#, r#""a\\nb""#);
    check("'''a\n  b'''", "\"a\\n  b\"");
    check(r"'\x41\u00e9\101\q'", "\"AéA\\\\q\"");
    check("x[1:n]", "x[1:n]");
    check("x[:10]", "x[:10]");
    check("Mapped[int, str]", "Mapped[[int str]]");
    check("{'a': 1, **rest}", "{\"a\": 1, **rest}");
    check("f(*args, **kwargs)", "f(*args, **kwargs)");
    check("[p.id for p in ps if p.x if y]", "[p.id for p in ps if [p.x y]]");
    check("any(p.x for p in ps)", "any([p.x for p in ps if []])");
    check("await session.execute(q)", "session.execute(q)");
    check("a if b else c", "(if b a c)");
    check("lambda q, n=1: q.x", "(fn q n q.x)");
    check("(n := 10)", "(n := 10)");
    check("-1.5", "(Minus 1.5)");
    check("...", "?");
}

#[test]
fn every_statement_has_a_form() {
    let check = |text: &str, expect: &str| {
        let module = read(text, &everything());
        assert_eq!((block(&module.body).as_str(), module.faults.len()), (expect, 0), "{text}");
    };
    check("q = q.filter(x)  # why\n", "q = q.filter(x)");
    check("a = b = 1", "b = 1; a = 1");
    check("a, b = f()", "[a b] = f()");
    check("x: Mapped[int] = mapped_column(index=True)", "x: Mapped[int] = mapped_column(index=true)");
    check("x: int", "x: int");
    check("q += ' AND a'", "q Add= \" AND a\"");
    check("if a:\n  b\nelif c:\n  d\nelse:\n  e", "if a { b } else { if c { d } else { e } }");
    check("for a, b in c:\n  d\nelse:\n  e", "loop [a b] in c { d }; either { e }");
    check("while a:\n  b", "loop a { b }");
    check("async with open() as f, g:\n  h", "with open() as f, g { h }");
    check("try:\n  a\nexcept E as e:\n  b\nexcept:\n  c\nelse:\n  d\nfinally:\n  f", "a; d; either { b } { c }; f");
    check("match a:\n  case 1:\n    b\n  case _:\n    c", "a; either { b } { c }");
    check("raise E(a)", "leave E(a)");
    check("return", "return ");
    check(
        "@router.get('/')\nasync def f(self, a: int = 1, *args, b=None, **kw) -> list[User]:\n  return a",
        "@router.get(\"/\") fn f(self, a: int = 1, *args, b = null, **kw) -> list[User] { return a }",
    );
    check(
        "@dataclass\nclass A(Base, models.Model, metaclass=M):\n  x = 1",
        "@dataclass class A(Base, models.Model, metaclass=M) { x = 1 }",
    );
    check("import a.b, c as d, e.f as g", "import a as a, c as d, e.f as g");
    check("from a.b import c, d as e", "import a.b c as c, a.b d as e");
    check("from ..a import b", "import ..a b as b");
    check("from . import b", "import . b as b");
    check("from a import *", "import a as *");
    check("del a", "?");
}

#[test]
fn what_is_not_python_costs_itself() {
    let module = read("a = 1\n<<<<<<< HEAD\nb = 2\n=======\nb = 3\n>>>>>>> x\nc = 4\n", &everything());
    assert!(!module.faults.is_empty());
    assert!(block(&module.body).ends_with("c = 4"), "{}", block(&module.body));
    let module = read("print 'a'\nexec code\ntry:\n  b\nexcept E, e:\n  c\nd = 1\n", &everything());
    assert!(block(&module.body).ends_with("d = 1"), "{}", block(&module.body));
    assert_eq!(block(&read("\0\u{feff}\nx = 1", &everything()).body).matches("x = 1").count(), 1);
}

#[test]
fn what_is_nested_too_deep_is_unknown() {
    let deep = format!("x = {}1{}\ny = 2", "(".repeat(5000), ")".repeat(5000));
    assert!(block(&read(&deep, &everything()).body).ends_with("y = 2"));
    let chain = format!("x = q{}", ".filter(a)".repeat(3000));
    let module = read(&chain, &everything());
    assert_eq!((module.body.len(), module.faults.is_empty()), (1, false));
    let sum = format!("x = {}", vec!["a"; 5000].join(" + "));
    assert_eq!(read(&sum, &everything()).body.len(), 1);
}

#[test]
fn spans_are_the_files_bytes() {
    let text = "é = db.query(User)\nq = 'a\\nb'";
    let module = read(text, &everything());
    let [Stmt { kind: StmtKind::Assign { value: Some(value), .. }, .. }, second] = module.body.as_slice() else {
        panic!("{:?}", module.body);
    };
    assert_eq!(&text[value.span.start as usize..value.span.end as usize], "db.query(User)");
    let StmtKind::Assign { value: Some(Expr { kind: ExprKind::Template(pieces), .. }), .. } = &second.kind else {
        panic!("{second:?}");
    };
    let spelled: Vec<(&str, bool)> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text { span, .. } => (&text[span.start as usize..span.end as usize], piece.is_verbatim()),
            Piece::Hole(_) => ("hole", false),
        })
        .collect();
    assert_eq!(spelled, [("a", true), ("\\n", false), ("b", true)]);
}

#[test]
fn a_fault_costs_the_statement_around_it() {
    let check = |text: &str, expect: &str| {
        let module = read(text, &everything());
        assert_eq!((block(&module.body).as_str(), module.faults.is_empty()), (expect, false), "{text}");
    };
    check("a = q.filter(x == )\nb = 2", "?; b = 2");
    // What is open takes in what follows.
    check("if a:\n  b = q(\nc = 2\n", "if a { ? } else {  }");
    check("a = \nb = 2\n", "a = ?; b = 2");
}

#[test]
fn a_text_that_is_long_and_deep_is_not_parsed() {
    let deep = |open: &str, close: &str| format!("x = {}1{}\n", open.repeat(70_000), close.repeat(70_000));
    for text in [deep("(", ")"), deep("[", ""), deep("-", ""), deep("", ".b"), deep("lambda:", ""), deep("", "()")] {
        let module = read(&text, &everything());
        assert_eq!((module.body.len(), module.faults.len()), (0, 1), "{}", &text[..20]);
    }
    let flat = format!("x = [{}]\n", "f(1) + 2, ".repeat(70_000));
    assert_eq!(read(&flat, &everything()).faults, []);
}
