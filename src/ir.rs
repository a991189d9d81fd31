//! Host code in a language-neutral form: what a language's front end makes of a file, and what flow and frameworks read.
//!
//! Plain data; knows no parser and no framework. Spans are bytes of the one file that it stands for. What a language
//! has beyond this is [`ExprKind::Unknown`] or [`StmtKind::Unknown`], never an error.

use std::ops::Range;
use std::sync::Arc;

/// A range of bytes in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl From<Range<usize>> for Span {
    fn from(bytes: Range<usize>) -> Self {
        let place = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        Self { start: place(bytes.start), end: place(bytes.end) }
    }
}

/// A name in the host's text.
pub type Name = Arc<str>;

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// What it does.
    pub kind: StmtKind,
    /// All of it, blocks included.
    pub span: Span,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// Evaluates something.
    Expr(Expr),
    /// Binds a name, an attribute or an item; several targets are several statements.
    Assign {
        /// What is bound; a list where a sequence is taken apart.
        target: Expr,
        /// The type that is written to it.
        annotation: Option<Expr>,
        /// To what; nothing where it is declared only.
        value: Option<Expr>,
    },
    /// `target op= value`
    Augment {
        /// What is bound again.
        target: Expr,
        /// The operator without its `=`.
        op: BinaryOp,
        /// The right operand.
        value: Expr,
    },
    /// Leaves the function.
    Return(Option<Expr>),
    /// Leaves the block another way: an exception, `break`, `continue`.
    Leave(Option<Expr>),
    /// Runs one of two blocks.
    If {
        /// What decides.
        test: Expr,
        /// The block where it holds.
        then: Vec<Stmt>,
        /// The block where it does not.
        otherwise: Vec<Stmt>,
    },
    /// Runs one of several blocks, or none of them: `match`, exception handlers.
    Either(Vec<Vec<Stmt>>),
    /// Runs a block several times.
    Loop {
        /// What each round binds.
        target: Option<Expr>,
        /// What is gone through, or what is tested.
        over: Expr,
        /// The block.
        body: Vec<Stmt>,
    },
    /// Runs a block with things that are opened before and closed after it.
    With {
        /// The things, and what they are bound to.
        items: Vec<(Expr, Option<Expr>)>,
        /// The block.
        body: Vec<Stmt>,
    },
    /// Declares a function.
    Function(Arc<Function>),
    /// Declares a class.
    Class(Arc<Class>),
    /// Binds names of other modules.
    Import(Vec<Import>),
    /// Anything else.
    Unknown,
}

/// A function, a method or a closure.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// Where the name stands.
    pub name_span: Span,
    /// What is put before it.
    pub decorators: Vec<Expr>,
    /// What it takes, in order.
    pub parameters: Vec<Parameter>,
    /// What it is said to return.
    pub returns: Option<Expr>,
    /// What it does.
    pub body: Vec<Stmt>,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// The type that is written to it.
    pub annotation: Option<Expr>,
    /// What it is where the caller says nothing.
    pub default: Option<Expr>,
    /// How it takes arguments.
    pub takes: Takes,
}

/// How a parameter takes arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One.
    One,
    /// All that are left over.
    Positional,
    /// All named ones that are left over.
    Named,
}

/// A class.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Its name.
    pub name: Name,
    /// Where the name stands.
    pub name_span: Span,
    /// What is put before it.
    pub decorators: Vec<Expr>,
    /// What it is made from.
    pub bases: Vec<Expr>,
    /// What else is said with them (`metaclass=…`).
    pub keywords: Vec<(Name, Expr)>,
    /// Its attributes and methods.
    pub body: Vec<Stmt>,
}

