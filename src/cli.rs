//! The command line: its options, the commands, the exit status.
//!
//! Finds the configuration, opens the tree, calls [`crate::run`] and hands the report to [`crate::report`]. Decides
//! nothing about SQL. Exit: 0 clean, 1 findings, 2 the check could not be made, 101 a bug.

mod advise;
mod check;
mod config;
mod options;
mod output;
mod project;
mod queries;
mod rule;
mod rules;
mod schema;
mod settings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use miette::{Diagnostic, Report};

/// Exit status 2: the check could not be made.
pub(crate) const UNUSABLE: u8 = 2;

/// Finds the queries that miss an index, and proves the index that helps, without a database.
#[derive(Debug, Parser)]
#[command(name = "planlint", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reports the queries that miss an index, with proof and DDL
    Check(check::Options),
    /// Prints the smallest index set for the whole workload as DDL
    Advise(advise::Options),
    /// Prints what was extracted: SQL, access patterns, place
    Queries(queries::Options),
    /// Prints the schema as DDL, with the place each object came from
    Schema(schema::Options),
    /// Lists the rules
    Rules(rules::Options),
    /// Prints the settings in force, and where each was set
    Config(config::Options),
    /// Prints the page of one rule
    Rule(rule::Options),
}

/// Runs the command line and returns the exit status.
pub fn main() -> ExitCode {
    report_bugs();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(wrong) => {
            // Help and version are answers, everything else is a wrong command line; clap knows which stream is right.
            let status = if wrong.use_stderr() { UNUSABLE } else { 0 };
            return if wrong.print().is_ok() { ExitCode::from(status) } else { ExitCode::SUCCESS };
        }
    };
    match run(cli.command) {
        Ok(status) => ExitCode::from(status),
        Err(Stop::Broken) => ExitCode::SUCCESS,
        Err(Stop::Error(error)) => {
            output::complain(&error);
            ExitCode::from(UNUSABLE)
        }
    }
}

fn run(command: Command) -> Result<u8, Stop> {
    match command {
        Command::Check(options) => check::run(&options),
        Command::Advise(options) => advise::run(&options),
        Command::Queries(options) => queries::run(&options),
        Command::Schema(options) => schema::run(&options),
        Command::Rules(options) => rules::run(&options),
        Command::Config(options) => config::run(&options),
        Command::Rule(options) => rule::run(&options),
    }
}

/// Why a command ends early.
pub(crate) enum Stop {
    /// Whoever read our output went away: not an error.
    Broken,
    /// Something the user can mend.
    Error(Report),
}

impl<E: Diagnostic + Send + Sync + 'static> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(Report::new(error))
    }
}

/// A panic is a bug of ours: say so and where to report it; the status of a panic is 101 by itself.
fn report_bugs() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        default(panic);
        eprintln!(
            "planlint: this is a bug in planlint {}; please report it with the lines above and the input that caused it",
            env!("CARGO_PKG_VERSION")
        );
    }));
}
