//! The SQLite library as a whole: what is set once a process, before its first connection.

use std::ffi::c_int;
use std::sync::Once;

use rusqlite::ffi;

static SET: Once = Once::new();

/// Sets the library up; to be called before every connection is opened, does something the first time only.
///
/// SQLite counts each allocation under one lock for the whole process, which makes threads wait for each other although
/// they share no database. Nobody reads the counts, so they are turned off (sqlite.org/c3ref/c_config_covering_index_scan.html,
/// `SQLITE_CONFIG_MEMSTATUS`).
pub(super) fn set_up() {
    SET.call_once(|| {
        let off: c_int = 0;
        // SAFETY: the option takes one `int`. The call must not run beside another one of the library's: every
        // connection of this crate is opened behind this `Once`. After the library has been used by somebody else in
        // the process, the call changes nothing and says `SQLITE_MISUSE`, which is as good: only speed is lost.
        #[expect(unsafe_code, reason = "rusqlite has no safe form of sqlite3_config")]
        let _ = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, off) };
    });
}
