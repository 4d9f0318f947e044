//! Works on several things at the same time. The work mostly waits, so there may be more threads
//! than processors.

use std::sync::{Mutex, mpsc};
use std::thread;

use supervise::lock;

/// Works on so many items at the same time, and calls `each` with the results in the items' order,
/// each as soon as all before it are known. Begins no more work when `each` has returned false.
///
/// # Panics
///
/// The work has panicked. The results before that one are known.
pub fn in_order<'a, T: Sync, R: Send>(
    items: &'a [T],
    at_once: usize,
    work: impl Fn(&T) -> R + Sync,
    mut each: impl FnMut(&'a T, R) -> bool,
) {
    let (senders, results): (Vec<_>, Vec<_>) = items.iter().map(|_| mpsc::channel()).unzip();
    let waiting = Mutex::new(items.iter().zip(senders));
    let next = || lock(&waiting).next();
    let work_on_all = || {
        while let Some((item, sender)) = next() {
            // The receiver has gone if `each` wants no more.
            let _ = sender.send(work(item));
        }
    };
    thread::scope(|scope| {
        let start = |_| thread::Builder::new().spawn_scoped(scope, work_on_all);
        // A busy system may have no more threads. One does, if it is this one.
        if (0..at_once).flat_map(start).count() == 0 {
            work_on_all();
        }
        for (item, result) in items.iter().zip(results) {
            // Nothing comes if the work has panicked: then so does the scope.
            if !result.recv().is_ok_and(|result| each(item, result)) {
                lock(&waiting).by_ref().for_each(drop);
                break;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_are_in_order_even_if_no_thread_can_be_started() {
        for at_once in [0, 1, 2, 5] {
            let mut results = Vec::new();
            let each = |item: &u8, result| {
                results.push((*item, result));
                true
            };
            in_order(&[3, 1, 2], at_once, |item| item * 10, each);
            assert_eq!(results, [(3, 30), (1, 10), (2, 20)]);
        }
    }

    /// Each waits for the other.
    #[test]
    fn several_are_worked_on_at_the_same_time() {
        let both = Barrier::new(2);
        let work = |(): &()| both.wait().is_leader();
        let mut leaders = 0;
        in_order(&[(), ()], 2, work, |(), is_leader| {
            leaders += u8::from(is_leader);
            true
        });
        assert_eq!(leaders, 1);
    }
}
