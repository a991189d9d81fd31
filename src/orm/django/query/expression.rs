//! Expressions: `F`, `Value`, `Subquery`, `Case`, functions and aggregates, as they are written in SQL.

use std::rc::Rc;

use super::super::models::{FieldKind, IntegerSize};
use super::super::terms::around;
use super::Reader;
use super::lookup::{self, Compared};
use super::set::Set;
use crate::dialect::Dialect;
use crate::host::value::{Call, ClassId, Kind, Value};
use crate::ir::{BinaryOp, UnaryOp};
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// An expression in SQL.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// Its text.
    pub sql: Sql,
    /// Whether it is of a group of rows.
    pub is_aggregate: bool,
    /// What it gives.
    pub kind: FieldKind,
}

impl Term {
    /// Whether it is a function over the rows beside a row, of which no condition can be asked.
    pub(super) fn is_windowed(&self) -> bool {
        self.sql.shown().contains(" OVER (")
    }

    fn plain(sql: Sql, kind: FieldKind) -> Self {
        Self { sql, is_aggregate: false, kind }
    }
}

/// The last part of a path that Django declares: `F`, `Count`.
pub(in crate::orm::django) fn class_of_django(value: &Value) -> Option<&str> {
    let path = value.external()?;
    let is_djangos = path.starts_with("django.") || path.starts_with("models.");
    path.rsplit('.').next().filter(|_| is_djangos)
}

