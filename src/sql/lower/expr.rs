//! Expressions: every construct that SQLite lacks becomes one it has, no more indexable than before.

use sqlparser::ast::{self, BinaryOperator, Expr, UnaryOperator, Value};

use super::{Lowering, column, parameter, quote, text};
use crate::dialect::Dialect;
use crate::expr::cast_changes_nothing;
use crate::query::RefId;
use crate::sql::build;
use crate::sql::resolution::Name;

/// Members of a rendered IN list (statistics.md, "Parameters").
const MAX_LIST: usize = 50;

/// What a list of unknown length stands for.
const UNKNOWN_LIST: usize = 5;

impl Lowering<'_> {
    /// Before an expression's parts are visited: what only the whole tells.
    pub(super) fn before(&mut self, expr: &mut Expr) {
        match expr {
            Expr::BinaryOp { left, op, right } if is_comparison(op) => {
                if let (Expr::Tuple(_), Expr::Tuple(_)) = (unnested(left), unnested(right)) {
                    self.whole_tuples += 2;
                }
                // Under the collation that the value names no index of the column's own is searched.
                if let (true, Expr::Collate { collation, .. }) = (self.stands_in(), unnested(right))
                    && !matches!(unnested(left), Expr::Collate { .. })
                {
                    let collation = collation.clone();
                    **left = Expr::Collate { expr: Box::new(taken(left)), collation };
                }
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. }
            | Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right }
                if matches!((unnested(left), unnested(right)), (Expr::Tuple(_), Expr::Subquery(_))) =>
            {
                self.whole_tuples += 1;
            }
            Expr::InSubquery { expr, .. } if matches!(unnested(expr), Expr::Tuple(_)) => self.whole_tuples += 1,
            Expr::InList { expr: key, list, negated } if matches!(unnested(key), Expr::Tuple(_)) => {
                self.whole_tuples += 1;
                let key = std::mem::replace(key, Box::new(super::number(0)));
                *expr = Expr::InSubquery { expr: key, subquery: rows_of(std::mem::take(list)), negated: *negated };
            }
            Expr::Between { .. } => self.split_between(expr),
            Expr::Subquery(_) | Expr::Exists { .. } => {}
            _ => {}
        }
    }

    /// After an expression's parts were rewritten.
    pub(super) fn rewrite(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.name(expr),
            Expr::Value(value) => match value.value {
                // SQLite compares the spelling when it matches the predicate of a partial index, which is printed from
                // the canonical form.
                Value::Boolean(value) if self.dialect == Dialect::Sqlite => *expr = super::number(u32::from(value)),
                Value::Boolean(value) => {
                    *expr = Expr::Identifier(ast::Ident::new(if value { "TRUE" } else { "FALSE" }))
                }
                Value::Placeholder(ref name) if !name.bytes().skip(1).any(|byte| byte.is_ascii_alphanumeric()) => {
                    *expr = parameter("value");
                }
                Value::Placeholder(ref mut name) => plain_parameter(name),
                ref mut other => constant(other),
            },
            Expr::Function(_) => self.function(expr),
            Expr::BinaryOp { .. } => self.binary(expr),
            Expr::UnaryOp { .. } => self.unary(expr),
            Expr::Cast { .. } | Expr::Convert { .. } => self.cast(expr),
            Expr::InList { list, .. } => in_list(list),
            Expr::AnyOp { .. } | Expr::AllOp { .. } => self.quantified(expr),
            Expr::ILike { .. } | Expr::SimilarTo { .. } | Expr::RLike { .. } | Expr::Like { any: true, .. } => {
                self.pattern(expr)
            }
            Expr::IsDistinctFrom(left, right) if self.dialect == Dialect::Postgres => {
                let args = vec![taken(left), taken(right)];
                *expr = self.call("is_distinct", args);
            }
            Expr::IsNotDistinctFrom(left, right) if self.dialect == Dialect::Postgres => {
                // SQLite seeks with IS, PostgreSQL with no such thing.
                let args = vec![taken(left), taken(right)];
                *expr = self.call("is_not_distinct", args);
            }
            Expr::IsNull(_) => self.weigh_null(expr),
            Expr::IsUnknown(inner) => *expr = Expr::IsNull(std::mem::replace(inner, Box::new(super::number(0)))),
            Expr::IsNotUnknown(inner) => *expr = Expr::IsNotNull(std::mem::replace(inner, Box::new(super::number(0)))),
            Expr::Tuple(parts) => {
                if self.whole_tuples > 0 {
                    self.whole_tuples -= 1;
                } else {
                    let parts = std::mem::take(parts);
                    *expr = self.call("whole_row", parts);
                }
            }
            _ => self.construct(expr),
        }
    }

    fn name(&mut self, expr: &mut Expr) {
        let path = match expr {
            Expr::Identifier(name) => std::slice::from_mut(name),
            Expr::CompoundIdentifier(path) => &mut path[..],
            _ => return,
        };
        let Some(name) = self.names.column(path[0].span.start) else { return };
        match name {
            Name::Column(reference, name) => *expr = column(*reference, name.as_str()),
            Name::Hidden(reference, name) => *expr = self.hidden(*reference, name),
            Name::Row(reference) => *expr = self.whole_row(*reference),
            Name::Fields(columns) => {
                let mut label = path[0].clone();
                self.label(&mut label);
                let field = |column: &crate::name::Ident| {
                    Expr::CompoundIdentifier(vec![label.clone(), super::quoted(column.as_str())])
                };
                let fields = columns.iter().map(field).collect();
                *expr = self.call("whole_row", fields);
            }
            Name::Text => *expr = text(path[0].value.clone()),
            Name::Value if is_keyword(&path[0].value) => {}
            Name::Value => *expr = parameter("value"),
            Name::Derived { .. } | Name::Other if self.was_lateral(path) => *expr = super::unknown_value(),
            // A column of another database (`a.b.c.d`), which SQLite's grammar has no form for.
            Name::Other if path.len() > 3 => *expr = super::unknown_value(),
            Name::List | Name::Derived { .. } | Name::Other => {
                let qualifiers = path.len() - 1;
                path[..qualifiers].iter_mut().for_each(|name| self.label(name));
                path[qualifiers..].iter_mut().for_each(quote);
            }
        }
    }

    /// A rowid is there; what a full-text table is searched by is all of it, and how well a row fits is computed.
    fn hidden(&mut self, reference: RefId, name: &crate::name::Ident) -> Expr {
        let table = self.table_of(reference);
        match table.filter(|table| table.is_full_text()) {
            Some(table) if table.name.name == *name => self.whole_row(reference),
            Some(_) if *name == "rank" => super::unknown_value(),
            _ => column(reference, name.as_str()),
        }
    }

    pub(super) fn whole_row(&mut self, reference: RefId) -> Expr {
        let columns = self.table_of(reference).map(|table| table.columns.as_slice()).unwrap_or_default();
        let columns = columns.iter().map(|each| column(reference, each.name.as_str())).collect();
        self.call("whole_row", columns)
    }

    fn binary(&mut self, expr: &mut Expr) {
        let Expr::BinaryOp { left, op, right } = expr else { return };
        match op {
            BinaryOperator::Eq | BinaryOperator::NotEq => {}
            BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq => {
                self.weigh_range(expr)
            }
            BinaryOperator::And
            | BinaryOperator::Or
            | BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo
            | BinaryOperator::StringConcat
            | BinaryOperator::BitwiseAnd
            | BinaryOperator::BitwiseOr
            | BinaryOperator::PGBitwiseShiftLeft
            | BinaryOperator::PGBitwiseShiftRight
            | BinaryOperator::Arrow
            | BinaryOperator::LongArrow => {}
            BinaryOperator::Match if self.dialect == Dialect::Sqlite => {
                self.approximate("a full-text search is planned as a scan");
            }
            BinaryOperator::Glob | BinaryOperator::Regexp if self.dialect == Dialect::Sqlite => {}
            BinaryOperator::PGLikeMatch | BinaryOperator::PGNotLikeMatch => {
                let negated = *op == BinaryOperator::PGNotLikeMatch;
                let (key, pattern) = (Box::new(taken(left)), Box::new(taken(right)));
                *expr = Expr::Like { negated, any: false, expr: key, pattern, escape_char: None };
            }
            other => {
                // An operator that no b-tree answers.
                let name = operator_name(&other.to_string());
                let args = vec![taken(left), taken(right)];
                *expr = self.call(&name, args);
            }
        }
    }

    fn unary(&mut self, expr: &mut Expr) {
        let Expr::UnaryOp { op, expr: operand } = expr else { return };
        match op {
            UnaryOperator::Minus => super::apart(operand),
            UnaryOperator::Not | UnaryOperator::BitwiseNot => {}
            // In SQLite it keeps an index from being used; elsewhere it does nothing.
            UnaryOperator::Plus if self.dialect == Dialect::Sqlite => {}
            UnaryOperator::Plus => *expr = taken(operand),
            UnaryOperator::BangNot => *op = UnaryOperator::Not,
            other => {
                let name = operator_name(&other.to_string());
                let args = vec![taken(operand)];
                *expr = self.call(&name, args);
            }
        }
    }

    /// Casts of constants and those between types of one representation vanish; the others are no column any more.
    fn cast(&mut self, expr: &mut Expr) {
        let (operand, to) = match expr {
            Expr::Cast { expr, data_type, .. } => (taken(expr), data_type.to_string().to_ascii_lowercase()),
            Expr::Convert { expr, data_type: Some(data_type), .. } => {
                (taken(expr), data_type.to_string().to_ascii_lowercase())
            }
            Expr::Convert { expr, data_type: None, .. } => (taken(expr), "text".to_owned()),
            _ => return,
        };
        if matches!(operand, Expr::Value(_)) || self.coerces(&operand, &to) {
            *expr = operand;
            return;
        }
        if !is_cast_type(&to) {
            let name: String = to.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
            *expr = self.call(&format!("cast_{name}"), vec![operand]);
            return;
        }
        // SQLite compares the spelling of types; the canonical form has them in lower case.
        let data_type = ast::DataType::Custom(ast::ObjectName::from(vec![ast::Ident::new(to)]), Vec::new());
        let expr_ = Box::new(operand);
        *expr = Expr::Cast { kind: ast::CastKind::Cast, expr: expr_, data_type, format: None };
    }

    fn coerces(&self, operand: &Expr, to: &str) -> bool {
        let (Expr::CompoundIdentifier(path), Dialect::Postgres) = (unnested(operand), self.dialect) else {
            return false;
        };
        let reference = path.first().and_then(|first| first.value.strip_prefix('t')?.parse().ok().map(RefId));
        let column = path.last().map(|last| crate::name::Ident::new(&last.value));
        let ty = reference.and_then(|reference| Some(&self.table_of(reference)?.column(&column?)?.ty));
        ty.is_some_and(|ty| cast_changes_nothing(ty, to))
    }

    /// `x = ANY (…)`, `x <> ALL (…)`.
    fn quantified(&mut self, expr: &mut Expr) {
        let (left, op, right, any) = match expr {
            Expr::AnyOp { left, compare_op, right, .. } => (taken(left), compare_op.clone(), taken(right), true),
            Expr::AllOp { left, compare_op, right } => (taken(left), compare_op.clone(), taken(right), false),
            _ => return,
        };
        let right = match right {
            Expr::Nested(inner) => *inner,
            other => other,
        };
        let negated = match (&op, any) {
            (BinaryOperator::Eq, true) => false,
            (BinaryOperator::NotEq, false) => true,
            _ => {
                let name = format!("{}_{}", if any { "any" } else { "all" }, operator_name(&op.to_string()));
                *expr = self.call(&name, vec![left, right]);
                return;
            }
        };
        let key = Box::new(left);
        *expr = match right {
            Expr::Subquery(subquery) => Expr::InSubquery { expr: key, subquery, negated },
            Expr::Value(value) if matches!(value.value, Value::Placeholder(_) | Value::SingleQuotedString(_)) => {
                let mut list = match &value.value {
                    Value::SingleQuotedString(members) => members_of(members),
                    _ => vec![Expr::Value(value)],
                };
                in_list(&mut list);
                Expr::InList { expr: key, list, negated }
            }
            // An array was rewritten before what holds it.
            Expr::Function(call) if is_array(&call) => {
                let mut list = arguments(call);
                in_list(&mut list);
                Expr::InList { expr: key, list, negated }
            }
            other => {
                let name = if negated { "no_member" } else { "is_member" };
                self.call(name, vec![*key, other])
            }
        };
    }

    fn pattern(&mut self, expr: &mut Expr) {
        let (name, negated, key, pattern) = match expr {
            Expr::ILike { negated, expr, pattern, .. } => ("ilike", *negated, taken(expr), taken(pattern)),
            Expr::SimilarTo { negated, expr, pattern, .. } => ("similar_to", *negated, taken(expr), taken(pattern)),
            Expr::RLike { negated, expr, pattern, .. } => ("rlike", *negated, taken(expr), taken(pattern)),
            Expr::Like { negated, expr, pattern, .. } => ("like_any", *negated, taken(expr), taken(pattern)),
            _ => return,
        };
        let call = self.call(name, vec![key, pattern]);
        *expr = if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(call) } } else { call };
    }

    /// Constructs with a syntax of their own that are calls underneath; named as `sql::canonical` names them.
    fn construct(&mut self, expr: &mut Expr) {
        let call = match expr {
            Expr::Nested(_) | Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } | Expr::Case { .. } => {
                return;
            }
            Expr::Collate { .. } if self.dialect == Dialect::Sqlite => return,
            Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..) => return,
            Expr::TypedString(typed) => {
                let mut value = typed.value.value.clone();
                constant(&mut value);
                *expr = Expr::value(value);
                return;
            }
            Expr::Interval(interval) => {
                *expr = match &*interval.value {
                    Expr::Value(value) => Expr::Value(value.clone()),
                    _ => parameter("interval"),
                };
                return;
            }
            Expr::Prefixed { value, .. } => {
                *expr = taken(value);
                return;
            }
            Expr::Array(array) => ("array", std::mem::take(&mut array.elem)),
            Expr::Extract { field, expr, .. } => {
                ("extract", vec![text(field.to_string().to_ascii_lowercase()), taken(expr)])
            }
            Expr::AtTimeZone { timestamp, time_zone } => ("timezone", vec![taken(time_zone), taken(timestamp)]),
            Expr::Ceil { expr, .. } => ("ceil", vec![taken(expr)]),
            Expr::Floor { expr, .. } => ("floor", vec![taken(expr)]),
            Expr::Position { expr, r#in } => ("position", vec![taken(r#in), taken(expr)]),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut args = vec![taken(expr)];
                args.extend(substring_from.take().map(|from| *from));
                args.extend(substring_for.take().map(|length| *length));
                ("substring", args)
            }
            Expr::Trim { trim_what, expr, .. } => {
                let mut args = vec![taken(expr)];
                args.extend(trim_what.take().map(|what| *what));
                ("btrim", args)
            }
            Expr::Overlay { expr, overlay_what, overlay_from, .. } => {
                ("overlay", vec![taken(expr), taken(overlay_what), taken(overlay_from)])
            }
            Expr::Collate { expr, .. } if self.dialect != Dialect::Sqlite => ("collated", vec![taken(expr)]),
            Expr::CompoundFieldAccess { root, .. } => ("field", vec![taken(root)]),
            Expr::JsonAccess { value, .. } => ("json_access", vec![taken(value)]),
            Expr::IsJson { expr, .. } => ("is_json", vec![taken(expr)]),
            Expr::IsNormalized { expr, .. } => ("is_normalized", vec![taken(expr)]),
            Expr::InUnnest { expr, .. } => ("is_member", vec![taken(expr), parameter("list")]),
            Expr::Named { expr, .. } => ("named", vec![taken(expr)]),
            Expr::Struct { values, .. } => ("whole_row", std::mem::take(values)),
            other => {
                let refusal = format!("sqlite has nothing like `{other}`");
                return self.refuse(refusal);
            }
        };
        let (name, args) = call;
        *expr = self.call(name, args);
    }
}

