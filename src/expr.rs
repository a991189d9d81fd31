//! One small scalar expression, shared by index keys, partial predicates, checks and access patterns.
//!
//! Data and its one printed form; `sql::canonical` is the only place that makes one out of SQL, so two
//! expressions that mean the same to the planner are equal here. Columns belong to one table, which the
//! holder names; what comes from elsewhere is [`Expr::Outer`].

mod canonical;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use canonical::{cast_changes_nothing, simplify};

use crate::dialect::Dialect;
use crate::name::Ident;

/// A scalar expression in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Expr {
    /// A column of the table at hand.
    Column(Ident),
    /// A constant.
    Literal(Literal),
    /// A value that is known at run time only: a parameter, `now()`, an uncorrelated subquery.
    Param,
    /// A value that comes from another table of the query.
    Outer,
    /// A function call; the name is lower case.
    Call {
        /// The function.
        function: Ident,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// A cast that may change how the operand compares; binary-coercible ones are dropped.
    Cast {
        /// What is cast.
        operand: Box<Expr>,
        /// The type, lower case, as the dialect spells it.
        to: String,
    },
    /// An operator.
    Op {
        /// Which one.
        op: Op,
        /// Its operands; those of AND and OR are flattened, sorted and without repetition.
        operands: Vec<Expr>,
    },
    /// An expression this model does not know, as normalised text; equal text means the same.
    Opaque {
        /// The text.
        text: String,
        /// The columns of the table at hand that stand in it.
        columns: BTreeSet<Ident>,
    },
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Literal {
    /// NULL.
    Null,
    /// TRUE or FALSE.
    Boolean(bool),
    /// A number as written.
    Number(String),
    /// A string without its quotes.
    Text(String),
}

/// An operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Op {
    /// All operands hold.
    And,
    /// One operand holds.
    Or,
    /// The operand does not hold.
    Not,
    /// `=`
    Eq,
    /// `<>`
    NotEq,
    /// `<`
    Lt,
    /// `<=`
    LtEq,
    /// `>`
    Gt,
    /// `>=`
    GtEq,
    /// `a IN (b, c, …)`: the first operand is `a`.
    In,
    /// `IS NULL`
    IsNull,
    /// `IS NOT NULL`
    IsNotNull,
    /// `LIKE`
    Like,
    /// `ILIKE`
    ILike,
    /// `||`
    Concat,
    /// Any other operator, as written (`+`, `->>`, `@>`, `~`).
    Other(String),
}

impl Expr {
    /// The column `name`.
    pub fn column(name: impl Into<Ident>) -> Self {
        Self::Column(name.into())
    }

    /// An operator applied to operands.
    pub fn op(op: Op, operands: Vec<Expr>) -> Self {
        Self::Op { op, operands }
    }

    /// Returns the column's name if this is a bare column.
    pub fn as_column(&self) -> Option<&Ident> {
        match self {
            Self::Column(name) => Some(name),
            _ => None,
        }
    }

    /// Says whether the value is fixed when the query starts: no column of this or another table in it.
    pub fn is_constant(&self) -> bool {
        match self {
            Self::Column(_) | Self::Outer => false,
            Self::Literal(_) | Self::Param => true,
            Self::Opaque { columns, .. } => columns.is_empty(),
            Self::Call { args: parts, .. } | Self::Op { operands: parts, .. } => parts.iter().all(Self::is_constant),
            Self::Cast { operand, .. } => operand.is_constant(),
        }
    }

    /// Returns the columns of the table at hand that stand in the expression.
    pub fn columns(&self) -> BTreeSet<Ident> {
        let mut found = BTreeSet::new();
        self.collect_columns(&mut found);
        found
    }

    fn collect_columns(&self, found: &mut BTreeSet<Ident>) {
        match self {
            Self::Column(name) => {
                found.insert(name.clone());
            }
            Self::Opaque { columns, .. } => found.extend(columns.iter().cloned()),
            Self::Call { args: parts, .. } | Self::Op { operands: parts, .. } => {
                parts.iter().for_each(|part| part.collect_columns(found))
            }
            Self::Cast { operand, .. } => operand.collect_columns(found),
            Self::Literal(_) | Self::Param | Self::Outer => {}
        }
    }

