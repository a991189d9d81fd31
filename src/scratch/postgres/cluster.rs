//! One running server: started from a template in a private folder, gone when dropped.
//!
//! Nobody else reaches it: no network, and a socket in a folder that is open to its owner alone. So sessions name their
//! role and need no password.

mod archive;
mod folder;
mod memory;
pub(super) mod process;
mod store;
mod template;

use std::fs::File;
use std::io;
use std::os::unix::fs::fchown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub use process::Servant;
pub use store::users_cache;

use super::find::Binaries;
use super::session::{Place, Role, Session};
use crate::engine::ScratchError;

use folder::{Folder, Running};
use process::Orphaned;
use store::Store;

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a starting server is looked after.
const BEAT: Duration = Duration::from_millis(1);
/// How long the end of a session is waited for.
const MOMENT: Duration = Duration::from_secs(1);
/// The database that every cluster has; the first lane.
pub const DATABASE: &str = "postgres";

/// What to start.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The programs.
    pub binaries: Binaries,
    /// Where templates are kept from one run to the next, if anywhere.
    pub cache: Option<PathBuf>,
    /// How long a statement of the planner may take.
    pub statement_timeout: Duration,
    /// The folders of the code base: no file of the server is made there, and no library of it is taken from there.
    pub untrusted: Vec<PathBuf>,
    /// Production's collation as the file of statistics names it (`icu en-US`), if it is known.
    pub collation: Option<String>,
}

/// A running server.
pub struct Cluster {
    choice: Choice,
    collation: String,
    data: PathBuf,
    server: Option<Running>,
    // Dropped last: it ends what still runs and removes the files.
    folder: Folder,
}

impl Cluster {
    /// Starts a server with an empty database [`DATABASE`], whose schema `public` is the planner's.
    ///
    /// # Errors
    /// When it does not start; the message holds the server's own words.
    pub fn start(choice: &Choice) -> Result<Self, ScratchError> {
        let (folder, data) = Self::room(choice)?;
        let store = choice.cache.as_deref().and_then(Store::open);
        let collation = template::lay(&folder, &data, choice, store.as_ref())?;
        Self::started(choice, folder, data, collation)
    }

    /// Starts a server as [`Cluster::keep`] kept it, and returns what was noted with it; none where nothing is kept
    /// under the digest.
    ///
    /// # Errors
    /// When it does not start.
    pub fn resume(choice: &Choice, digest: u128) -> Result<Option<(Self, String)>, ScratchError> {
        let Some(store) = choice.cache.as_deref().and_then(Store::open) else { return Ok(None) };
        let key = loaded(choice, digest);
        if !store.has(&key) {
            return Ok(None);
        }
        let (folder, data) = Self::room(choice)?;
        let kept = store.take(&key, &data).map_err(|error| failed("a kept cluster cannot be unpacked", &error))?;
        match kept.as_deref().and_then(|kept| kept.split_once('\n')) {
            Some((collation, note)) => {
                let cluster = Self::started(choice, folder, data, collation.to_owned())?;
                Ok(Some((cluster, note.to_owned())))
            }
            None => Ok(None),
        }
    }

    /// Keeps its files and a note for later runs, under a digest of all that was done to them; inflated files would
    /// cost what they pretend to be. Sessions are lost.
    ///
    /// # Errors
    /// When the server does not stop or start; a cache that cannot be written is no error.
    pub fn keep(&mut self, digest: u128, note: &str) -> Result<(), ScratchError> {
        let Some(store) = self.choice.cache.as_deref().and_then(Store::open) else { return Ok(()) };
        let (key, note) = (loaded(&self.choice, digest), format!("{}\n{note}", self.collation));
        self.paused(|data| {
            store.keep(&key, data, &note);
            Ok(())
        })
    }

    fn room(choice: &Choice) -> Result<(Folder, PathBuf), ScratchError> {
        let folder = Folder::new(&choice.untrusted).map_err(|error| failed("a folder cannot be made", &error))?;
        let data = folder.path().join("data");
        Ok((folder, data))
    }

    fn started(choice: &Choice, folder: Folder, data: PathBuf, collation: String) -> Result<Self, ScratchError> {
        let mut cluster = Self { choice: choice.clone(), collation, data, server: None, folder };
        cluster.run()?;
        Ok(cluster)
    }

    /// Names the collation of its databases: `icu en-US`, `libc en_US.utf8`, `libc C`.
    ///
    /// Under `C` a plain b-tree index serves `LIKE 'x%'`, as it does not in most of production's databases.
    pub fn collation(&self) -> &str {
        &self.collation
    }

    /// Returns the programs it runs.
    pub fn binaries(&self) -> &Binaries {
        &self.choice.binaries
    }

    /// How long a statement of the planner may take.
    pub(super) fn statement_timeout(&self) -> Duration {
        self.choice.statement_timeout
    }

