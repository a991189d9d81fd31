//! One line of a comment: whether it speaks to planlint, and what it says.

use std::ops::Range;

use super::Mistake;

/// The name that every suppression starts with, in any case of letters.
const NAME: &[u8] = b"planlint";

/// How often a line may name planlint before a suppression: prose does so once or twice.
const MOST_NAMES: usize = 4;

/// What people who know other linters type for `ignore`.
const VERBS: &[&str] =
    &["ignore", "disable", "suppress", "skip", "silence", "allow", "expect", "off", "noqa", "nolint"];

/// What they say behind it, after a dash.
const WHAT: &[&str] = &["all", "file", "line", "next", "this", "rule"];

/// A suppression by the bytes of its text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// From planlint's name to the end of the reason.
    pub bytes: Range<usize>,
    /// The rules it names.
    pub rules: Vec<Range<usize>>,
    pub reason: Option<Range<usize>>,
    pub kind: Kind,
    pub mistake: Option<Mistake>,
}

/// What a suppression is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Statement,
    File,
}

/// Finds planlint's name; quick, for whole files.
pub(super) fn find_name(bytes: &[u8]) -> Option<usize> {
    // After Horspool: the last byte of a window says how far the next one may be.
    let last = NAME.len() - 1;
    let mut at = 0;
    while let Some(byte) = bytes.get(at + last) {
        at += match byte.to_ascii_lowercase() {
            b't' if bytes[at..=at + last].eq_ignore_ascii_case(NAME) => return Some(at),
            b'n' => 1,
            b'i' => 2,
            b'l' => 3,
            b'a' => 5,
            b'p' => 7,
            _ => NAME.len(),
        };
    }
    None
}

/// Reads a line.
pub(super) fn read(line: &str) -> Option<Line> {
    let mut next = 0;
    for _ in 0..MOST_NAMES {
        let at = next + find_name(&line.as_bytes()[next..])?;
        next = at + NAME.len();
        if let Some(found) = stands_alone(line, at).then(|| read_at(line, at)).flatten() {
            return Some(found);
        }
    }
    None
}

/// Says whether a name is no part of another one, and not quoted.
fn stands_alone(line: &str, at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| line.as_bytes()[before]);
    before.is_none_or(|byte| byte.is_ascii_whitespace() || b"-*#/!;(@".contains(&byte))
}

/// Reads what stands at planlint's name.
fn read_at(line: &str, at: usize) -> Option<Line> {
    let opens_line = !line[..at].contains(char::is_alphanumeric);
    let behind = at + NAME.len();
    let mut found =
        Line { bytes: at..line.len(), rules: Vec::new(), reason: None, kind: Kind::Statement, mistake: None };
    let Some(rest) = line[behind..].strip_prefix(':') else {
        let typed = otherwise(&line[at..], opens_line)?;
        found.mistake = Some(Mistake::Form(typed.to_owned()));
        return Some(found);
    };
    let word_at = behind + 1 + leading_blanks(rest);
    let word = word(&line[word_at..]);
    let list_at = word_at + word.len() + leading_blanks(&line[word_at + word.len()..]);
    let rest = &line[list_at..];
    match word.to_ascii_lowercase().as_str() {
        "ignore" => {}
        "ignore-file" => found.kind = Kind::File,
        _ if opens_line || rest.starts_with('[') => {
            found.mistake = Some(Mistake::Word(word.to_owned()));
            return Some(found);
        }
        // Prose that mentions the tool.
        _ => return None,
    }
    let Some(list) = rest.strip_prefix('[') else {
        let bare = opens_line || rest.is_empty() || rest.starts_with("--");
        found.mistake = Some(Mistake::Blanket);
        return bare.then_some(found);
    };
    let Some(length) = list.find(']') else {
        found.mistake = Some(Mistake::Open);
        return Some(found);
    };
    found.rules = names(&list[..length], list_at + 1);
    if found.rules.is_empty() {
        found.mistake = Some(Mistake::Blanket);
    }
    let tail_at = list_at + 1 + length + 1;
    found.reason = reason(&line[tail_at..]).map(|range| tail_at + range.start..tail_at + range.end);
    found.bytes.end = found.reason.as_ref().map_or(tail_at, |reason| reason.end);
    Some(found)
}

/// Reads what is meant as a suppression and is none, in the text from planlint's name on: other linters' ways to write
/// one (`planlint-ignore: rule`, `planlint disable[rule]`). Prose goes on with words; this with nothing, a `:`, a list.
fn otherwise(text: &str, opens_line: bool) -> Option<&str> {
    let behind = &text[NAME.len()..];
    let rest = behind.trim_start_matches([' ', '\t', '-', '_', ':', '=']);
    let word = word(rest);
    let typed = &text[..text.len() - rest.len() + word.len()];
    let tail = rest[word.len()..].trim_start();
    if rest.len() == behind.len() || !is_verb(word) {
        // `planlint : ignroe[rule]`
        let addresses = behind.trim_start().starts_with(':') && tail.starts_with('[');
        return (opens_line && addresses).then_some(typed);
    }
    let is_one_word = !typed.contains([' ', '\t']);
    let list = tail.split("--").next().unwrap_or_default();
    let meant = match tail.chars().next() {
        Some('[') => true,
        Some(':' | '=') => opens_line || is_one_word,
        _ => opens_line && list.split([',', ' ']).all(|name| name.is_empty() || is_rule_like(name)),
    };
    meant.then_some(typed)
}

/// Says whether a word asks for silence: `disable`, `ignore-next-line`.
fn is_verb(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let (verb, what) = lower.split_once('-').unwrap_or((&lower, ""));
    VERBS.contains(&verb) && (what.is_empty() || WHAT.iter().any(|known| what.starts_with(known)))
}

/// Says whether a word looks like a rule's name; most of them are several words, joined.
fn is_rule_like(word: &str) -> bool {
    word.contains('-') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// The word at the start of a text, without the dashes of a reason behind it.
fn word(text: &str) -> &str {
    let length = text.find(|char: char| !(char.is_alphanumeric() || char == '-')).unwrap_or(text.len());
    text[..length].trim_end_matches("--")
}

pub(super) fn leading_blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// The ranges of the names between the brackets, the text of which starts at byte `start`.
fn names(list: &str, start: usize) -> Vec<Range<usize>> {
    let mut at = start;
    let mut found = Vec::new();
    for piece in list.split(',') {
        let name = piece.trim();
        let first = at + leading_blanks(piece);
        if !name.is_empty() {
            found.push(first..first + name.len());
        }
        at += piece.len() + 1;
    }
    found
}

/// The range of the reason in what follows the brackets.
fn reason(tail: &str) -> Option<Range<usize>> {
    let dashes = leading_blanks(tail);
    let rest = tail[dashes..].strip_prefix("--")?;
    let words = rest.trim();
    let start = dashes + 2 + leading_blanks(rest);
    (!words.is_empty()).then_some(start..start + words.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_in_any_case_of_letters() {
        let check = |text: &str, expect: Option<usize>| assert_eq!(find_name(text.as_bytes()), expect, "{text}");
        check("planlint", Some(0));
        check("a PlanLint: b", Some(2));
        check("plan planlin planlint", Some(13));
        check("pplanlint", Some(1));
        check("tplanlinplanlint", Some(8));
        check("planlin", None);
        check("", None);
        for shift in 0..16 {
            check(&format!("{}planlint", "x".repeat(shift)), Some(shift));
            check(&format!("{}planlint", &"planlinplanlinpl"[..shift]), Some(shift));
        }
    }
}
