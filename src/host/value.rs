//! What an expression of host code stands for: a tree of calls with its names resolved.
//!
//! Nothing is computed. A query that is built over several statements is one [`Value`]: the calls on the calls before,
//! with [`Kind::Either`] where branches of the code meet. What a call means only the frameworks know.

mod walk;

use std::rc::Rc;
use std::sync::Arc;

use crate::ir::{BinaryOp, CompareOp, LogicOp, Name, UnaryOp};
use crate::source::HostSpan;
pub use walk::{holds, walk};

/// A class of the code base, as [`super::code::Code`] numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub u32);

/// A function of the code base, as [`super::code::Code`] numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId(pub u32);

/// A value; two that are the same node are the same value.
pub type Value = Rc<Node>;

/// A value and where it is written.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it is written.
    pub place: HostSpan,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Nobody can tell.
    Unknown,
    /// A string.
    Text(Vec<Piece>),
    /// A number, as it is spelled.
    Number(Name),
    /// True or false.
    Bool(bool),
    /// Nothing.
    Null,
    /// Items in a row.
    List(Vec<Value>),
    /// Pairs; a key is missing where another dictionary is put in.
    Dict(Vec<(Option<Value>, Value)>),
    /// An item or a pair (as a [`Kind::Dict`]) that is there in some runs only.
    Optional(Value),
    /// A name that is declared outside of the code base: `sqlalchemy.orm.Session`, `len`.
    External(Name),
    /// A module of the code base, by its position.
    Module(usize),
    /// A folder of modules that says nothing itself.
    Folder(Name),
    /// A class of the code base.
    Class(ClassId),
    /// A function of the code base, and the value that it is a method of.
    Function(FunctionId, Option<Value>),
    /// What the caller gives.
    Parameter {
        /// Its name.
        name: Name,
        /// Its type, if it is written.
        annotation: Option<Value>,
        /// What it is where the caller says nothing.
        default: Option<Value>,
    },
    /// The object that a method is called on (`self`).
    Receiver(ClassId),
    /// `of.name`
    Attribute {
        /// What has it.
        of: Value,
        /// Which one.
        name: Name,
        /// Where the name stands.
        name_place: HostSpan,
    },
    /// A call.
    Call(Call),
    /// `of[at]`
    Index {
        /// What is looked into.
        of: Value,
        /// Where.
        at: Value,
    },
    /// `start:stop`
    Slice {
        /// The first.
        start: Option<Value>,
        /// One past the last.
        stop: Option<Value>,
    },
    /// `left op right`
    Compare {
        /// The left operand.
        left: Value,
        /// How they are compared.
        op: CompareOp,
        /// The right operand.
        right: Value,
    },
    /// Operands that must all hold, or any of them.
    Logic {
        /// Which of both.
        op: LogicOp,
        /// The operands.
        operands: Vec<Value>,
    },
    /// The opposite.
    Not(Value),
    /// `op operand`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Value,
    },
    /// `left op right`
    Binary {
        /// The left operand.
        left: Value,
        /// The operator.
        op: BinaryOp,
        /// The right operand.
        right: Value,
    },
    /// One of the items of a sequence: the variable of a loop.
    Item(Value),
    /// Values that are made of each item of a sequence.
    Each {
        /// What is made; holds [`Kind::Item`] of `over`.
        element: Value,
        /// The sequence.
        over: Value,
    },
    /// All items of a sequence, among arguments or items.
    Spread(Value),
    /// A function without a name, by what it returns.
    Lambda(Value),
    /// One of several values, by the way that the run takes; at least two.
    Either(Vec<Value>),
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called.
    pub callee: Value,
    /// Its arguments, in order.
    pub positional: Vec<Value>,
    /// Its named arguments; without a name where a dictionary is put in.
    pub named: Vec<(Option<Name>, Value)>,
    /// Where their names stand, one for each; the value's place where there is none.
    pub name_places: Vec<HostSpan>,
}

/// A piece of a string.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Text that is known.
    Text {
        /// What it says, escapes resolved.
        text: Arc<str>,
        /// Where it is spelled; as long as the text where no escape stands in it.
        place: HostSpan,
    },
    /// A value that is put in.
    Hole(Value),
    /// Pieces that are there in some runs only.
    Optional(Vec<Piece>),
}

impl Node {
    /// The name of the declaration outside of the code base that this is.
    pub fn external(&self) -> Option<&str> {
        match &self.kind {
            Kind::External(name) => Some(name),
            _ => None,
        }
    }

    /// The call that this is.
    pub fn call(&self) -> Option<&Call> {
        match &self.kind {
            Kind::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The method that is called, the place of its name, what it is called on, and the call.
    pub fn method(&self) -> Option<(&Name, HostSpan, &Value, &Call)> {
        let call = self.call()?;
        match &call.callee.kind {
            Kind::Attribute { of, name, name_place } => Some((name, *name_place, of, call)),
            _ => None,
        }
    }

    /// A string without holes.
    pub fn text(&self) -> Option<String> {
        let Kind::Text(pieces) = &self.kind else { return None };
        pieces.iter().try_fold(String::new(), |whole, piece| match piece {
            Piece::Text { text, .. } => Some(whole + text),
            Piece::Hole(value) => Some(whole + &value.text()?),
            Piece::Optional(_) => None,
        })
    }

    /// True or false.
    pub fn bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A whole number.
    pub fn integer(&self) -> Option<i64> {
        match &self.kind {
            Kind::Number(text) => text.replace('_', "").parse().ok(),
            Kind::Unary { op: UnaryOp::Minus, operand } => operand.integer().map(|number| -number),
            _ => None,
        }
    }

    /// Says whether it is nothing, by its spelling.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// The items of a list that is written out; one that comes and goes counts as there.
    pub fn items(&self) -> Option<Vec<&Value>> {
        let Kind::List(items) = &self.kind else { return None };
        Some(items.iter().map(|item| if let Kind::Optional(inner) = &item.kind { inner } else { item }).collect())
    }

    /// What the value is made from directly: the receiver of a call, an attribute or an index.
    pub fn made_from(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Call(call) => Some(&call.callee),
            Kind::Attribute { of, .. } | Kind::Index { of, .. } => Some(of),
            _ => None,
        }
    }
}

impl Call {
    /// The named argument.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(known, _)| known.as_deref() == Some(name)).map(|(_, value)| value)
    }

