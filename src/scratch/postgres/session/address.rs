//! Where a server of the user's is, and who asks: a connection string, the service file, the PG* variables and the
//! password file, as libpq reads them.
//!
//! Nothing here prints what it was given: a password may stand in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslMode, SslNegotiation, TargetSessionAttrs};

use super::conninfo::{self, Settings};
use super::tls::{Names, Tls, Trust};

/// How long a server may take to answer, unless `connect_timeout` says.
const PATIENCE: Duration = Duration::from_secs(10);
/// Folders that servers put their sockets into.
const SOCKETS: &[&str] = &["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// Variables and the settings they stand for.
const VARIABLES: &[(&str, &str)] = &[
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGOPTIONS", "options"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGSSLCRL", "sslcrl"),
    ("PGSSLCRLDIR", "sslcrldir"),
    ("PGSSLCERTMODE", "sslcertmode"),
    ("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
    ("PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"),
    ("PGREQUIREAUTH", "require_auth"),
    ("PGREQUIREPEER", "requirepeer"),
    ("PGGSSENCMODE", "gssencmode"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
];

/// A server, or several of which one will do.
#[derive(Clone)]
pub struct Address {
    /// What is tried, in order.
    pub(super) attempts: Vec<Attempt>,
    /// What may be the reason why a password is missing.
    pub(super) note: Option<&'static str>,
}

/// One way to one server.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// Whether it is only tried because the one before could not agree on TLS.
    pub(super) again: Again,
}

/// When an attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Whenever those before failed.
    Always,
    /// Where the one before failed for the want of TLS, or for having it.
    Otherwise,
}

/// Looks up what the user's surroundings hold.
type Set<'a> = dyn Fn(&str) -> Option<String> + 'a;

impl Address {
    /// Reads a connection string, and what it leaves open from the variables.
    ///
    /// # Errors
    /// What is wrong with it, without a word of it.
    pub fn read(text: Option<&str>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut settings = text.map_or_else(|| Ok(Settings::new()), conninfo::read)?;
        settings.retain(|_, value| !value.is_empty());
        if let Some(service) = settings.remove("service").or_else(|| set("PGSERVICE")) {
            lay_under(&mut settings, from_service(&service, &set)?);
        }
        let mut named = Settings::new();
        for (variable, name) in VARIABLES {
            if let Some(value) = set(variable) {
                conninfo::note(&mut named, name, value)
                    .map_err(|fault| format!("`{variable}` cannot be read: {fault}"))?;
            }
        }
        lay_under(&mut settings, named);
        Self::of(&settings, &set)
    }

    fn of(settings: &Settings, set: &Set<'_>) -> Result<Self, String> {
        let get = |name: &str| settings.get(name).map(String::as_str);
        let user = get("user").map(str::to_owned).or_else(|| set("USER")).ok_or("no user is named: set `PGUSER`")?;
        let mut common = Config::new();
        common.application_name("planlint").dbname(get("dbname").unwrap_or(&user)).user(user);
        if let Some(options) = get("options") {
            common.options(options);
        }
        let seconds =
            |text: &str| text.trim().parse().map_err(|_| "`connect_timeout` is no number of seconds".to_owned());
        let patience: Option<i64> = get("connect_timeout").map(seconds).transpose()?;
        let patience = patience.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
        common.connect_timeout(patience.map_or(PATIENCE, Duration::from_secs));
        common.target_session_attrs(match get("target_session_attrs") {
            Some("read-write" | "primary") => TargetSessionAttrs::ReadWrite,
            Some("read-only" | "standby") => TargetSessionAttrs::ReadOnly,
            _ => TargetSessionAttrs::Any,
        });
        common.channel_binding(match get("channel_binding") {
            Some("disable") => ChannelBinding::Disable,
            Some("require") => ChannelBinding::Require,
            _ => ChannelBinding::Prefer,
        });
        if get("sslnegotiation") == Some("direct") {
            common.ssl_negotiation(SslNegotiation::Direct);
        }
        let security = Security::of(settings, set)?;
        let file = Passwords::of(settings, set);
        let mut attempts = Vec::new();
        for place in places(settings)? {
            let mut config = common.clone();
            place.fill(&mut config);
            if let Some(password) = get("password").map(str::to_owned).or_else(|| file.find(&place, &config)) {
                config.password(password);
            }
            attempts.extend(security.attempts(&config, place.socket.is_some()));
        }
        let hidden = "its password file is not read, since others may read it too: `chmod 600` mends that";
        Ok(Self { attempts, note: file.open_to_others.then_some(hidden) })
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        self.attempts.first().and_then(|attempt| attempt.config.get_dbname()).unwrap_or_default()
    }

