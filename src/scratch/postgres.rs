//! An empty PostgreSQL of our own: found, started, spoken to, and gone again.
//!
//! [`find`] looks for the programs, [`cluster`] runs them in a private folder, [`session`] speaks the protocol;
//! [`schema`] makes the application's tables in it and [`statistics`] tells it what production's hold.
//!
//! The code base is untrusted, and a planner runs IMMUTABLE functions during a plain EXPLAIN. So there are two roles:
//! the admin, a superuser that sends statements of ours and nothing else, and the planner, which logs in without any
//! attribute and carries every byte that comes from the code base. A session never changes its role.

#[cfg(unix)]
mod ask;
#[cfg(unix)]
mod behind;
#[cfg(unix)]
pub mod cluster;
#[cfg(unix)]
mod collation;
#[cfg(unix)]
mod engine;
#[cfg(unix)]
pub mod find;
#[cfg(unix)]
mod indexes;
#[cfg(unix)]
mod kept;
#[cfg(unix)]
mod live;
#[cfg(unix)]
pub mod offered;
mod pages;
pub mod relations;
#[cfg(unix)]
mod rounds;
pub mod schema;
#[cfg(unix)]
mod script;
#[cfg(unix)]
mod server;
pub mod session;
mod size;
pub mod statistics;

#[cfg(unix)]
pub use engine::PostgresEngine;
#[cfg(unix)]
pub use server::Server;

/// Ends every server of ours and removes its folder, and drops what was made on a user's; nothing else is started from
/// then on. For the way out on a signal.
pub fn end_all() {
    #[cfg(unix)]
    live::end_all();
}
