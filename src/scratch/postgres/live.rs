//! What must not outlive the program: servers with their folders, databases on a user's server.
//!
//! Each is ended when its holder drops it, and all of them on the way out on a signal. How one is ended is its own.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// Something that must not outlive the program.
pub(super) trait Mortal: Send + Sync + 'static {
    /// Ends it, once; another thread may be using it.
    fn end(&self);
}

/// What is in use.
static LIVE: Mutex<Vec<Arc<dyn Mortal>>> = Mutex::new(Vec::new());

/// Ends everything; nothing else is begun from then on.
pub(super) fn end_all() {
    let live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    live.iter().for_each(|one| one.end());
    // The lock is kept until the program ends.
    std::mem::forget(live);
}

/// The one holder of something; it is ended once this is dropped.
pub(super) struct Kept<T: Mortal>(Arc<T>);

impl<T: Mortal> Kept<T> {
    /// Holds what is made; no signal comes between its making and its being held.
    ///
    /// # Errors
    /// Those of the making.
    pub fn new<E>(make: impl FnOnce() -> Result<T, E>) -> Result<Self, E> {
        let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = Arc::new(make()?);
        live.push(kept.clone());
        Ok(Self(kept))
    }

    /// Returns it for one who may find it ended.
    pub fn shared(&self) -> Arc<T> {
        self.0.clone()
    }
}

impl<T: Mortal> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Mortal> Drop for Kept<T> {
    fn drop(&mut self) {
        self.0.end();
        let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|one| !std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(&self.0)));
    }
}
