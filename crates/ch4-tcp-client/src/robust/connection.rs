//! One connection: how it opens, sends, receives on a separate thread, and ends.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, DeadlineStream, Error, OrCannot, refuse_self};
use socket2::{Domain, Protocol, Socket, Type};

use super::screen::Screen;

/// Maximum bytes received, and shown, at once.
const PIECE: usize = 16 << 10;

/// An open connection, and the thread that shows what the server sends. Dropping it ends it.
pub(super) struct Connection {
    stream: Arc<TcpStream>,
    server: SocketAddr,
    screen: Arc<Screen>,
    /// The number by which the screen knows it.
    number: u64,
    /// Disconnected when the receiving thread has ended.
    thread_end: Receiver<()>,
}

impl Connection {
    /// Connects, says so in `greeting`'s words, and starts to receive.
    pub(super) fn open(
        addresses: &[SocketAddr],
        limit: Duration,
        screen: &Arc<Screen>,
        greeting: impl Fn(SocketAddr) -> String,
    ) -> Result<Self, Error> {
        let (stream, server) = connect(addresses, limit)?;
        let number = screen.connected(greeting(server));
        // Nothing is ever sent here: the thread drops its end when it is done.
        let (held_by_thread, thread_end) = channel::<()>();
        let connection = Self {
            stream: Arc::new(stream),
            server,
            screen: Arc::clone(screen),
            number,
            thread_end,
        };
        let (stream, screen) = (Arc::clone(&connection.stream), Arc::clone(screen));
        thread::Builder::new()
            .spawn(move || {
                receive(&mut &*stream, number, &screen);
                // Our side may still be open. If it isn't, this fails, and that is fine.
                let _ = stream.shutdown(Shutdown::Both);
                drop(held_by_thread);
            })
            .or_cannot(Action::StartThread, "that receives")?;
        Ok(connection)
    }

    /// Whether the server has ended it, or a line couldn't be sent.
    pub(super) fn has_ended(&self) -> bool {
        !self.screen.is_open(self.number)
    }

    /// Sends all of these bytes in the time that is left for their line, or ends the connection.
    /// Then nobody knows how many bytes the server got.
    pub(super) fn send(&self, bytes: &[u8], time: &mut Duration) -> Result<(), Error> {
        // A deadline, not a limit for each write: a server may take a byte now and then.
        let begin = Instant::now();
        let sent = DeadlineStream::new(&self.stream, begin + *time).write_all(bytes);
        *time = time.saturating_sub(begin.elapsed());
        sent.map_err(|error| {
            self.end();
            let action = format_args!("send all of this line to {}", self.server);
            Error::cannot(action, error, "the next line reconnects")
        })
    }

    /// Tells the server that no more lines will come, and waits for it to close, for this time at
    /// most.
    pub(super) fn linger(&self, limit: Duration) {
        self.screen.input_ended();
        if self.has_ended() {
            return;
        }
        let _ = self.stream.shutdown(Shutdown::Write);
        if self.thread_end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            let why = format!("The server did not hang up within {limit:?}; leaving.");
            self.screen.we_end(self.number, &why);
        }
    }

    /// Nothing more is sent or shown. The receiving thread ends with the next bytes, or when the
    /// server closes too.
    fn end(&self) {
        self.screen.we_end(self.number, "");
        // Not `Both`: Linux wouldn't tell the server that nobody reads its waiting bytes.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.end();
    }
}

/// Steps 1 and 2: connects to the first address that answers, within `limit` in total, and returns
/// which one that is. (A name may have several: `localhost` is often `::1` and `127.0.0.1`.)
///
/// # Errors
///
/// None of them answered. The error says why for each.
pub fn connect(
    addresses: &[SocketAddr],
    limit: Duration,
) -> Result<(TcpStream, SocketAddr), Error> {
    let deadline = Instant::now() + limit;
    let mut tried = String::new();
    let next = "give an address such as --host 127.0.0.1";
    let mut failed = Err(Error::cannot("connect", "there is no address to try", next));
    let mut still_to_try = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for &address in addresses {
        // A silent address must leave time for those after it.
        let share = deadline.saturating_duration_since(Instant::now()) / still_to_try;
        still_to_try -= 1;
        match connect_within(address, share) {
            Ok(stream) => return Ok((stream, address)),
            // The last error is the cause. The others come before it, with their addresses.
            Err(error) => {
                let all = format!("{tried}{address}");
                tried = format!("{all}: {error}, ");
                failed = Err(error).or_cannot(Action::Connect, all);
            }
        }
    }
    failed
}

