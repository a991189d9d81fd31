//! Conditions and expressions of indexes and constraints: `Q(...)`, `F(...)`, `Lower(...)`, as plain data.
//!
//! Fields stand as they are named; [`Term::sql`] puts columns in their place. What cannot be told makes the whole
//! unknown: an index over a guessed expression would be worse than none.

mod sql;

use crate::host::flow::Evaluator;
use crate::host::value::{Call, ClassId, Kind, Value};
use crate::ir::{BinaryOp, Name, UnaryOp};

use super::fields::{self, FieldKind};

pub(super) use sql::{Columns, quoted};

/// How deep expressions may be nested.
const MAX_DEPTH: u8 = 24;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A field.
    Field(Name),
    /// Text.
    Text(String),
    /// A number, as it is spelled.
    Number(Name),
    /// True or false.
    Bool(bool),
    /// Nothing.
    Null,
    /// Several values.
    List(Vec<Term>),
    /// A function of SQL.
    Call(String, Vec<Term>),
    /// Several between two texts: what a function's template makes of them.
    Within(String, Vec<Term>, String),
    /// Words to be searched for in several columns, by a configuration.
    Search(Option<String>, Vec<Term>),
    /// Two operands.
    Binary(&'static str, Box<Term>, Box<Term>),
    /// All must hold.
    And(Vec<Term>),
    /// One must hold.
    Or(Vec<Term>),
    /// The opposite.
    Not(Box<Term>),
    /// A field, what is asked of it, and the value.
    Lookup(Name, Box<Term>),
    /// A value as another type.
    Cast(Box<Term>, FieldKind),
    /// A value under a collation.
    Collate(Box<Term>, String),
    /// A key of an index with its operator class.
    Operators(Box<Term>, String),
    /// A key of an index with its order: descending, and whether NULLs come first where it is said.
    Ordered(Box<Term>, bool, Option<bool>),
    /// Nobody can tell.
    Unknown,
}

impl Term {
    /// Changes the names of fields.
    pub(super) fn rename(&mut self, renamed: &dyn Fn(&mut Name)) {
        match self {
            Self::Field(name) => renamed(name),
            Self::Lookup(path, value) => {
                let (field, rest) = path.split_once("__").map_or((&**path, None), |(field, rest)| (field, Some(rest)));
                let mut field = Name::from(field);
                renamed(&mut field);
                *path = rest.map_or_else(|| field.clone(), |rest| Name::from(format!("{field}__{rest}")));
                value.rename(renamed);
            }
            Self::List(terms)
            | Self::Call(_, terms)
            | Self::Within(_, terms, _)
            | Self::Search(_, terms)
            | Self::And(terms)
            | Self::Or(terms) => {
                terms.iter_mut().for_each(|term| term.rename(renamed));
            }
            Self::Binary(_, left, right) => {
                left.rename(renamed);
                right.rename(renamed);
            }
            Self::Not(inner)
            | Self::Cast(inner, _)
            | Self::Collate(inner, _)
            | Self::Operators(inner, _)
            | Self::Ordered(inner, ..) => inner.rename(renamed),
            Self::Text(_) | Self::Number(_) | Self::Bool(_) | Self::Null | Self::Unknown => {}
        }
    }

    /// Reads an expression, in which text names a field.
    pub(super) fn expression(evaluator: &mut Evaluator<'_, '_>, value: &Value) -> Self {
        Reader { evaluator, depth: 0 }.expression(value)
    }
}

struct Reader<'e, 'c, 'a> {
    evaluator: &'e mut Evaluator<'c, 'a>,
    depth: u8,
}

