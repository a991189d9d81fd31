//! What a message of the server says of a statement.

/// A message about a statement, or about how long one took.
#[derive(Debug, PartialEq)]
pub(super) struct Message<'a> {
    /// How long it took.
    pub(super) micros: Option<u64>,
    /// The statement, where the message tells it.
    pub(super) sent: Option<Sent<'a>>,
}

/// What was sent.
#[derive(Debug, PartialEq)]
pub(super) enum Sent<'a> {
    /// A run of a statement.
    Statement(&'a str),
    /// More rows of a run that was told before.
    More(&'a str),
    /// A run that auto_explain tells.
    Plan(String),
}

/// Reads a message, without its severity; none where it is about something else.
pub(super) fn read(text: &str) -> Option<Message<'_>> {
    let Some(rest) = text.strip_prefix("duration: ") else {
        return Some(Message { micros: None, sent: Some(statement(text)?) });
    };
    let (number, rest) = rest.split_once(" ms").unwrap_or((rest, ""));
    let millis: f64 = number.trim().parse().ok().filter(|millis: &f64| millis.is_finite() && *millis >= 0.0)?;
    let micros = Some((millis * 1e3).round() as u64);
    let rest = rest.trim_start();
    if rest.is_empty() {
        return Some(Message { micros, sent: None });
    }
    let sent = match rest.strip_prefix("plan:") {
        Some(plan) => Sent::Plan(query_of(plan)?),
        // Parsing and binding are no runs.
        None => statement(rest)?,
    };
    Some(Message { micros, sent: Some(sent) })
}

/// `statement: …`, `execute NAME: …`, `execute fetch from NAME: …`
fn statement(text: &str) -> Option<Sent<'_>> {
    if let Some(sql) = text.strip_prefix("statement: ") {
        return Some(Sent::Statement(sql));
    }
    let (name, sql) = text.strip_prefix("execute ")?.split_once(": ")?;
    Some(match name.starts_with("fetch from ") {
        true => Sent::More(sql),
        false => Sent::Statement(sql),
    })
}

/// The text that a plan is of, in any of auto_explain's forms.
fn query_of(plan: &str) -> Option<String> {
    const TEXT: &str = "Query Text: ";
    let plan = plan.trim_start();
    if let Some(rest) = plan.strip_prefix(TEXT).filter(|rest| !rest.starts_with('"')) {
        let is_plan = |line: &&str| line.contains("  (cost=") || line.starts_with("Query Parameters: ");
        let lines: Vec<&str> = rest.lines().take_while(|line| !is_plan(line)).collect();
        return Some(lines.join("\n"));
    }
    if plan.starts_with('{') {
        let read: serde_json::Value = serde_json::from_str(plan).ok()?;
        return read.get("Query Text")?.as_str().map(str::to_owned);
    }
    if let Some((_, rest)) = plan.split_once("<Query-Text>") {
        let text = rest.split_once("</Query-Text>")?.0;
        return Some(text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"));
    }
    // YAML writes it as JSON would.
    let (_, rest) = plan.split_once(TEXT)?;
    serde_json::Deserializer::from_str(rest).into_iter::<String>().next()?.ok()
}
