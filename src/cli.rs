//! The command line: its options, the commands, the exit status.
//!
//! Finds the configuration, opens the tree, calls [`crate::run`] and hands the report to [`crate::report`]. Decides
//! nothing about SQL. Exit: 0 clean, 1 findings, 2 the check could not be made, 101 a bug.

mod advise;
mod bug;
mod check;
mod completions;
mod config;
mod explain;
mod interrupt;
mod options;
mod output;
mod progress;
mod project;
mod queries;
mod rule;
mod rules;
mod schema;
mod settings;
mod stats;
mod terminal;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};
use miette::{Diagnostic, Report};

/// Exit status 2: the check could not be made.
pub(crate) const UNUSABLE: u8 = 2;

/// Finds the queries that miss an index, and proves the index that helps, without a database.
#[derive(Debug, Parser)]
#[command(
    name = "planlint",
    version,
    about,
    max_term_width = 100,
    after_long_help = "\
Examples:
  planlint check
  planlint check --output text --output json=planlint.json
  planlint advise > migrations/0042_indexes.sql
  planlint rule missing-index

Exit status: 0 clean, 1 findings, 2 the check could not be made, 101 a bug in planlint"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colours; `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb` are obeyed
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    color: terminal::When,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reports the queries that miss an index, with proof and DDL
    Check(check::Options),
    /// Prints the smallest index set for the whole workload as DDL
    Advise(advise::Options),
    /// Prints a query's plan before and after, and what was tried for it
    Explain(explain::Options),
    /// Prints what was extracted: SQL, access patterns, place
    Queries(queries::Options),
    /// Prints the schema as DDL, with the place each object came from
    Schema(schema::Options),
    /// Reads what a database knows of its data
    Stats(stats::Options),
    /// Lists the rules
    Rules(rules::Options),
    /// Prints the settings in force, and where each was set
    Config(config::Options),
    /// Prints the page of one rule
    Rule(rule::Options),
    /// Prints a script that completes commands and options in a shell
    Completions(completions::Options),
}

/// Runs the command line and returns the exit status.
pub fn main() -> ExitCode {
    bug::report_panics();
    interrupt::end_on_signals();
    let ended = match parse() {
        Ok(cli) => {
            terminal::choose(cli.color);
            run(cli.command)
        }
        Err(answer) => answered(answer),
    };
    match ended {
        Ok(status) => ExitCode::from(status),
        Err(Stop::Broken) => ExitCode::SUCCESS,
        Err(Stop::Error(error)) => {
            output::complain(&error);
            ExitCode::from(UNUSABLE)
        }
    }
}

fn parse() -> Result<Cli, clap::Error> {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let matches = Cli::command().color(colour_of_help(&typed)).try_get_matches_from(typed)?;
    Cli::from_arg_matches(&matches)
}

/// What `--color` says: clap's own answers come before it is read.
fn colour_of_help(typed: &[OsString]) -> ColorChoice {
    let words = typed.iter().take_while(|word| *word != "--").filter_map(|word| word.to_str());
    let values = words.clone().zip(words.skip(1)).filter_map(|(word, next)| match word {
        "--color" => Some(next),
        _ => None,
    });
    let joined = typed.iter().filter_map(|word| word.to_str()?.strip_prefix("--color="));
    match values.chain(joined).last() {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// Help and version are answers, everything else is a wrong command line; clap knows which stream is right.
fn answered(answer: clap::Error) -> Result<u8, Stop> {
    let used_wrongly = answer.use_stderr();
    match neutralised(answer).print() {
        // Whoever typed it wrongly is told by the status where nobody listens.
        _ if used_wrongly => Ok(UNUSABLE),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Stop::Broken),
        Err(error) => Err(output::stdout_failed(error)),
        Ok(()) => Ok(0),
    }
}

/// Arguments may be names of files of other people, and addresses with a password behind the wrong option.
fn neutralised(mut answer: clap::Error) -> clap::Error {
    let told: Vec<(ContextKind, ContextValue)> = answer.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in told {
        let value = match value {
            ContextValue::String(text) => ContextValue::String(output::shown(&text)),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.iter().map(|text| output::shown(text)).collect())
            }
            ContextValue::StyledStr(text) => ContextValue::StyledStr(plain(&text)),
            ContextValue::StyledStrs(texts) => ContextValue::StyledStrs(texts.iter().map(plain).collect()),
            other => other,
        };
        answer.insert(kind, value);
    }
    answer
}

/// A tip of clap's, without its colours: they and those of an argument cannot be told apart.
fn plain(text: &StyledStr) -> StyledStr {
    output::shown(&text.to_string()).into()
}

fn run(command: Command) -> Result<u8, Stop> {
    match command {
        Command::Check(options) => check::run(&options),
        Command::Advise(options) => advise::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Queries(options) => queries::run(&options),
        Command::Schema(options) => schema::run(&options),
        Command::Stats(options) => stats::run(&options),
        Command::Rules(options) => rules::run(&options),
        Command::Config(options) => config::run(&options),
        Command::Rule(options) => rule::run(&options),
        Command::Completions(options) => completions::run(&options),
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