impl Reader<'_, '_, '_> {
    /// Says whether a value is an expression of Django and no value of Python.
    pub(super) fn is_expression(&mut self, value: &Value) -> bool {
        match &value.kind {
            Kind::Call(call) => match &call.callee.kind {
                Kind::External(_) => class_of_django(&call.callee).is_some_and(is_expression_class),
                Kind::Class(class) => self.is_function(*class),
                Kind::Attribute { of, name, .. } => {
                    matches!(&**name, "desc" | "asc" | "bitand" | "bitor") && self.is_expression(of)
                }
                _ => false,
            },
            Kind::Binary { left, right, .. } => self.is_expression(left) || self.is_expression(right),
            Kind::Unary { operand, .. } => self.is_expression(operand),
            _ => false,
        }
    }

    /// The column or the annotation of a name.
    pub(super) fn named(&mut self, set: &mut Set, path: &str, place: HostSpan) -> Option<Term> {
        let parts: Vec<&str> = path.split("__").collect();
        let known = set.annotation(parts[0]).cloned();
        let (term, rest) = match known {
            Some(annotation) => (annotation.term?, &parts[1..]),
            None => {
                let (term, rest) = self.column(set, &parts, None, place)?;
                (term, &parts[parts.len() - rest..])
            }
        };
        let is_aggregate = term.is_aggregate;
        let compared = Compared { sql: term.sql, kind: term.kind, place };
        let compared = lookup::transformed(self.backend(), compared, rest)?;
        Some(Term { sql: compared.sql, kind: compared.kind, is_aggregate })
    }

    /// Writes an expression; nothing where it could not be told.
    pub(super) fn expression(&mut self, set: &mut Set, value: &Value) -> Option<Term> {
        let value = &Rc::clone(self.ways.pick(value));
        let place = value.place;
        match &value.kind {
            Kind::Call(call) => match &call.callee.kind {
                Kind::External(_) => {
                    let class = class_of_django(&call.callee)?.to_owned();
                    self.of_class(set, &class, call, place)
                }
                Kind::Class(class) => self.of_own_class(set, *class, call, place),
                Kind::Attribute { of, name, .. } if matches!(&**name, "desc" | "asc") => self.expression(set, of),
                _ => None,
            },
            Kind::Binary { left, op, right } => {
                let op = match op {
                    BinaryOp::Add => " + ",
                    BinaryOp::Subtract => " - ",
                    BinaryOp::Multiply => " * ",
                    BinaryOp::Divide => " / ",
                    BinaryOp::Modulo => " % ",
                    _ => return None,
                };
                let (left, right) = (self.side(set, left)?, self.side(set, right)?);
                let is_aggregate = left.is_aggregate || right.is_aggregate;
                let sql = left.sql.then(op).and(right.sql).within("(", ")", place);
                Some(Term { sql, is_aggregate, kind: left.kind })
            }
            Kind::Unary { op: UnaryOp::Minus, operand } => {
                let term = self.expression(set, operand)?;
                Some(Term { sql: term.sql.within("-", "", place), ..term })
            }
            _ => None,
        }
    }

    /// Says whether a class of the code is an expression of its own.
    fn is_function(&mut self, class: ClassId) -> bool {
        self.lineage(class).into_iter().any(|class| {
            let bases = self.cx.evaluator.bases(class);
            bases
                .iter()
                .any(|base| class_of_django(base).is_some_and(|name| name == "Transform" || is_expression_class(name)))
        })
    }

    /// A function that the code declares: its name and its template say how it is written.
    fn of_own_class(&mut self, set: &mut Set, class: ClassId, call: &Call, place: HostSpan) -> Option<Term> {
        let lineage = self.lineage(class);
        let writes_itself = |class: &ClassId| !self.cx.evaluator.code.class(*class).scope.get("as_sql").is_empty();
        if lineage.iter().any(writes_itself) {
            return None;
        }
        let function = self.class_attribute(class, "function")?.text()?;
        let template = self.class_attribute(class, "template").and_then(|template| template.text());
        let mut terms = Vec::new();
        for value in &call.positional {
            terms.push(self.argument(set, value)?);
        }
        let kind = terms.first().map_or(FieldKind::Unknown, |term| term.kind.clone());
        let items = Sql::join(terms.into_iter().map(|term| term.sql), ", ", place);
        let template = template.unwrap_or_else(|| "%(function)s(%(expressions)s)".to_owned());
        let (before, after) = around(&template, &function)?;
        Some(Term::plain(items.within(&before, &after, place), kind))
    }

    fn side(&mut self, set: &mut Set, value: &Value) -> Option<Term> {
        if self.is_expression(value) {
            return self.expression(set, value);
        }
        let kind = FieldKind::Unknown;
        let sql = self.operand(set, value, &kind, value.place).one(value.place);
        Some(Term::plain(sql, kind))
    }

    /// An argument of a function: a text names a column there.
    pub(super) fn argument(&mut self, set: &mut Set, value: &Value) -> Option<Term> {
        let value = &Rc::clone(self.ways.pick(value));
        match value.text() {
            Some(name) if name == "*" => Some(Term::plain(Sql::text("*", value.place), FieldKind::Unknown)),
            Some(name) => self.named(set, &name, value.place),
            None => self.side(set, value),
        }
    }

    fn of_class(&mut self, set: &mut Set, class: &str, call: &Call, place: HostSpan) -> Option<Term> {
        let first = call.positional.first();
        match class {
            "F" => {
                let name = call.argument(0, "name").map(|name| Rc::clone(self.ways.pick(name)))?;
                self.named(set, &name.text()?, name.place)
            }
            "OuterRef" => {
                let name = call.argument(0, "name")?.text()?;
                let mut outer = self.outers.pop()?;
                let term = self.named(&mut outer, &name, place);
                self.outers.push(outer);
                term
            }
            "Value" => {
                let value = call.argument(0, "value")?;
                let kind = FieldKind::Unknown;
                Some(Term::plain(self.operand(set, value, &kind, place).one(place), kind))
            }
            "Subquery" | "Exists" | "ArraySubquery" => {
                let queryset = call.argument(0, "queryset")?;
                self.subquery(set, queryset, class, place)
            }
            "ExpressionWrapper" => self.argument(set, call.argument(0, "expression")?),
            "Cast" => {
                let term = self.argument(set, call.argument(0, "expression")?)?;
                let to = call.argument(1, "output_field").and_then(|to| Some(to.call()?.callee.external()?.to_owned()));
                let to = cast(self.cx.dialect, to?.rsplit('.').next()?)?;
                Some(Term { sql: term.sql.within("CAST(", &format!(" AS {to})"), place), ..term })
            }
            "Case" => self.case(set, call, place),
            "Coalesce" | "Greatest" | "Least" | "NullIf" | "Concat" | "ConcatPair" | "Lower" | "Upper" | "Length"
            | "Trim" | "Abs" | "Round" | "Floor" | "Ceil" | "Substr" | "Left" | "Right" | "Replace" | "MD5" => {
                self.function(set, class, call, place)
            }
            "Now" => Some(Term::plain(Sql::text("CURRENT_TIMESTAMP", place), FieldKind::DateTime)),
            "Random" => Some(Term::plain(Sql::text("RANDOM()", place), FieldKind::Float)),
            "Func" => {
                let name = call
                    .named("function")?
                    .text()
                    .filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))?;
                self.function(set, &name, call, place)
            }
            "Window" => self.window(set, call, place),
            "RawSQL" => None,
            _ if class.starts_with("Trunc") => self.trunc(set, &class[5..], call, place),
            _ if class.starts_with("Extract") => {
                let term = self.argument(set, call.argument(0, "expression")?)?;
                let transform = match &class[7..] {
                    "" => call.argument(1, "lookup_name")?.text()?,
                    "WeekDay" => "week_day".to_owned(),
                    "IsoYear" => "iso_year".to_owned(),
                    "IsoWeekDay" => "iso_week_day".to_owned(),
                    name => name.to_ascii_lowercase(),
                };
                self.transform(term, &transform, place)
            }
            _ => {
                let function = aggregate(class)?;
                self.aggregate(set, function, call, first, place)
            }
        }
    }

    /// The moment whose year an expression is: Django compares the moment itself.
    pub(super) fn year_of(&mut self, set: &mut Set, value: &Value) -> Option<Term> {
        let call = value.call()?;
        let is_year = match class_of_django(&call.callee)? {
            "ExtractYear" | "ExtractIsoYear" => true,
            "Extract" => call.argument(1, "lookup_name")?.text().is_some_and(|name| name == "year"),
            "F" => {
                let path = call.argument(0, "name")?;
                let text = path.text()?;
                let moment = self.named(set, text.strip_suffix("__year")?, path.place)?;
                return is_moment(&moment.kind).then_some(moment);
            }
            _ => false,
        };
        if !is_year || call.named("tzinfo").is_some() {
            return None;
        }
        self.argument(set, call.argument(0, "expression")?).filter(|moment| is_moment(&moment.kind))
    }

    fn transform(&mut self, term: Term, transform: &str, place: HostSpan) -> Option<Term> {
        let is_aggregate = term.is_aggregate;
        let compared = Compared { sql: term.sql, kind: term.kind, place };
        let Compared { sql, kind, .. } = lookup::transformed(self.backend(), compared, &[transform])?;
        Some(Term { sql, is_aggregate, kind })
    }

    fn trunc(&mut self, set: &mut Set, part: &str, call: &Call, place: HostSpan) -> Option<Term> {
        let term = self.argument(set, call.argument(0, "expression")?)?;
        let part = match part {
            "" => call.argument(1, "kind")?.text()?,
            part => part.to_ascii_lowercase(),
        };
        let backend = self.backend();
        match (&*part, backend.dialect) {
            ("date" | "time", _) => self.transform(term, &part, place),
            ("year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second", Dialect::Postgres) => {
                let of = lookup::local(backend, term.sql, &term.kind, place);
                Some(Term { sql: of.within(&format!("DATE_TRUNC('{part}', "), ")", place), ..term })
            }
            ("year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second", Dialect::Sqlite) => {
                let function = (lookup::name_of(&term.kind), "trunc", Some(&*part));
                Some(Term { sql: lookup::of_sqlite(backend, function, term.sql, place), ..term })
            }
            _ => None,
        }
    }

    fn function(&mut self, set: &mut Set, class: &str, call: &Call, place: HostSpan) -> Option<Term> {
        let mut terms = Vec::new();
        for value in &call.positional {
            terms.push(self.argument(set, value)?);
        }
        let kind = terms.first().map_or(FieldKind::Unknown, |term| term.kind.clone());
        let is_aggregate = terms.iter().any(|term| term.is_aggregate);
        let name = match class {
            "Substr" => "SUBSTRING".to_owned(),
            "ConcatPair" => "CONCAT".to_owned(),
            "Ceil" => "CEILING".to_owned(),
            _ => class.to_ascii_uppercase(),
        };
        let items = Sql::join(terms.into_iter().map(|term| term.sql), ", ", place);
        Some(Term { sql: items.within(&format!("{name}("), ")", place), is_aggregate, kind })
    }

    fn aggregate(
        &mut self,
        set: &mut Set,
        function: &str,
        call: &Call,
        first: Option<&Value>,
        place: HostSpan,
    ) -> Option<Term> {
        let term = self.argument(set, first.or_else(|| call.named("expression"))?)?;
        let word = if call.says("distinct") { "DISTINCT " } else { "" };
        let mut sql = term.sql.within(&format!("{function}({word}"), ")", place);
        if let Some(filter) = call.named("filter") {
            let condition = self.condition(filter);
            let clause = self.add(set, &condition)?;
            sql = sql.and(clause.within(" FILTER (WHERE ", ")", place));
        }
        let kind = match function {
            "COUNT" => FieldKind::Integer(IntegerSize::Big),
            _ => term.kind,
        };
        Some(Term { sql, is_aggregate: true, kind })
    }

    fn case(&mut self, set: &mut Set, call: &Call, place: HostSpan) -> Option<Term> {
        let mut sql = Sql::text("CASE", place);
        let mut kind = FieldKind::Unknown;
        let mut is_aggregate = false;
        for when in &call.positional {
            let when = when.call().filter(|when| class_of_django(&when.callee) == Some("When"))?;
            let then = self.argument_or_value(set, when.named("then").or_else(|| when.positional.get(1))?)?;
            let mut condition = self.group_of(when, 1);
            condition.drop_named("then");
            let clause = self.add(set, &condition)?;
            is_aggregate |= then.is_aggregate;
            kind = then.kind;
            sql = sql.then(" WHEN ").and(clause).then(" THEN ").and(then.sql);
        }
        if let Some(default) = call.named("default") {
            let default = self.argument_or_value(set, default)?;
            sql = sql.then(" ELSE ").and(default.sql);
        }
        Some(Term { sql: sql.then(" END"), is_aggregate, kind })
    }

    /// What a branch of a CASE gives: a column by its name as much as anything else.
    fn argument_or_value(&mut self, set: &mut Set, value: &Value) -> Option<Term> {
        self.argument(set, value)
    }

    fn subquery(&mut self, set: &mut Set, queryset: &Value, class: &str, place: HostSpan) -> Option<Term> {
        let inner = self.within(set, |reader| {
            let inner = reader.set(queryset)?;
            let unknown = inner.unknown.clone();
            let sql = match class {
                "Exists" => reader.exists(inner),
                _ => reader.as_operand(inner),
            };
            Some((sql, unknown))
        });
        let (sql, unknown) = inner?;
        set.unknown.extend(unknown);
        let (before, kind) = match class {
            "Exists" => ("EXISTS (", FieldKind::Boolean),
            "ArraySubquery" => ("ARRAY(", FieldKind::Unknown),
            _ => ("(", FieldKind::Unknown),
        };
        Some(Term::plain(sql.within(before, ")", place), kind))
    }
}

