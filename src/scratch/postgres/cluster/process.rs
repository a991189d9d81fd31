//! The server's programs as children that do not outlive planlint and never run as root.
//!
//! On Linux the kernel ends a child whose parent is gone, however the parent ended. The signal follows the *thread*
//! that started the child, so one thread that never ends starts them all.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::process::geteuid;
#[cfg(target_os = "linux")]
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process};

/// The user and group that own the server's files where planlint runs as root, which PostgreSQL refuses to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Servant {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

impl Servant {
    /// `nobody`, where this process is root's.
    pub fn needed() -> Option<Self> {
        static NOBODY: OnceLock<Servant> = OnceLock::new();
        geteuid().is_root().then(|| *NOBODY.get_or_init(Self::nobody))
    }

    fn nobody() -> Self {
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let fields = users.lines().find_map(|line| line.strip_prefix("nobody:"));
        let mut numbers = fields.into_iter().flat_map(|line| line.split(':').skip(1)).map_while(|id| id.parse().ok());
        let (uid, gid) = (numbers.next(), numbers.next());
        uid.zip(gid).map_or(Self { uid: 65534, gid: 65534 }, |(uid, gid)| Self { uid, gid })
    }
}

/// The largest file that a server may write, in bytes: it holds no rows, whatever the code base says. Files that we make
/// larger for it are not its writing.
#[cfg(target_os = "linux")]
const LARGEST: u64 = 256 << 20;

/// The most memory of its own that a process of the server may have, in bytes: beyond it the statement at hand fails and
/// the session lives on. The plan of a join of a thousand tables takes 0.4 GB.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 1 << 30;

/// What ends a child whose parent is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Orphaned {
    /// The server ends its own children and frees its shared memory first.
    Quits,
    /// Tools just end.
    Dies,
}

/// A program that runs as nobody in particular: no root, no terminal, nothing of this process's environment.
///
/// What lies in one of the folders of `untrusted` is no library of it.
pub(super) fn command(program: &Path, orphaned: Orphaned, untrusted: &[PathBuf]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    // Where the programs find their libraries, in installations that are not the system's.
    for name in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
        command.envs(std::env::var_os(name).and_then(|value| Some((name, trusted(&value, untrusted)?))));
    }
    // Ctrl-C on a terminal goes to planlint alone, which ends the server in order.
    command.process_group(0);
    if let Some(servant) = Servant::needed() {
        command.uid(servant.uid).gid(servant.gid);
    }
    end_with_parent(&mut command, orphaned);
    command
}

/// The folders of a search path that are named from the root and lie outside of others.
fn trusted(path: &OsStr, untrusted: &[PathBuf]) -> Option<OsString> {
    let outside = |folder: &PathBuf| {
        let real = folder.canonicalize().ok().filter(|_| folder.is_absolute());
        real.is_some_and(|real| !untrusted.iter().any(|other| real.starts_with(other)))
    };
    let folders: Vec<PathBuf> = std::env::split_paths(path).filter(outside).collect();
    std::env::join_paths(&folders).ok().filter(|_| !folders.is_empty())
}