    /// The name of the role.
    pub fn user(&self) -> &str {
        self.attempts.first().and_then(|attempt| attempt.config.get_user()).unwrap_or_default()
    }

    /// The same, under this name of the session.
    pub(in crate::scratch::postgres) fn named(&self, session: &str) -> Self {
        self.with(&|config| {
            config.application_name(session);
        })
    }

    /// The same for another database, with these options behind the user's.
    pub(in crate::scratch::postgres) fn within(&self, database: &str, options: &str) -> Self {
        self.with(&|config| {
            let options = [config.get_options().unwrap_or_default(), options].join(" ").trim().to_owned();
            config.dbname(database).options(options);
        })
    }

    /// The same as another role.
    pub(in crate::scratch::postgres) fn as_role(&self, user: &str, password: &str) -> Self {
        self.with(&|config| {
            config.user(user).password(password);
        })
    }

    fn with(&self, change: &dyn Fn(&mut Config)) -> Self {
        let mut changed = self.clone();
        changed.attempts.iter_mut().for_each(|attempt| change(&mut attempt.config));
        changed
    }
}

/// Fills what is open.
fn lay_under(settings: &mut Settings, below: Settings) {
    for (name, value) in below {
        settings.entry(name).or_insert(value);
    }
}

/// The settings of a service, from the file that defines them.
fn from_service(service: &str, set: &Set<'_>) -> Result<Settings, String> {
    let home = || Some(PathBuf::from(set("HOME")?).join(".pg_service.conf"));
    let missing = "the service that is named is not defined in `~/.pg_service.conf` or `PGSERVICEFILE`";
    let file = set("PGSERVICEFILE").map(PathBuf::from).or_else(home).ok_or(missing)?;
    let text = std::fs::read_to_string(file).map_err(|_| missing)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let head = format!("[{service}]");
    let mut own = lines.skip_while(|line| *line != head).peekable();
    own.next().ok_or(missing)?;
    let mut settings = Settings::new();
    for line in own.take_while(|line| !line.starts_with('[')) {
        let (name, value) = line.split_once('=').ok_or("a line of the service file has no `=`")?;
        conninfo::note(&mut settings, name.trim(), value.trim().to_owned())
            .map_err(|fault| format!("the service file cannot be read: {fault}"))?;
    }
    settings.remove("service");
    Ok(settings)
}

/// Where one server listens.
struct Place {
    host: Option<String>,
    address: Option<std::net::IpAddr>,
    socket: Option<PathBuf>,
    port: u16,
}

/// The places of the settings: hosts, addresses and ports are lists of one length, or of one for all.
fn places(settings: &Settings) -> Result<Vec<Place>, String> {
    let list = |name: &str| -> Vec<&str> {
        settings.get(name).map(|text| text.split(',').map(str::trim).collect()).unwrap_or_default()
    };
    let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    let count = hosts.len().max(addresses.len()).max(1);
    let fits = |length: usize, one: bool| length == 0 || length == count || (one && length == 1);
    if !fits(hosts.len(), false) || !fits(addresses.len(), false) || !fits(ports.len(), true) {
        return Err("there are not as many ports or addresses as hosts".to_owned());
    }
    let place = |at: usize| {
        let port = ports.get(at).or(ports.first()).copied().filter(|port| !port.is_empty());
        let port = port.map_or(Ok(5432), str::parse).map_err(|_| "a port is no number".to_owned())?;
        let of = |list: &[&str]| list.get(at).copied().filter(|text| !text.is_empty()).map(str::to_owned);
        let address = of(&addresses).map(|text| text.parse()).transpose();
        let address = address.map_err(|_| "`hostaddr` is no address".to_owned())?;
        let host = of(&hosts);
        let socket = host.as_ref().filter(|host| host.starts_with('/')).map(PathBuf::from);
        let usual =
            || SOCKETS.iter().map(PathBuf::from).find(|folder| folder.join(format!(".s.PGSQL.{port}")).exists());
        let socket = socket.or_else(|| if host.is_none() && address.is_none() { usual() } else { None });
        Ok(Place { host, address, socket, port })
    };
    (0..count).map(place).collect()
}