/// Says whether SQLite reads a type in a cast: words that are no keywords there, then at most two numbers.
fn is_cast_type(to: &str) -> bool {
    let (words, rest) = to.split_once('(').map_or((to, ")"), |(words, rest)| (words, rest));
    let plain = |word: &str| Dialect::Sqlite.quote(&crate::name::Ident::new(word)) == word;
    let number = |length: &str| !length.trim().is_empty() && length.trim().bytes().all(|byte| byte.is_ascii_digit());
    let lengths = rest.strip_suffix(')').is_some_and(|lengths| {
        lengths.is_empty() || (lengths.split(',').count() <= 2 && lengths.split(',').all(number))
    });
    lengths && words.split_whitespace().next().is_some() && words.split_whitespace().all(plain)
}

/// Takes an expression out of its box.
pub(super) fn taken(expr: &mut Box<Expr>) -> Expr {
    std::mem::replace(&mut **expr, super::number(0))
}

pub(super) fn unnested(expr: &Expr) -> &Expr {
    crate::sql::canonical::unnested(expr)
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// Values in SQLite's spelling.
fn constant(value: &mut Value) {
    let plain = match value {
        Value::EscapedStringLiteral(text)
        | Value::UnicodeStringLiteral(text)
        | Value::NationalStringLiteral(text)
        | Value::SingleQuotedByteStringLiteral(text)
        | Value::DoubleQuotedString(text) => std::mem::take(text),
        Value::DollarQuotedString(text) => std::mem::take(&mut text.value),
        // Of an odd length or with other letters it is none to SQLite; PostgreSQL reads bits, not bytes.
        Value::HexStringLiteral(text) if text.len() % 2 > 0 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            std::mem::take(text)
        }
        _ => return,
    };
    *value = Value::SingleQuotedString(plain);
}

