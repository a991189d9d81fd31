//! How far a run is, on one line of standard error that is gone when the run ends.
//!
//! Only for a person who watches: never into a pipe, under `CI`, on a dumb terminal or with `--no-progress`.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::Progress;

/// The line that is on the terminal now, for whoever ends the program early.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Takes the line off the terminal.
pub(super) fn clear() {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(bar) = shown {
        bar.finish_and_clear();
    }
}

/// A line of progress, or nothing at all.
pub(super) struct Line(ProgressBar);

/// Whether somebody watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    /// By what the terminal and the environment say.
    Auto,
    /// Somebody said no.
    Never,
}

impl Line {
    /// Starts a line where somebody watches.
    pub(super) fn start(watched: Watched) -> Self {
        if watched == Watched::Never || !is_watched() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
        Self(bar)
    }
}

fn is_watched() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !is_set("CI") && !is_dumb
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Progress for Line {
    fn stage(&self, name: &'static str, steps: Option<usize>) {
        let doing = match name {
            "facts" => "listing files",
            "files" => "reading files",
            "link" | "schema" => "building the schema",
            "engines" => "starting the engine",
            "shape" | "assume" => "reading queries",
            "plan" => "planning queries and trying indexes",
            "rules" => "applying rules",
            _ => "writing the report",
        };
        let template = if steps.is_some() { "{spinner} {msg} {pos}/{len}" } else { "{spinner} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self.0.set_length(steps.unwrap_or(0) as u64);
        self.0.set_position(0);
        self.0.set_message(doing);
        self.0.enable_steady_tick(Duration::from_millis(100));
    }

    fn step(&self) {
        self.0.inc(1);
    }
}
