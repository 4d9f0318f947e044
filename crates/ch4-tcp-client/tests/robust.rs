//! What servers do that no check does, and what becomes of the client then.

use std::io::{self, BufReader, ErrorKind, PipeWriter, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ch4_tcp_client::robust::{self, Limits};
use console::{Error, Printer, is_timeout};
use socket2::SockRef;
use testkit::{Capture, FakePeer, PATIENCE, Program, normalise, plain};

use crate::PROGRAM;

/// For tests in which a limit must be reached soon.
const SHORT: Duration = Duration::from_millis(300);

fn short() -> Limits {
    Limits {
        connect: SHORT,
        send: SHORT,
        linger: SHORT,
    }
}

/// For tests in which no limit must be reached: a client that waited for it would fail the test.
fn endless() -> Limits {
    Limits {
        send: 3 * PATIENCE,
        linger: 3 * PATIENCE,
        ..Limits::default()
    }
}

/// More than a system keeps of a line while a [`listener`]'s connection isn't read. Linux lets the
/// sender's buffer grow to 4 MiB (`tcp_wmem` in tcp(7)).
const LONG: usize = 8 << 20;

/// A free port, whose connections keep no more than 128 KiB of what isn't read.
fn listener() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // The system doubles it on Linux: socket(7).
    let small = SockRef::from(&listener).set_recv_buffer_size(64 * 1024);
    small.unwrap();
    listener
}

/// Sends `x` after `x`, as fast as it can, until the client has gone.
fn floods(server: FakePeer) -> JoinHandle<()> {
    let begin = Instant::now();
    thread::spawn(move || {
        while server.stream().write_all(&[b'x'; 1 << 14]).is_ok() {
            assert!(begin.elapsed() < PATIENCE, "the client is still there");
        }
    })
}

/// The robust client, with both ends of its console in the test's hands.
struct Client {
    keyboard: Option<PipeWriter>,
    screen: Capture,
    end: Receiver<Result<(), Error>>,
}

impl Client {
    /// The client and the server's side of its first connection.
    fn and_peer(limits: Limits) -> (Self, FakePeer, TcpListener) {
        let listener = listener();
        let client = Self::of(listener.local_addr().unwrap(), limits);
        let server = FakePeer::accept(&listener);
        (client, server, listener)
    }

    fn of(address: SocketAddr, limits: Limits) -> Self {
        let screen = Capture::default();
        Self::on(screen.clone(), false, screen, address, limits)
    }

    /// A client whose output goes to `out`, from where it may get to the screen.
    fn on(
        out: impl Write + Send + 'static,
        echo: bool,
        screen: Capture,
        address: SocketAddr,
        limits: Limits,
    ) -> Self {
        plain();
        let (typed, keyboard) = io::pipe().unwrap();
        let (ended, end) = channel();
        thread::spawn(move || {
            let terminal = robust::Screen::new(Printer::new(out).unwrap(), echo);
            let input = BufReader::new(typed);
            ended.send(robust::talk(&[address], limits, input, terminal))
        });
        let client = Self {
            keyboard: Some(keyboard),
            screen,
            end,
        };
        client.sees("leaves.\n");
        client
    }

    fn types(&self, bytes: impl AsRef<[u8]>) {
        let mut keyboard = self.keyboard.as_ref().expect("the input is still open");
        keyboard.write_all(bytes.as_ref()).unwrap();
    }

    /// Types a line of this many bytes, on a thread: the client takes it no faster than the server.
    fn types_a_line_of(&self, bytes: usize) -> JoinHandle<()> {
        let keyboard = self.keyboard.as_ref().expect("the input is still open");
        let mut keyboard = keyboard.try_clone().unwrap();
        thread::spawn(move || {
            keyboard.write_all(&vec![b'x'; bytes - 1]).unwrap();
            keyboard.write_all(b"\n").unwrap();
        })
    }

    fn end_input(&mut self) {
        self.keyboard = None;
    }

    fn sees(&self, text: &str) -> String {
        self.screen.wait_for(text)
    }

