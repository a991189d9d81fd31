//! The empty cluster that every server starts from: made once with `initdb`, slimmed, and kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use super::folder::{self, Folder};
use super::memory::Before;
use super::process::{self, Orphaned};
use super::store::Store;
use super::{Choice, DATABASE, failed, quoted};
use crate::engine::ScratchError;
use crate::scratch::postgres::collation::Collation;
use crate::scratch::postgres::find::Binaries;
use crate::scratch::postgres::session::{ADMIN, PLANNER};

/// Changes with everything below that changes what a template holds.
const RECIPE: u32 = 1;
/// How long `initdb` may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Lays an empty cluster into `data` and returns the name of its collation.
pub(super) fn lay(
    folder: &Folder,
    data: &Path,
    choice: &Choice,
    store: Option<&Store>,
) -> Result<String, ScratchError> {
    let Some(store) = store else { return make(folder, data, choice) };
    let key = key(choice);
    let take = || store.take(&key, data).map_err(|error| failed("the template cannot be copied", &error));
    if let Some(collation) = take()? {
        return Ok(collation);
    }
    let _turn = store.turn(&key);
    if let Some(collation) = take()? {
        return Ok(collation);
    }
    let collation = make(folder, data, choice)?;
    store.keep(&key, data, &collation);
    Ok(collation)
}

/// What makes two templates the same: the recipe, the very programs, and the collation that was asked for.
pub(super) fn key(choice: &Choice) -> String {
    let binaries = &choice.binaries;
    let stamp = |name: &str| {
        let path = binaries.program(name);
        let seen = fs::metadata(&path).map(|seen| (seen.len(), seen.mtime(), seen.mtime_nsec()));
        format!("{} {:?}", path.display(), seen.ok())
    };
    let collation = choice.collation.as_deref().and_then(Collation::read);
    let collation = collation.map_or(String::new(), |collation| format!(" {collation}"));
    let programs = xxh3_64(format!("{} {}{collation}", stamp("postgres"), stamp("initdb")).as_bytes());
    format!("postgres-{}-{}-{RECIPE}-{programs:016x}", binaries.version, std::env::consts::ARCH)
}

fn make(folder: &Folder, data: &Path, choice: &Choice) -> Result<String, ScratchError> {
    let binaries = &choice.binaries;
    let mut collations = collations(choice, folder.untrusted()).into_iter().peekable();
    while let Some(collation) = collations.next() {
        match initdb(folder, data, binaries, &collation) {
            Ok(()) => {
                slim(folder, data, binaries)?;
                return Ok(collation.to_string());
            }
            // Whether a build knows a provider or a locale is best asked by trying.
            Err(_) if collations.peek().is_some() => drop(fs::remove_dir_all(data)),
            Err(error) => return Err(error),
        }
    }
    unreachable!("`C` is always tried")
}

/// The collations to try, best first: production's, else one of its kind. Those are seldom `C`, under which a plain index
/// serves `LIKE 'x%'`.
fn collations(choice: &Choice, untrusted: &[PathBuf]) -> Vec<Collation> {
    let major = choice.binaries.version.major;
    let wanted = choice.collation.as_deref().and_then(Collation::read);
    let by_letters = wanted.as_ref().is_some_and(Collation::is_by_letters);
    let mut all: Vec<Collation> = wanted.into_iter().filter(|wanted| wanted.is_known_to(major)).collect();
    if !by_letters {
        all.extend(Some(Collation::Icu("en-US".to_owned())).filter(|icu| icu.is_known_to(major)));
        all.extend(utf8_locale(untrusted).map(Collation::Libc));
    }
    all.push(Collation::letters());
    all.dedup();
    all
}

/// A locale of the system in UTF-8.
fn utf8_locale(untrusted: &[PathBuf]) -> Option<String> {
    let list = process::output(Path::new("/usr/bin/locale"), &["-a"], untrusted).ok()?;
    let is_utf8 = |name: &&str| name.to_ascii_lowercase().replace('-', "").ends_with(".utf8");
    let rank = |name: &&str| (!name.starts_with("en_US"), name.starts_with('C'), (*name).to_owned());
    list.lines().filter(is_utf8).min_by_key(rank).map(str::to_owned)
}

