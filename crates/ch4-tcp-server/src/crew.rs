//! The server's workers: leader and followers.
//!
//! Each idle worker waits in `accept`. The system gives each client to one of them, the leader,
//! and the next one leads. Before a worker turns to its client it sees to it that somebody is
//! waiting for the next one: if it was the last, it starts another worker. So there are as many
//! threads as clients, and a few to spare, and no client is ever handed from thread to thread.
//!
//! The pattern is told in Schmidt, Stal, Rohnert and Buschmann, "Pattern-Oriented Software
//! Architecture", volume 2 (2000).

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use console::client_has_gone;

use crate::log::Log;

/// How many workers may wait for a client. More of them aren't worth their memory; fewer, and
/// threads come and go with each wave of clients.
const SPARE_WORKERS: usize = 16;

/// A worker needs little stack, and a thousand of them shouldn't need a thousand times more.
const STACK_BYTES: usize = 128 * 1024;

/// How long to wait for a descriptor to become free before the next try.
const BREATH: Duration = Duration::from_millis(500);

/// How often at most to say that the system has no descriptor, or no thread, left.
const REMINDER: Duration = Duration::from_mins(1);

/// Accepts clients and calls `attend` for each, for up to `limit` of them at the same time.
///
/// # Errors
///
/// It ends only if the listener fails for good.
pub fn work(listener: &TcpListener, limit: usize, attend: &Attend, log: &Log) -> io::Result<()> {
    let crew = Crew {
        listener,
        limit,
        attend,
        log,
        roll: Mutex::new(Roll {
            idle: 1,
            workers: 1,
            short: 0,
            reminded: None,
            broken: None,
        }),
        freed: Condvar::new(),
    };
    // The first worker is this thread. The scope waits for all others.
    thread::scope(|scope| crew.work(scope));
    let broken = crew.roll().broken.take();
    broken.map_or(Ok(()), Err)
}

/// What a worker does for a client. The connection is closed afterwards.
pub type Attend<'a> = dyn Fn(&TcpStream, SocketAddr) + Sync + 'a;

struct Crew<'a> {
    listener: &'a TcpListener,
    limit: usize,
    attend: &'a Attend<'a>,
    log: &'a Log<'a>,
    roll: Mutex<Roll>,
    /// Rung when a connection is closed, and its descriptor free again, if somebody needs one.
    freed: Condvar,
}

struct Roll {
    /// Workers that wait for a client.
    idle: usize,
    /// All workers.
    workers: usize,
    /// Workers that wait for a descriptor to become free.
    short: usize,
    /// When it was last said that the system has run out of something.
    reminded: Option<Instant>,
    /// Why nobody can be accepted any more.
    broken: Option<io::Error>,
}

impl Crew<'_> {
    /// A worker's life, which ends when there are enough others, or when the listener is broken.
    fn work<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        loop {
            match self.listener.accept() {
                Ok((client, address)) => {
                    self.leave_a_follower(scope);
                    (self.attend)(&client, address);
                    drop(client);
                    if !self.rejoin() {
                        return;
                    }
                }
                Err(error) if client_has_gone(&error) => {}
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::InvalidInput | ErrorKind::WouldBlock
                    ) =>
                {
                    // Nobody listens on this socket any more, or it shall end: `end_accept`.
                    self.roll().broken = Some(error);
                    return;
                }
                Err(error) => self.bear(&error),
            }
        }
    }

    /// Turns from idle to busy, and starts another worker if none is idle now.
    fn leave_a_follower<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let mut roll = self.roll();
        roll.idle -= 1;
        if roll.idle > 0 || roll.workers >= self.limit {
            return;
        }
        roll.idle += 1;
        roll.workers += 1;
        drop(roll);
        let started = thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || self.work(scope));
        if let Err(error) = started {
            // It goes on with the workers that there are: they accept when they are done.
            let mut roll = self.roll();
            roll.idle -= 1;
            roll.workers -= 1;
            self.remind(&mut roll, "start a thread", &error);
        }
    }

    /// Turns from busy to idle, unless enough workers are idle already.
    fn rejoin(&self) -> bool {
        let mut roll = self.roll();
        // The bell is a system call even if nobody hears it.
        if roll.short > 0 {
            self.freed.notify_one();
        }
        if roll.idle >= SPARE_WORKERS {
            roll.workers -= 1;
            return false;
        }
        roll.idle += 1;
        true
    }

    /// What to do when the system is out of descriptors or memory. That passes, and the client
    /// stays queued. `accept` would fail again at once, so this waits until a connection is closed
    /// here, or for a moment, in which one may be closed elsewhere.
    fn bear(&self, error: &io::Error) {
        let mut roll = self.roll();
        self.remind(&mut roll, "accept a client for now", error);
        roll.short += 1;
        let waited = self.freed.wait_timeout(roll, BREATH);
        let (mut roll, _) = waited.unwrap_or_else(PoisonError::into_inner);
        roll.short -= 1;
    }

    /// Says that something is short, once a minute at most.
    fn remind(&self, roll: &mut Roll, action: &str, error: &io::Error) {
        if roll.reminded.is_none_or(|last| last.elapsed() > REMINDER) {
            roll.reminded = Some(Instant::now());
            self.log.trouble(format_args!(
                "Can't {action}: {error}; it goes on when clients leave, or see ulimit -n"
            ));
        }
    }

    fn roll(&self) -> MutexGuard<'_, Roll> {
        // The numbers in it are right at any time, so a panic elsewhere doesn't spoil them.
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
