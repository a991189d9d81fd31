//! `planlint config`: the settings in force, as a file that can be saved, and where each was set.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::options::{Judging, Overrides, SeverityName};
use super::project::Project;
use super::settings::{self, Settings};
use super::{Stop, output};

/// Options of `planlint config`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  planlint config\n  planlint config app --config 'limits.min-rows = 1000'")]
pub(super) struct Options {
    /// The folders or files whose configuration counts
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// Write the settings as TOML or JSON, or the JSON Schema of the file
    #[arg(long, value_enum, default_value = "toml", value_name = "FORMAT")]
    output: Format,

    #[command(flatten)]
    overrides: Overrides,

    #[command(flatten)]
    judging: Judging,

    /// The least severity of a finding in application code that makes the exit status 1
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<SeverityName>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// The settings in force as a `planlint.toml`
    Toml,
    /// The settings in force and where each was set
    Json,
    /// The JSON Schema of `planlint.toml`
    Schema,
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let text = match options.output {
        Format::Schema => pretty(&settings::schema()),
        Format::Toml => toml_of(&in_force(options)?),
        Format::Json => json_of(&in_force(options)?),
    };
    output::to_stdout(&|out: &mut dyn Write| out.write_all(text.as_bytes()))?;
    Ok(0)
}

fn in_force(options: &Options) -> Result<Settings, Stop> {
    let mut settings = Project::settings(&options.paths, &options.overrides)?;
    settings.judge(&options.judging)?;
    settings.fail_on(options.fail_on);
    Ok(settings)
}

/// The settings as TOML; each one that is no default says behind it where it was set.
fn toml_of(settings: &Settings) -> String {
    let origins: Vec<&str> = settings.origins().collect();
    let head = match origins.as_slice() {
        [] => "# no configuration file: the defaults".to_owned(),
        origins => format!("# {}; the defaults for the rest", origins.join(", ")),
    };
    let text = toml::to_string(&settings.config).expect("settings are TOML");
    let said = settings::Layer::read(String::new(), text).expect("what was just written can be read");
    let mut lines: Vec<String> = said.text.inner().lines().map(str::to_owned).collect();
    for key in said.leaves() {
        if let (Some(origin), Some(line)) = (settings.origin(key), said.end_line_of(key)) {
            lines[line - 1].push_str(&format!("  # {origin}"));
        }
    }
    format!("{head}\n{}\n", lines.join("\n"))
}

fn json_of(settings: &Settings) -> String {
    let text = toml::to_string(&settings.config).expect("settings are TOML");
    let said = settings::Layer::read(String::new(), text).expect("what was just written can be read");
    let origins: BTreeMap<String, String> =
        said.leaves().filter_map(|key| Some((settings::dotted(key), settings.origin(key)?))).collect();
    pretty(&json!({ "config": settings.config, "origins": origins }))
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{:#}\n", value)
}
