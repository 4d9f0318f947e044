//! The lines that wait for one peer. Adding one never waits for the peer.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// About how many bytes go out in one write. For 200 guests who all talk, many lines in one write
/// are what keeps the room quick.
const BATCH_BYTES: usize = 16 * 1024;

/// What a line takes in a queue, besides its text, which all queues share.
const PLACE_BYTES: usize = size_of::<Arc<str>>();

/// Lines on their way from the loop to the thread that writes them.
///
/// The queue itself has no limit: [`Queue::push`] tells how full it is, and who pushes decides.
#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Arc<str>>,
    /// Bytes of all lines that aren't written yet, with their places.
    waiting: usize,
    /// How many of them are being written.
    taken: usize,
    /// No line comes after those that wait.
    ended: bool,
    /// Somebody waits for a change. If not, telling it would be a system call for nothing.
    awaited: bool,
}

impl Queue {
    /// Adds a line. Returns how many bytes wait now, those that are being written included.
    pub fn push(&self, line: &Arc<str>) -> usize {
        self.change(|state| {
            state.lines.push_back(Arc::clone(line));
            state.waiting += line.len() + PLACE_BYTES;
            state.waiting
        })
    }

    /// No more lines come: [`Queue::take`] returns `None` after those that wait.
    pub fn end(&self) {
        self.change(|state| state.ended = true);
    }

    /// Ends, and forgets the lines that wait.
    pub fn close(&self) {
        self.change(|state| {
            state.ended = true;
            state.lines.clear();
            (state.waiting, state.taken) = (0, 0);
        });
    }

    /// Waits for lines, and takes as many as go out in one write. A line without LF goes out in a
    /// write of its own. What was taken before counts as written.
    pub fn take(&self) -> Option<String> {
        self.change(|state| state.waiting -= mem::take(&mut state.taken));
        let mut state = self.wait(Duration::MAX, |state| {
            state.lines.is_empty() && !state.ended
        });
        let mut batch = String::new();
        while let Some(line) = state.lines.front()
            && (batch.is_empty() || line.ends_with('\n') && batch.len() + line.len() <= BATCH_BYTES)
        {
            batch.push_str(line);
            state.taken += line.len() + PLACE_BYTES;
            state.lines.pop_front();
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// Waits until at most `bytes` wait. Returns false if that takes longer than `time`.
    pub fn wait_for_space(&self, bytes: usize, time: Duration) -> bool {
        self.wait(time, |state| state.waiting > bytes).waiting <= bytes
    }

    fn wait(&self, time: Duration, until_not: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let unchanged = |state: &mut State| {
            let unchanged = until_not(state);
            state.awaited |= unchanged;
            unchanged
        };
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), time, unchanged);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        if mem::take(&mut state.awaited) {
            self.changed.notify_all();
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
