//! Files of a server that only a superuser's session reaches: the same lengths and trees as `pages` makes, by statements.
//!
//! What is sent names files by numbers that the server gave, and holds nothing of the code base.

use std::fmt::Write;
use std::path::Path;

use super::pages::{self, MOST_PAGES, PAGE, SEGMENT_PAGES};
use super::session::{Session, SqlError};
use super::statistics::Inflation;

/// Files are made so long by one program; more would not fit into a statement.
const AT_ONCE: usize = 2_000;
/// So many nought bytes in a row are told by their number.
const GAP: usize = 64;

/// Makes files as large as they are to be.
///
/// # Errors
/// The server's words.
pub(super) fn write(admin: &mut Session, files: &[Inflation]) -> Result<(), SqlError> {
    let known = |inflation: &&Inflation| is_plain(&inflation.file);
    let trees: Vec<(&Path, u32)> =
        files.iter().filter(known).filter_map(|one| Some((one.file.as_path(), one.height?))).collect();
    let read = |(file, _): &(&Path, u32)| {
        format!("SELECT encode(pg_read_binary_file('{}', 0, {PAGE}), 'hex')", file.display())
    };
    let first = admin.pipeline(&trees.iter().map(read).collect::<Vec<_>>());
    let mut written = Vec::with_capacity(trees.len());
    for ((file, height), first) in trees.iter().zip(first) {
        let first = first?.concat().into_iter().flatten().next().unwrap_or_default();
        let unknown = || SqlError::new("XX001", "an index's file is no b-tree of a known version");
        let tree = bytes(&first).and_then(|meta| pages::btree(&meta, *height)).ok_or_else(unknown)?;
        written.push(format!(
            "DO $planlint$ DECLARE o oid := lo_from_bytea(0, {}); \
             BEGIN PERFORM lo_export(o, '{}'); PERFORM lo_unlink(o); END $planlint$",
            literal(&tree),
            file.display()
        ));
    }
    admin.pipeline(&written).into_iter().collect::<Result<Vec<_>, _>>()?;
    let length = |one: &Inflation| one.height.map_or(one.pages, |height| pages::pages_of_btree(height, one.pages));
    let commands = files.iter().filter(known).flat_map(|one| lengthen(&one.file, length(one))).collect();
    program(admin, commands)
}

/// Takes the length of files away again.
///
/// # Errors
/// The server's words.
pub(super) fn empty(admin: &mut Session, files: &[&Inflation]) -> Result<(), SqlError> {
    let commands = files.iter().filter(|one| is_plain(&one.file)).flat_map(|one| {
        let others =
            (1..one.pages.div_ceil(SEGMENT_PAGES)).map(|number| format!("rm -f {}.{number}", one.file.display()));
        others.chain([format!("truncate -s 0 {}", one.file.display())])
    });
    program(admin, commands.collect())
}

/// The commands that make a relation so many pages long.
fn lengthen(file: &Path, pages: u64) -> Vec<String> {
    let pages = pages.min(MOST_PAGES);
    let segment = |number: u64| {
        let bytes = (pages - number * SEGMENT_PAGES).min(SEGMENT_PAGES) * PAGE as u64;
        let end = if number == 0 { String::new() } else { format!(".{number}") };
        format!("truncate -s {bytes} {}{end}", file.display())
    };
    (0..pages.div_ceil(SEGMENT_PAGES).max(1)).map(segment).collect()
}

/// Runs commands in the folder of the server's files.
fn program(admin: &mut Session, commands: Vec<String>) -> Result<(), SqlError> {
    for some in commands.chunks(AT_ONCE) {
        let lines: Vec<String> = some.iter().map(|command| format!("'{command}'")).collect();
        admin.run(&format!("COPY (SELECT unnest(ARRAY[{}])) TO PROGRAM 'sh -e'", lines.join(", ")))?;
    }
    Ok(())
}

/// Says whether a path is of the server's own making, so that it can stand in a command.
fn is_plain(file: &Path) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/_".contains(letter);
    file.is_relative() && file.to_str().is_some_and(|path| !path.is_empty() && path.chars().all(plain))
}

/// Reads hexadecimal digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Bytes as an expression; most of them are nought.
fn literal(bytes: &[u8]) -> String {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let gap = rest.iter().take_while(|byte| **byte == 0).count();
        let (taken, part) = if gap > GAP {
            (gap, format!("decode(repeat('00', {gap}), 'hex')"))
        } else {
            let next = rest.windows(GAP + 1).position(|window| window.iter().all(|byte| *byte == 0));
            let taken = next.unwrap_or(rest.len());
            let hex = rest[..taken].iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            });
            (taken, format!("decode('{hex}', 'hex')"))
        };
        parts.push(part);
        rest = &rest[taken..];
    }
    parts.join(" || ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_few_letters() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(literal(bytes), expect);
        check(&[1, 0, 255], "decode('0100ff', 'hex')");
        check(&[0; 100], "decode(repeat('00', 100), 'hex')");
        check(
            &[&[7][..], &[0; 65], &[9]].concat(),
            "decode('07', 'hex') || decode(repeat('00', 65), 'hex') || decode('09', 'hex')",
        );
        check(&[&[0; 64][..], &[9]].concat(), &format!("decode('{}09', 'hex')", "00".repeat(64)));
    }

    #[test]
    fn files_are_lengthened_by_segments() {
        let check = |pages: u64, expect: &[&str]| assert_eq!(lengthen(Path::new("base/1/2"), pages), expect);
        check(0, &["truncate -s 0 base/1/2"]);
        check(3, &["truncate -s 24576 base/1/2"]);
        check(SEGMENT_PAGES + 1, &["truncate -s 1073741824 base/1/2", "truncate -s 8192 base/1/2.1"]);
    }

    #[test]
    fn only_paths_of_the_server_are_put_into_commands() {
        for (path, plain) in [
            ("base/5/16384", true),
            ("pg_tblspc/1/PG_15_202209061/5/6", true),
            ("", false),
            ("/etc/x", false),
            ("a;b", false),
            ("a b", false),
            ("../a", false),
            ("$(a)", false),
        ] {
            assert_eq!(is_plain(Path::new(path)), plain, "{path}");
        }
    }
}