#[cfg(target_os = "linux")]
fn end_with_parent(command: &mut Command, orphaned: Orphaned) {
    let signal = match orphaned {
        Orphaned::Quits => Signal::QUIT,
        Orphaned::Dies => Signal::KILL,
    };
    let parent = rustix::process::getpid();
    let ask = move || {
        rustix::process::set_parent_process_death_signal(Some(signal))?;
        for (resource, most) in [(Resource::Fsize, LARGEST), (Resource::Data, MEMORY)] {
            // A limit that is lower already stays.
            let most = rustix::process::getrlimit(resource).maximum.map_or(most, |known| known.min(most));
            rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        // The parent may have gone before the question.
        match rustix::process::getppid() == Some(parent) {
            true => Ok(()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    };
    // SAFETY: between fork and exec only calls that are safe in a signal handler may run: these are bare system
    // calls, and nothing is allocated. std changes the user before it, which would take the signal back.
    #[expect(unsafe_code, reason = "std has no safe way to ask for a signal when the parent is gone")]
    unsafe {
        command.pre_exec(ask);
    }
}

/// Elsewhere the server ends by itself, within a minute after its folder is removed by the next run.
#[cfg(not(target_os = "linux"))]
fn end_with_parent(_: &mut Command, _: Orphaned) {}

type Request = (Command, Sender<io::Result<Child>>);

/// Starts a program from the thread that never ends.
///
/// # Errors
/// Those of the system, when the program cannot be started.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    static KEEPER: Mutex<Option<Sender<Request>>> = Mutex::new(None);
    let mut keeper = KEEPER.lock().unwrap_or_else(PoisonError::into_inner);
    if keeper.is_none() {
        let (sender, requests) = channel::<Request>();
        let keep = move || {
            for (mut command, answer) in requests {
                let _ = answer.send(command.spawn());
            }
        };
        std::thread::Builder::new().name("postgres".to_owned()).spawn(keep)?;
        *keeper = Some(sender);
    }
    let (answer, answered) = channel();
    let sender = keeper.as_ref().expect("it was set above");
    sender.send((command, answer)).map_err(|_| io::Error::other("the thread that starts programs is gone"))?;
    answered.recv().map_err(|_| io::Error::other("the thread that starts programs is gone"))?
}

/// Ends a server that does not end when it is asked to, with the processes that it started: those would not see that it
/// is gone before their work is done.
pub(super) fn kill(server: &mut Child) {
    #[cfg(target_os = "linux")]
    if let Some(pid) = i32::try_from(server.id()).ok().and_then(Pid::from_raw) {
        // While it stands still, the number of a child of its that ends goes to nobody else.
        let _ = kill_process(pid, Signal::STOP);
        for child in children(pid) {
            let _ = kill_process(child, Signal::KILL);
        }
    }
    let _ = server.kill();
    let _ = server.wait();
}

/// The processes that a process started and that it has not seen the end of.
#[cfg(target_os = "linux")]
fn children(parent: Pid) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok().and_then(Pid::from_raw));
    let is_child = |pid: &Pid| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
        // `PID (NAME) STATE PARENT …`: a name may hold anything.
        let parent_of = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parent_of == Some(parent.as_raw_pid())
    };
    numbers.filter(is_child).collect()
}

/// Runs a program to its end and returns what it prints.
///
/// # Errors
/// The reason why it cannot be run, or what it complains about.
pub(in crate::scratch::postgres) fn output(
    program: &Path,
    args: &[&str],
    untrusted: &[PathBuf],
) -> Result<String, String> {
    let mut command = command(program, Orphaned::Dies, untrusted);
    command.args(args).current_dir("/").stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = spawn(command).and_then(Child::wait_with_output).map_err(|error| refused(program, &error))?;
    match ran.status.success() {
        true => Ok(String::from_utf8_lossy(&ran.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&ran.stderr).trim().to_owned()),
    }
}

/// Says why a program could not be started.
pub(super) fn refused(program: &Path, error: &io::Error) -> String {
    let program = program.display();
    match (error.kind(), Servant::needed()) {
        (io::ErrorKind::PermissionDenied, Some(servant)) => {
            format!("user {} may not run `{program}`, and PostgreSQL refuses to run as root", servant.uid)
        }
        (io::ErrorKind::InvalidInput, Some(servant)) => {
            format!("`{program}` cannot be run as user {}, and PostgreSQL refuses to run as root", servant.uid)
        }
        _ => format!("`{program}` cannot be run: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_of_the_code_base_are_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let real = folder.path().canonicalize().expect("it is there");
        let (inside, outside, link) = (real.join("app/lib"), real.join("lib"), real.join("link"));
        std::fs::create_dir_all(&inside).and_then(|()| std::fs::create_dir(&outside)).expect("folders");
        std::os::unix::fs::symlink(&inside, &link).expect("a link");
        let untrusted = [real.join("app")];
        let check = |folders: &[&Path], expect: &[&Path]| {
            let path = std::env::join_paths(folders).expect("a path");
            let expect = (!expect.is_empty()).then(|| std::env::join_paths(expect).expect("a path"));
            assert_eq!(trusted(&path, &untrusted), expect, "{folders:?}");
        };
        check(&[&outside], &[&outside]);
        check(&[&inside, &outside, &link], &[&outside]);
        check(&[Path::new("lib"), Path::new(""), &real.join("nowhere")], &[]);
    }
}