/// Leaves of a parameter's name what SQLite reads.
fn plain_parameter(name: &mut String) {
    let plain = |char: char| if char.is_alphanumeric() || char == '_' { char } else { '_' };
    if name.chars().skip(1).any(|char| plain(char) != char) {
        *name = name.chars().take(1).chain(name.chars().skip(1).map(plain)).collect();
    }
}

/// Keywords that SQLite reads as the values they are.
fn is_keyword(word: &str) -> bool {
    ["current_date", "current_time", "current_timestamp"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Sorts the constants of a list as the canonical form does; a lone parameter stands for several values.
fn in_list(list: &mut Vec<Expr>) {
    if let [Expr::Value(value)] = &list[..]
        && let Value::Placeholder(name) = &value.value
    {
        let name = name.trim_start_matches(['$', '?', ':', '@']).to_owned();
        list.extend((2..=UNKNOWN_LIST).map(|nth| parameter(&format!("{name}_{nth}"))));
    }
    let literal = |expr: &Expr| match expr {
        Expr::Value(value) => !matches!(value.value, Value::Placeholder(_)),
        _ => false,
    };
    if list.iter().all(literal) {
        list.sort();
    }
    list.truncate(MAX_LIST);
}

/// The members of PostgreSQL's `{a,b}`.
fn members_of(text_: &str) -> Vec<Expr> {
    let inner = text_.trim().trim_start_matches('{').trim_end_matches('}');
    inner.split(',').map(|member| text(member.trim())).collect()
}

fn rows_of(list: Vec<Expr>) -> Box<ast::Query> {
    let rows = list.into_iter().take(MAX_LIST).map(|row| {
        ast::Parens::with_empty_span(match row {
            Expr::Tuple(parts) => parts,
            Expr::Nested(inner) => vec![*inner],
            other => vec![other],
        })
    });
    let rows = rows.collect();
    Box::new(build::query(ast::SetExpr::Values(ast::Values { explicit_row: false, value_keyword: false, rows })))
}

fn is_array(call: &ast::Function) -> bool {
    matches!(call.name.0.as_slice(), [ast::ObjectNamePart::Identifier(name)] if name.value == "array")
}

fn arguments(call: ast::Function) -> Vec<Expr> {
    let ast::FunctionArguments::List(list) = call.args else { return Vec::new() };
    let args = list.args.into_iter().filter_map(|arg| match arg {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    args.collect()
}

/// A function's name for an operator.
fn operator_name(symbol: &str) -> String {
    let mut name = "op".to_owned();
    for char in symbol.chars() {
        if char.is_ascii_alphanumeric() {
            name.push(char);
        } else {
            name.push_str(&format!("_{:x}", u32::from(char)));
        }
    }
    name
}
