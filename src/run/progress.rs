//! Who is told how far a run is, while it runs; nothing of it ever gets into a report.

/// Somebody who watches a run.
pub trait Progress: Send + Sync {
    /// A stage begins; `steps` are ahead where that is known.
    fn stage(&self, name: &'static str, steps: Option<usize>);

    /// A step is done, on whichever thread.
    fn step(&self);
}

/// Nobody.
pub(super) struct Unwatched;

impl Progress for Unwatched {
    fn stage(&self, _: &'static str, _: Option<usize>) {}

    fn step(&self) {}
}
