//! What programs under test have in common: the time of one machine.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The machine, as one judge sees it: a check that has it alone waits for all others whose
/// submission shares it. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Machine(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Checks share it. While a check has it alone, no other program under test runs.
    turns: RwLock<()>,
    /// How many that share it have begun their work, and how many of them have ended it.
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl Machine {
    /// Does something while nobody else does anything here.
    pub fn alone<T>(&self, work: impl FnOnce() -> T) -> T {
        let _alone = self.0.turns.write().unwrap_or_else(PoisonError::into_inner);
        work()
    }

    /// Does something that takes much of the machine, such as to compile a program, while no check
    /// has it alone. Returns whether nobody else did such a thing meanwhile, too.
    pub fn beside_others<T>(&self, work: impl FnOnce() -> T) -> (T, bool) {
        let all = &*self.0;
        let _beside_others = all.turns.read().unwrap_or_else(PoisonError::into_inner);
        // In this order: then nobody is missed who is at work at any time meanwhile.
        let ended = all.ended.load(Ordering::SeqCst);
        let begun = all.begun.fetch_add(1, Ordering::SeqCst);
        let result = work();
        let was_alone = begun == ended && all.begun.load(Ordering::SeqCst) == begun + 1;
        all.ended.fetch_add(1, Ordering::SeqCst);
        (result, was_alone)
    }
}
