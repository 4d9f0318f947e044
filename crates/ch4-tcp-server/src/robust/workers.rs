//! One thread for each client: the worker that has accepted it.
//!
//! ```text
//!        listener        the system queues the clients here
//!            |           each idle worker waits in accept; one of them gets the client
//!    +-------+-------+
//!    |       |       |
//! worker  worker  worker ...   accept, serve, close, and again
//! ```
//!
//! Before the last idle worker serves its client, it starts a new one to keep accepting. So no
//! client is handed from thread to thread, which would cost more than serving it. At the limit
//! nobody accepts, and clients wait in the listener's backlog. (Stevens, Fenner and Rudoff, "UNIX
//! Network Programming", volume 1 (2004), section 30.11, has the same with a fixed number of
//! threads.)

use std::io::{self, ErrorKind::InvalidInput, ErrorKind::WouldBlock};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use console::{Log, client_has_gone};

/// A worker that has served a client ends if this many others are idle. A smaller number would end
/// and start threads with each wave of clients.
const MAX_IDLE: usize = 16;

/// Bytes of a worker's stack: the default of 2 MiB would be a lot for a thousand of them. (We saw
/// no request use more than 20 KiB, and a panic with a backtrace 28.)
const STACK_BYTES: usize = 128 * 1024;

/// How long to wait before the next try if the system is short of descriptors or memory.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// What a worker does for a client: a function or closure that threads may call at the same time
/// (`Sync`).
pub type Serve<'a> = &'a (dyn Fn(TcpStream, SocketAddr) + Sync);

/// Accepts clients and calls `serve` for each, for up to `limit` of them at the same time.
///
/// # Errors
///
/// It ends only if the listener fails for good.
pub fn run(listener: &TcpListener, limit: usize, serve: Serve, log: &Log) -> io::Result<()> {
    let workers = Workers {
        listener,
        limit,
        serve,
        log,
        counts: Mutex::new(Counts { all: 1, idle: 1 }),
    };
    // This thread is the first worker, and never retires. The scope lets the others borrow from it,
    // and waits for them.
    thread::scope(|scope| workers.work(scope, false))
}

struct Workers<'a> {
    listener: &'a TcpListener,
    limit: usize,
    serve: Serve<'a>,
    log: &'a Log,
    /// Right even after a panic, so a poisoned lock is used too.
    counts: Mutex<Counts>,
}

struct Counts {
    all: usize,
    /// Those without a client.
    idle: usize,
}

