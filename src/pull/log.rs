//! What a PostgreSQL log tells of the statements that were sent: how often, and how long they took.
//!
//! Reads the forms `stderr`, `csvlog` and `jsonlog`, a message at a time, in whatever size and encoding, as the server
//! writes them in English: `log_min_duration_statement`, `log_statement` with `log_duration`, and auto_explain. A log is
//! full of values: of a statement only the text without any is kept, of everything else nothing but its day. Knows no
//! file system.

mod messages;
mod records;

use std::collections::HashMap;
use std::io::{self, BufRead};

use xxhash_rust::xxh3::xxh3_64;

use crate::snapshot::{StatementFigures, StatementsFigures};
use crate::sql::valueless::{Withheld, valueless};
use messages::{Message, Sent};
use records::{Record, Records};

/// The most statements that are told.
const MOST: usize = 500;
/// The most that are told apart while a log is read; those that come later are counted and left out.
const TOLD_APART: usize = 200_000;

/// What was read of some logs so far.
#[derive(Debug, Default)]
pub struct LogReading {
    statements: HashMap<String, Tally>,
    /// By session, the statement that was told without a duration.
    open: HashMap<u32, String>,
    since: Option<String>,
    until: Option<String>,
    /// Messages of the server.
    pub messages: u64,
    /// Runs of statements whose text could not be read to its end.
    pub cut: u64,
    /// Runs of statements beyond the most that are told apart.
    pub beyond: u64,
}

/// What was counted of one statement, by who told it: the same run may be told by two.
#[derive(Debug, Default)]
struct Tally {
    sql: String,
    by_duration: Runs,
    by_plan: Runs,
}

#[derive(Clone, Copy, Debug, Default)]
struct Runs {
    calls: u64,
    micros: u64,
}

impl LogReading {
    /// Reads a log to its end.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn read(&mut self, from: &mut dyn BufRead) -> io::Result<()> {
        let mut records = Records::of(from)?;
        // Sessions of one log are none of another.
        self.open.clear();
        while let Some(record) = records.next()? {
            self.take(&record);
        }
        Ok(())
    }

    fn take(&mut self, record: &Record) {
        self.messages += 1;
        if let Some(day) = &record.day {
            if self.since.as_ref().is_none_or(|since| day < since) {
                self.since = Some(day.clone());
            }
            if self.until.as_ref().is_none_or(|until| day > until) {
                self.until = Some(day.clone());
            }
        }
        let Some(Message { micros, sent }) = messages::read(&record.text) else { return };
        match sent {
            Some(Sent::Statement(sql)) => {
                let known = self.tally(sql).map(|(key, tally)| {
                    tally.by_duration.calls += 1;
                    tally.by_duration.micros += micros.unwrap_or(0);
                    key
                });
                // Its duration comes in a message of its own.
                match known.filter(|_| micros.is_none()) {
                    Some(key) => self.open.insert(record.session, key),
                    None => self.open.remove(&record.session),
                };
            }
            Some(Sent::More(sql)) => {
                if let Some((_, tally)) = self.tally(sql) {
                    tally.by_duration.micros += micros.unwrap_or(0);
                }
            }
            Some(Sent::Plan(sql)) => {
                if let Some((_, tally)) = self.tally(&sql) {
                    tally.by_plan.calls += 1;
                    tally.by_plan.micros += micros.unwrap_or(0);
                }
            }
            None => {
                let of = self.open.remove(&record.session).and_then(|key| self.statements.get_mut(&key));
                if let Some(tally) = of {
                    tally.by_duration.micros += micros.unwrap_or(0);
                }
            }
        }
    }

    /// The tally of a statement, and its key: its text with all parameters alike.
    fn tally(&mut self, sql: &str) -> Option<(String, &mut Tally)> {
        let sql = match valueless(sql) {
            Ok(sql) => sql,
            Err(Withheld::Endless) => {
                self.cut += 1;
                return None;
            }
            Err(Withheld::Command) => return None,
        };
        let key = unnumbered(&sql);
        if self.statements.len() >= TOLD_APART && !self.statements.contains_key(&key) {
            self.beyond += 1;
            return None;
        }
        let tally = self.statements.entry(key.clone()).or_default();
        if tally.sql.is_empty() {
            tally.sql = sql;
        }
        Some((key, tally))
    }

    /// Returns what was counted: those that took longest together, else those that were sent most often.
    pub fn figures(self) -> StatementsFigures {
        let mut counted: Vec<(Runs, String, String)> = self
            .statements
            .into_iter()
            .map(|(key, tally)| {
                let told = if tally.by_duration.calls > 0 { tally.by_duration } else { tally.by_plan };
                (told, key, tally.sql)
            })
            .filter(|(told, ..)| told.calls > 0)
            .collect();
        counted.sort_by(|(a, key, _), (b, other, _)| (b.micros, b.calls, key).cmp(&(a.micros, a.calls, other)));
        let figures = |(told, key, sql): (Runs, String, String)| {
            let total_ms = told.micros as f64 / 1e3;
            StatementFigures {
                id: format!("log:{:016x}", xxh3_64(key.as_bytes())),
                sql,
                calls: told.calls,
                rows: None,
                total_ms,
                mean_ms: (total_ms / told.calls as f64 * 1e3).round() / 1e3,
            }
        };
        let longest = counted.into_iter().take(MOST).map(figures).collect();
        StatementsFigures { since: self.since, until: self.until, longest }
    }
}

/// A text with all parameters alike, in small letters: the same statement may be sent with a constant or a parameter.
fn unnumbered(sql: &str) -> String {
    let mut key = String::with_capacity(sql.len());
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        key.extend(letter.to_lowercase());
        if letter == '$' {
            while letters.next_if(char::is_ascii_digit).is_some() {}
        }
    }
    key
}

#[cfg(test)]
mod tests;
