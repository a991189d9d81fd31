//! A server as users have them: on the network, with passwords and TLS, with databases of other people.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use planlint::scratch::postgres::cluster::Servant;
use planlint::scratch::postgres::find::Binaries;
use planlint::scratch::postgres::session::{Address, Session};
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use tempfile::TempDir;

/// The password of every role.
pub const SECRET: &str = "hunter2 is/secret";

/// Who may come in how.
const RULES: &str = "
local   all boss              trust
hostssl all tls_only  127.0.0.1/32 scram-sha-256
hostnossl all tls_only 127.0.0.1/32 reject
hostssl all certified 127.0.0.1/32 cert
host    all all       127.0.0.1/32 scram-sha-256
";

/// A running server, whose superuser is `boss`; it ends when it is dropped.
pub struct Server {
    pub folder: TempDir,
    pub port: u16,
    child: Child,
}

impl Server {
    pub fn start(binaries: &Binaries) -> Self {
        let folder = tempfile::Builder::new().prefix("pl").tempdir_in("/tmp").expect("a folder");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("permissions");
        let home = folder.path().join("server");
        fs::create_dir(&home).expect("a folder");
        certify(folder.path(), &home);
        fs::write(home.join("password"), SECRET).expect("a file");
        give(&home);
        let data = home.join("data");
        let mut initdb = as_nobody(&binaries.program("initdb"));
        initdb.arg("-D").arg(&data).args(["-U", "boss", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"]);
        let made = initdb.arg(format!("--pwfile={}", home.join("password").display())).output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::write(data.join("pg_hba.conf"), RULES).expect("a file");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let mut server = as_nobody(&binaries.program("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(&home).args(["-p", &port.to_string()]);
        let tls = |name: &str| format!("{}={}", name, home.join(name).display());
        for setting in ["listen_addresses=127.0.0.1", "fsync=off", "ssl=on", "dynamic_shared_memory_type=mmap"] {
            server.args(["-c", setting]);
        }
        for name in ["ssl_cert_file", "ssl_key_file", "ssl_ca_file"] {
            server.args(["-c", &tls(name)]);
        }
        let child = server.spawn().expect("it starts");
        let server = Self { folder, port, child };
        server.run(
            "CREATE ROLE tls_only LOGIN PASSWORD 'hunter2 is/secret'; CREATE ROLE certified LOGIN;
             CREATE ROLE nobody LOGIN PASSWORD 'hunter2 is/secret';
             CREATE ROLE maker LOGIN CREATEDB PASSWORD 'hunter2 is/secret';
             CREATE ROLE chief LOGIN CREATEDB CREATEROLE PASSWORD 'hunter2 is/secret'",
        );
        server
    }

    /// Runs statements as the superuser.
    pub fn run(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.session("postgres").rows(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// A session of the superuser, which others see.
    pub fn session(&self, database: &str) -> Session {
        let text = format!("host={} port={} user=boss dbname={database}", self.path("server").display(), self.port);
        let address = Address::read(Some(&text), &|_| None).expect("an address");
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            match Session::connect(&address) {
                Ok((session, _)) => return session,
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A connection string.
    pub fn url(&self, user: &str, password: &str) -> String {
        let password = password.replace(' ', "%20").replace('/', "%2F");
        format!("postgres://{user}:{password}@127.0.0.1:{}/postgres", self.port)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What of ours is on it.
    pub fn left(&self) -> Vec<String> {
        let names = "SELECT datname FROM pg_database WHERE datname ~ '^planlint' \
                     UNION ALL SELECT rolname FROM pg_roles WHERE rolname ~ '^planlint'";
        self.run(names).into_iter().flatten().flatten().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// A program that is not run as root, which the server refuses.
fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env_clear().env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null());
    if let Some(servant) = Servant::needed() {
        command.uid(servant.uid).gid(servant.gid);
    }
    command
}

/// Gives a folder and what is in it to whom the server runs as.
fn give(folder: &Path) {
    let Some(servant) = Servant::needed() else { return };
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    for path in entries.chain([folder.to_path_buf()]) {
        chown(path, Some(servant.uid), Some(servant.gid)).expect("it is given");
    }
}

/// Writes certificates: the server's, signed by itself, for `localhost`; one of a client, and of somebody else.
fn certify(folder: &Path, home: &Path) {
    let write = |path: PathBuf, text: &str| {
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("permissions");
    };
    let make = |name: &str| {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(vec![name.to_owned()]).expect("names").self_signed(&key);
        (certificate.expect("a certificate"), key)
    };
    let (server, key) = make("localhost");
    write(home.join("ssl_cert_file"), &server.pem());
    write(home.join("ssl_key_file"), &key.serialize_pem());
    write(folder.join("root.crt"), &server.pem());
    write(folder.join("other.crt"), &make("localhost").0.pem());
    let (mut authority, own) = (CertificateParams::default(), KeyPair::generate().expect("a key"));
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "authority");
    write(home.join("ssl_ca_file"), &authority.self_signed(&own).expect("a certificate").pem());
    let issuer = Issuer::new(authority, own);
    let (mut client, key) = (CertificateParams::default(), KeyPair::generate().expect("a key"));
    client.distinguished_name.push(DnType::CommonName, "certified");
    write(folder.join("client.crt"), &client.signed_by(&key, &issuer).expect("a certificate").pem());
    write(folder.join("client.key"), &key.serialize_pem());
}