fn connect_within(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    // 1. Create a socket: of the address's family (IPv4 or IPv6), for a stream of bytes.
    let family = Domain::for_address(address);
    let socket = Socket::new(family, Type::STREAM, Some(Protocol::TCP))?;

    // 2. Connect it to the server's address and port. Without a limit Linux tries for two minutes.
    socket.connect_timeout(&address.into(), limit)?;
    refuse_self(socket.into())
}

/// Half of step 3: shows whatever arrives until the server ends the connection, or the user does.
fn receive(stream: &mut impl Read, connection: u64, screen: &Screen) {
    let mut buffer = [0; PIECE];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return screen.server_ends(connection, "The server has hung up"),
            Ok(count) => match screen.received(connection, &buffer[..count]) {
                // A paused terminal pauses the receiving, and TCP tells the server to wait.
                Some(taken) => drop(taken.recv()),
                None => return,
            },
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                let why = format!("The connection broke: {error}");
                return screen.server_ends(connection, &why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;

    use console::Printer;
    use testkit::{PATIENCE, plain};

    use super::*;

    /// What a server sends, one read after the other.
    struct Reads(Vec<io::Result<&'static str>>);

    impl Read for Reads {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.remove(0)?.as_bytes().read(buffer)
        }
    }

    /// What the screen shows of a connection that another one may have followed already.
    fn received(reads: Vec<io::Result<&'static str>>, followed: bool) -> String {
        plain();
        let shown = testkit::Capture::default();
        let screen = Screen::new(Printer::new(shown.clone()).unwrap(), false);
        let connection = screen.connected("Connected.");
        if followed {
            screen.connected("Reconnected.");
        }
        receive(&mut Reads(reads), connection, &screen);
        screen.finish().unwrap();
        shown.text()
    }

    #[test]
    fn an_interrupted_read_goes_on() {
        let interrupted = Err(ErrorKind::Interrupted.into());
        let reads = vec![Ok("Hel"), interrupted, Ok("lo"), Ok("")];
        insta::assert_snapshot!(received(reads, false), @"
        Connected.
        | Hello
        The server has hung up; the next line reconnects.
        ");
    }

    /// While the terminal is paused, no more is read than is being printed and waits to be.
    #[test]
    fn a_paused_terminal_pauses_the_receiving() {
        /// Tells of each read, which gives one byte.
        struct Told(Sender<()>);

        impl Read for Told {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                // When nobody listens any more, the server has hung up.
                let told = self.0.send(());
                told.map_or(Ok(0), |()| b"x".as_slice().read(buffer))
            }
        }

        plain();
        let shown = testkit::Capture::default();
        shown.pause();
        let screen = Screen::new(Printer::new(shown.clone()).unwrap(), false);
        let connection = screen.connected("Connected.");
        shown.wait_for_writer();
        let (tell, told) = channel();
        let receiving = thread::spawn(move || receive(&mut Told(tell), connection, &screen));
        told.recv_timeout(PATIENCE).unwrap();
        assert!(told.recv_timeout(Duration::from_millis(100)).is_err());
        shown.resume();
        told.recv_timeout(PATIENCE).unwrap();
        drop(told);
        receiving.join().unwrap();
    }

    #[test]
    fn nothing_is_shown_of_a_connection_that_we_have_ended() {
        let broken = Err(ErrorKind::ConnectionReset.into());
        for reads in [vec![Ok("late")], vec![Ok("")], vec![broken]] {
            assert_eq!(received(reads, true), "Connected.\nReconnected.\n");
        }
    }
}
