//! Where answers go: formats and their destinations, colours, widths, complaints on standard error.

mod complaint;
mod file;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use miette::Diagnostic;
use thiserror::Error;

use super::Stop;
use super::options::Common;
use super::project::Project;
use super::terminal::{DEFAULT_WIDTH, colour, width};
use crate::outcome::RunReport;
use crate::report::{Colour, Github, Html, Json, Reporter, Root, Sarif, Skips, Sql, Tally, Text, View};

pub(super) use complaint::{complain, shown};
pub(super) use file::whole as to_file;

/// A format as typed, and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Destination {
    format: String,
    path: Option<PathBuf>,
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, path) = match text.split_once('=') {
            Some((format, "-")) => {
                return Err(format!("`{format}` alone goes to standard output; a file of that name is `{format}=./-`"));
            }
            Some((_, "")) => return Err("type a path behind the `=`, for example `json=planlint.json`".to_owned()),
            Some((format, path)) => (format, Some(PathBuf::from(path))),
            None => (text, None),
        };
        Ok(Self { format: format.to_owned(), path })
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Text,
    Json,
    Sarif,
    Github,
    Sql,
    Html,
}

impl Format {
    /// The formats of a command, as users type them.
    fn of(view: View) -> &'static [(&'static str, Self)] {
        const ALL: [(&str, Format); 6] = [
            ("text", Format::Text),
            ("json", Format::Json),
            ("sarif", Format::Sarif),
            ("github", Format::Github),
            ("sql", Format::Sql),
            ("html", Format::Html),
        ];
        match view {
            View::Advise => &ALL,
            View::Check => &ALL[..5],
            View::Queries | View::Load | View::Schema | View::Explain => &ALL[..2],
            View::Repro => &ALL[..1],
        }
    }
}

/// Lists the formats of a command: `` `text`, `json` ``.
fn listed(view: View) -> String {
    Format::of(view).iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The help of `--output` for a command.
pub(super) fn help(view: View) -> String {
    format!("Write the answer as FORMAT ({}), to PATH if given; may be repeated", listed(view))
}

/// Why an answer could not be written.
#[derive(Debug, Error, Diagnostic)]
enum OutputError {
    #[error("`{command}` has no format `{format}`")]
    #[diagnostic(help("its formats are {formats}, for example `--output {example}`"))]
    NoSuchFormat { command: &'static str, format: String, formats: String, example: &'static str },
    #[error("cannot write `{path}`: {cause}")]
    #[diagnostic(help("name a file in a folder that exists and has room, for example `--output json=planlint.json`"))]
    File { path: String, cause: io::Error },
    #[error("cannot write `{0}`: it is a folder")]
    #[diagnostic(help("name a file in it, for example `--output json={0}/planlint.json`"))]
    Folder(String),
    #[error("cannot write `{path}`: there is no folder `{folder}`")]
    #[diagnostic(help("create it with `mkdir -p {folder}`, or name a file in a folder that exists"))]
    NoFolder { path: String, folder: String },
    #[error("`{path}` is read by this run, and would be overwritten")]
    #[diagnostic(help("{help}"))]
    Input { path: String, help: String },
    #[error("`{path}` would be read as a configuration by every later run")]
    #[diagnostic(help("name another file, for example `--output json=planlint.json`"))]
    Configuration { path: String },
    #[error("two answers would go to {0}")]
    #[diagnostic(help(
        "give each `--output` a path of its own, for example `--output text --output json=planlint.json`"
    ))]
    Twice(String),
    #[error("cannot write to standard output: {0}")]
    #[diagnostic(help("make room there, or write to a file elsewhere with `> PATH`"))]
    Stdout(io::Error),
}

/// Where the answers of a command go.
pub(super) struct Outputs {
    view: View,
    destinations: Vec<(Format, Option<PathBuf>)>,
    root: Root,
    skips: Skips,
    /// Whether text counts findings by rule.
    pub tally: Tally,
}

impl Outputs {
    /// Reads `--output`, and refuses what cannot be written before any work is done.
    pub(super) fn open(view: View, options: &Common) -> Result<Self, Stop> {
        let mut destinations = Vec::new();
        for Destination { format, path } in &options.output {
            let known = Format::of(view).iter().find(|(name, _)| name == format);
            let (_, format) = known.ok_or_else(|| OutputError::NoSuchFormat {
                command: view.command(),
                format: format.clone(),
                formats: listed(view),
                example: if view == View::Repro { "text=planlint.sql" } else { "json=planlint.json" },
            })?;
            destinations.push((*format, path.clone()));
        }
        if destinations.is_empty() {
            destinations.push((Format::Text, None));
        }
        file::refuse(destinations.iter().map(|(_, path)| path.as_deref()))?;
        let skips = if options.verbose { Skips::Listed } else { Skips::Counted };
        Ok(Self { view, destinations, root: Project::root(&options.paths), skips, tally: Tally::Sum })
    }

    /// Says whether a format of findings is among them.
    pub(super) fn tell_findings(&self) -> bool {
        self.destinations.iter().any(|(format, _)| matches!(format, Format::Sarif | Format::Github))
    }

    /// Writes a report to every destination.
    pub(super) fn write(&self, report: &RunReport) -> Result<(), Stop> {
        file::refuse_inputs(self.destinations.iter().filter_map(|(_, path)| path.as_deref()), report)?;
        // Files first: a reader who closes our output early still gets them whole.
        let (files, streams): (Vec<_>, Vec<_>) = self.destinations.iter().partition(|(_, path)| path.is_some());
        for (format, path) in files.into_iter().chain(streams) {
            let reporter = self.reporter(*format, path.as_deref());
            match path {
                Some(path) => file::write(path, report, reporter.as_ref())?,
                None => to_stdout(&|out| reporter.write(report, out))?,
            }
        }
        if self.annotates() {
            // The runner reads commands from both streams; standard output stays what it is elsewhere.
            let annotations = self.reporter(Format::Github, None);
            // Where nobody reads them they are no loss.
            let _ = annotations.write(report, &mut io::stderr().lock());
        }
        Ok(())
    }

    /// Says whether a workflow of GitHub gets annotations without having asked: in text mode, unless it has asked.
    fn annotates(&self) -> bool {
        let in_workflow = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        in_workflow
            && self.view == View::Check
            && self.destinations.contains(&(Format::Text, None))
            && !self.destinations.iter().any(|(format, _)| *format == Format::Github)
    }

    fn reporter(&self, format: Format, path: Option<&Path>) -> Box<dyn Reporter> {
        let (view, root) = (self.view, self.root.clone());
        match format {
            Format::Json => Box::new(Json { view }),
            Format::Sarif => Box::new(Sarif { view, root }),
            Format::Github => Box::new(Github { view, root }),
            Format::Sql => Box::new(Sql),
            Format::Html => Box::new(Html),
            Format::Text => {
                let (colour, width) = match path {
                    Some(_) => (Colour::Never, DEFAULT_WIDTH),
                    None => (colour(&io::stdout()), width()),
                };
                Box::new(Text { view, width, colour, skips: self.skips, tally: self.tally })
            }
        }
    }
}

/// The answer could not be written to standard output.
pub(super) fn stdout_failed(error: io::Error) -> Stop {
    OutputError::Stdout(error).into()
}

/// Writes to standard output; a reader who went away ends the program quietly.
pub(super) fn to_stdout(write: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> Result<(), Stop> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Stop::Broken),
        Err(error) => Err(stdout_failed(error)),
    }
}
