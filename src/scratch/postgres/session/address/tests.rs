//! What is connected to, by string, service, variables and password file.

use std::fs;

use super::*;

/// What an address comes to: `user@host:port/database mode`, and the password behind a space.
fn read(text: Option<&str>, variables: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let told = |attempt: &Attempt| {
        let config = &attempt.config;
        let host = match &config.get_hosts()[0] {
            Host::Tcp(host) => host.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        let password =
            config.get_password().map_or(String::new(), |password| format!(" {}", String::from_utf8_lossy(password)));
        let (user, name) = (config.get_user().unwrap_or_default(), config.get_dbname().unwrap_or_default());
        format!("{user}@{host}:{}/{name} {:?}{password}", config.get_ports()[0], config.get_ssl_mode())
    };
    Ok(Address::read(text, &variable)?.attempts.iter().map(told).collect())
}

fn check(text: &str, variables: &[(&str, &str)], expect: &[&str]) {
    let text = Some(text).filter(|text| !text.is_empty());
    assert_eq!(
        read(text, variables).as_deref(),
        Ok(expect.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice()),
        "{text:?} {variables:?}"
    );
}

#[test]
fn variables_fill_what_the_string_leaves_open() {
    check(
        "postgres://me@db.test/shop?sslmode=disable",
        &[("PGUSER", "you"), ("PGPORT", "6000"), ("PGPASSWORD", "x"), ("PGSSLMODE", "require")],
        &["me@db.test:6000/shop Disable x"],
    );
    check("", &[("PGHOST", "/run/pg"), ("USER", "me")], &["me@/run/pg:5432/me Disable"]);
    check("host=db user=me", &[("PGSSLMODE", "require")], &["me@db:5432/me Require"]);
    check("host=db user=me", &[], &["me@db:5432/me Prefer", "me@db:5432/me Disable"]);
    check("host=db user=me sslmode=allow", &[], &["me@db:5432/me Disable", "me@db:5432/me Require"]);
    check("hostaddr=::1 user=me sslmode=disable", &[], &["me@::1:5432/me Disable"]);
    check("postgres://me@a:1,b:2/x?sslmode=disable", &[], &["me@a:1/x Disable", "me@b:2/x Disable"]);
    check("postgres://me@a,b/x?port=7&sslmode=disable", &[], &["me@a:7/x Disable", "me@b:7/x Disable"]);
}

#[test]
fn options_and_patience_are_passed_on() {
    let variable = |name: &str| (name == "PGOPTIONS").then(|| "-c geqo=off".to_owned());
    let address = Address::read(Some("host=db user=me connect_timeout=3"), &variable).expect("an address");
    let config = &address.attempts[0].config;
    assert_eq!(config.get_options(), Some("-c geqo=off"));
    assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(3)));
}

#[test]
fn services_and_passwords_come_from_their_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str, mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        path.display().to_string()
    };
    let services =
        write("services", "# ours\n[other]\nhost=no\n[shop]\nhost=db\nport=7\nsslmode=disable\n\n[last]\n", 0o644);
    let passwords = write(".pgpass", "other:*:*:*:no\ndb:7:shop:me:yes\na:*:*:*:one\nb:*:*:*:two\n", 0o600);
    let home = folder.path().display().to_string();
    let variables = [("PGSERVICEFILE", services.as_str()), ("HOME", home.as_str()), ("USER", "me")];
    check("service=shop dbname=shop", &variables, &["me@db:7/shop Disable yes"]);
    check("service=shop port=8", &variables, &["me@db:8/me Disable"]);
    check("host=a,b sslmode=disable", &variables, &["me@a:5432/me Disable one", "me@b:5432/me Disable two"]);
    check("host=a sslmode=disable password=own", &variables, &["me@a:5432/me Disable own"]);
    let missing = read(Some("service=secret"), &variables).expect_err("no such service");
    assert!(missing.contains("not defined") && !missing.contains("secret"), "{missing}");
    let open = write("open", "a:*:*:*:one\n", 0o644);
    check("host=a sslmode=disable", &[("PGPASSFILE", open.as_str()), ("USER", "me")], &["me@a:5432/me Disable"]);
    let file = format!("host=a sslmode=disable user=me passfile={passwords}");
    check(&file, &[], &["me@a:5432/me Disable one"]);
}

#[test]
fn a_password_is_that_of_the_first_line_that_fits() {
    let check = |line: &str, expect: Option<&str>| {
        let wanted = ["db", "5432", "shop", "me"];
        assert_eq!(password(line, wanted).as_deref(), expect, "{line}");
    };
    check("db:5432:shop:me:a:b", Some("a:b"));
    check(r"*:*:*:me:a\:b\\c", Some(r"a:b\c"));
    check("db:5432:other:me:x", None);
    check("# db:5432:shop:me:x", None);
    check("db:5432:shop", None);
}

#[test]
fn what_is_wrong_is_told_without_a_word_of_it() {
    let check = |text: &str, variables: &[(&str, &str)], expect: &str| {
        let fault = read(Some(text), &[variables, &[("USER", "me")]].concat()).expect_err(text);
        assert!(fault.contains(expect) && !fault.contains("secret"), "{text}: {fault}");
    };
    check("postgres://me:secret@db:port/shop", &[], "a port is no number");
    check("host=a,b port=1,2,3 password=secret", &[], "not as many");
    check("host=a hostaddr=secret", &[], "`hostaddr` is no address");
    check("host=a sslmode=secret", &[], "`sslmode` is none of");
    check("host=a sslmode=verify-ca", &[], "needs `sslrootcert`");
    check("host=a sslmode=require sslrootcert=system", &[], "needs `sslmode=verify-full`");
    check("host=a connect_timeout=secret", &[], "no number of seconds");
    check("host=a", &[("PGSSLCRL", "secret")], "`PGSSLCRL` cannot be read: `sslcrl` cannot be obeyed");
}
