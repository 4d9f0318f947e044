//! `tap proxy`.
//!
//! ```text
//!          ──► read ──► print ──► (wait) ──► pieces ──► write ──►
//!   client                                                        server
//!          ◄── write ◄── pieces ◄── (wait) ◄── print ◄── read ◄──
//! ```
//!
//! Each direction has a thread. It reads again only when it has written, so a side that doesn't read
//! holds up the other one, as it would without the tap. Only with a delay does a second thread
//! write, so that one read needn't wait for the delay of the one before.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Error;
use socket2::SockRef;

use super::MOST_WAITING;
use crate::address::connect;
use crate::clients::{LOOK, LOOK_WHILE_READING, both, is_no_end, serve_each};
use crate::transcript::{Connection, Side, Transcript, in_bytes};
use crate::trouble::Trouble;

/// How many bytes one read takes at most.
const READ: usize = 64 * 1024;

/// With `--split`, how far apart the first pieces of each read are. Otherwise one `recv` would get
/// several of them.
const APART: Duration = Duration::from_millis(1);

/// How many pieces of a read are apart. The others go as fast as they can, so that large transfers
/// end, too.
const PIECES_APART: usize = 64;

/// With `--rate`, how often a piece goes on its way.
const PIECES_PER_SECOND: usize = 20;

/// Connects each client to the target, and passes on what both send.
///
/// # Errors
///
/// It ends only if the listener is of no use any more, or with [`console::end_accept`].
pub fn serve(
    listener: &TcpListener,
    target: &str,
    trouble: &Trouble,
    transcript: &Arc<Transcript>,
) -> io::Result<()> {
    let (here, log) = (listener.local_addr()?, &transcript.log);
    log.always(format_args!("Listening on {here}, passing on to {target}"));
    log.event("A line shows what one read brought: a piece of the stream, not a packet.");
    serve_each(listener, transcript, |client, connection| {
        let served = serve_client(client, target, trouble, connection);
        served.unwrap_or_else(|error| connection.trouble(error));
    })
}

fn serve_client(
    client: TcpStream,
    target: &str,
    trouble: &Trouble,
    connection: &Connection,
) -> Result<(), Error> {
    let server = connect(target).inspect_err(|_| {
        // The client can't be refused any more, so it is reset.
        let _ = SockRef::from(&client).set_linger(Some(Duration::ZERO));
    })?;
    connection.event(format_args!("connected to {target}"));
    let streams = [client, server];
    for stream in &streams {
        // `end` wakes no write, and a read only where that is possible.
        let _ = stream.set_write_timeout(Some(LOOK));
        let _ = stream.set_read_timeout(LOOK_WHILE_READING);
    }
    let pair = Pair {
        streams,
        connection,
        state: Mutex::default(),
        changed: Condvar::new(),
    };
    let run = |from| pair.run(from, trouble.of(from));
    both(|| run(Side::Server), || run(Side::Client))
}

/// What one side sent: the bytes of a read, or none at the end of its stream. `None`: a reset.
type Sent<'a> = Option<&'a [u8]>;

/// The sockets of the client and of the server, and what the two directions have to know of each
/// other.
struct Pair<'a> {
    streams: [TcpStream; 2],
    connection: &'a Connection,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// Whether all that a side has sent is passed on, and the end of it, too. If the tap closes the
    /// connection, both are true, and what still comes is thrown away.
    ended: [bool; 2],
    reset: bool,
}

impl State {
    fn is_over(self) -> bool {
        self.reset || self.ended == [true; 2]
    }
}

