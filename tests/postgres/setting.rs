//! What tests and the bench of the scratch PostgreSQL start, and what they make in it.

use std::path::PathBuf;
use std::time::Duration;

use planlint::catalog::{Catalog, replay};
use planlint::dialect::Dialect;
use planlint::schema::ddl;
use planlint::scratch::NativeStatement;
use planlint::scratch::postgres::cluster::{Choice, users_cache};
use planlint::scratch::postgres::find::{self, Binaries, Wanted};
use planlint::source::{FileId, HostSpan};

/// The programs to test with; none where there are none and none are required.
pub fn binaries() -> Option<Binaries> {
    let typed = std::env::var_os("PLANLINT_TEST_PG_BIN").map(PathBuf::from);
    match find::find(&Wanted { folder: typed.as_deref(), ..Wanted::default() }) {
        Ok(binaries) => Some(binaries),
        Err(not) => {
            let required = std::env::var("PLANLINT_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
            assert!(!required, "no PostgreSQL is found: {not:?}");
            eprintln!("skipped: no PostgreSQL is found, {} are unusable", not.unusable.len());
            None
        }
    }
}

/// What to start for a test.
pub fn choice() -> Option<Choice> {
    let statement_timeout = Duration::from_secs(2);
    Some(Choice {
        binaries: binaries()?,
        cache: users_cache(&[]),
        statement_timeout,
        untrusted: Vec::new(),
        collation: None,
    })
}

/// Where statements of tests stand.
const PLACE: HostSpan = HostSpan { file: FileId(0), start: 0, end: 0 };

/// What statements make.
pub fn catalog<S: AsRef<str>>(statements: &[S]) -> Catalog {
    let steps = statements.iter().flat_map(|sql| ddl::steps(sql.as_ref(), PLACE, Dialect::Postgres).0);
    replay(Dialect::Postgres, &steps.collect::<Vec<_>>()).0
}

/// The statements as a server gets them.
pub fn native<S: AsRef<str>>(statements: &[S]) -> Vec<NativeStatement<'_>> {
    statements.iter().map(|sql| NativeStatement { sql: sql.as_ref(), place: PLACE }).collect()
}
