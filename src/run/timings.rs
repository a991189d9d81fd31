//! The stages of a run as they pass: who watches is told of each, and how long it took is noted. Never in a report.

use std::time::{Duration, Instant};

use super::progress::Progress;

/// The stages and their times, in order.
#[derive(Default)]
pub(super) struct Timings(Vec<(&'static str, Duration)>);

impl Timings {
    /// Returns the stages and their times.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        self.0.iter().copied()
    }
}

/// A run being timed and watched.
pub(super) struct Watch<'a> {
    /// Where the times go.
    pub timings: &'a mut Timings,
    /// Who watches.
    pub progress: &'a dyn Progress,
}

impl Watch<'_> {
    /// Runs a stage and notes its time.
    pub(super) fn of<T>(&mut self, stage: &'static str, run: impl FnOnce() -> T) -> T {
        self.progress.stage(stage, None);
        let start = Instant::now();
        let result = run();
        self.timings.0.push((stage, start.elapsed()));
        result
    }
}
