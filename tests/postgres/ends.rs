//! However a run ends, nothing of it is left that the next one does not clean.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use planlint::scratch::postgres::cluster::{Choice, Cluster, DATABASE};

use super::choice;

/// Says in the environment of a child what it is to do.
const ROLE: &str = "PLANLINT_TEST_CHILD";
/// The cache of a child.
const CACHE: &str = "PLANLINT_TEST_CACHE";

/// Not a test by itself: this program run again, to be killed.
#[test]
fn as_a_child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let choice = Choice { cache: std::env::var_os(CACHE).map(Into::into), ..choice().expect("the parent found one") };
    match Cluster::start(&choice) {
        Ok(cluster) => {
            cluster.planner(DATABASE).expect("a session").run("CREATE TABLE t (a int)").expect("a table");
            println!("\nup");
            if role == "stays" {
                std::thread::sleep(Duration::from_secs(60));
            }
        }
        Err(error) => println!("\nfailed: {error}"),
    }
}

/// A folder that the server's user may enter.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("pl").tempdir_in("/tmp").expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
    folder
}

fn child(temp: &Path, cache: &Path, role: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "ends::as_a_child", "--nocapture"]).env("TMPDIR", temp).env(CACHE, cache).env(ROLE, role);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts")
}

/// What a child says.
fn said(child: &mut Child) -> String {
    let out = BufReader::new(child.stdout.as_mut().expect("it is piped"));
    let mut lines = out.lines().map_while(Result::ok);
    lines.find(|line| line == "up" || line.starts_with("failed")).unwrap_or_default()
}

pub(super) fn left(temp: &Path) -> Vec<String> {
    let names = fs::read_dir(temp).expect("a folder").flatten().map(|entry| entry.file_name());
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

/// The processes that work in a folder, given time to end.
#[cfg(target_os = "linux")]
pub(super) fn processes(temp: &Path) -> Vec<String> {
    let temp = temp.to_str().expect("a path");
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("processes").flatten() {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let here = fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(temp));
            let command = String::from_utf8_lossy(&command).into_owned();
            if here || command.contains(temp) {
                found.push(command);
            }
        }
        if found.is_empty() || Instant::now() > until {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn processes(_: &Path) -> Vec<String> {
    Vec::new()
}

#[test]
fn a_killed_run_leaves_no_process_and_the_next_run_its_folder() {
    if choice().is_none() {
        return;
    }
    let (temp, warm) = (open_folder(), open_folder());
    assert_eq!(said(&mut child(temp.path(), warm.path(), "passes")), "up");
    // From before the first file to after the last step, with a template and without.
    for wait in [0, 5, 10, 15, 20, 30, 40, 60, 80, 120, 200, 400] {
        for cache in [Some(warm.path()), None] {
            let cold = open_folder();
            let mut run = child(temp.path(), cache.unwrap_or(cold.path()), "stays");
            std::thread::sleep(Duration::from_millis(wait));
            run.kill().and_then(|()| run.wait()).expect("it is killed");
            assert_eq!(processes(temp.path()), Vec::<String>::new(), "after {wait} ms");
        }
    }
    let mut run = child(temp.path(), warm.path(), "stays");
    assert_eq!(said(&mut run), "up");
    run.kill().and_then(|()| run.wait()).expect("it is killed");
    assert_eq!(processes(temp.path()), Vec::<String>::new());
    let mut last = child(temp.path(), warm.path(), "passes");
    assert_eq!(said(&mut last), "up");
    assert!(last.wait().expect("it ends").success());
    assert_eq!(left(temp.path()), Vec::<String>::new());
}

#[test]
fn what_a_living_run_holds_is_not_cleaned() {
    if choice().is_none() {
        return;
    }
    let (temp, cache) = (open_folder(), open_folder());
    let mut first = child(temp.path(), cache.path(), "stays");
    assert_eq!(said(&mut first), "up");
    let held = left(temp.path());
    assert_eq!(said(&mut child(temp.path(), cache.path(), "passes")), "up");
    assert!(held.iter().all(|name| temp.path().join(name).exists()), "{held:?}");
    first.kill().and_then(|()| first.wait()).expect("it is killed");
}

#[test]
fn a_cache_that_cannot_be_used_costs_time_only() {
    let Some(choice) = choice() else { return };
    let folder = open_folder();
    let starts = |cache: &Path| {
        let choice = Choice { cache: Some(cache.to_path_buf()), ..choice.clone() };
        Cluster::start(&choice).unwrap_or_else(|error| panic!("{error:?}"));
    };
    // A file where the folder should be, and a folder that even root cannot write to.
    fs::write(folder.path().join("file"), "").expect("a file");
    starts(&folder.path().join("file"));
    starts(Path::new("/proc/self"));
    // A template that was cut is made again.
    let cache = folder.path().join("cache");
    starts(&cache);
    let names = fs::read_dir(&cache).expect("a cache").flatten().map(|entry| entry.path());
    let kept = names.into_iter().find(|path| path.extension().is_some_and(|end| end == "cluster")).expect("a template");
    let whole = fs::metadata(&kept).expect("it is there").len();
    fs::File::options().write(true).open(&kept).and_then(|file| file.set_len(whole / 2)).expect("it is cut");
    starts(&cache);
    assert_eq!(fs::metadata(&kept).expect("it is there").len(), whole);
}

/// Root alone may mount a disk that is soon full.
#[test]
fn a_full_disk_is_said() {
    let Some(choice) = choice() else { return };
    let (temp, cache) = (open_folder(), open_folder());
    let warm = Choice { cache: Some(cache.path().to_path_buf()), ..choice };
    Cluster::start(&warm).unwrap_or_else(|error| panic!("{error:?}"));
    let mount = |size: &str| {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={size},mode=755"), "tmpfs"]).arg(temp.path());
        command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let empty = open_folder();
    for (size, cache) in [("64k", &cache), ("6m", &cache), ("64k", &empty), ("6m", &empty), ("14m", &empty)] {
        if !mount(size) {
            eprintln!("skipped: no small disk can be mounted");
            return;
        }
        let said = said(&mut child(temp.path(), cache.path(), "passes"));
        let unmounted = Command::new("umount").arg(temp.path()).status().expect("umount is there");
        assert!(unmounted.success());
        assert!(said.contains("no space is left"), "{size}: {said}");
    }
}
