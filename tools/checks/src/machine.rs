//! What programs under test have in common: the time of one machine.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

/// The machine, as one judge sees it: a check that has it alone waits for all others whose
/// submission shares it.
#[derive(Debug, Default)]
pub struct Machine {
    /// Checks share it. While a check has it alone, no other program under test runs.
    turns: RwLock<()>,
    /// How many that share it have begun their work, and how many of them have ended it.
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl Machine {
    /// Does something while nobody else does anything here.
    pub fn alone<T>(&self, work: impl FnOnce() -> T) -> T {
        let _alone = self.turns.write().unwrap_or_else(PoisonError::into_inner);
        work()
    }

    /// Does something that takes much of the machine, such as to compile a program, while no check
    /// has it alone. Returns whether nobody else did such a thing meanwhile, too.
    pub fn beside_others<T>(&self, work: impl FnOnce() -> T) -> (T, bool) {
        let _beside_others = self.turns.read().unwrap_or_else(PoisonError::into_inner);
        // In this order: then nobody is missed who is at work at any time meanwhile.
        let ended = self.ended.load(Ordering::SeqCst);
        let begun = self.begun.fetch_add(1, Ordering::SeqCst);
        let result = work();
        let was_alone = begun == ended && self.begun.load(Ordering::SeqCst) == begun + 1;
        self.ended.fetch_add(1, Ordering::SeqCst);
        (result, was_alone)
    }
}
