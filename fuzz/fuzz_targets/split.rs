//! The splitter and the placeholder reader on any text: pieces in order, cut between characters, maps without gaps.

#![no_main]

use libfuzzer_sys::fuzz_target;
use planlint::source::{FileId, HostSpan, Origin};
use planlint::sql::placeholders::{normalise, without_qualifiers};
use planlint::sql::split::split;

fuzz_target!(|text: &str| {
    let mut end = 0;
    for statement in split(text).statements {
        let bytes = statement.bytes.start as usize..statement.bytes.end as usize;
        assert!(end <= bytes.start && bytes.start < bytes.end, "pieces overlap");
        end = bytes.end;
        let lead = &text[statement.lead.start as usize..statement.lead.end as usize];
        assert!(lead.is_empty() || statement.lead.end <= statement.bytes.start);
        check_placeholders(&text[bytes], statement.bytes.start);
    }
    check_placeholders(text, 0);
});

fn check_placeholders(text: &str, start: u32) {
    let normalised = normalise(text, HostSpan::new(FileId(0), start..start + text.len() as u32));
    let mut end = 0;
    for segment in normalised.spans.segments() {
        assert_eq!(segment.sql.start, end, "the map has a gap");
        end = segment.sql.end;
        let sql = &normalised.sql[segment.sql.start as usize..segment.sql.end as usize];
        let host = &text[(segment.host.start - start) as usize..(segment.host.end - start) as usize];
        assert!(segment.origin != Origin::Verbatim || sql == host, "verbatim text is not the host's");
    }
    assert_eq!(end as usize, normalised.sql.len());
    assert_eq!(without_qualifiers(text).len(), text.len(), "a byte lost its place");
}