impl Reader<'_, '_, '_> {
    fn expression(&mut self, value: &Value) -> Term {
        match value.text() {
            Some(name) => Term::Field(Name::from(name)),
            None => self.term(value),
        }
    }

    /// A value, in which text is itself.
    fn term(&mut self, value: &Value) -> Term {
        if self.depth >= MAX_DEPTH {
            return Term::Unknown;
        }
        self.depth += 1;
        let term = self.of_kind(value);
        self.depth -= 1;
        term
    }

    fn of_kind(&mut self, value: &Value) -> Term {
        match &value.kind {
            Kind::Text(_) => value.text().map_or(Term::Unknown, Term::Text),
            Kind::Number(number) => Term::Number(number.clone()),
            Kind::Unary { op: UnaryOp::Minus, operand } => match &operand.kind {
                Kind::Number(number) => Term::Number(Name::from(format!("-{number}"))),
                _ => Term::Unknown,
            },
            Kind::Bool(value) => Term::Bool(*value),
            Kind::Null => Term::Null,
            Kind::List(items) => Term::List(items.iter().map(|item| self.term(item)).collect()),
            Kind::Unary { op: UnaryOp::Invert, operand } | Kind::Not(operand) => {
                Term::Not(Box::new(self.term(operand)))
            }
            Kind::Binary { left, op, right } => self.binary(left, *op, right),
            Kind::Attribute { of, name, .. } => self.constant(of, name),
            Kind::Call(call) => self.call(value, call),
            _ => Term::Unknown,
        }
    }

    fn binary(&mut self, left: &Value, op: BinaryOp, right: &Value) -> Term {
        let (left, right) = (self.term(left), self.term(right));
        let sign = match op {
            BinaryOp::BitAnd => return Term::And(vec![left, right]),
            BinaryOp::BitOr => return Term::Or(vec![left, right]),
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Modulo | BinaryOp::Other => return Term::Unknown,
        };
        Term::Binary(sign, Box::new(left), Box::new(right))
    }

    /// A member of an enumeration: its value, which may stand with its label; `Status.ACTIVE.value` as well.
    fn constant(&mut self, of: &Value, name: &Name) -> Term {
        let (of, name) = match &of.kind {
            Kind::Attribute { of: inner, name: member, .. } if **name == *"value" => (inner, member),
            _ => (of, name),
        };
        let Kind::Class(class) = of.kind else { return Term::Unknown };
        let Some((_, value)) = self.evaluator.inherited(class, name) else { return Term::Unknown };
        match &value.kind {
            Kind::List(items) => items.first().map_or(Term::Unknown, |first| self.term(first)),
            Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) => self.term(&value),
            _ => Term::Unknown,
        }
    }

    fn call(&mut self, value: &Value, call: &Call) -> Term {
        if let Some((method, _, of, call)) = value.method()
            && call.callee.external().is_none()
            && matches!(&**method, "asc" | "desc")
        {
            let nulls = if call.says("nulls_first") { Some(true) } else { call.says("nulls_last").then_some(false) };
            return Term::Ordered(Box::new(self.expression(of)), **method == *"desc", nulls);
        }
        if let Kind::Class(class) = call.callee.kind {
            return self.own_function(class, call);
        }
        let Some(path) = call.callee.external() else { return Term::Unknown };
        let name = path.rsplit('.').next().unwrap_or(path);
        let first = call.positional.first();
        match (name, first) {
            ("Q", _) => self.condition(call),
            ("F", Some(field)) => field.text().map_or(Term::Unknown, |field| Term::Field(Name::from(field))),
            ("Value", Some(value)) => self.term(value),
            ("OrderBy", Some(of)) => {
                let nulls =
                    if call.says("nulls_first") { Some(true) } else { call.says("nulls_last").then_some(false) };
                Term::Ordered(Box::new(self.expression(of)), call.says("descending"), nulls)
            }
            ("OpClass", Some(of)) => match call.argument(1, "name").and_then(|name| name.text()) {
                Some(operators) => Term::Operators(Box::new(self.expression(of)), operators),
                None => Term::Unknown,
            },
            ("Collate", Some(of)) => match call.argument(1, "collation").and_then(|name| name.text()) {
                Some(collation) => Term::Collate(Box::new(self.expression(of)), collation),
                None => Term::Unknown,
            },
            ("Cast", Some(of)) => {
                let to = call.argument(1, "output_field").and_then(|field| fields::read(self.evaluator, field));
                to.map_or(Term::Unknown, |to| Term::Cast(Box::new(self.expression(of)), to.kind))
            }
            ("SearchVector", _) if call.named("weight").is_none() => {
                let config = call.named("config").and_then(|config| config.text());
                Term::Search(config, self.expressions(&call.positional))
            }
            ("Func", _) => match call.named("function").and_then(|name| name.text()) {
                Some(function) if call.named("template").is_none() => {
                    Term::Call(function, self.expressions(&call.positional))
                }
                _ => Term::Unknown,
            },
            ("CombinedExpression", Some(left)) => {
                let sign = call.argument(1, "connector").and_then(|sign| sign.text());
                let sign = ["+", "-", "*", "/"].into_iter().find(|known| Some(*known) == sign.as_deref());
                match (sign, call.argument(2, "rhs")) {
                    (Some(sign), Some(right)) => {
                        Term::Binary(sign, Box::new(self.expression(left)), Box::new(self.expression(right)))
                    }
                    _ => Term::Unknown,
                }
            }
            ("ExpressionWrapper", Some(of)) => self.expression(of),
            // `date(1970, 1, 1)` and the like are values that only the run knows.
            _ => match function(name) {
                Some(function) => Term::Call(function.to_owned(), self.expressions(&call.positional)),
                None => Term::Unknown,
            },
        }
    }

    /// A function class of the code: `class Host(Transform): function = "HOST"`.
    fn own_function(&mut self, class: ClassId, call: &Call) -> Term {
        let mut text = |name: &str| self.evaluator.inherited(class, &Name::from(name))?.1.text();
        let (function, template) = (text("function"), text("template"));
        let lineage = self.evaluator.lineage(class);
        let writes_itself = |class: &ClassId| !self.evaluator.code.class(*class).scope.get("as_sql").is_empty();
        if lineage.iter().any(writes_itself) {
            return Term::Unknown;
        }
        match (function, template) {
            (Some(function), None) => Term::Call(function, self.expressions(&call.positional)),
            (Some(function), Some(template)) => match around(&template, &function) {
                Some((before, after)) => Term::Within(before, self.expressions(&call.positional), after),
                None => Term::Unknown,
            },
            (None, _) => Term::Unknown,
        }
    }

    fn expressions(&mut self, values: &[Value]) -> Vec<Term> {
        values.iter().map(|value| self.expression(value)).collect()
    }

    /// `Q(a=1, b__gt=2)`, `Q(("a", 1), Q(…), _connector="OR", _negated=True)`
    fn condition(&mut self, call: &Call) -> Term {
        let mut terms = Vec::new();
        for value in &call.positional {
            terms.push(match &value.kind {
                Kind::List(pair) => match pair.as_slice() {
                    [path, value] => self.lookup(path.text(), value),
                    _ => Term::Unknown,
                },
                _ => self.term(value),
            });
        }
        // Django takes them in the order of their names.
        let mut named: Vec<&(Option<Name>, Value)> = call.named.iter().collect();
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (name, value) in named {
            match name.as_deref() {
                Some("_connector" | "_negated") => {}
                name => terms.push(self.lookup(name.map(str::to_owned), value)),
            }
        }
        let is_any = call.named("_connector").and_then(|value| value.text()).as_deref() == Some("OR");
        let whole = if is_any { Term::Or(terms) } else { Term::And(terms) };
        if call.says("_negated") { Term::Not(Box::new(whole)) } else { whole }
    }

    fn lookup(&mut self, path: Option<String>, value: &Value) -> Term {
        let value = self.term(value);
        path.map_or(Term::Unknown, |path| Term::Lookup(Name::from(path), Box::new(value)))
    }
}

/// What a function's template puts before its arguments, and behind them.
pub(super) fn around(template: &str, function: &str) -> Option<(String, String)> {
    let filled = template.replace("%(function)s", function);
    let (before, after) = filled.split_once("%(expressions)s")?;
    (!before.contains('%') && !after.contains('%')).then(|| (before.to_owned(), after.to_owned()))
}

/// The function of SQL that a class of Django stands for.
fn function(class: &str) -> Option<&'static str> {
    Some(match class {
        "Lower" => "LOWER",
        "Upper" => "UPPER",
        "Length" => "LENGTH",
        "Trim" => "BTRIM",
        "LTrim" => "LTRIM",
        "RTrim" => "RTRIM",
        "Coalesce" => "COALESCE",
        "Greatest" => "GREATEST",
        "Least" => "LEAST",
        "Abs" => "ABS",
        "Round" => "ROUND",
        "Ceil" => "CEILING",
        "Floor" => "FLOOR",
        "MD5" => "MD5",
        "Reverse" => "REVERSE",
        "NullIf" => "NULLIF",
        "Left" => "LEFT",
        "Right" => "RIGHT",
        "Replace" => "REPLACE",
        _ => return None,
    })
}
