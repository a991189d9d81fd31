//! Bytes of a file to text, or the reason why not.

use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8};

use crate::tree::Content;

/// Decodes a file: UTF-8, or what its byte order mark says; a NUL elsewhere makes it binary.
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
            Content::Text(Arc::from(text))
        }
        bom => {
            if bytes.contains(&0) {
                return unread("binary", "holds NUL bytes".to_owned());
            }
            let mark = bom.map_or(0, |(_, mark)| mark);
            match std::str::from_utf8(&bytes[mark..]) {
                Ok(text) => Content::Text(Arc::from(text)),
                Err(error) => unread("encoding", format!("not UTF-8 from byte {}", mark + error.valid_up_to())),
            }
        }
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
        let reason = |bytes: &[u8]| match decode(bytes.to_vec()) {
            Content::Unread { reason, .. } => reason,
            Content::Text(text) => panic!("{text}"),
        };
        assert_eq!(reason(b"a\0b"), "binary");
        assert_eq!(reason(b"caf\xe9"), "encoding");
        assert_eq!(reason(b"\xff\xfe\x00\xd8"), "encoding");
    }
}
