//! One direction of a connection, with its trouble.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use super::MOST_WAITING;
use super::pair::{Over, Pair, Sent};
use crate::clients::small_thread;
use crate::transcript::{Connection, Side, in_bytes};
use crate::trouble::Trouble;

/// How many bytes one read takes at most.
const READ: usize = 16 * 1024;

/// With `--split`, how far apart the first pieces of each read are. Otherwise one `recv` would get
/// several of them.
const APART: Duration = Duration::from_millis(1);

/// How many pieces of a read are apart. The others go as fast as they can, so that large transfers
/// end, too.
const PIECES_APART: usize = 64;

/// With `--rate`, how often a piece goes on its way.
const PIECES_PER_SECOND: u64 = 20;

/// What `from` sends.
#[derive(Clone, Copy)]
pub(super) struct Direction<'a> {
    pub(super) pair: &'a Pair,
    pub(super) from: Side,
    pub(super) trouble: Trouble,
    pub(super) connection: &'a Connection,
}

/// How many bytes have gone through, and when the next piece may go (`--rate`).
type Passed = (u64, Instant);

impl Direction<'_> {
    /// Passes on everything, until the direction has ended.
    pub(super) fn run(self) {
        let (delay, mut passed) = (self.trouble.delay, (0, Instant::now()));
        if delay.is_zero() {
            return self.read_all(|sent| self.pass(sent, &mut passed));
        }
        let (wait, waiting) = sync_channel::<(_, Option<Vec<u8>>)>(MOST_WAITING);
        let pass_on = || {
            for (due, sent) in waiting {
                self.pair.wait_until(due);
                self.pass(sent.as_deref(), &mut passed);
            }
        };
        self.beside(pass_on, || {
            self.read_all(move |sent| {
                let _ = wait.send((Instant::now() + delay, sent.map(<[u8]>::to_vec)));
            });
        });
    }

    /// Does `other` on another thread meanwhile. If there is none left, that ends the connection.
    pub(super) fn beside(self, other: impl FnOnce() + Send, own: impl FnOnce()) {
        thread::scope(|scope| match small_thread().spawn_scoped(scope, other) {
            Ok(_) => own(),
            Err(error) => {
                let failed = format_args!("can't start a thread: {error}");
                self.connection.trouble(failed);
                self.pair.reset();
            }
        });
    }

    /// Prints all that comes, and hands it over.
    fn read_all(self, mut pass: impl FnMut(Sent)) {
        let mut buffer = vec![0; READ];
        loop {
            match self.pair.receive(self.from, &mut buffer) {
                Err(Over) => return,
                Ok(None) => return pass(None),
                Ok(Some([])) => {
                    self.connection
                        .event(format_args!("{} half-closed", self.from));
                    pass(Some(&[]));
                    if !self.pair.wait_for_other_direction(self.from) {
                        pass(None);
                    }
                    return;
                }
                Ok(Some(bytes)) => {
                    let remark = self.trouble.remark(bytes.len() as u64);
                    self.connection.bytes(self.from, bytes, remark);
                    pass(Some(bytes));
                }
            }
        }
    }

    /// Passes it on. When the connection is over, this does nothing.
    fn pass(self, sent: Sent, passed: &mut Passed) {
        match sent {
            None => self.reset(self.from),
            Some([]) => self.pair.half_close(self.from),
            Some(bytes) => self.pass_bytes(bytes, passed),
        }
    }

    /// In pieces, and as far as the trouble lets them.
    fn pass_bytes(self, bytes: &[u8], (passed, next): &mut Passed) {
        let (split, rate) = (self.trouble.split, self.trouble.rate);
        let (reset, close) = (self.trouble.reset_after, self.trouble.close_after);
        let limit = smaller(reset, close);
        let bytes = limit
            .and_then(|limit| bytes.get(..as_size(limit - *passed)))
            .unwrap_or(bytes);
        let piece = split.or(rate.map(|rate| rate.div_ceil(PIECES_PER_SECOND)));
        let pieces = bytes.chunks(piece.map_or(usize::MAX, as_size));
        for (number, piece) in pieces.enumerate() {
            if split.is_some() && (1..PIECES_APART).contains(&number) {
                self.pair.wait_until(Instant::now() + APART);
            }
            if let Some(rate) = rate {
                self.pair.wait_until(*next);
                let nanoseconds = piece.len() as u64 * 1_000_000_000 / rate;
                *next = Instant::now().max(*next) + Duration::from_nanos(nanoseconds);
            }
            if !self.pair.send(self.from, piece) {
                return self.reset(self.from.other());
            }
        }
        *passed += bytes.len() as u64;
        if limit == Some(*passed) {
            let (passed, to) = (in_bytes(*passed), self.from.other());
            let done = if reset == limit {
                self.pair.reset()
            } else {
                self.pair.close()
            };
            let how = if reset == limit {
                "reset"
            } else {
                "half-closed"
            };
            if done {
                self.connection.trouble(format_args!(
                    "tap {how} both sides after {passed} to the {to}"
                ));
            }
        }
    }

    /// Passes on that `side` has reset the connection.
    fn reset(self, side: Side) {
        if self.pair.reset() {
            self.connection.event(format_args!("{side} reset"));
        }
    }
}

fn smaller(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

fn as_size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