impl Place {
    fn fill(&self, config: &mut Config) {
        config.port(self.port);
        if let Some(socket) = &self.socket {
            config.host_path(socket);
            return;
        }
        // The name is what a certificate is held against.
        let name = || self.address.map_or("localhost".to_owned(), |address| address.to_string());
        config.host(self.host.clone().unwrap_or_else(name));
        if let Some(address) = self.address {
            config.hostaddr(address);
        }
    }
}

/// What `sslmode` and the files beside it ask for.
struct Security {
    modes: &'static [SslMode],
    tls: Tls,
}

impl Security {
    fn of(settings: &Settings, set: &Set<'_>) -> Result<Self, String> {
        let home = |name: &str| {
            let file = PathBuf::from(set("HOME")?).join(".postgresql").join(name);
            file.exists().then_some(file)
        };
        let file = |name: &str| settings.get(name).map(PathBuf::from);
        let named = settings.get("sslrootcert").map(String::as_str);
        let mode = settings.get("sslmode").map(String::as_str);
        let mode = mode.unwrap_or(if named == Some("system") { "verify-full" } else { "prefer" });
        let modes: &[SslMode] = match mode {
            "disable" => &[SslMode::Disable],
            "allow" => &[SslMode::Disable, SslMode::Require],
            "prefer" => &[SslMode::Prefer, SslMode::Disable],
            "require" | "verify-ca" | "verify-full" => &[SslMode::Require],
            _ => return Err("`sslmode` is none of disable, allow, prefer, require, verify-ca, verify-full".to_owned()),
        };
        let names = if mode == "verify-full" { Names::Checked } else { Names::Unchecked };
        let roots = file("sslrootcert").or_else(|| home("root.crt"));
        let trust = match (mode, named, roots) {
            ("disable", ..) => Trust::Anybody,
            ("verify-full", Some("system"), _) | ("verify-full", None, None) => Trust::System,
            (_, Some("system"), _) => return Err("`sslrootcert=system` needs `sslmode=verify-full`".to_owned()),
            ("verify-ca", None, None) => return Err("`sslmode=verify-ca` needs `sslrootcert`".to_owned()),
            (.., Some(file)) => Trust::File(file, names),
            (.., None) => Trust::Anybody,
        };
        let own =
            file("sslcert").or_else(|| home("postgresql.crt")).zip(file("sslkey").or_else(|| home("postgresql.key")));
        let own = own.filter(|_| mode != "disable");
        let tls = Tls::new(&trust, own.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path())))?;
        Ok(Self { modes, tls })
    }

    fn attempts(&self, config: &Config, is_local: bool) -> Vec<Attempt> {
        // A socket of this machine is not overheard.
        let modes = if is_local { &[SslMode::Disable] } else { self.modes };
        let attempt = |(number, mode): (usize, &SslMode)| {
            let mut config = config.clone();
            config.ssl_mode(*mode);
            if *mode != SslMode::Require {
                config.ssl_negotiation(SslNegotiation::Postgres);
            }
            let again = if number == 0 { Again::Always } else { Again::Otherwise };
            Attempt { config, tls: self.tls.clone(), again }
        };
        modes.iter().enumerate().map(attempt).collect()
    }
}

/// The password file: lines `host:port:database:user:password`.
struct Passwords {
    text: String,
    open_to_others: bool,
}

impl Passwords {
    fn of(settings: &Settings, set: &Set<'_>) -> Self {
        let home = || Some(PathBuf::from(set("HOME")?).join(".pgpass"));
        let file = settings.get("passfile").map(PathBuf::from).or_else(home);
        let open_to_others = file.as_deref().is_some_and(is_open_to_others);
        let text = file.filter(|_| !open_to_others).and_then(|file| std::fs::read_to_string(file).ok());
        Self { text: text.unwrap_or_default(), open_to_others }
    }

    fn find(&self, place: &Place, config: &Config) -> Option<String> {
        let host = match (&place.host, place.address, config.get_hosts().first()?) {
            (Some(host), ..) => host.clone(),
            (None, Some(address), _) => address.to_string(),
            (None, None, Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            (None, None, Host::Unix(_)) => "localhost".to_owned(),
        };
        let port = place.port.to_string();
        let wanted = [&host, &port, config.get_dbname()?, config.get_user()?];
        self.text.lines().find_map(|line| password(line, wanted))
    }
}

/// Says whether libpq would refuse to believe a file of secrets.
#[cfg(unix)]
fn is_open_to_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|seen| seen.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
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
mod tests;