    /// The named arguments, each with the place of its name.
    pub fn keywords(&self) -> impl Iterator<Item = (Option<&Name>, HostSpan, &Value)> {
        let placed = self.named.iter().zip(&self.name_places);
        placed.map(|((name, value), place)| (name.as_ref(), *place, value))
    }

    /// The argument at a position, or with a name.
    pub fn argument(&self, position: usize, name: &str) -> Option<&Value> {
        let spread = self.positional.iter().position(|value| matches!(value.kind, Kind::Spread(_)));
        let before = self.positional.get(position).filter(|_| spread.is_none_or(|spread| spread > position));
        before.or_else(|| self.named(name))
    }

    /// Whether a named argument is `True`.
    pub fn says(&self, name: &str) -> bool {
        self.named(name).and_then(|value| value.bool()) == Some(true)
    }
}

/// How many ways a value may have come to be; the rest is not followed.
const MAX_WAYS: usize = 8;

/// One of two values, where two ways through the code meet.
///
/// What both share stays one: a list that grew on one way has optional items, a string optional pieces.
pub fn join(left: &Value, right: &Value) -> Value {
    if Rc::ptr_eq(left, right) {
        return left.clone();
    }
    let node = |kind: Kind, place: HostSpan| Rc::new(Node { kind, place });
    match (&left.kind, &right.kind) {
        (Kind::List(a), Kind::List(b)) if shares_head(a, b, Rc::ptr_eq) => {
            let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
            let mut items = short.clone();
            items.extend(long[short.len()..].iter().map(optional));
            node(Kind::List(items), left.place)
        }
        (Kind::Dict(a), Kind::Dict(b)) if shares_head(a, b, |(_, a), (_, b)| Rc::ptr_eq(a, b)) => {
            let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
            let mut pairs = short.clone();
            pairs.extend(long[short.len()..].iter().map(|(key, value)| (key.clone(), optional(value))));
            node(Kind::Dict(pairs), left.place)
        }
        (Kind::Text(a), Kind::Text(b)) if !a.is_empty() && shares_head(a, b, Piece::is_same) => {
            let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
            let mut pieces = short.clone();
            pieces.push(Piece::Optional(long[short.len()..].to_vec()));
            node(Kind::Text(pieces), left.place)
        }
        // What goes on with the other one stays apart from how that came to be.
        _ if is_made_from(right, left) => node(Kind::Either(vec![left.clone(), right.clone()]), left.place),
        _ if is_made_from(left, right) => node(Kind::Either(vec![right.clone(), left.clone()]), left.place),
        _ => {
            let mut ways = Vec::new();
            for value in [left, right] {
                let of = match &value.kind {
                    Kind::Either(ways) => ways.as_slice(),
                    _ => std::slice::from_ref(value),
                };
                for way in of {
                    if ways.len() < MAX_WAYS && !ways.iter().any(|known| is_same(known, way)) {
                        ways.push(way.clone());
                    }
                }
            }
            if ways.len() == 1 { ways.remove(0) } else { node(Kind::Either(ways), left.place) }
        }
    }
}

/// Says whether a value is another one with more calls on it.
pub(super) fn is_made_from(value: &Value, base: &Value) -> bool {
    let mut value = value;
    loop {
        if Rc::ptr_eq(value, base) {
            return true;
        }
        match value.made_from() {
            Some(before) => value = before,
            None => return false,
        }
    }
}

/// Says whether two values are the same without a look at what they are made from: `import a.b` and `import a.c` both
/// bind `a`.
fn is_same(a: &Value, b: &Value) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Null, Kind::Null) => true,
        (Kind::External(a), Kind::External(b)) | (Kind::Folder(a), Kind::Folder(b)) => a == b,
        (Kind::Module(a), Kind::Module(b)) => a == b,
        (Kind::Class(a), Kind::Class(b)) => a == b,
        _ => Rc::ptr_eq(a, b),
    }
}

fn shares_head<T>(a: &[T], b: &[T], is_same: impl Fn(&T, &T) -> bool) -> bool {
    a.iter().zip(b).all(|(a, b)| is_same(a, b))
}

fn optional(value: &Value) -> Value {
    match value.kind {
        Kind::Optional(_) => value.clone(),
        _ => Rc::new(Node { kind: Kind::Optional(value.clone()), place: value.place }),
    }
}

impl Piece {
    /// Says whether two pieces are the same piece of code.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text { text, place }, Self::Text { text: other, place: at }) => text == other && place == at,
            (Self::Hole(a), Self::Hole(b)) => Rc::ptr_eq(a, b),
            (Self::Optional(a), Self::Optional(b)) => a.len() == b.len() && shares_head(a, b, Self::is_same),
            _ => false,
        }
    }
}