    /// Returns the folder of its files; what a session prints of them is relative to it.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// Opens a session of the superuser. It may send statements of ours only, and none that calls what the code base
    /// defines: a function, a cast, a domain's check, an operator.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn admin(&self, database: &str) -> Result<Session, ScratchError> {
        Session::open(&self.place(), database, Role::Admin)
    }

    /// Opens a session of the role that everything of the code base goes through.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn planner(&self, database: &str) -> Result<Session, ScratchError> {
        Session::open(&self.place(), database, Role::Planner { timeout: self.choice.statement_timeout })
    }

    /// Makes a database as a copy of another one that nobody but `admin` is connected to.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn clone_database(&self, admin: &mut Session, name: &str, from: &str) -> Result<(), ScratchError> {
        // Files are copied as they are; through the log, each page would be written twice.
        let strategy = if self.choice.binaries.version.major >= 15 { " STRATEGY file_copy" } else { "" };
        // Whose session was ended a moment ago may be there still; the server itself would look again in 100 ms.
        let others = format!(
            "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE datname = '{}' AND pid <> pg_catalog.pg_backend_pid()",
            from.replace('\'', "''")
        );
        let until = Instant::now() + MOMENT;
        while Instant::now() < until && admin.rows(&others).is_ok_and(|others| !others.is_empty()) {
            std::thread::sleep(BEAT);
        }
        let make = format!("CREATE DATABASE {} TEMPLATE {}{strategy}", quoted(name), quoted(from));
        let made = admin.run(&make).and_then(|()| admin.run(&template::grants(name)));
        made.map_err(|error| ScratchError::Engine(error.to_string()))
    }

    /// Gives a file made in its folder to the user who runs it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn adopt(&self, file: &File) -> io::Result<()> {
        match Servant::needed() {
            Some(servant) => fchown(file, Some(servant.uid), Some(servant.gid)),
            None => Ok(()),
        }
    }

    /// Stops the server in good order, lets `work` change its files, and starts it again. Sessions are lost.
    ///
    /// # Errors
    /// When the server does not stop or start, or the work fails.
    pub fn paused<T>(&mut self, work: impl FnOnce(&Path) -> Result<T, ScratchError>) -> Result<T, ScratchError> {
        if let Some(server) = self.server.take() {
            server.interrupt();
            server.wait(PATIENCE).map_err(|error| failed("the server does not stop", &error))?;
        }
        let done = work(&self.data)?;
        self.run()?;
        Ok(done)
    }

    fn place(&self) -> Place {
        Place::Socket(self.folder.path().to_path_buf())
    }

    fn run(&mut self) -> Result<(), ScratchError> {
        let program = self.choice.binaries.program("postgres");
        let log = self.folder.path().join("log");
        let command = self.command(&program, &log).map_err(|error| failed("its log cannot be written", &error))?;
        let server = self.folder.spawn(command);
        let server = server.map_err(|error| template::unstarted(process::refused(&program, &error)))?;
        let until = Instant::now() + PATIENCE;
        while !self.is_ready() {
            let ended = server.ended().map_err(|error| failed("the server is lost", &error))?;
            if ended.is_some() || Instant::now() >= until {
                let words = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(template::complained(&program, &words));
            }
            std::thread::sleep(BEAT);
        }
        self.server = Some(server);
        Ok(())
    }

    /// Says whether the server takes connections. It writes so into its own file (`PM_STATUS_READY`, since version 10);
    /// to try would cost it a process each time.
    fn is_ready(&self) -> bool {
        let status = std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        status.lines().nth(7).is_some_and(|line| line.trim_end() == "ready")
    }

    fn command(&self, program: &Path, log: &Path) -> io::Result<Command> {
        let log = File::create(log)?;
        let mut command = process::command(program, Orphaned::Quits, self.folder.untrusted());
        command.arg("-D").arg(&self.data).arg("-k").arg(self.folder.path()).stdout(Stdio::null()).stderr(log);
        let newer = SETTINGS.iter().filter(|(since, _)| *since <= self.choice.binaries.version.major);
        for (_, setting) in newer {
            command.args(["-c", setting]);
        }
        Ok(command)
    }
}

/// What the server runs with, by the version that brought it: nothing is to survive, and nobody is to wait.
const SETTINGS: &[(u32, &str)] = &[
    (0, "listen_addresses="),
    (0, "port=5432"),
    (0, "fsync=off"),
    (0, "full_page_writes=off"),
    (0, "synchronous_commit=off"),
    (0, "wal_level=minimal"),
    (0, "max_wal_senders=0"),
    (0, "max_logical_replication_workers=0"),
    (0, "checkpoint_timeout=1d"),
    // What a stopped server leaves is kept: no log that nobody will read.
    (0, "min_wal_size=2MB"),
    (0, "wal_recycle=off"),
    (0, "max_connections=20"),
    (0, "shared_buffers=16MB"),
    // Shared memory outside the folder would outlive a killed server.
    (0, "dynamic_shared_memory_type=mmap"),
    (0, "autovacuum=off"),
    (0, "track_counts=off"),
    (0, "jit=off"),
    (0, "temp_file_limit=256MB"),
    (0, "log_min_messages=fatal"),
    (0, "restart_after_crash=off"),
    // At the end of a transaction, the pages of new small files would be read to log them, and kept in memory: those of
    // a b-tree that is written over them would not be seen.
    (13, "wal_skip_threshold=0"),
    (18, "io_method=sync"),
];

/// The name under which a cluster with a schema is kept.
fn loaded(choice: &Choice, digest: u128) -> String {
    format!("{}-{digest:032x}", template::key(choice))
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A failure of the file system, told with what helps.
fn failed(what: &str, error: &io::Error) -> ScratchError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => template::full(),
        _ => template::unstarted(format!("{what}: {error}")),
    }
}