impl Pair<'_> {
    /// Passes on everything that `from` sends, until the direction has ended.
    fn run(&self, from: Side, trouble: Trouble) {
        let (mut passed, mut next) = (0, Instant::now());
        let mut pass = |sent: Sent| match sent {
            None => self.end(true, format_args!("{from} reset")),
            Some([]) => self.half_close(from),
            Some(bytes) => self.pass(from, &trouble, bytes, (&mut passed, &mut next)),
        };
        if trouble.delay.is_zero() {
            return self.read_all(from, &trouble, pass);
        }
        let (wait, waiting) = sync_channel::<(_, Option<Vec<u8>>)>(MOST_WAITING);
        let pass_on = || {
            for (due, sent) in waiting {
                self.wait_until(due);
                pass(sent.as_deref());
            }
        };
        let read = || {
            self.read_all(from, &trouble, move |sent| {
                let due = Instant::now() + trouble.delay;
                let _ = wait.send((due, sent.map(<[u8]>::to_vec)));
            });
        };
        if let Err(error) = both(pass_on, read) {
            self.end(true, error);
        }
    }

    /// Prints all that comes from a side, and hands it over.
    fn read_all(&self, from: Side, trouble: &Trouble, mut pass: impl FnMut(Sent)) {
        let mut stream = &self.streams[from as usize];
        let mut buffer = vec![0; READ];
        let mut half_closed = false;
        loop {
            let read = stream.read(&mut buffer);
            // Linux tells of a reset only once, and not at all after the end of the stream. But a
            // peer that has reset the connection has no address any more. (It has none either when
            // both directions have ended, so the state is looked at later.)
            let has_gone = matches!(read, Ok(0)) && stream.peer_addr().is_err();
            let state = *self.state();
            match read {
                _ if state.reset => return,
                Err(error) if is_no_end(&error) => {}
                Ok(0) | Err(_) if state.is_over() => return,
                Ok(_) if state.is_over() => {}
                Err(_) => return pass(None),
                Ok(0) if has_gone && !state.ended[from.other() as usize] => return pass(None),
                // It may still reset the connection.
                Ok(0) if half_closed => self.wait_until(Instant::now() + LOOK),
                Ok(0) => {
                    half_closed = true;
                    self.connection.event(format_args!("{from} half-closed"));
                    pass(Some(&[]));
                }
                Ok(count) => {
                    let bytes = &buffer[..count];
                    self.connection.bytes(from, bytes, trouble.remark(count));
                    pass(Some(bytes));
                }
            }
        }
    }

    /// Passes bytes on, in pieces, and as far as the trouble lets them. It counts what has passed, and
    /// says when the next piece may go.
    fn pass(
        &self,
        from: Side,
        trouble: &Trouble,
        bytes: &[u8],
        (passed, next): (&mut usize, &mut Instant),
    ) {
        let to = from.other();
        let limit = trouble.reset_after.or(trouble.close_after);
        let left = limit.map_or(usize::MAX, |limit| limit - *passed);
        let bytes = bytes.get(..left).unwrap_or(bytes);
        let by_rate = trouble.rate.map(|rate| rate.div_ceil(PIECES_PER_SECOND));
        let piece = trouble.split.or(by_rate).unwrap_or(usize::MAX);
        for (number, piece) in bytes.chunks(piece).enumerate() {
            self.wait_until(*next);
            if !self.write(to, piece) {
                return self.end(true, format_args!("{to} reset"));
            }
            let pause = match trouble.rate {
                Some(rate) => {
                    Duration::from_nanos(piece.len() as u64 * 1_000_000_000 / rate as u64)
                }
                None if trouble.split.is_some() && number + 1 < PIECES_APART => APART,
                None => continue,
            };
            *next = Instant::now().max(*next) + pause;
        }
        *passed += bytes.len();
        if limit == Some(*passed) {
            let reset = trouble.reset_after.is_some();
            let how = if reset { "reset" } else { "half-closed" };
            let count = in_bytes(*passed);
            let why = format!("tap {how} both sides after {count} to the {to}");
            self.end(reset, why);
        }
    }

    /// Sends bytes to a side. Returns false if that side has reset the connection.
    fn write(&self, to: Side, mut bytes: &[u8]) -> bool {
        let mut stream = &self.streams[to as usize];
        while !self.state().is_over() && !bytes.is_empty() {
            match stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_no_end(&error) => {}
                Err(_) => return self.state().is_over(),
            }
        }
        true
    }

    /// Tells the other side that `from` has sent everything.
    fn half_close(&self, from: Side) {
        self.state().ended[from as usize] = true;
        // If that side has gone, the next call finds out.
        let _ = self.streams[from.other() as usize].shutdown(Shutdown::Write);
        self.changed.notify_all();
    }

    /// Ends the connection for both sides and says why, unless it is over already. Either it
    /// half-closes them, or it resets them as soon as nobody uses them any more.
    ///
    /// Closing with a linger time of zero sends a reset (socket(7)). A `shutdown` of both directions
    /// would send an orderly end before it.
    fn end(&self, reset: bool, why: impl Display) {
        let mut state = self.state();
        if state.is_over() {
            return;
        }
        state.ended = [true; 2];
        state.reset = reset;
        for stream in &self.streams {
            // A socket that was reset by its peer needs none of this.
            let _ = if reset {
                let lingers = SockRef::from(stream).set_linger(Some(Duration::ZERO));
                lingers.and(stream.shutdown(Shutdown::Read))
            } else {
                stream.shutdown(Shutdown::Write)
            };
        }
        self.changed.notify_all();
        self.connection.trouble(why);
    }

    /// Waits until this instant, or until the connection is over.
    fn wait_until(&self, instant: Instant) {
        let left = instant.saturating_duration_since(Instant::now());
        let is_open = |state: &mut State| !state.is_over();
        drop(self.changed.wait_timeout_while(self.state(), left, is_open));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
