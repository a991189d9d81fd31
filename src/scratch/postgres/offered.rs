//! A server that the user offers: looked at, given a database of our own, and left as it was found.
//!
//! What is ours bears a name that nobody guesses, and the name of the session that keeps it while the run lives; what has
//! the form of such a name, and neither that session nor any other, is what a killed run left, and is dropped by the
//! next one. What belongs to others is counted, never read.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::collation::Collation;
use super::find::MAJORS;
use super::live::{Kept, Mortal};
use super::session::{Address, Session, SqlError, unguessable};
use crate::engine::ScratchError;

/// The address of a server, and whose it is.
#[derive(Clone)]
pub struct Offer {
    /// Where it is, and as whom it is spoken to.
    pub address: Address,
    /// What may be done to it.
    pub ownership: Ownership,
    /// How long a statement of the code base may take.
    pub statement_timeout: Duration,
    /// Production's collation as the file of statistics names it (`icu en-US`), if it is known.
    pub collation: Option<String>,
}

/// What may be done to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It is a throw-away: its files may be changed, whatever else is on it.
    Ours,
    /// It is not said to be one: it must look unused, and only our own database is touched.
    Unsaid,
}

/// How far the plans of a server can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Tables look as large as production's: what it plans and prices, production would.
    Costs,
    /// Tables are empty: it shows what an index can serve, by another role.
    Structure,
    /// The same, by the role that was offered: nothing that could run is made of the schema.
    Tables,
}

/// What every name of ours begins with; 32 hexadecimal digits follow.
const PREFIX: &str = "planlint_";
/// Connections to a database of ours: another mark of it.
const CONNECTIONS: u32 = 9;
/// How long the way out may take on a signal.
const GRACE: Duration = Duration::from_secs(5);

/// How long a client may take to go: so often, so long.
const MOMENTS: u32 = 5;
const MOMENT: Duration = Duration::from_millis(100);

/// A database of our own on a server of the user's; it is dropped with this.
pub(super) struct Offered {
    held: Kept<Held>,
    /// Its session tells others that the database is in use.
    _keeper: Session,
    /// What the planner logs in with, where it is a role of its own.
    password: Option<String>,
    /// The server's version as it prints it.
    pub(super) version: String,
    pub(super) timeout: Duration,
    /// Whether the role that was offered is a superuser.
    pub(super) is_superuser: bool,
    pub(super) reach: Reach,
}

/// What is to be dropped.
struct Held {
    address: Address,
    name: String,
    /// Nothing is made any more.
    over: Mutex<bool>,
}

/// What a server says of itself.
struct Look {
    version: String,
    number: u32,
    is_superuser: bool,
    makes_databases: bool,
    makes_roles: bool,
}

impl Offered {
    /// Looks at the server and makes a database there.
    ///
    /// # Errors
    /// When it does not answer, may not be used, or refuses.
    pub(super) fn take(offer: &Offer) -> Result<Self, ScratchError> {
        let name = name()?;
        let keeper = offer.address.named(&format!("planlint {name}"));
        let (mut keeper, address) = Session::connect(&keeper).map_err(|error| unanswered(&error))?;
        let look = Look::at(&mut keeper)?;
        look.refuse(&address)?;
        if offer.ownership == Ownership::Unsaid {
            refuse_in_use(&mut keeper, &address)?;
        }
        sweep(&mut keeper).map_err(|error| refused(&error))?;
        let held = Kept::new(|| Ok(Held { address, name, over: Mutex::new(false) }))?;
        let reach = match (offer.ownership, look.is_superuser, look.makes_roles) {
            (Ownership::Ours, true, _) => Reach::Costs,
            (_, true, _) | (_, _, true) => Reach::Structure,
            _ => Reach::Tables,
        };
        let major = look.number / 10_000;
        let (version, timeout) = (look.version, offer.statement_timeout);
        let is_superuser = look.is_superuser;
        let mut offered = Self { held, _keeper: keeper, password: None, version, timeout, is_superuser, reach };
        let collation = offer.collation.as_deref().and_then(Collation::read);
        offered.make(
            collation.filter(|collation| collation.is_known_to(major)).map(|collation| collation.clause(major)),
        )?;
        Ok(offered)
    }