    /// Replaces the column `from` by `to`; in opaque text, wherever it stands as a word of its own.
    pub fn rename_column(&mut self, from: &Ident, to: &Ident) {
        match self {
            Self::Column(name) if name == from => *name = to.clone(),
            Self::Call { args: parts, .. } | Self::Op { operands: parts, .. } => {
                parts.iter_mut().for_each(|part| part.rename_column(from, to))
            }
            Self::Cast { operand, .. } => operand.rename_column(from, to),
            Self::Opaque { text, columns } => {
                let held = columns.remove(from);
                if held {
                    columns.insert(to.clone());
                    *text = replace_word(text, from, to);
                }
            }
            _ => {}
        }
    }

    /// Returns the conjuncts: the operands of a top-level AND, else the expression itself.
    pub fn conjuncts(&self) -> &[Expr] {
        match self {
            Self::Op { op: Op::And, operands } => operands,
            other => std::slice::from_ref(other),
        }
    }
}

/// Replaces an identifier in SQL text; words in string literals stay.
fn replace_word(text: &str, from: &Ident, to: &Ident) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut quoted = false;
    let word = |char: char| char.is_alphanumeric() || char == '_' || char == '$';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if word(first) && !quoted {
            rest.find(|char| !word(char)).unwrap_or(rest.len())
        } else {
            quoted ^= first == '\'';
            first.len_utf8()
        };
        let (piece, after) = rest.split_at(len);
        replaced.push_str(if *from == *piece { to.as_str() } else { piece });
        rest = after;
    }
    replaced
}

impl Op {
    /// Returns the operator as SQL spells it.
    pub fn symbol(&self) -> &str {
        match self {
            Self::And => "AND",
            Self::Or => "OR",
            Self::Not => "NOT",
            Self::Eq => "=",
            Self::NotEq => "<>",
            Self::Lt => "<",
            Self::LtEq => "<=",
            Self::Gt => ">",
            Self::GtEq => ">=",
            Self::In => "IN",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
            Self::Like => "LIKE",
            Self::ILike => "ILIKE",
            Self::Concat => "||",
            Self::Other(symbol) => symbol,
        }
    }
}

/// Prints the expression for people and fingerprints, names unquoted.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.print(&|name| Cow::Borrowed(name.as_str())))
    }
}

type PrintName<'a> = &'a dyn Fn(&Ident) -> Cow<'_, str>;

impl Expr {
    /// Prints the expression as SQL of a dialect, names quoted where they need it.
    pub fn to_sql(&self, dialect: Dialect) -> String {
        self.print(&|name| dialect.quote(name))
    }

    fn print(&self, name: PrintName<'_>) -> String {
        match self {
            Self::Column(column) => name(column).into_owned(),
            Self::Literal(literal) => literal.to_string(),
            Self::Param => "?".to_owned(),
            Self::Outer => "…".to_owned(),
            Self::Opaque { text, .. } => text.clone(),
            Self::Call { function, args } => format!("{function}({})", print_list(args, ", ", name)),
            Self::Cast { operand, to } => format!("CAST({} AS {to})", operand.print(name)),
            Self::Op { op, operands } => print_op(op, operands, name),
        }
    }

    fn print_operand(&self, name: PrintName<'_>) -> String {
        let text = self.print(name);
        if matches!(self, Self::Op { .. }) { format!("({text})") } else { text }
    }
}

fn print_op(op: &Op, operands: &[Expr], name: PrintName<'_>) -> String {
    let symbol = op.symbol();
    match (op, operands) {
        (Op::IsNull | Op::IsNotNull, [operand]) => format!("{} {symbol}", operand.print_operand(name)),
        (Op::Not, [operand]) => format!("NOT {}", operand.print_operand(name)),
        (Op::In, [first, rest @ ..]) => format!("{} IN ({})", first.print_operand(name), print_list(rest, ", ", name)),
        (Op::Other(test), [operand]) if test.starts_with("IS ") => format!("{} {symbol}", operand.print_operand(name)),
        (Op::Other(each), [left, array]) if each.ends_with("ANY") => {
            format!("{} {symbol}({})", left.print_operand(name), array.print(name))
        }
        (Op::Other(_), [operand]) => format!("{symbol}{}", operand.print_operand(name)),
        _ => {
            operands.iter().map(|operand| operand.print_operand(name)).collect::<Vec<_>>().join(&format!(" {symbol} "))
        }
    }
}

fn print_list(items: &[Expr], between: &str, name: PrintName<'_>) -> String {
    items.iter().map(|item| item.print(name)).collect::<Vec<_>>().join(between)
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Boolean(value) => f.write_str(if *value { "TRUE" } else { "FALSE" }),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
        }
    }
}
