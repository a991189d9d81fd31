//! One running server for several engines: each gets a database of its own, which goes with it.
//!
//! Starting a server takes ten times as long as making a database in one. Whoever has many schemas to plan for starts a
//! [`Server`] and keeps it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cluster::{Choice, Cluster, DATABASE};
use super::session::Session;
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

    /// Its server.
    pub(super) fn cluster(&self) -> &Cluster {
        match self {
            Self::Own(cluster) => cluster,
            Self::Shared { server, .. } => &server.cluster,
        }
    }

    /// The name of the database.
    pub(super) fn database(&self) -> &str {
        match self {
            Self::Own(_) => DATABASE,
            Self::Shared { database, .. } => database,
        }
    }

    /// The folder of the server's files.
    pub(super) fn data_dir(&self) -> &Path {
        self.cluster().data_dir()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Self::Shared { server, database } = self {
            server.left().push(std::mem::take(database));
        }
    }
}