    /// Makes the database, under a collation if the server has it.
    fn make(&mut self, collation: Option<String>) -> Result<(), ScratchError> {
        let Self { held, _keeper: keeper, .. } = self;
        let over = held.over.lock().unwrap_or_else(PoisonError::into_inner);
        if *over {
            return Err(ScratchError::Engine("the run is over".to_owned()));
        }
        let name = &held.name;
        let mut run = |sql: &str| keeper.run(sql).map_err(|error| refused(&error));
        if self.reach != Reach::Tables {
            let password = hexadecimal(16)?;
            run(&format!("CREATE ROLE {name} LOGIN NOINHERIT PASSWORD '{password}'"))?;
            if !self.is_superuser {
                run(&format!("GRANT {name} TO CURRENT_USER"))?;
            }
            self.password = Some(password);
        }
        let make = format!("CREATE DATABASE {name} TEMPLATE template0 CONNECTION LIMIT {CONNECTIONS}");
        // Not every locale has an encoding of its own that holds all letters.
        let forms = collation.map(|collation| format!("{make} ENCODING 'UTF8' {collation}"));
        let forms = forms.into_iter().chain([format!("{make} ENCODING 'UTF8'"), make.clone()]);
        let mut made = Ok(());
        for form in forms {
            made = run(&form);
            if made.is_ok() {
                break;
            }
        }
        made?;
        if self.password.is_some() {
            run(&format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"))?;
            run(&format!("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {name} TO {name}"))?;
        }
        if self.reach == Reach::Costs {
            // The pages that are written have no checksums, which servers may keep.
            run(&format!("ALTER ROLE {name} SET ignore_checksum_failure = on"))?;
        }
        drop(over);
        if self.password.is_some() {
            let own = self.admin(self.database())?.run(&format!("ALTER SCHEMA public OWNER TO {}", self.held.name));
            // Before version 15 it is a superuser's, and open to everybody.
            own.or_else(|error| if error.is_lost() { Err(refused(&error)) } else { Ok(()) })?;
        }
        Ok(())
    }

    /// The name of the database, and of the role.
    pub(super) fn database(&self) -> &str {
        &self.held.name
    }

    /// Opens a session for statements of ours.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn admin(&self, database: &str) -> Result<Session, ScratchError> {
        let address = self.held.address.within(database, "-c search_path=pg_catalog,pg_temp");
        Session::connect(&address).map(|(session, _)| session).map_err(|error| unanswered(&error))
    }

    /// Opens a session for statements of the code base.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn planner(&self, database: &str) -> Result<Session, ScratchError> {
        let limit = self.timeout.as_millis();
        let options = format!("-c statement_timeout={limit} -c lock_timeout={limit}");
        let mut address = self.held.address.within(database, &options);
        if let Some(password) = &self.password {
            address = address.as_role(&self.held.name, password);
        }
        let session = Session::connect(&address).map_err(|error| ScratchError::Start {
            message: format!("the server does not let the role in that planlint made for the code base: {error}"),
            help: "let roles whose names begin with `planlint_` log in with a password (`pg_hba.conf`)".to_owned(),
        });
        session.map(|(session, _)| session.within(self.timeout))
    }
}

