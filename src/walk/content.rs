//! Bytes of a file to text, or the reason why not.

use std::borrow::Cow;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::tree::Content;

/// Decodes a file: UTF-8, or what its byte order mark says; a NUL elsewhere makes it binary.
///
/// Of a file whose lines end in CR alone, every one is read as a line feed: to all that reads on, they are lines.
/// A byte that is no UTF-8 is one character of Windows-1252, which is what old dumps are written in: it costs nothing
/// but itself, and where it stands is said.
pub fn decode(bytes: Vec<u8>) -> Content {
    match Encoding::for_bom(&bytes) {
        Some((encoding, mark)) if encoding != UTF_8 => {
            let (text, malformed) = encoding.decode_without_bom_handling(&bytes[mark..]);
            if malformed {
                return unread("encoding", format!("not valid {}", encoding.name()));
            }
            // The mark of UTF-32 starts as that of UTF-16 does.
            if text.contains('\0') {
                return unread("binary", "holds NUL characters".to_owned());
            }
            Content::Text(lines(text.into_owned()))
        }
        bom => {
            if bytes.contains(&0) {
                return unread("binary", "holds NUL bytes".to_owned());
            }
            let mark = bom.map_or(0, |(_, mark)| mark);
            match std::str::from_utf8(&bytes[mark..]) {
                Ok(text) => Content::Text(lines(text)),
                Err(error) => mended(&bytes[mark..], error.valid_up_to()),
            }
        }
    }
}

/// Reads bytes of which the one at `first` is no UTF-8.
fn mended(bytes: &[u8], first: usize) -> Content {
    let mut text = String::with_capacity(bytes.len());
    let mut strange = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
        strange += chunk.invalid().len();
    }
    let others = match strange {
        1 => String::new(),
        strange => format!(" and {} more like it", strange - 1),
    };
    let letter = text[first..].chars().next().map_or(0, char::len_utf8);
    Content::Mended {
        text: lines(text),
        first: first..first + letter,
        detail: format!("byte 0x{:02x}{others}, no UTF-8, read as Windows-1252", bytes[first]),
    }
}

/// A text as it is, unless its lines end in CR alone.
fn lines<'a>(text: impl Into<Cow<'a, str>>) -> Arc<str> {
    let text = text.into();
    match !text.contains('\n') && text.contains('\r') {
        true => Arc::from(text.replace('\r', "\n")),
        false => Arc::from(text),
    }
}

fn unread(reason: &'static str, detail: String) -> Content {
    Content::Unread { reason, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_what_is_none() {
        let text = |bytes: &[u8], expect: &str| assert_eq!(decode(bytes.to_vec()), Content::Text(Arc::from(expect)));
        text(b"SELECT 1", "SELECT 1");
        text("é".as_bytes(), "é");
        text(b"\xef\xbb\xbfSELECT", "SELECT");
        text(b"\xff\xfeS\0\xe9\0", "Sé");
        text(b"\xfe\xff\0S\0\xe9", "Sé");
        text(b"", "");
        text(b"-- a\rSELECT 1;\r", "-- a\nSELECT 1;\n");
        text(b"\xff\xfe-\0\r\0S\0", "-\nS");
        text(b"-- a\r\nSELECT '\r'", "-- a\r\nSELECT '\r'");
        let reason = |bytes: &[u8]| match decode(bytes.to_vec()) {
            Content::Unread { reason, .. } => reason,
            text => panic!("{text:?}"),
        };
        assert_eq!(reason(b"a\0b"), "binary");
        assert_eq!(reason(b"\xff\0b"), "binary");
        assert_eq!(reason(b"\xff\xfe\x00\xd8"), "encoding");
    }

    #[test]
    fn a_byte_that_is_no_utf8_costs_itself() {
        let check = |bytes: &[u8], expect: &str, first: &str, said: &str| match decode(bytes.to_vec()) {
            Content::Mended { text, first: place, detail } => {
                assert_eq!((&*text, &text[place]), (expect, first));
                assert!(detail.starts_with(said), "{detail}");
            }
            other => panic!("{other:?}"),
        };
        check(b"caf\xe9", "café", "é", "byte 0xe9, no UTF-8");
        check(b"\xef\xbb\xbfgr\xfc\xdfe, \xc3\xa9", "grüße, é", "ü", "byte 0xfc and 1 more like it");
        check(b"cut \xe2\x82", "cut â‚", "â", "byte 0xe2 and 1 more");
        check(b"\x81", "\u{81}", "\u{81}", "byte 0x81");
    }
}