fn initdb(folder: &Folder, data: &Path, binaries: &Binaries, collation: &Collation) -> Result<(), ScratchError> {
    let program = binaries.program("initdb");
    let mut command = process::command(&program, Orphaned::Dies, folder.untrusted());
    command.arg("-D").arg(data).args(["-U", ADMIN, "-A", "trust", "--encoding=UTF8", "--wal-segsize=1"]);
    command.arg("--no-sync").args(collation.arguments());
    if binaries.version.major >= 14 {
        command.arg("--no-instructions");
    }
    if binaries.version.major >= 18 {
        command.arg("--no-data-checksums");
    }
    ran(folder, &program, command, "initdb.log")
}

/// Drops the databases that nobody uses and makes the planner.
fn slim(folder: &Folder, data: &Path, binaries: &Binaries) -> Result<(), ScratchError> {
    let program = binaries.program("postgres");
    let script = folder.path().join("slim.sql");
    let written = File::create(&script).and_then(|mut file| file.write_all(recipe().as_bytes()));
    let input =
        written.and_then(|()| File::open(&script)).map_err(|error| failed("a script cannot be kept", &error))?;
    // Killed, it would leave its shared memory behind.
    let mut command = process::command(&program, Orphaned::Quits, folder.untrusted());
    command.args(["--single", "-c", "exit_on_error=on", "-c", "fsync=off", "-c", "dynamic_shared_memory_type=mmap"]);
    command.arg("-D").arg(data).arg(DATABASE);
    command.stdin(Stdio::from(input));
    ran(folder, &program, command, "slim.log")
}

/// One statement a line, as the server's single mode reads them.
fn recipe() -> String {
    let planner = quoted(PLANNER);
    let rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS";
    let statements = [
        "UPDATE pg_database SET datistemplate = false".to_owned(),
        "DROP DATABASE template0".to_owned(),
        "DROP DATABASE template1".to_owned(),
        format!("CREATE ROLE {planner} {rights}"),
        format!("ALTER SCHEMA public OWNER TO {planner}"),
        grants(DATABASE),
    ];
    statements.map(|statement| statement + ";\n").concat()
}

/// What the planner may do in a database, beside what it owns: make schemas and temporary tables. It does not own the
/// database, whose owner may change the settings of everybody who connects.
pub(super) fn grants(database: &str) -> String {
    format!("GRANT CREATE, TEMPORARY ON DATABASE {} TO {}", quoted(database), quoted(PLANNER))
}

fn ran(folder: &Folder, program: &Path, mut command: Command, log: &str) -> Result<(), ScratchError> {
    let log = folder.path().join(log);
    let open = || {
        let out = File::create(&log)?;
        Ok((out.try_clone()?, out))
    };
    let (out, err) = open().map_err(|error: io::Error| failed("a log cannot be written", &error))?;
    command.stdout(out).stderr(err);
    let before = Before::now();
    let running = folder.spawn(command).map_err(|error| unstarted(process::refused(program, &error)))?;
    let ended = running.wait(PATIENCE).map_err(|error| failed("the server's programs do not end", &error))?;
    match ended.success() {
        true => Ok(()),
        false => {
            before.restore();
            Err(complained(program, &fs::read_to_string(&log).unwrap_or_default()))
        }
    }
}

/// A program ended with these words.
pub(super) fn complained(program: &Path, words: &str) -> ScratchError {
    if words.contains("No space left on device") || words.contains("Disk quota exceeded") {
        return full();
    }
    let line =
        words.lines().rev().find(|line| ["FATAL:", "ERROR:", "error:", "PANIC:"].iter().any(|k| line.contains(k)));
    let said = line.or(words.lines().next_back()).unwrap_or("it said nothing").trim();
    unstarted(format!("`{}` failed: {said}", program.display()))
}

/// The disk is full.
pub(super) fn full() -> ScratchError {
    ScratchError::Start {
        message: format!("no space is left for a scratch PostgreSQL in `{}`", folder::base(&[]).display()),
        help: "free 100 MB there, or set `TMPDIR` to a folder on another disk".to_owned(),
    }
}

/// The server cannot be used.
pub(super) fn unstarted(message: String) -> ScratchError {
    ScratchError::Start {
        message: format!("the scratch PostgreSQL does not start: {message}"),
        help: "run again with `--engine sqlite` to plan on a stand-in".to_owned(),
    }
}
