//! Where answers go: formats and their destinations, colours, widths, complaints on standard error.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, Report};
use thiserror::Error;

use super::Stop;
use super::interrupt::Unfinished;
use super::options::Common;
use super::terminal::{self, DEFAULT_WIDTH, colour, width};
use crate::outcome::RunReport;
use crate::report::{Colour, Json, Reporter, Skips, Text, View};

/// A format and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Destination {
    format: Format,
    path: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Text,
    Json,
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, path) = match text.split_once('=') {
            Some((_, "")) => return Err("type a path behind the `=`, for example `json=planlint.json`".to_owned()),
            Some((format, path)) => (format, Some(PathBuf::from(path))),
            None => (text, None),
        };
        let format = match format {
            "text" => Format::Text,
            "json" => Format::Json,
            _ => return Err("the formats are `text` and `json`, for example `--output json=planlint.json`".to_owned()),
        };
        Ok(Self { format, path })
    }
}

/// Why an answer could not be written.
#[derive(Debug, Error, Diagnostic)]
enum OutputError {
    #[error("cannot write `{path}`: {cause}")]
    #[diagnostic(help("name a file in a folder that exists and has room, for example `--output json=planlint.json`"))]
    File { path: String, cause: io::Error },
    #[error("two answers would go to {0}")]
    #[diagnostic(help(
        "give each `--output` a path of its own, for example `--output text --output json=planlint.json`"
    ))]
    Twice(String),
    #[error("cannot write to standard output: {0}")]
    #[diagnostic(help("write to a file with `--output text=PATH`"))]
    Stdout(io::Error),
}

/// Writes a report to every destination asked for; as text to standard output when none is.
pub(super) fn write(report: &RunReport, view: View, options: &Common) -> Result<(), Stop> {
    let standard = [Destination { format: Format::Text, path: None }];
    let destinations = if options.output.is_empty() { &standard[..] } else { &options.output };
    for (position, destination) in destinations.iter().enumerate() {
        if destinations[..position].iter().any(|earlier| earlier.path == destination.path) {
            let place =
                destination.path.as_ref().map_or("standard output".to_owned(), |path| format!("`{}`", path.display()));
            return Err(OutputError::Twice(place).into());
        }
    }
    // Files first: a reader who closes our output early still gets them whole.
    let (files, streams): (Vec<_>, Vec<_>) = destinations.iter().partition(|destination| destination.path.is_some());
    for destination in files.into_iter().chain(streams) {
        let reporter = reporter(destination, view, options);
        match &destination.path {
            Some(path) => write_file(path, report, reporter.as_ref())?,
            None => to_stdout(&|out| reporter.write(report, out))?,
        }
    }
    Ok(())
}

fn reporter(destination: &Destination, view: View, options: &Common) -> Box<dyn Reporter> {
    match destination.format {
        Format::Json => Box::new(Json),
        Format::Text => {
            let (colour, width) = match destination.path {
                Some(_) => (Colour::Never, DEFAULT_WIDTH),
                None => (colour(&io::stdout()), width()),
            };
            let skips = if options.verbose { Skips::Listed } else { Skips::Counted };
            Box::new(Text { view, width, colour, skips })
        }
    }
}

/// Writes to a neighbour first and renames, so that a full disk or an interruption leaves the old file or the new one;
/// into what is no file (`/dev/stdout`, a pipe), directly.
fn write_file(path: &Path, report: &RunReport, reporter: &dyn Reporter) -> Result<(), Stop> {
    // A link stays one: what it leads to is written.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let written = match fs::metadata(&real) {
        Ok(there) if !there.is_file() && !there.is_dir() => {
            fs::OpenOptions::new().write(true).open(&real).and_then(|out| write_whole(out, report, reporter).map(drop))
        }
        _ => write_beside(&real, report, reporter),
    };
    match written {
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Err(Stop::Broken),
        written => Ok(written.map_err(|cause| OutputError::File { path: path.display().to_string(), cause })?),
    }
}

fn write_beside(path: &Path, report: &RunReport, reporter: &dyn Reporter) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let neighbour = Unfinished::new(path.with_file_name(name));
    write_whole(fs::File::create(neighbour.path())?, report, reporter)?.sync_all()?;
    neighbour.finish(path)
}

fn write_whole(file: fs::File, report: &RunReport, reporter: &dyn Reporter) -> io::Result<fs::File> {
    let mut out = BufWriter::new(file);
    reporter.write(report, &mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)
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

/// Prints an error with its help to standard error.
pub(super) fn complain(error: &Report) {
    let theme = match colour(&io::stderr()) {
        Colour::Always => GraphicalTheme::unicode(),
        Colour::Never => GraphicalTheme::unicode_nocolor(),
    };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width());
    if handler.render_report(&mut text, error.as_ref()).is_err() {
        text = error.to_string();
    }
    terminal::say(&text);
}
