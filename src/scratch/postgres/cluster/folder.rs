//! The private folder of one running server, and the promise that both go away together.
//!
//! A folder is held by a lock on a file beside it, which the system frees however the run ends. Every run first removes
//! the folders whose locks nobody holds: no process number is ever guessed.

use std::fs::{self, DirBuilder, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::statvfs;
use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::memory::FOLDER as MEMORY;
use super::process::{self, Servant};
use crate::scratch::postgres::live::{Kept, Mortal};

/// What every folder's name begins with.
const PREFIX: &str = "planlint-pg-";
/// What the name of a folder's lock ends with.
const LOCK: &str = ".lock";
/// The longest path of a socket that every system takes.
const SOCKET_BYTES: usize = 103;
/// The name of a server's socket.
const SOCKET: &str = ".s.PGSQL.5432";
/// The folder for temporary files that every system has.
const DISK: &str = "/tmp";
/// Bytes that must be free in memory to take it.
const ROOM: u64 = 1 << 30;
/// How long a server may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a child is looked after.
const BEAT: Duration = Duration::from_millis(1);

/// A folder with the processes that work in it; both are gone once it is dropped.
pub(super) struct Folder {
    held: Kept<Held>,
    untrusted: Vec<PathBuf>,
}

struct Held {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
    children: Mutex<Children>,
}

#[derive(Default)]
struct Children {
    running: Vec<Child>,
    /// The folder is being removed: nothing is started in it any more.
    over: bool,
}

/// A process in a folder.
pub(super) struct Running {
    held: Arc<Held>,
    id: u32,
}

impl Folder {
    /// Removes what earlier runs left and makes a new folder, outside of others.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(untrusted: &[PathBuf]) -> io::Result<Self> {
        bases(untrusted).iter().for_each(|base| sweep(base));
        let held = Kept::new(|| {
            loop {
                if let Some(held) = Held::new(base(untrusted))? {
                    return Ok::<_, io::Error>(held);
                }
            }
        })?;
        Ok(Self { held, untrusted: untrusted.to_vec() })
    }

    /// Returns its path; the socket is right in it.
    pub fn path(&self) -> &Path {
        &self.held.path
    }

    /// Returns the folders that nothing is taken from.
    pub fn untrusted(&self) -> &[PathBuf] {
        &self.untrusted
    }

    /// Starts a program that ends with the folder.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn spawn(&self, mut command: Command) -> io::Result<Running> {
        command.current_dir(&self.held.path);
        let mut children = self.held.children();
        if children.over {
            return Err(io::Error::other("the run is over"));
        }
        let child = process::spawn(command)?;
        let id = child.id();
        children.running.push(child);
        Ok(Running { held: self.held.shared(), id })
    }
}

impl Held {
    /// Makes a folder of a new name and locks it; none where another run swept the lock away meanwhile.
    fn new(base: &Path) -> io::Result<Option<Self>> {
        let name = format!("{PREFIX}{:08x}", RandomState::new().build_hasher().finish() as u32);
        let (path, lock_path) = (base.join(&name), base.join(name + LOCK));
        let lock = File::options().write(true).create_new(true).mode(0o600).open(&lock_path)?;
        if lock.try_lock().is_err() || !is_at(&lock, &lock_path) {
            return Ok(None);
        }
        let held = Self { path, lock_path, _lock: lock, children: Mutex::default() };
        let made = DirBuilder::new().mode(0o700).create(&held.path);
        let owned = made.and_then(|()| own(&held.path));
        owned.inspect_err(|_| held.end())?;
        Ok(Some(held))
    }

    fn children(&self) -> std::sync::MutexGuard<'_, Children> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mortal for Held {
    fn end(&self) {
        let mut children = self.children();
        children.over = true;
        for mut child in children.running.drain(..) {
            end(&mut child);
        }
        remove(&self.path, &self.lock_path);
    }
}

impl Running {
    /// Says how the process ended, if it has.
    ///
    /// # Errors
    /// Those of the system.
    pub fn ended(&self) -> io::Result<Option<ExitStatus>> {
        let mut children = self.held.children();
        let Some(at) = children.running.iter().position(|child| child.id() == self.id) else {
            return Err(io::Error::other("the run is over"));
        };
        let status = children.running[at].try_wait()?;
        if status.is_some() {
            drop(children.running.swap_remove(at));
        }
        Ok(status)
    }