impl Workers<'_> {
    /// One worker. It runs until the listener fails for good or, if it may retire, enough others are
    /// idle. (`'s` is the scope's lifetime: what its threads borrow must live as long.)
    fn work<'s>(&'s self, scope: &'s Scope<'s, '_>, may_retire: bool) -> io::Result<()> {
        loop {
            let (client, address) = self.accept()?;
            self.keep_accepting(scope);
            // A panic ends the connection, not the worker. `AssertUnwindSafe` promises that nobody
            // uses what the panic left half done.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| (self.serve)(client, address)));

            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            if may_retire && counts.idle >= MAX_IDLE {
                counts.all -= 1;
                return Ok(());
            }
            counts.idle += 1;
        }
    }

    /// The next client. Fails only if the listener fails for good.
    fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            match self.listener.accept() {
                Err(error) if client_has_gone(&error) => {}
                // The socket doesn't listen any more (accept(2)), or `end_accept` was called.
                Err(error) if [InvalidInput, WouldBlock].contains(&error.kind()) => {
                    return Err(error);
                }
                // The system is short of descriptors or memory. The client stays in the backlog.
                Err(error) => {
                    self.log.short_of("accept a client for now", &error);
                    thread::sleep(RETRY_DELAY);
                }
                accepted => return accepted,
            }
        }
    }

    /// Counts this worker as busy. If no other is idle, starts one, so that somebody accepts.
    fn keep_accepting<'s>(&'s self, scope: &'s Scope<'s, '_>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.idle -= 1;
        if counts.idle > 0 || counts.all >= self.limit {
            return;
        }
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        match builder.spawn_scoped(scope, || self.work(scope, true)) {
            Ok(_) => {
                counts.all += 1;
                counts.idle += 1;
            }
            // Go on without it: each worker accepts again when its client leaves.
            Err(error) => self.log.short_of("start a thread", &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashSet, VecDeque};
    use std::io::{Read, Write};
    use std::net::Shutdown;
    use std::sync::mpsc::channel;
    use std::time::Instant;

    use console::{Printer, end_accept};
    use testkit::{Capture, PATIENCE, wine_lacks};

    use super::*;

    /// Calls `clients` while workers serve the clients that connect to this address.
    fn with_workers(limit: usize, serve: Serve, clients: impl FnOnce(SocketAddr)) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let log = Log::new(Printer::new(Capture::default()).unwrap(), false);
        thread::scope(|scope| {
            let serving = scope.spawn(|| run(&listener, limit, serve, &log));
            let address = listener.local_addr().unwrap();
            let clients = panic::catch_unwind(AssertUnwindSafe(|| clients(address)));
            let begin = Instant::now();
            while !serving.is_finished() {
                assert!(begin.elapsed() < PATIENCE, "the server doesn't end");
                // Each connection wakes one worker. It has been served when the server closes it.
                if let Ok(mut client) = end_accept(&listener) {
                    let _ = client.shutdown(Shutdown::Write);
                    let _ = client.set_read_timeout(Some(Duration::from_millis(200)));
                    let _ = client.read(&mut [0; 64]);
                }
            }
            let end = serving.join().unwrap();
            assert_eq!(end.unwrap_err().kind(), WouldBlock);
            if let Err(panic) = clients {
                panic::resume_unwind(panic);
            }
        });
    }

    fn connect(address: SocketAddr) -> TcpStream {
        let client = TcpStream::connect(address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client
    }

    /// The third panic would leave no worker, if each took one with it.
    #[test]
    fn a_panic_ends_its_connection_and_no_worker() {
        let serve = |mut client: TcpStream, _: SocketAddr| {
            let mut word = [0; 5];
            client.read_exact(&mut word).unwrap();
            assert_ne!(&word, b"panic");
            client.write_all(&word).unwrap();
        };
        with_workers(2, &serve, |address| {
            let asks = |word: &[u8]| {
                let mut client = connect(address);
                client.write_all(word).unwrap();
                let mut answer = Vec::new();
                client.read_to_end(&mut answer).map(|_| answer)
            };
            for _ in 0..3 {
                assert_eq!(asks(b"panic").unwrap(), b"");
            }
            assert_eq!(asks(b"hello").unwrap(), b"hello");
        });
    }

    #[test]
    fn as_many_clients_as_the_limit_are_served_at_once_and_no_more() {
        let (tell, events) = channel();
        let serve = |mut client: TcpStream, _: SocketAddr| {
            tell.send(1).unwrap();
            let _ = client.read(&mut [0]);
            tell.send(-1).unwrap();
        };
        with_workers(3, &serve, |address| {
            let mut clients: VecDeque<_> = (0..9).map(|_| connect(address)).collect();
            let (mut served, mut most, mut accepted) = (0, 0, 0);
            while accepted < 9 || served > 0 {
                let change = events.recv_timeout(PATIENCE).unwrap();
                served += change;
                most = most.max(served);
                accepted += i32::from(change > 0);
                // The first in the backlog is served first, and stays until the limit is reached.
                if served == 3 || accepted == 9 {
                    clients.pop_front();
                }
            }
            assert_eq!(most, 3);
        });
    }

    #[test]
    fn threads_do_not_come_and_go_with_each_client() {
        let (tell, threads) = channel();
        let serve = |_: TcpStream, _: SocketAddr| tell.send(thread::current().id()).unwrap();
        with_workers(100, &serve, |address| {
            let mut all = HashSet::new();
            for _ in 0..100 {
                let _ = connect(address).read(&mut [0]);
                all.insert(threads.recv_timeout(PATIENCE).unwrap());
            }
            assert!(all.len() <= MAX_IDLE, "{} threads", all.len());
        });
    }

    #[test]
    fn workers_that_retire_make_room_for_others() {
        // There, clients were seen to stay in the backlog although threads wait in accept.
        if wine_lacks("an accept that wakes each of many threads") {
            return;
        }
        let (tell, events) = channel();
        let serve = |mut client: TcpStream, _: SocketAddr| {
            tell.send(()).unwrap();
            let _ = client.read(&mut [0]);
        };
        let limit = MAX_IDLE * 2;
        with_workers(limit, &serve, |address| {
            for _ in 0..3 {
                let wave: Vec<_> = (0..limit).map(|_| connect(address)).collect();
                for _ in &wave {
                    events.recv_timeout(PATIENCE).unwrap();
                }
                drop(wave);
                // Meanwhile workers that are not needed any more retire.
                for _ in 0..50 {
                    let client = connect(address);
                    events.recv_timeout(PATIENCE).unwrap();
                    // Not before: on some systems a client that has gone is never accepted.
                    drop(client);
                }
            }
        });
    }
}