impl Mortal for Held {
    /// Drops what was made, by a session of its own: the others may be in the middle of something.
    fn end(&self) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *over, true) {
            return;
        }
        let Ok((session, _)) = Session::connect(&self.address) else { return };
        let mut session = session.within(GRACE);
        let name = &self.name;
        let others = format!(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = '{name}'"
        );
        // A database that is being made cannot be dropped yet.
        for _ in 0..20 {
            let _ = session.run(&others);
            let _ = session.run(&format!("DROP DATABASE IF EXISTS {name}"));
            if session.run(&format!("DROP ROLE IF EXISTS {name}")).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

const LOOK: &str = "SELECT pg_catalog.current_setting('server_version'), \
                    pg_catalog.current_setting('server_version_num'), \
                    rolsuper, rolcreatedb, rolcreaterole, pg_catalog.pg_is_in_recovery() \
                    FROM pg_catalog.pg_roles WHERE rolname = current_user";

impl Look {
    fn at(session: &mut Session) -> Result<Self, ScratchError> {
        let rows = session.rows(LOOK).map_err(|error| refused(&error))?;
        let row = rows.into_iter().next().unwrap_or_default();
        let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let says = |at: usize| text(at) == "t";
        if says(5) {
            return Err(unfit("the server is a standby, on which nothing can be made", OTHER));
        }
        Ok(Self {
            // Distributions add their own words.
            version: text(0).split_whitespace().next().unwrap_or_default().to_owned(),
            number: text(1).parse().unwrap_or(0),
            is_superuser: says(2),
            makes_databases: says(2) || says(3),
            makes_roles: says(2) || says(4),
        })
    }

    fn refuse(&self, address: &Address) -> Result<(), ScratchError> {
        let major = self.number / 10_000;
        if !MAJORS.contains(&major) {
            let known = format!("{} to {} are known", MAJORS.start(), MAJORS.end());
            return Err(unfit(&format!("the server is PostgreSQL {}; {known}", self.version), OTHER));
        }
        if !self.makes_databases {
            let user = address.user();
            let help = format!("let it: `ALTER ROLE {user} CREATEDB`");
            return Err(unfit(&format!("the role `{user}` may not make a database of its own"), &help));
        }
        Ok(())
    }
}

const OTHER: &str = "offer another one, for example `docker run --rm -e POSTGRES_PASSWORD=… -p 5432:5432 postgres`";
const THROW_AWAY: &str = "offer a server that nobody uses; if this is one, say so with `--scratch-owned`";

/// Other people's sessions, by what everybody may see of them.
const CLIENTS: &str = "SELECT count(*) FROM pg_catalog.pg_stat_activity \
                       WHERE pid <> pg_catalog.pg_backend_pid() AND datid IS NOT NULL \
                       AND coalesce(backend_type, 'client backend') = 'client backend' \
                       AND coalesce(application_name, '') !~ '^planlint planlint_[0-9a-f]{32}$'";

const DATABASES: &str = "SELECT datname, datname = current_database() FROM pg_catalog.pg_database \
                         WHERE datallowconn AND datname !~ '^planlint_[0-9a-f]{32}$' ORDER BY 2 DESC, 1";

const TABLES: &str = "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                      WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT LIKE 'pg\\_%' \
                      AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
                      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')";

/// Refuses a server that looks like somebody's: with tables in any database, or with other clients.
fn refuse_in_use(keeper: &mut Session, address: &Address) -> Result<(), ScratchError> {
    let mut clients = count(keeper, CLIENTS)?;
    // One that has just gone, such as a check of the server's health, is still seen for a moment.
    for _ in 0..MOMENTS {
        if clients == 0 {
            break;
        }
        std::thread::sleep(MOMENT);
        clients = count(keeper, CLIENTS)?;
    }
    if clients > 0 {
        let others = if clients == 1 { "another client is".to_owned() } else { format!("{clients} other clients are") };
        return Err(unfit(&format!("the server looks like one in use: {others} connected"), THROW_AWAY));
    }
    let databases = keeper.rows(DATABASES).map_err(|error| refused(&error))?;
    for name in databases.into_iter().filter_map(|mut row| row.swap_remove(0)) {
        let unseen = |error: SqlError| {
            unfit(
                &format!(
                    "whether the server is in use cannot be told: the database `{name}` cannot be looked at: {error}"
                ),
                THROW_AWAY,
            )
        };
        let mut session = Session::connect(&address.within(&name, "")).map_err(unseen)?.0;
        let tables = count(&mut session, TABLES)?;
        if tables > 0 {
            let tables = if tables == 1 { "a table".to_owned() } else { format!("{tables} tables") };
            return Err(unfit(
                &format!("the server looks like one in use: its database `{name}` has {tables}"),
                THROW_AWAY,
            ));
        }
    }
    Ok(())
}

fn count(session: &mut Session, sql: &str) -> Result<u64, ScratchError> {
    let rows = session.rows(sql).map_err(|error| refused(&error))?;
    Ok(rows.first().and_then(|row| row.first()?.as_ref()?.parse().ok()).unwrap_or(u64::MAX))
}

/// What has the form of ours and nobody who keeps it.
const LEFT: &str = "SELECT o.name, o.is_role FROM (\
                    SELECT datname AS name, false AS is_role FROM pg_catalog.pg_database \
                    WHERE datconnlimit = {} AND pg_catalog.pg_has_role(datdba, 'USAGE') \
                    UNION ALL SELECT rolname, true FROM pg_catalog.pg_roles WHERE NOT rolsuper) o \
                    WHERE o.name ~ '^planlint_[0-9a-f]{32}$' AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a \
                    WHERE a.datname = o.name OR a.usename = o.name OR a.application_name = 'planlint ' || o.name) \
                    ORDER BY o.is_role, o.name";

/// Drops what killed runs left.
fn sweep(keeper: &mut Session) -> Result<(), SqlError> {
    let left = keeper.rows(&LEFT.replacen("{}", &CONNECTIONS.to_string(), 1))?;
    for row in left {
        let [Some(name), Some(is_role)] = row.as_slice() else { continue };
        let kind = if is_role == "t" { "ROLE" } else { "DATABASE" };
        match keeper.run(&format!("DROP {kind} IF EXISTS {name}")) {
            Err(error) if error.is_lost() => return Err(error),
            // Another run may be at it as well, or it is another user's.
            _ => {}
        }
    }
    Ok(())
}

fn name() -> Result<String, ScratchError> {
    Ok(format!("{PREFIX}{}", hexadecimal(16)?))
}

/// So many bytes that nobody guesses.
fn hexadecimal(count: usize) -> Result<String, ScratchError> {
    let mut bytes = vec![0; count];
    unguessable(&mut bytes).map_err(ScratchError::Engine)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// No session could be had.
fn unanswered(error: &SqlError) -> ScratchError {
    ScratchError::Start {
        message: format!("the server that `--scratch-url` names cannot be asked: {error}"),
        help: "type `--scratch-url postgres://USER@HOST/NAME`; the PG* variables and `~/.pgpass` say the rest"
            .to_owned(),
    }
}

/// The server does not do as it is asked.
fn refused(error: &SqlError) -> ScratchError {
    unfit(&format!("the server that `--scratch-url` names refuses: {error}"), OTHER)
}

fn unfit(message: &str, help: &str) -> ScratchError {
    ScratchError::Start { message: message.to_owned(), help: help.to_owned() }
}
