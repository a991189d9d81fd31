//! The nodes of a plan in PostgreSQL's JSON, read tolerantly: a field that is absent or of another type is no field.
//!
//! Knows the layout of the JSON, and no node type.

use serde::Deserialize;
use serde_json::Value;

use crate::plan::Estimate;

/// Levels of brackets beyond which a plan is not read; every plan step takes two.
const MAX_DEPTH: usize = 4_000;

/// Parses a server's answer.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    if depth(text) > MAX_DEPTH {
        return Err(format!("the plan has more than {MAX_DEPTH} levels"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // serde_json stops at 128 levels, which a plan of 64 steps below each other has.
    deserializer.disable_recursion_limit();
    Value::deserialize(&mut deserializer).map_err(|error| format!("the plan is no JSON: {error}"))
}

fn depth(text: &str) -> usize {
    let (mut depth, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                most = most.max(depth);
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// One node of a plan.
#[derive(Clone, Copy)]
pub(super) struct Node<'a>(&'a Value);

impl<'a> Node<'a> {
    /// The topmost node of an answer.
    pub(super) fn root(answer: &'a Value) -> Option<Self> {
        let plan = answer.get(0)?.get("Plan")?;
        plan.is_object().then_some(Self(plan))
    }

    /// A field that holds text.
    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        self.0.get(key)?.as_str()
    }

    /// Its type: `Seq Scan`.
    pub(super) fn kind(self) -> &'a str {
        self.text("Node Type").unwrap_or("unknown step")
    }

    /// Its rows and cost.
    pub(super) fn estimate(self) -> Option<Estimate> {
        let number = |key: &str| self.0.get(key)?.as_f64();
        Some(Estimate { rows: number("Plan Rows")?, cost: number("Total Cost")? })
    }

    fn plans(self) -> impl Iterator<Item = Self> {
        let plans = self.0.get("Plans").and_then(Value::as_array);
        plans.map_or(&[][..], Vec::as_slice).iter().map(Node)
    }

    fn is_subplan(self) -> bool {
        matches!(self.text("Parent Relationship"), Some("InitPlan" | "SubPlan"))
    }

    /// What it reads rows from.
    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        self.plans().filter(|child| !child.is_subplan())
    }

    /// What its expressions run.
    pub(super) fn subplans(self) -> impl Iterator<Item = Self> {
        self.plans().filter(|child| child.is_subplan())
    }

    /// Says whether one of its expressions holds some words, and no further digit after them.
    pub(super) fn mentions(self, words: &str) -> bool {
        let has = |text: &str| {
            text.match_indices(words)
                .any(|(at, _)| !text[at + words.len()..].starts_with(|letter: char| letter.is_ascii_digit()))
        };
        let fields = self.0.as_object().into_iter().flat_map(|fields| fields.values());
        fields.filter_map(Value::as_str).any(has)
    }
}