/// A name that is bound to a module, or to a name in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module: its path, by parts.
    pub module: Vec<Name>,
    /// How many folders above the file the path starts; none for a path from a root.
    pub above: Option<u16>,
    /// The name in it; none for the module itself.
    pub item: Option<Name>,
    /// The name that is bound here; none where every name is.
    pub bound: Option<Name>,
    /// Where it is said.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A name.
    Name(Name),
    /// `of.name`
    Attribute {
        /// What has it.
        of: Box<Expr>,
        /// Which one.
        name: Name,
        /// Where the name stands.
        name_span: Span,
    },
    /// A call.
    Call(Box<Call>),
    /// `of[at]`
    Index {
        /// What is looked into.
        of: Box<Expr>,
        /// Where.
        at: Box<Expr>,
    },
    /// `start:stop`, within an index.
    Slice {
        /// The first.
        start: Option<Box<Expr>>,
        /// One past the last.
        stop: Option<Box<Expr>>,
    },
    /// A string, with holes where values are put in.
    Template(Vec<Piece>),
    /// A number, as it is spelled.
    Number(Name),
    /// True or false.
    Bool(bool),
    /// Nothing.
    Null,
    /// Items in a row: a list, a tuple, a set.
    List(Vec<Expr>),
    /// Pairs; a key is missing where another dictionary is put in.
    Dict(Vec<(Option<Expr>, Expr)>),
    /// `left op right`; a chain of comparisons is a [`ExprKind::Logic`] of them.
    Compare {
        /// The left operand.
        left: Box<Expr>,
        /// How they are compared.
        op: CompareOp,
        /// The right operand.
        right: Box<Expr>,
    },
    /// Operands that must all hold, or any of them.
    Logic {
        /// Which of both.
        op: LogicOp,
        /// The operands, at least two.
        operands: Vec<Expr>,
    },
    /// The opposite.
    Not(Box<Expr>),
    /// `op operand`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `left op right`
    Binary {
        /// The left operand.
        left: Box<Expr>,
        /// The operator.
        op: BinaryOp,
        /// The right operand.
        right: Box<Expr>,
    },
    /// One of two values.
    Choice {
        /// What decides.
        test: Box<Expr>,
        /// The value where it holds.
        then: Box<Expr>,
        /// The value where it does not.
        otherwise: Box<Expr>,
    },
    /// A function without a name.
    Lambda {
        /// What it takes.
        parameters: Vec<Name>,
        /// What it returns.
        body: Box<Expr>,
    },
    /// Values made from others, one by one.
    Comprehension {
        /// What is made of each.
        element: Box<Expr>,
        /// What is gone through: the names that are bound, and the source.
        sources: Vec<(Expr, Expr)>,
        /// What must hold of them.
        tests: Vec<Expr>,
    },
    /// All items of a sequence, among arguments or items.
    Spread(Box<Expr>),
    /// A name is bound on the way.
    Bind {
        /// The name.
        name: Name,
        /// Its value, and that of the whole.
        value: Box<Expr>,
    },
    /// Anything else.
    Unknown,
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is called.
    pub callee: Expr,
    /// Its arguments, in order.
    pub positional: Vec<Expr>,
    /// Its named arguments; without a name where a dictionary is put in.
    pub named: Vec<(Option<Name>, Expr)>,
    /// Where their names stand, one for each; the value's place where there is none.
    pub name_spans: Vec<Span>,
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text that is known.
    Text {
        /// What it says, escapes resolved.
        text: Arc<str>,
        /// Where it is spelled; as long as the text where no escape stands in it.
        span: Span,
    },
    /// A value that is put in.
    Hole(Box<Expr>),
}

impl Piece {
    /// Says whether the text is spelled byte for byte.
    pub fn is_verbatim(&self) -> bool {
        matches!(self, Self::Text { text, span } if text.len() == (span.end - span.start) as usize)
    }
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    NotEq,
    /// `<`
    Less,
    /// `<=`
    LessEq,
    /// `>`
    Greater,
    /// `>=`
    GreaterEq,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `is`
    Is,
    /// `is not`
    IsNot,
}

/// How truths are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogicOp {
    /// All must hold.
    And,
    /// One must hold.
    Or,
}

/// An operator of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`
    Minus,
    /// `+`
    Plus,
    /// `~`, which query builders take for NOT.
    Invert,
}

/// An operator of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`, `//`
    Divide,
    /// `%`, which also fills a template.
    Modulo,
    /// `&`, which query builders take for AND.
    BitAnd,
    /// `|`, which query builders take for OR.
    BitOr,
    /// Any other.
    Other,
}