    /// Waits for the process's end.
    ///
    /// # Errors
    /// Those of the system, and `TimedOut`.
    pub fn wait(&self, patience: Duration) -> io::Result<ExitStatus> {
        let until = Instant::now() + patience;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if Instant::now() >= until {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(BEAT);
        }
    }

    /// Asks the process to finish its work and end.
    pub fn interrupt(&self) {
        let mut children = self.held.children();
        if let Some(child) = children.running.iter_mut().find(|child| child.id() == self.id) {
            signal(child, Signal::INT);
        }
    }
}

/// Gives a file or folder to the user who runs the server.
pub(super) fn own(path: &Path) -> io::Result<()> {
    match Servant::needed() {
        Some(servant) => chown(path, Some(servant.uid), Some(servant.gid)),
        None => Ok(()),
    }
}

/// Says whether a folder is this user's.
pub(super) fn is_ours(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.uid() == geteuid().as_raw())
}

/// A child that was not waited for keeps its number, so that no stranger is hit.
fn signal(child: &mut Child, signal: Signal) {
    if let Ok(None) = child.try_wait()
        && let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw)
    {
        let _ = kill_process(pid, signal);
    }
}

fn end(child: &mut Child) {
    signal(child, Signal::QUIT);
    let until = Instant::now() + PATIENCE;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= until {
            process::kill(child);
            return;
        }
        std::thread::sleep(BEAT);
    }
}

/// The folder in which folders are made: what `TMPDIR` says, else memory, else the disk.
///
/// A cluster is hundreds of small files that nobody will miss, which some disks take half a second to make. It is the
/// same for the whole run.
pub(super) fn base(untrusted: &[PathBuf]) -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| bases(untrusted).into_iter().find(|base| is_fit(base)).unwrap_or_else(|| DISK.into()))
}

/// Where runs may have made folders, in the order in which they are preferred. A `TMPDIR` in the code base is none: what
/// is swept there could be its own.
fn bases(untrusted: &[PathBuf]) -> Vec<PathBuf> {
    let outside = |named: &PathBuf| {
        let real = named.canonicalize().unwrap_or_else(|_| named.clone());
        !untrusted.iter().any(|folder| real.starts_with(folder))
    };
    match std::env::var_os("TMPDIR").map(PathBuf::from).filter(outside) {
        Some(named) => vec![named, DISK.into()],
        None => vec![MEMORY.into(), DISK.into()],
    }
}

/// Says whether a socket's path is short enough there, and whether the server's user may enter; in memory, whether
/// there is room as well, for containers often have next to none.
fn is_fit(base: &Path) -> bool {
    let longest = base.as_os_str().len() + 1 + PREFIX.len() + 8 + 1 + SOCKET.len();
    let closed = |part: &Path| fs::metadata(part).is_ok_and(|metadata| metadata.mode() & 0o001 == 0);
    let barred = Servant::needed().is_some() && base.ancestors().any(closed);
    let room = || statvfs(base).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= ROOM);
    longest <= SOCKET_BYTES && base.is_absolute() && !barred && (base != Path::new(MEMORY) || room())
}

/// Removes the folders that nobody holds any more.
fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let Some(name) = name.strip_suffix(LOCK) else { continue };
        let lock_path = entry.path();
        // A link is not followed, and what somebody else owns is theirs.
        let Ok(lock) = open_lock(&lock_path) else { continue };
        let ours = lock.metadata().is_ok_and(|metadata| metadata.uid() == geteuid().as_raw());
        if ours && lock.try_lock().is_ok() && is_at(&lock, &lock_path) {
            remove(&base.join(name), &lock_path);
        }
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    File::open(path)
}

/// Says whether an open file is the one at a path.
fn is_at(file: &File, path: &Path) -> bool {
    let key = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    file.metadata().map(key).ok().is_some_and(|open| fs::symlink_metadata(path).map(key).is_ok_and(|at| at == open))
}

/// Removes a folder and then its lock, which stays where something of the folder does, for the next run.
fn remove(folder: &Path, lock: &Path) {
    // A server that is about to end may still write a file.
    for _ in 0..20 {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => std::thread::sleep(BEAT),
            Ok(()) | Err(_) => {
                let _ = fs::remove_file(lock);
                return;
            }
        }
    }
}
