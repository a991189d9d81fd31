//! Where a server of the user's is, and who asks: a connection string and the PG* variables, as libpq reads them.
//!
//! Nothing here prints what it was given: a password may stand in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// How long a server may take to answer, unless `PGCONNECT_TIMEOUT` says.
const PATIENCE: Duration = Duration::from_secs(10);
/// Folders that servers put their sockets into.
const SOCKETS: &[&str] = &["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// Reads a connection string, `postgres://…` or `host=… dbname=…`, and what it leaves open from the variables.
///
/// # Errors
/// What is wrong with it, without a word of it.
pub(super) fn config(url: Option<&str>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Config, String> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let mut config: Config = match url {
        Some(url) => with_port(url, set("PGPORT")).parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map_or(String::new(), |cause| format!(": {cause}"));
            format!("the connection string cannot be read{cause}")
        })?,
        None => Config::new(),
    };
    if let Some(mode) = url.is_none_or(|url| !url.contains("sslmode")).then(|| set("PGSSLMODE")).flatten() {
        config.ssl_mode(match mode.as_str() {
            "disable" | "allow" => SslMode::Disable,
            "prefer" => SslMode::Prefer,
            _ => SslMode::Require,
        });
    }
    if config.get_ssl_mode() == SslMode::Require {
        return Err("the connection asks for TLS, which planlint does not speak yet".to_owned());
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        host(&mut config, set("PGHOST"));
    }
    if config.get_ports().is_empty() {
        config.port(set("PGPORT").and_then(|port| port.parse().ok()).unwrap_or(5432));
    }
    if config.get_user().is_none() {
        let user = set("PGUSER").or_else(|| set("USER")).ok_or("no user is named: set `PGUSER`")?;
        config.user(user);
    }
    if config.get_dbname().is_none() {
        let name = set("PGDATABASE").or_else(|| config.get_user().map(str::to_owned));
        config.dbname(name.unwrap_or_default());
    }
    if let Some(options) = config.get_options().is_none().then(|| set("PGOPTIONS")).flatten() {
        config.options(options);
    }
    if config.get_password().is_none()
        && let Some(password) = set("PGPASSWORD").or_else(|| from_file(&config, &set))
    {
        config.password(password);
    }
    let patience = set("PGCONNECT_TIMEOUT").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(patience.filter(|patience| !patience.is_zero()).unwrap_or(PATIENCE));
    }
    config.application_name("planlint");
    Ok(config)
}

/// Adds the port to a URL that names a host alone: it would be read as the usual one.
fn with_port(url: &str, port: Option<String>) -> String {
    let known = || {
        let start = url.find("://")? + 3;
        let end = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
        let host = url[start..end].rsplit('@').next()?;
        let bare = host.rsplit(']').next()?;
        (!host.is_empty() && !bare.contains([':', ','])).then_some(end)
    };
    match (port, known()) {
        (Some(port), Some(end)) => format!("{}:{port}{}", &url[..end], &url[end..]),
        _ => url.to_owned(),
    }
}

fn host(config: &mut Config, named: Option<String>) {
    let socket = || SOCKETS.iter().find(|folder| Path::new(folder).join(".s.PGSQL.5432").exists());
    match (named, socket()) {
        (Some(host), _) => config.host(host),
        (None, Some(folder)) => config.host_path(folder),
        (None, None) => config.host("localhost"),
    };
}

/// The password that `~/.pgpass` or `PGPASSFILE` has for the connection: lines `host:port:database:user:password`.
fn from_file(config: &Config, set: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let home = || Some(PathBuf::from(set("HOME")?).join(".pgpass"));
    let file = set("PGPASSFILE").map(PathBuf::from).or_else(home)?;
    let text = std::fs::read_to_string(file).ok()?;
    let host = match config.get_hosts().first()? {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(_) => "localhost".to_owned(),
    };
    let port = config.get_ports().first()?.to_string();
    let wanted = [&host, &port, config.get_dbname()?, config.get_user()?];
    text.lines().find_map(|line| password(line, wanted))
}

fn password(line: &str, wanted: [&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => fields.last_mut()?.extend(chars.next()),
            ':' if fields.len() < 5 => fields.push(String::new()),
            char => fields.last_mut()?.push(char),
        }
    }
    let [keys @ .., password] = fields.as_slice() else { return None };
    let fits = keys.len() == 4 && keys.iter().zip(wanted).all(|(key, wanted)| key == "*" || key == wanted);
    fits.then(|| password.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: Option<&str>, variables: &[(&str, &str)]) -> Result<Config, String> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        config(url, &variable)
    }

    #[test]
    fn variables_fill_what_the_string_leaves_open() {
        let both =
            read(Some("postgres://me@db.test/shop"), &[("PGUSER", "you"), ("PGPORT", "6000"), ("PGPASSWORD", "x")]);
        let both = both.expect("it is complete");
        assert_eq!((both.get_user(), both.get_dbname(), both.get_ports()), (Some("me"), Some("shop"), &[6000][..]));
        assert_eq!(both.get_password(), Some(&b"x"[..]));
        let alone = read(None, &[("PGHOST", "/run/pg"), ("USER", "me"), ("PGOPTIONS", "-c geqo=off")]).expect("enough");
        assert_eq!(
            (alone.get_user(), alone.get_dbname(), alone.get_options()),
            (Some("me"), Some("me"), Some("-c geqo=off"))
        );
        assert_eq!(alone.get_hosts(), [Host::Unix(PathBuf::from("/run/pg"))]);
    }

    #[test]
    fn a_password_is_taken_from_the_first_line_that_fits_and_never_told() {
        let check = |line: &str, expect: Option<&str>| {
            let wanted = ["db", "5432", "shop", "me"];
            assert_eq!(password(line, wanted).as_deref(), expect, "{line}");
        };
        check("db:5432:shop:me:a:b", Some("a:b"));
        check(r"*:*:*:me:a\:b\\c", Some(r"a:b\c"));
        check("db:5432:other:me:x", None);
        check("# db:5432:shop:me:x", None);
        check("db:5432:shop", None);
        for url in [
            "postgres://me:se%cret@db/shop?nonsense=se%cret",
            "host='secret password=secret",
            "postgres://me:secret@db:port/shop",
        ] {
            let words = read(Some(url), &[("USER", "me")]).expect_err("not a connection string");
            assert!(!words.contains("secret") && !words.contains("cret"), "{words}");
        }
    }
}
