//! One running server for several engines: each gets a database of its own, which goes with it.
//!
//! Starting a server takes ten times as long as making a database in one. Whoever has many schemas to plan for starts a
//! [`Server`] and keeps it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::behind;
use super::cluster::{Choice, Cluster, DATABASE};
use super::offered::{Offered, Reach};
use super::session::Session;
use super::statistics::Inflation;
use crate::engine::ScratchError;

/// A running server that engines share.
pub struct Server {
    /// Nobody else is connected to the database that the others are copies of.
    admin: Mutex<Session>,
    cluster: Cluster,
    made: AtomicU32,
    /// Databases that nobody uses any more: dropped once their sessions have ended, which nobody waits for.
    left: Mutex<Vec<String>>,
}

/// Where an engine's database is.
pub(super) enum Home {
    /// In a server of its own, which has no other.
    Own(Cluster),
    /// In a server that has others as well.
    Shared {
        /// The server.
        server: Arc<Server>,
        /// The database's name.
        database: String,
    },
    /// In a server of the user's.
    Offered(Offered),
}

impl Server {
    /// Starts a server.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(choice: &Choice) -> Result<Self, ScratchError> {
        let cluster = Cluster::start(choice)?;
        Ok(Self {
            admin: Mutex::new(cluster.admin(DATABASE)?),
            cluster,
            made: AtomicU32::new(0),
            left: Mutex::default(),
        })
    }

    /// Makes an empty database and returns its name.
    fn make(&self) -> Result<String, ScratchError> {
        let mut admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
        let force = if self.major() >= 13 { " WITH (FORCE)" } else { "" };
        for database in self.left().drain(..) {
            // What cannot be dropped goes with the server.
            let _ = admin.run(&format!("DROP DATABASE {database}{force}"));
        }
        let database = format!("lane_{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.cluster.clone_database(&mut admin, &database, DATABASE)?;
        Ok(database)
    }

    /// Returns the major version of its programs.
    pub fn major(&self) -> u32 {
        self.cluster.binaries().version.major
    }

    fn left(&self) -> MutexGuard<'_, Vec<String>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Home {
    /// An empty database in a server that runs already.
    ///
    /// # Errors
    /// When the server refuses.
    pub(super) fn within(server: &Arc<Server>) -> Result<Self, ScratchError> {
        Ok(Self::Shared { server: server.clone(), database: server.make()? })
    }

    /// The name of its first database.
    pub(super) fn first(&self) -> String {
        match self {
            Self::Own(_) => DATABASE.to_owned(),
            Self::Shared { database, .. } => database.clone(),
            Self::Offered(offered) => offered.database().to_owned(),
        }
    }

    /// Says whether the first database may be copied: elsewhere, others pay for the room and the time.
    pub(super) fn is_copied(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// Makes a copy of the first database, which nobody is connected to, and returns its name.
    ///
    /// # Errors
    /// When the server refuses.
    pub(super) fn copy(&self, number: usize) -> Result<String, ScratchError> {
        let name = format!("lane_{number}");
        match self {
            Self::Own(cluster) => cluster.clone_database(&mut cluster.admin(DATABASE)?, &name, DATABASE)?,
            Self::Shared { .. } | Self::Offered(_) => return Err(failed(&"the database may not be copied")),
        }
        Ok(name)
    }

    /// Opens a session for statements of ours.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn admin(&self, database: &str) -> Result<Session, ScratchError> {
        match self {
            Self::Own(cluster) => cluster.admin(database),
            Self::Shared { server, .. } => server.cluster.admin(database),
            Self::Offered(offered) => offered.admin(database),
        }
    }

    /// Opens a session for statements of the code base.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn planner(&self, database: &str) -> Result<Session, ScratchError> {
        match self {
            Self::Own(cluster) => cluster.planner(database),
            Self::Shared { server, .. } => server.cluster.planner(database),
            Self::Offered(offered) => offered.planner(database),
        }
    }

    /// The server's version.
    pub(super) fn version(&self) -> String {
        match self {
            Self::Own(cluster) => cluster.binaries().version.to_string(),
            Self::Shared { server, .. } => server.cluster.binaries().version.to_string(),
            Self::Offered(offered) => offered.version.clone(),
        }
    }

    /// How far its plans can be believed.
    pub(super) fn reach(&self) -> Reach {
        match self {
            Self::Own(_) | Self::Shared { .. } => Reach::Costs,
            Self::Offered(offered) => offered.reach,
        }
    }

    /// Says whether a session for statements of ours may hide indexes from the planner.
    pub(super) fn may_hide(&self) -> bool {
        match self {
            Self::Own(_) | Self::Shared { .. } => true,
            Self::Offered(offered) => offered.is_superuser,
        }
    }

    /// How long a statement of the code base may take.
    pub(super) fn statement_timeout(&self) -> Duration {
        match self {
            Self::Own(cluster) => cluster.statement_timeout(),
            Self::Shared { server, .. } => server.cluster.statement_timeout(),
            Self::Offered(offered) => offered.timeout,
        }
    }

    /// Makes files as large as they are to be.
    ///
    /// # Errors
    /// When a file cannot be changed.
    pub(super) fn write(&self, admin: &mut Session, files: &[Inflation]) -> Result<(), ScratchError> {
        match self.data_dir() {
            Some(folder) => files.iter().try_for_each(|one| one.write(folder)).map_err(|error| failed(&error)),
            None => behind::write(admin, files).map_err(|error| failed(&error)),
        }
    }

    /// Takes the length of files away again, so that an index can be created on a table without a scan of its holes.
    ///
    /// # Errors
    /// When a file cannot be changed.
    pub(super) fn empty(&self, admin: &mut Session, files: &[&Inflation]) -> Result<(), ScratchError> {
        match self.data_dir() {
            Some(folder) => files.iter().try_for_each(|one| one.empty(folder)).map_err(|error| failed(&error)),
            None => behind::empty(admin, files).map_err(|error| failed(&error)),
        }
    }

    /// The folder of the server's files, where they can be reached.
    fn data_dir(&self) -> Option<&Path> {
        match self {
            Self::Own(cluster) => Some(cluster.data_dir()),
            Self::Shared { server, .. } => Some(server.cluster.data_dir()),
            Self::Offered(_) => None,
        }
    }
}

fn failed(error: &dyn std::fmt::Display) -> ScratchError {
    ScratchError::Engine(error.to_string())
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Self::Shared { server, database } = self {
            server.left().push(std::mem::take(database));
        }
    }
}