    /// How it ends, which must be soon.
    fn end(&self) -> Result<(), Error> {
        self.end.recv_timeout(PATIENCE).expect("the client's end")
    }

    /// All that it has shown, but the first line, until it ended as it should.
    fn shows(&self) -> String {
        self.end().unwrap();
        let text = self.screen.text();
        let (_connected, text) = text.split_once('\n').unwrap_or_default();
        text.to_owned()
    }

    /// Types a line that the server must get, and an answer that the client must show.
    fn gets_an_answer_from(&self, server: &mut FakePeer) {
        self.types("still there?\n");
        assert_eq!(server.reads_line(), "still there?\n");
        server.sends("yes, still\n");
        self.sees("| yes, still\n");
    }
}

/// An output that shows no `x` and counts them, for floods of them.
#[derive(Clone, Default)]
struct WithoutX(Capture, Arc<AtomicUsize>);

static XS: [u8; 1 << 17] = [b'x'; 1 << 17];

impl Write for WithoutX {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Most of it is nothing but x, and this is a fast way to see that.
        let only_x = XS.get(..bytes.len()) == Some(bytes);
        let mut rest = if only_x { vec![] } else { bytes.to_vec() };
        rest.retain(|&byte| byte != b'x');
        self.1
            .fetch_add(bytes.len() - rest.len(), Ordering::Relaxed);
        if !rest.is_empty() {
            self.0.write_all(&rest)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WithoutX {
    /// A client that shows on this, and the server's side of its connection.
    fn and_peer(&self, limits: Limits) -> (Client, FakePeer) {
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let client = Client::on(self.clone(), false, self.0.clone(), address, limits);
        (client, FakePeer::accept(&listener))
    }
}

/// The end of a connection, and the next one.
mod reconnecting {
    #[cfg(target_os = "linux")]
    use std::net::Shutdown;

    #[cfg(target_os = "linux")]
    use testkit::own_loopback_address;

    use super::*;

    #[test]
    fn a_server_that_ends_only_its_own_side_has_hung_up_too() {
        let (client, mut server, listener) = Client::and_peer(Limits::default());
        server.sends(b"half a character: \xe6");
        server.half_closes();
        client.sees("hung up");
        assert_eq!(server.reads_to_end(), b"");
        client.types("one\n");
        let mut server = FakePeer::accept(&listener);
        assert_eq!(server.reads_line(), "one\n");
        client.types("exit\n");
        insta::assert_snapshot!(normalise(&client.shows()), @"
        | half a character: �
        The server has hung up; the next line reconnects.
        Reconnected to 127.0.0.1:[port].
        ");
    }

    #[test]
    fn after_a_hang_up_one_can_simply_leave() {
        for leaves in ["exit\n", ""] {
            let (mut client, server, listener) = Client::and_peer(endless());
            drop(server);
            client.sees("hung up");
            client.types(leaves);
            client.end_input();
            client.shows();
            // The client has ended: whoever came is there by now.
            listener.set_nonblocking(true).unwrap();
            let nobody = listener.accept().unwrap_err();
            assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
        }
    }

    #[test]
    fn after_a_reset_in_the_middle_of_a_line_the_next_line_connects_anew() {
        let (client, server, listener) = Client::and_peer(Limits::default());
        server.sends("half a li");
        client.sees("half a li");
        server.resets();
        client.sees("broke");
        client.types("one\n");
        let mut server = FakePeer::accept(&listener);
        assert_eq!(server.reads_line(), "one\n");
        client.gets_an_answer_from(&mut server);
        client.types("exit\n");
        insta::assert_snapshot!(normalise(&client.shows()), @"
        | half a li
        The connection broke: [the system's words]; the next line reconnects.
        Reconnected to 127.0.0.1:[port].
        | yes, still
        ");
    }

    /// Both threads notice. What each says is true, in whatever order.
    #[test]
    fn a_server_that_resets_while_a_line_is_sent_has_not_got_it() {
        let (client, server, listener) = Client::and_peer(endless());
        let typing = client.types_a_line_of(LONG);
        assert_eq!(server.stream().peek(&mut [0]).unwrap(), 1);
        server.resets();
        client.sees("can't send all of this line");
        typing.join().unwrap();
        client.types("one\n");
        // Nothing of the long line's rest comes before it.
        let mut next = FakePeer::accept(&listener);
        assert_eq!(next.reads_line(), "one\n");
        client.gets_an_answer_from(&mut next);
    }

    /// Nobody listens when the line is typed, nor at the next one; then somebody does.
    #[test]
    #[cfg(target_os = "linux")] // A listener that is shut down can listen again.
    fn a_server_that_is_not_there_is_looked_for_again_with_each_line() {
        let address = SocketAddr::from((own_loopback_address().unwrap(), 8080));
        let listener = TcpListener::bind(address).unwrap();
        let client = Client::of(address, Limits::default());
        let server = FakePeer::accept(&listener);
        // Closing it would not do: a program that another test is just starting holds, for a
        // moment, a copy of all that is open in this process, and on that copy the system would
        // still accept.
        SockRef::from(&listener).shutdown(Shutdown::Both).unwrap();
        drop(server);
        client.sees("hung up");
        client.types("one\n");
        client.sees("can't connect");
        let shown = client.sees("check --host and --port\n");
        let failure = shown.lines().last().unwrap();
        // None of a line's pieces is sent, nor does each of them try again.
        let long = "x".repeat(200_000) + "\n";
        client.types(long);
        client.sees(&format!("{failure}\n{failure}\n"));
        SockRef::from(&listener).listen(1).unwrap();
        client.types("three\n");
        let mut server = FakePeer::accept(&listener);
        assert_eq!(server.reads_line(), "three\n");
        client.gets_an_answer_from(&mut server);
        client.types("exit\n");
        let text = client
            .shows()
            .replace(&address.to_string(), "[the address]");
        insta::assert_snapshot!(normalise(&text), @"
        The server has hung up; the next line reconnects.
        can't connect to [the address]: [the system's words]; nobody listens there: start the server first, or check --host and --port
        can't connect to [the address]: [the system's words]; nobody listens there: start the server first, or check --host and --port
        Reconnected to [the address].
        | yes, still
        ");
    }
}

/// Both directions at once.
mod directions {
    use super::*;

    /// A server that talks before it reads on, and then as much as it reads, as an echo does. A
    /// client that did one after the other would wait for a server that waits for it.
    #[test]
    fn sending_does_not_hold_up_receiving() {
        let out = WithoutX::default();
        let (mut client, server) = out.and_peer(endless());
        let typing = client.types_a_line_of(LONG);
        // The client is sending, and can't end: no buffer holds that much.
        assert_eq!(server.stream().peek(&mut [0]).unwrap(), 1);
        server.sends("before it reads on\n");
        client.sees("| before it reads on\n");
        client.end_input();
        io::copy(&mut server.stream(), &mut server.stream()).unwrap();
        drop(server);
        typing.join().unwrap();
        assert_eq!(
            client.shows(),
            "| before it reads on\n| \nThe server has hung up.\n"
        );
        // The first line has an x too, in "exit".
        assert_eq!(out.1.load(Ordering::Relaxed), LONG);
    }

    /// Nothing is lost on a terminal that is paused, and nothing waits for it but what it shows.
    #[test]
    fn a_paused_terminal_holds_up_neither_sending_nor_leaving() {
        for leaves in ["exit\n", ""] {
            let (mut client, mut server, _) = Client::and_peer(Limits::default());
            client.screen.pause();
            server.sends("one\n");
            client.screen.wait_for_writer();
            client.types("two\n");
            assert_eq!(server.reads_line(), "two\n");
            client.types(leaves);
            client.end_input();
            assert_eq!(server.reads_to_end(), b"");
            drop(server);
            client.screen.resume();
            let last = if leaves.is_empty() {
                "The server has hung up.\n"
            } else {
                ""
            };
            assert_eq!(client.shows(), format!("| one\n{last}"));
        }
    }

    /// The user answers on the server's row, and Enter leaves the cursor where our lines begin.
    #[test]
    fn after_an_enter_the_server_can_not_speak_for_us() {
        for (echo, shown) in [(true, "| Name? Ann\n| x\n"), (false, "| Name? Ann\nx\n")] {
            let listener = listener();
            let address = listener.local_addr().unwrap();
            let mut screen = Capture::default();
            let client = Client::on(screen.clone(), echo, screen.clone(), address, endless());
            let mut server = FakePeer::accept(&listener);
            server.sends("Name? ");
            client.sees("| Name? ");
            screen.write_all(b"Ann\n").unwrap();
            client.types("Ann\n");
            assert_eq!(server.reads_line(), "Ann\n");
            server.sends("x\n");
            client.sees(shown);
        }
    }
}

/// What is typed.
mod sending {
    use super::*;

    /// Types these bytes, ends the input, and returns what the server gets.
    fn sent(typed: &[u8]) -> Vec<u8> {
        let (mut client, mut server, _) = Client::and_peer(Limits::default());
        client.types(typed);
        client.end_input();
        let bytes = server.reads_to_end();
        drop(server);
        assert_eq!(client.shows(), "The server has hung up.\n");
        bytes
    }

    #[test]
    fn lines_go_out_as_they_were_typed() {
        for typed in [
            &b""[..],
            b"\r\n",
            b"GET / HTTP/1.1\nHost: localhost\n\n",
            b" exit\nexit now\n",
            b"not UTF-8: caf\xe9 \xff\0\n",
            ("汉".repeat(100_000) + "\n").as_bytes(),
        ] {
            assert_eq!(sent(typed), typed);
        }
        assert_eq!(sent(b"one\nno line end"), b"one\nno line end\n");
    }
}

/// The end of the input, or of the output.
mod leaving {
    use super::*;

    #[test]
    fn exit_leaves_at_once_and_ends_the_row() {
        for exit in ["exit\n", "exit\r\n", "exit"] {
            let (mut client, mut server, _) = Client::and_peer(endless());
            server.sends("Name? ");
            client.sees("Name? ");
            client.types(exit);
            client.end_input();
            assert_eq!(client.shows(), "| Name? \n", "{exit:?}");
            assert_eq!(server.reads_to_end(), b"");
        }
    }

    #[test]
    fn a_server_that_speaks_without_end_is_left_all_the_same() {
        let (client, server) = WithoutX::default().and_peer(endless());
        let flooding = floods(server);
        client.sees("| ");
        client.types("exit\n");
        assert_eq!(client.shows(), "| \n");
        flooding.join().unwrap();
    }

    #[test]
    fn a_reply_that_is_under_way_when_the_input_ends_is_shown_to_its_end() {
        let (mut client, mut server, _) = Client::and_peer(endless());
        client.types("one\n");
        server.reads_line();
        server.sends("the beg");
        client.sees("the beg");
        client.end_input();
        // It knows that no more will come, and can still answer.
        assert_eq!(server.reads_to_end(), b"");
        server.sends("inning\nand the end");
        drop(server);
        insta::assert_snapshot!(normalise(&client.shows()), @"
        | the beginning
        | and the end
        The server has hung up.
        ");
    }

    #[test]
    fn an_output_that_can_not_be_written_is_an_error() {
        struct Full(Capture);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if self.0.text().contains('\n') {
                    return Err(ErrorKind::StorageFull.into());
                }
                self.0.write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let screen = Capture::default();
        let mut client = Client::on(Full(screen.clone()), false, screen, address, endless());
        let server = FakePeer::accept(&listener);
        server.sends("to nobody\n");
        drop(server);
        client.end_input();
        insta::assert_snapshot!(client.end().unwrap_err(), @"can't write the output: no storage space; check that its disk has room and its terminal is open");
    }
}

/// How long it waits.
mod limits {
    use std::io::Read;
    use std::sync::mpsc::RecvTimeoutError;

    use super::*;

    /// `tests/external.rs` waits for them.
    #[test]
    fn by_default_each_is_five_seconds() {
        let Limits {
            connect,
            send,
            linger,
        } = Limits::default();
        assert_eq!([connect, send, linger], [Duration::from_secs(5); 3]);
    }

    /// Calls `act` at this interval until the other end of the channel has gone.
    fn again_and_again(interval: Duration, until: &Receiver<()>, mut act: impl FnMut()) {
        while until.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            act();
        }
    }

    #[track_caller]
    fn hears_nothing_for(time: Duration, server: &FakePeer) {
        server.stream().set_read_timeout(Some(time)).unwrap();
        let heard = server.stream().peek(&mut [0]);
        assert!(heard.as_ref().is_err_and(is_timeout), "{heard:?}");
        server.stream().set_read_timeout(Some(PATIENCE)).unwrap();
    }

    #[test]
    fn an_answer_may_take_longer_than_any_limit() {
        let (client, mut server, _) = Client::and_peer(short());
        client.types("one\n");
        assert_eq!(server.reads_line(), "one\n");
        hears_nothing_for(3 * SHORT, &server);
        server.sends("late\n");
        client.sees("| late\n");
        client.gets_an_answer_from(&mut server);
    }

    #[test]
    fn a_server_that_reads_slowly_can_not_hold_a_line_forever() {
        let (client, server, _) = Client::and_peer(short());
        let (stop, until) = channel();
        let reading = thread::spawn(move || {
            // Enough for some pieces of the line each time, far too little for all of it.
            let mut buffer = vec![0; 1 << 20];
            again_and_again(SHORT / 3, &until, || {
                // It fails when the client has given up.
                let _ = server.stream().read_exact(&mut buffer);
            });
        });
        let typing = client.types_a_line_of(64 << 20);
        client.sees("can't send");
        typing.join().unwrap();
        drop(stop);
        reading.join().unwrap();
    }

    /// The time in which a line is typed doesn't count.
    #[test]
    fn a_line_that_is_typed_slowly_is_sent() {
        let (client, mut server, _) = Client::and_peer(short());
        // More than what is sent at once, and then nothing for longer than a line may take.
        client.types("x".repeat(65 << 10));
        let mut first = vec![0; 64 << 10];
        server.stream().read_exact(&mut first).unwrap();
        hears_nothing_for(2 * SHORT, &server);
        client.types("\n");
        assert_eq!(server.reads_line().len(), (1 << 10) + 1);
        client.types("exit\n");
        assert_eq!(client.shows(), "");
    }

    /// What a server has said before a line couldn't be sent is shown; what it says later is not.
    #[test]
    fn a_server_that_does_not_read_is_given_up() {
        let (client, server, listener) = Client::and_peer(short());
        server.sends("one");
        client.sees("| one");
        client.screen.pause();
        server.sends(", two");
        client.screen.wait_for_writer();
        server.sends(", three");
        let begin = Instant::now();
        let typing = client.types_a_line_of(LONG);
        typing.join().unwrap();
        let elapsed = begin.elapsed();
        client.screen.resume();
        client.sees("can't send");
        assert!((SHORT..PATIENCE).contains(&elapsed), "{elapsed:?}");

        client.types("one\n");
        let mut next = FakePeer::accept(&listener);
        assert_eq!(next.reads_line(), "one\n");
        client.gets_an_answer_from(&mut next);
        client.types("exit\n");
        insta::assert_snapshot!(normalise(&client.shows()), @"
        | one, two, three
        can't send all of this line to 127.0.0.1:[port]: timed out; the next line reconnects
        Reconnected to 127.0.0.1:[port].
        | yes, still
        ");
        drop(server);
    }

    #[test]
    fn the_end_of_input_does_not_wait_for_a_server_that_was_given_up() {
        let (mut client, server, _) = Client::and_peer(Limits {
            send: SHORT,
            ..endless()
        });
        client.types_a_line_of(LONG).join().unwrap();
        client.sees("can't send");
        client.end_input();
        client.end().unwrap();
        drop(server);
    }

    #[test]
    fn the_end_of_input_waits_no_longer_if_the_server_drips() {
        let (mut client, server, _) = Client::and_peer(short());
        let (stop, until) = channel();
        let dripping = thread::spawn(move || {
            // The last drops fall when the client has gone.
            again_and_again(SHORT / 30, &until, || drop(server.stream().write_all(b"~")));
        });
        client.sees("| ~");
        let begin = Instant::now();
        client.end_input();
        let shown = client.shows();
        let elapsed = begin.elapsed();
        assert!((SHORT..PATIENCE).contains(&elapsed), "{elapsed:?}");
        drop(stop);
        dripping.join().unwrap();

        let drops = shown.matches('~').count();
        insta::assert_snapshot!(shown.replace(&"~".repeat(drops), "[drops]"), @"
        | [drops]
        The server did not hang up within 300ms; leaving.
        ");
    }

    #[test]
    fn after_the_end_of_input_a_server_that_speaks_without_end_is_left() {
        let (mut client, server) = WithoutX::default().and_peer(short());
        let flooding = floods(server);
        client.sees("| ");
        client.end_input();
        insta::assert_snapshot!(client.shows(), @"
        | 
        The server did not hang up within 300ms; leaving.
        ");
        flooding.join().unwrap();
    }

    /// Where the backlog is full, Linux lets a connection attempt hang: listen(2).
    #[cfg(target_os = "linux")]
    mod connecting {
        use std::net::TcpStream;

        use testkit::port_without_listener;

        use super::*;

        /// Makes further connection attempts hang: connections that nobody accepts fill the
        /// backlog.
        fn fill_backlog(listener: &TcpListener) -> Vec<TcpStream> {
            // To listen once more changes nothing but the length of the backlog.
            SockRef::from(listener).listen(0).unwrap();
            let address = listener.local_addr().unwrap();
            let mut queued = Vec::new();
            loop {
                match TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
                    Ok(connection) => queued.push(connection),
                    Err(error) if error.kind() == ErrorKind::TimedOut => return queued,
                    Err(error) => panic!("{error}"),
                }
            }
        }

        #[test]
        fn a_full_backlog_is_waited_for_no_longer_than_the_limit() {
            let (client, server, listener) = Client::and_peer(short());
            let queued = fill_backlog(&listener);
            drop(server);
            client.sees("hung up");
            client.types("one\n");
            client.sees("can't connect");

            for _ in queued {
                listener.accept().unwrap();
            }
            client.types("two\n");
            let mut server = FakePeer::accept(&listener);
            assert_eq!(server.reads_line(), "two\n");
            client.gets_an_answer_from(&mut server);
            client.types("exit\n");
            insta::assert_snapshot!(normalise(&client.shows()), @"
            The server has hung up; the next line reconnects.
            can't connect to 127.0.0.1:[port]: timed out; nobody answered in time: check that the server runs, and check --host and --port
            Reconnected to 127.0.0.1:[port].
            | yes, still
            ");
        }

        #[test]
        fn each_address_is_tried_and_a_silent_one_leaves_time_for_the_next() {
            let silent = TcpListener::bind("127.0.0.1:0").unwrap();
            let _queued = fill_backlog(&silent);
            let (_held, refusing) = port_without_listener();
            let open = TcpListener::bind("127.0.0.1:0").unwrap();
            let addresses = [
                silent.local_addr().unwrap(),
                refusing,
                open.local_addr().unwrap(),
            ];
            // If the first took more than its third of the time, the last could have none.
            let limit = Duration::from_secs(1);
            let (_, server) = robust::connect(&addresses, limit).unwrap();
            assert_eq!(server, addresses[2]);

            let error = robust::connect(&addresses[..2], limit).unwrap_err();
            insta::assert_snapshot!(normalise(&error.to_string()), @"can't connect to 127.0.0.1:[port]: timed out, 127.0.0.1:[port]: [the system's words]; nobody listens there: start the server first, or check --host and --port");
            // Not one address: an error too, not a panic.
            insta::assert_snapshot!(robust::connect(&[], SHORT).unwrap_err(), @"can't connect: there is no address to try; give an address such as --host 127.0.0.1");
        }
    }
}

/// The program as a whole: signals, pipes, IPv6.
mod program {
    use std::io::BufRead;
    use std::process::Command;

    use insta::assert_snapshot;
    use testkit::has_ipv6;

    use super::*;

    /// The program, connected to this server.
    fn program(server: SocketAddr) -> Program {
        let (host, port) = (server.ip().to_string(), server.port().to_string());
        let program = Program::start(PROGRAM, ["--host", &host, "--port", &port]);
        let _ = program.output.wait_for("Connected to");
        program
    }

    /// As before `| head -1`: nothing is typed, and nothing needs to be, for the program to end.
    #[test]
    fn an_output_that_is_gone_ends_the_program_quietly() {
        let listener = listener();
        let port = listener.local_addr().unwrap().port().to_string();
        let mut command = Command::new(PROGRAM);
        command.args(["--port", &port]);
        let (reader, output) = io::pipe().unwrap();
        let program = Program::start_into(command, output);
        let server = FakePeer::accept(&listener);
        let mut first_line = String::new();
        BufReader::new(reader).read_line(&mut first_line).unwrap();
        // It sends until the client has gone; the input stays open and idle meanwhile.
        floods(server).join().unwrap();
        assert_snapshot!(program.wait().report(), @"[exit status: 0]");
    }

    #[test]
    fn ipv6() {
        if !has_ipv6() {
            return;
        }
        let listener = TcpListener::bind("[::1]:0").unwrap();
        let mut program = program(listener.local_addr().unwrap());
        let mut server = FakePeer::accept(&listener);
        program.types("hello\n");
        assert_eq!(server.reads_line(), "hello\n");
        server.sends("hello yourself\n");
        let _ = program.output.wait_for("hello yourself");
        program.types("exit\n");
        assert_snapshot!(program.wait().report(), @r#"
        Connected to [::1]:[port]. Each line is sent; "exit" or the end of input leaves.
        | hello yourself
        [exit status: 0]
        "#);
    }

    /// What the keyboard and the shell do to the program.
    #[cfg(target_os = "linux")]
    mod signals {
        use super::*;

        #[test]
        fn ctrl_c_ends_it_at_once() {
            let listener = listener();
            let port = listener.local_addr().unwrap().port().to_string();
            let program = Program::start(PROGRAM, ["--port", &port]);
            let _server = FakePeer::accept(&listener);
            let _ = program.output.wait_for("Connected to");
            program.signal("INT");
            assert_snapshot!(program.wait().report(), @r#"
            Connected to 127.0.0.1:[port]. Each line is sent; "exit" or the end of input leaves.
            [signal: 2 (SIGINT)]
            "#);
        }

        /// Ctrl-Z and `fg` while a line is on its way: what waits in a system call is interrupted.
        #[test]
        fn to_be_stopped_and_continued_harms_nothing() {
            let listener = listener();
            let mut program = program(listener.local_addr().unwrap());
            let mut server = FakePeer::accept(&listener);
            program.types_and_ends(vec![b'x'; LONG - 1]);
            // It has begun to send, and can't end before the server reads.
            assert_eq!(server.stream().peek(&mut [0]).unwrap(), 1);
            // Two rounds: on a busy machine, more would take longer than a line may.
            for _ in 0..2 {
                program.signal("STOP");
                wait_for_state(&program, "T");
                program.signal("CONT");
                // Waiting in its system calls again.
                wait_for_state(&program, "S");
            }
            assert_eq!(server.reads_line().len(), LONG);
            server.sends("all of it\n");
            drop(server);
            assert_snapshot!(program.wait().report(), @r#"
            Connected to 127.0.0.1:[port]. Each line is sent; "exit" or the end of input leaves.
            | all of it
            The server has hung up.
            [exit status: 0]
            "#);
        }

        /// Waits for the state in which all threads of the program are, as `ps` names it.
        fn wait_for_state(program: &Program, expected: &str) {
            let begin = Instant::now();
            let id = program.id();
            loop {
                let threads = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
                let states: Vec<String> = threads
                    .map(|thread| {
                        std::fs::read_to_string(thread.unwrap().path().join("stat")).unwrap()
                    })
                    .map(|stat| stat.split(' ').nth(2).unwrap().to_owned())
                    .collect();
                if states.iter().all(|state| state == expected) {
                    return;
                }
                assert!(begin.elapsed() < PATIENCE, "{states:?}");
                thread::yield_now();
            }
        }
    }
}