fn is_moment(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Date | FieldKind::DateTime)
}

fn is_expression_class(class: &str) -> bool {
    matches!(
        class,
        "F" | "OuterRef"
            | "Value"
            | "Subquery"
            | "Exists"
            | "ArraySubquery"
            | "ExpressionWrapper"
            | "Cast"
            | "Case"
            | "Coalesce"
            | "Greatest"
            | "Least"
            | "NullIf"
            | "Concat"
            | "ConcatPair"
            | "Lower"
            | "Upper"
            | "Length"
            | "Trim"
            | "Abs"
            | "Round"
            | "Floor"
            | "Ceil"
            | "Substr"
            | "Left"
            | "Right"
            | "Replace"
            | "MD5"
            | "Now"
            | "Random"
            | "Func"
            | "Window"
            | "RawSQL"
            | "Collate"
            | "OrderBy"
    ) || class.starts_with("Trunc")
        || class.starts_with("Extract")
        || aggregate(class).is_some()
}

fn aggregate(class: &str) -> Option<&'static str> {
    Some(match class {
        "Count" => "COUNT",
        "Sum" => "SUM",
        "Avg" => "AVG",
        "Min" => "MIN",
        "Max" => "MAX",
        "StdDev" => "STDDEV_POP",
        "Variance" => "VAR_POP",
        "ArrayAgg" => "ARRAY_AGG",
        "JSONBAgg" => "JSONB_AGG",
        "BoolOr" => "BOOL_OR",
        "BoolAnd" => "BOOL_AND",
        _ => return None,
    })
}

fn cast(dialect: Dialect, field: &str) -> Option<&'static str> {
    Some(match (field, dialect) {
        ("CharField" | "TextField", Dialect::Mysql) => "char",
        ("CharField" | "TextField", _) => "text",
        ("IntegerField" | "PositiveIntegerField", Dialect::Mysql) => "signed",
        ("IntegerField" | "PositiveIntegerField", _) => "integer",
        ("BigIntegerField", Dialect::Mysql) => "signed",
        ("BigIntegerField", _) => "bigint",
        ("FloatField", Dialect::Postgres) => "double precision",
        ("FloatField", _) => "real",
        ("DateField", _) => "date",
        ("DateTimeField", Dialect::Postgres) => "timestamp with time zone",
        ("DateTimeField", _) => "datetime",
        ("BooleanField", Dialect::Postgres) => "boolean",
        _ => return None,
    })
}
