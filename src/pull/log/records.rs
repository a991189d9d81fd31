//! A log's messages, one at a time, in each of the forms that the server writes.
//!
//! A line or a record is read no further than [`MOST`] bytes: the rest of a longer one is passed over.

use std::io::{self, BufRead, Read};

/// The most bytes of a message that are read.
const MOST: usize = 4 << 20;
/// What stands behind the prefix of a line, whatever the prefix is; a message of the first one is read, the others end it.
const SEVERITIES: [&str; 17] = [
    "LOG:  ",
    "DETAIL:  ",
    "STATEMENT:  ",
    "HINT:  ",
    "CONTEXT:  ",
    "QUERY:  ",
    "LOCATION:  ",
    "ERROR:  ",
    "WARNING:  ",
    "NOTICE:  ",
    "INFO:  ",
    "FATAL:  ",
    "PANIC:  ",
    "DEBUG1:  ",
    "DEBUG2:  ",
    "DEBUG3:  ",
    "DEBUG:  ",
];

/// A message of the severity `LOG`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Record {
    /// The day on which it was written.
    pub(super) day: Option<String>,
    /// The process, nought where nothing tells it.
    pub(super) session: u32,
    /// What it says.
    pub(super) text: String,
}

#[derive(Clone, Copy)]
enum Form {
    Stderr,
    Csv,
    Json,
}

/// The messages of a log.
pub(super) struct Records<'a> {
    from: &'a mut dyn BufRead,
    form: Form,
    /// The line that begins the next message.
    ahead: Option<Record>,
    buffer: Vec<u8>,
}

impl<'a> Records<'a> {
    /// Tells the form by the first bytes.
    pub(super) fn of(from: &'a mut dyn BufRead) -> io::Result<Self> {
        let start = from.fill_buf()?;
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or(start);
        let line = String::from_utf8_lossy(line);
        let form = match line.trim_start() {
            line if line.starts_with('{') => Form::Json,
            line if is_csv(line) => Form::Csv,
            _ => Form::Stderr,
        };
        Ok(Self { from, form, ahead: None, buffer: Vec::new() })
    }

    /// The next message.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        match self.form {
            Form::Stderr => self.stderr(),
            Form::Csv => self.csv(),
            Form::Json => self.json(),
        }
    }

    /// Reads a line to the buffer, without its end; false at the end of the log.
    fn line(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let room = u64::try_from(MOST).unwrap_or(u64::MAX);
        let read = (&mut *self.from).take(room).read_until(b'\n', &mut self.buffer)?;
        if read == MOST && self.buffer.last() != Some(&b'\n') {
            self.pass_line()?;
        }
        while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
            self.buffer.pop();
        }
        Ok(read > 0)
    }

    fn pass_line(&mut self) -> io::Result<()> {
        loop {
            let rest = self.from.fill_buf()?;
            let (length, is_end) = match rest.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (rest.len(), rest.is_empty()),
            };
            self.from.consume(length);
            if is_end {
                return Ok(());
            }
        }
    }

    /// A line with a prefix and a severity, and those that go on with it, which a tab sets in.
    fn stderr(&mut self) -> io::Result<Option<Record>> {
        let mut open = self.ahead.take();
        while self.line()? {
            let line = String::from_utf8_lossy(&self.buffer);
            let begins = if line.starts_with('\t') { None } else { begin(&line) };
            match (begins, &mut open) {
                (Some(record), Some(_)) => {
                    self.ahead = record;
                    break;
                }
                (Some(record), None) => open = record,
                (None, Some(record)) if record.text.len() < MOST => {
                    record.text.push('\n');
                    record.text.push_str(line.strip_prefix('\t').unwrap_or(&line));
                }
                (None, _) => {}
            }
        }
        Ok(open)
    }

    /// A row, which may go over several lines.
    fn csv(&mut self) -> io::Result<Option<Record>> {
        const DAY: usize = 0;
        const PROCESS: usize = 3;
        const SEVERITY: usize = 11;
        const MESSAGE: usize = 13;
        loop {
            let (mut row, mut is_open) = (String::new(), false);
            while (row.is_empty() || is_open) && self.line()? {
                if !row.is_empty() {
                    row.push('\n');
                }
                is_open ^= self.buffer.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
                if row.len() < MOST {
                    row.push_str(&String::from_utf8_lossy(&self.buffer));
                }
            }
            if row.is_empty() {
                return Ok(None);
            }
            let fields = fields(&row);
            if fields.get(SEVERITY).is_some_and(|severity| severity == "LOG")
                && let Some(message) = fields.get(MESSAGE)
            {
                let session = fields[PROCESS].parse().unwrap_or(0);
                return Ok(Some(Record { day: day(&fields[DAY]), session, text: message.clone() }));
            }
        }
    }

    /// An object a line.
    fn json(&mut self) -> io::Result<Option<Record>> {
        while self.line()? {
            let Ok(read) = serde_json::from_str::<serde_json::Value>(&String::from_utf8_lossy(&self.buffer)) else {
                continue;
            };
            let word = |key: &str| read.get(key).and_then(serde_json::Value::as_str);
            if let (Some("LOG"), Some(text)) = (word("error_severity"), word("message")) {
                let session = read.get("pid").and_then(serde_json::Value::as_u64).and_then(|pid| pid.try_into().ok());
                return Ok(Some(Record {
                    day: word("timestamp").and_then(day),
                    session: session.unwrap_or(0),
                    text: text.to_owned(),
                }));
            }
        }
        Ok(None)
    }
}

/// Reads the line that begins a message: none where it begins none, nothing within where it is no `LOG`.
fn begin(line: &str) -> Option<Option<Record>> {
    let at = SEVERITIES.iter().filter_map(|severity| Some((line.find(severity)?, *severity))).min()?;
    let (prefix, text) = (&line[..at.0], &line[at.0 + at.1.len()..]);
    let is_log = at.1 == SEVERITIES[0];
    Some(is_log.then(|| Record { day: day(prefix), session: process(prefix), text: text.to_owned() }))
}

/// The first number in brackets, as most prefixes have the process (`[%p]`).
fn process(prefix: &str) -> u32 {
    let bracketed = prefix.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
    let mut numbers = bracketed.filter_map(|(inner, _)| inner.split('-').next()?.parse().ok());
    numbers.next().unwrap_or(0)
}

/// The first `2026-01-31` of a text.
fn day(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_day = |day: &[u8]| {
        day.iter().enumerate().all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
    };
    let at = bytes.windows(10).position(is_day)?;
    text.get(at..at + 10).map(str::to_owned)
}

/// A row of csvlog starts with a moment and a comma.
fn is_csv(line: &str) -> bool {
    let first = line.split(',').next().unwrap_or("");
    line.matches(',').count() > 10
        && day(first).is_some()
        && first.len() < 40
        && first.starts_with(|c: char| c.is_ascii_digit())
}

/// The fields of a row, quotes undone.
fn fields(row: &str) -> Vec<String> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = row.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}
