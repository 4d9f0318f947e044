//! Locks that a panic can't close.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks it, even if a thread panicked while it held the lock: here, what a lock guards is right at
/// any time.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
