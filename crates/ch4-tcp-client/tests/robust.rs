//! What servers do, and what becomes of the client then.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails with a panic"
)]

use std::io::{self, BufReader, ErrorKind, PipeWriter, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ch4_tcp_client::robust::{self, Limits};
use ch4_tcp_client::terminal::Terminal;
use console::Error;
use testkit::{FakePeer, PATIENCE, Program, Screen, normalise, plain};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-client");

/// For tests in which a limit must be reached soon.
const SHORT: Duration = Duration::from_millis(300);

fn short() -> Limits {
    Limits {
        connect: SHORT,
        send: SHORT,
        linger: SHORT,
        ..Limits::default()
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

/// A line that is longer than what all buffers between the two hold.
fn long_line() -> Vec<u8> {
    let mut line = vec![b'x'; 64 << 20];
    line.push(b'\n');
    line
}

/// The robust client, with both ends of its console in the test's hands.
struct Client {
    keyboard: Option<PipeWriter>,
    screen: Screen,
    end: Receiver<Result<(), Error>>,
}

impl Client {
    /// The client and the server's side of its first connection.
    fn and_peer(limits: Limits) -> (Self, FakePeer, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Self::of(listener.local_addr().unwrap(), limits);
        let server = FakePeer::accept(&listener);
        (client, server, listener)
    }

    fn of(address: SocketAddr, limits: Limits) -> Self {
        let screen = Screen::default();
        let terminal = Terminal::new(screen.clone(), false);
        let client = Self::on(terminal, screen, address, limits);
        client.sees("leaves.\n");
        client
    }

    /// A client of a server that sends `x` after `x`, far faster than the client shows them.
    fn and_flood(limits: Limits) -> (Self, JoinHandle<()>) {
        let limits = Limits { piece: 1, ..limits };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let screen = Screen::default();
        let terminal = Terminal::new(WithoutX(screen.clone()), false);
        let client = Self::on(terminal, screen, listener.local_addr().unwrap(), limits);
        let flooding = FakePeer::accept(&listener).floods();
        client.sees("|");
        (client, flooding)
    }

    fn on(
        terminal: Terminal<impl Write + Send + 'static>,
        screen: Screen,
        address: SocketAddr,
        limits: Limits,
    ) -> Self {
        plain();
        let (typed, keyboard) = io::pipe().unwrap();
        let (ended, end) = channel();
        thread::spawn(move || {
            let input = BufReader::new(typed);
            ended.send(robust::talk(vec![address], limits, input, terminal))
        });
        Self {
            keyboard: Some(keyboard),
            screen,
            end,
        }
    }

    fn types(&self, bytes: impl AsRef<[u8]>) {
        let mut keyboard = self.keyboard.as_ref().expect("the input is still open");
        keyboard.write_all(bytes.as_ref()).unwrap();
    }

    /// Types [`long_line`] on a thread, as the client takes it no faster than the server does.
    fn types_a_long_line(&self) -> JoinHandle<()> {
        let keyboard = self.keyboard.as_ref().expect("the input is still open");
        let mut keyboard = keyboard.try_clone().unwrap();
        thread::spawn(move || keyboard.write_all(&long_line()).unwrap())
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

/// An output on which no `x` is seen, so that a test can look at the rest of a flood of them.
struct WithoutX(Screen);

impl Write for WithoutX {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let rest: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != b'x').collect();
        self.0.write_all(&rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What arrives.
mod receiving {
    use super::*;

    #[test]
    fn a_reply_in_pieces_is_shown_as_it_comes() {
        let (client, server, _) = Client::and_peer(Limits::default());
        server.sends("Hel");
        client.sees("| Hel");
        server.sends("lo\r");
        client.sees("| Hello");
        server.sends("\nbye");
        client.sees("| Hello\n| bye");
        client.types("exit\n");
        assert_eq!(client.shows(), "| Hello\n| bye\n");
    }

    #[test]
    fn a_reply_of_more_than_a_mebibyte_is_shown_whole() {
        let (mut client, mut server, _) = Client::and_peer(endless());
        client.end_input();
        assert_eq!(server.reads_to_end(), b"");
        let line = format!("{}\n", "x".repeat(1023));
        server.sends(line.repeat(2048));
        drop(server);
        let shown = client.shows();
        let expected = format!("| {line}").repeat(2048) + "The server has hung up.\n";
        assert!(shown == expected, "{} bytes", shown.len());
    }

    #[test]
    fn half_a_character_is_shown_when_no_more_can_come() {
        let (client, server, _) = Client::and_peer(Limits::default());
        server.sends(b"half of one: \xe6");
        drop(server);
        client.sees("| half of one: \u{fffd}\nThe server has hung up");
    }

    #[test]
    fn it_makes_no_difference_how_much_is_taken_at_once() {
        let limits = Limits {
            piece: 1,
            ..Limits::default()
        };
        let (client, server, _) = Client::and_peer(limits);
        server.sends("汉字\r\n\r\nсвет\r\n");
        drop(server);
        client.sees("| 汉字\n|\n| свет\nThe server has hung up");
    }

    #[test]
    fn a_server_can_not_speak_for_us_nor_to_the_terminal() {
        let (client, server, _) = Client::and_peer(Limits::default());
        let hostile =
            "x\rThe server has hung up.\nConnected to 127.0.0.1:1.\n\x1b[2Jgone\u{9b}31m\x07\n";
        server.sends(hostile);
        client.sees("gone");
        client.types("exit\n");
        insta::assert_snapshot!(normalise(&client.shows()), @r"
        | x\rThe server has hung up.
        | Connected to 127.0.0.1:[port].
        | \u{1b}[2Jgone\u{9b}31m\u{7}
        ");
    }

    /// The server asks, the user answers on the same line, and Enter leaves the cursor where a line
    /// of ours would begin.
    #[test]
    fn a_server_can_not_speak_for_us_after_an_enter_either() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut screen = Screen::default();
        let client = Client::on(
            Terminal::new(screen.clone(), true),
            screen.clone(),
            listener.local_addr().unwrap(),
            Limits::default(),
        );
        let mut server = FakePeer::accept(&listener);
        server.sends("Name? ");
        client.sees("| Name? ");
        screen.write_all(b"Ann\n").unwrap();
        client.types("Ann\n");
        assert_eq!(server.reads_line(), "Ann\n");
        server.sends("The server has hung up.\n");
        client.sees("| Name? Ann\n| The server has hung up.\n");
    }

    #[test]
    fn a_late_reply_is_shown_whatever_the_limits_are() {
        let (client, mut server, _) = Client::and_peer(short());
        client.types("one\n");
        assert_eq!(server.reads_line(), "one\n");
        server.hears_nothing_for(3 * SHORT);
        server.sends("late\n");
        client.sees("| late\n");
        client.gets_an_answer_from(&mut server);
    }
}

/// The end of a connection, and the next one.
mod reconnecting {
    #[cfg(target_os = "linux")]
    use std::net::Shutdown;

    #[cfg(target_os = "linux")]
    use socket2::SockRef;
    #[cfg(target_os = "linux")]
    use testkit::own_loopback_address;

    use super::*;

    #[test]
    fn after_a_hang_up_the_next_line_connects_anew() {
        let (client, server, listener) = Client::and_peer(Limits::default());
        server.sends("bye");
        drop(server);
        client.sees("hung up");
        client.types("one\n");
        let mut server = FakePeer::accept(&listener);
        assert_eq!(server.reads_line(), "one\n");
        client.gets_an_answer_from(&mut server);
        client.types("exit\n");
        insta::assert_snapshot!(normalise(&client.shows()), @"
        | bye
        The server has hung up; the next line connects anew.
        Connected anew to 127.0.0.1:[port].
        | yes, still
        ");
    }

    #[test]
    fn after_a_hang_up_the_client_hangs_up_at_once_too() {
        let (client, mut server, _) = Client::and_peer(Limits::default());
        server.half_closes();
        assert_eq!(server.reads_to_end(), b"");
        client.sees("hung up");
    }

    #[test]
    fn after_a_hang_up_one_can_simply_leave() {
        let (mut client, server, listener) = Client::and_peer(Limits::default());
        drop(server);
        client.sees("hung up");
        client.end_input();
        client.shows();
        // The client has ended: whoever came is there by now.
        listener.set_nonblocking(true).unwrap();
        let nobody = listener.accept().unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn after_a_reset_the_next_line_connects_anew() {
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
        The connection broke: [the system's words]; the next line connects anew.
        Connected anew to 127.0.0.1:[port].
        | yes, still
        ");
    }

    /// Nobody listens when the line is typed, nor at the next one; then somebody does.
    #[test]
    #[cfg(target_os = "linux")] // A listener that is shut down can listen again.
    fn a_server_that_is_not_there_is_looked_for_again_with_each_line() {
        let address = SocketAddr::from((own_loopback_address().unwrap(), 8080));
        let listener = TcpListener::bind(address).unwrap();
        let client = Client::of(address, Limits::default());
        let server = FakePeer::accept(&listener);
        // Closing it would not do: a program that another test is just starting holds, for a moment,
        // a copy of all that is open in this process, and on that copy the system would still accept.
        SockRef::from(&listener).shutdown(Shutdown::Both).unwrap();
        drop(server);
        client.sees("hung up");
        client.types("one\n");
        client.sees("can't connect");
        let shown = client.sees("check --host and --port\n");
        let failure = shown.lines().last().unwrap();
        client.types("two\n");
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
        The server has hung up; the next line connects anew.
        can't connect to [the address]: [the system's words]; nobody listens there: start the server first, or check --host and --port
        can't connect to [the address]: [the system's words]; nobody listens there: start the server first, or check --host and --port
        Connected anew to [the address].
        | yes, still
        ");
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
    fn an_empty_line_is_sent_so_http_can_be_typed_by_hand() {
        let request = b"GET / HTTP/1.1\nHost: localhost\n\n";
        assert_eq!(sent(request), request);
        assert_eq!(sent(b"\r\n"), b"\r\n");
    }

    #[test]
    fn a_line_of_100_000_characters_is_sent_whole() {
        let line = "汉".repeat(100_000) + "\n";
        assert_eq!(sent(line.as_bytes()), line.as_bytes());
    }

    #[test]
    fn what_is_typed_is_sent_as_it_is_whether_utf_8_or_not() {
        assert_eq!(sent(b"caf\xe9 \xff\0\n"), b"caf\xe9 \xff\0\n");
    }

    #[test]
    fn a_last_line_without_a_line_end_gets_one() {
        assert_eq!(sent(b"one\ntwo"), b"one\ntwo\n");
        assert_eq!(sent(b""), b"");
    }

    #[test]
    fn exit_leaves_at_once_and_only_exit_does() {
        assert_eq!(sent(b" exit\nexit now\n"), b" exit\nexit now\n");
        for exit in ["exit\n", "exit\r\n", "exit"] {
            let (mut client, mut server, _) = Client::and_peer(Limits::default());
            client.types(exit);
            client.end_input();
            assert_eq!(client.shows(), "", "{exit:?}");
            assert_eq!(server.reads_to_end(), b"");
        }
    }

    #[test]
    fn a_paused_screen_does_not_hold_up_sending() {
        let (client, mut server, _) = Client::and_peer(Limits::default());
        client.screen.pause();
        server.sends("one\n");
        client.screen.wait_for_writer();
        client.types("two\n");
        assert_eq!(server.reads_line(), "two\n");
        client.types("exit\n");
        assert_eq!(server.reads_to_end(), b"");
        client.screen.resume();
        assert_eq!(client.shows(), "| one\n");
    }

    /// A server that talks before it reads on, as an echo does whose answer is longer than all buffers.
    /// A client that did one after the other would wait for a server that waits for it.
    #[test]
    fn sending_does_not_hold_up_receiving() {
        let (mut client, mut server, _) = Client::and_peer(endless());
        let typing = client.types_a_long_line();
        client.end_input();
        // The client is sending, and soon has to wait for the server, which doesn't read on.
        server.hears_something();
        for round in 0..500 {
            server.sends(format!("round {round}\n"));
            client.sees(&format!("| round {round}\n"));
        }
        assert_eq!(server.reads_to_end().len(), long_line().len());
        typing.join().unwrap();
        drop(server);
        let shown = client.shows();
        assert!(shown.ends_with("| round 499\nThe server has hung up.\n"));
    }

    /// Both threads notice. What each says is true, in whatever order.
    #[test]
    fn a_server_that_resets_while_a_line_is_sent_has_not_got_it() {
        let (client, mut server, listener) = Client::and_peer(Limits::default());
        let typing = client.types_a_long_line();
        server.hears_something();
        server.resets();
        client.sees("can't send all of this line");
        typing.join().unwrap();
        client.types("one\n");
        let mut next = FakePeer::accept(&listener);
        assert_eq!(next.reads_line(), "one\n");
        client.gets_an_answer_from(&mut next);
    }
}

/// The end of the input, or of the output.
mod leaving {
    use super::*;

    #[test]
    fn a_server_that_speaks_without_end_is_left_all_the_same() {
        let (client, flooding) = Client::and_flood(endless());
        client.types("exit\n");
        assert_eq!(client.shows(), "| \n");
        flooding.join().unwrap();
    }

    #[test]
    fn a_reply_that_is_under_way_when_the_input_ends_is_shown_to_its_end() {
        let (mut client, mut server, _) = Client::and_peer(Limits::default());
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

    /// An output whose reader has gone, but for the first line.
    struct HeadOfOne(Screen);

    impl Write for HeadOfOne {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0.text().contains('\n') {
                return Err(ErrorKind::BrokenPipe.into());
            }
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Nothing is typed, and nothing needs to be, for the client to end.
    #[test]
    fn an_output_that_is_gone_ends_it_while_the_input_is_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let screen = Screen::default();
        let terminal = Terminal::new(HeadOfOne(screen.clone()), false);
        let client = Client::on(terminal, screen, address, Limits::default());
        let mut server = FakePeer::accept(&listener);
        server.sends("to nobody\n");
        assert!(matches!(client.end(), Err(Error::OutputGone)));
        assert_eq!(server.reads_to_end(), b"");
    }
}

/// How long it waits.
mod limits {
    use std::sync::mpsc::RecvTimeoutError;

    use super::*;

    /// What waits for five seconds has waited at least as long as this.
    const FIVE_SECONDS: Duration = Duration::from_millis(4900);

    /// Calls `act` ten times a second until the other end of the channel has gone.
    fn again_and_again(until: &Receiver<()>, mut act: impl FnMut()) {
        while until.recv_timeout(SHORT / 3) == Err(RecvTimeoutError::Timeout) {
            act();
        }
    }

    #[test]
    fn a_server_that_reads_slowly_can_not_hold_a_line_forever() {
        let (client, server, _) = Client::and_peer(short());
        let (stop, until) = channel();
        let reading = thread::spawn(move || {
            // Enough for some pieces of the line each time, far too little for all of it.
            let mut buffer = vec![0; 1 << 20];
            again_and_again(&until, || {
                // It fails when the client has given up.
                let _ = server.stream().read_exact(&mut buffer);
            });
        });
        let typing = client.types_a_long_line();
        client.sees("can't send");
        typing.join().unwrap();
        drop(stop);
        reading.join().unwrap();
    }

    #[test]
    fn by_default_a_server_that_does_not_read_is_given_up_after_five_seconds() {
        let (client, server, listener) = Client::and_peer(Limits::default());
        let begin = Instant::now();
        let typing = client.types_a_long_line();
        client.sees("can't send");
        let elapsed = begin.elapsed();
        typing.join().unwrap();
        assert!((FIVE_SECONDS..PATIENCE).contains(&elapsed), "{elapsed:?}");

        client.types("one\n");
        let mut next = FakePeer::accept(&listener);
        assert_eq!(next.reads_line(), "one\n");
        client.gets_an_answer_from(&mut next);
        client.types("exit\n");
        insta::assert_snapshot!(normalise(&client.shows()), @"
        can't send all of this line to 127.0.0.1:[port]: timed out; the next line connects anew
        Connected anew to 127.0.0.1:[port].
        | yes, still
        ");
        drop(server);
    }

    #[test]
    fn by_default_the_end_of_input_waits_five_seconds_even_if_the_server_drips() {
        let (mut client, server, _) = Client::and_peer(Limits::default());
        let (stop, until) = channel();
        let dripping = thread::spawn(move || {
            // The last drops fall when the client has gone.
            again_and_again(&until, || drop(server.stream().write_all(b".")));
        });
        let begin = Instant::now();
        client.end_input();
        let shown = client.shows();
        let elapsed = begin.elapsed();
        assert!((FIVE_SECONDS..PATIENCE).contains(&elapsed), "{elapsed:?}");
        drop(stop);
        dripping.join().unwrap();

        let drops = shown.matches('.').count() - 1;
        assert!(drops > 5, "{shown}");
        insta::assert_snapshot!(shown.replace(&".".repeat(drops), "[dots]"), @"
        | [dots]
        The server has not hung up within 5s; leaving.
        ");
    }

    #[test]
    fn after_the_end_of_input_a_server_that_speaks_without_end_is_left() {
        let (mut client, flooding) = Client::and_flood(short());
        client.end_input();
        insta::assert_snapshot!(client.shows(), @"
        | 
        The server has not hung up within 300ms; leaving.
        ");
        flooding.join().unwrap();
    }

    /// Where the backlog is full, Linux lets a connection attempt hang: listen(2).
    #[cfg(target_os = "linux")]
    mod connecting {
        use std::net::TcpStream;

        use socket2::SockRef;
        use testkit::port_without_listener;

        use super::*;

        /// Connections that nobody accepts, as many as it takes until the next one hangs.
        fn fill_backlog(address: SocketAddr) -> Vec<TcpStream> {
            let mut queued = Vec::new();
            loop {
                match TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
                    Ok(connection) => queued.push(connection),
                    Err(error) if error.kind() == ErrorKind::TimedOut => return queued,
                    Err(error) => panic!("{error}"),
                }
            }
        }

        /// A listener that lets every further connection attempt hang, and what fills its backlog.
        fn silent_listener() -> (TcpListener, Vec<TcpStream>) {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            // To listen once more changes nothing but the length of the backlog.
            SockRef::from(&listener).listen(0).unwrap();
            let queued = fill_backlog(listener.local_addr().unwrap());
            (listener, queued)
        }

        #[test]
        fn a_full_backlog_is_waited_for_no_longer_than_the_limit() {
            let (client, server, listener) = Client::and_peer(short());
            // To listen once more changes nothing but the length of the backlog.
            SockRef::from(&listener).listen(0).unwrap();
            let queued = fill_backlog(listener.local_addr().unwrap());
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
            The server has hung up; the next line connects anew.
            can't connect to 127.0.0.1:[port]: timed out; nobody answered in time: check that the server runs, and check --host and --port
            Connected anew to 127.0.0.1:[port].
            | yes, still
            ");
        }

        #[test]
        fn by_default_connecting_takes_five_seconds_at_most() {
            let (listener, _queued) = silent_listener();
            let address = listener.local_addr().unwrap();
            let begin = Instant::now();
            let error = robust::connect(&[address], Limits::default().connect).unwrap_err();
            let elapsed = begin.elapsed();
            insta::assert_snapshot!(normalise(&error.to_string()), @"can't connect to 127.0.0.1:[port]: timed out; nobody answered in time: check that the server runs, and check --host and --port");
            assert!((FIVE_SECONDS..PATIENCE).contains(&elapsed), "{elapsed:?}");
        }

        #[test]
        fn each_address_is_tried_and_a_silent_one_leaves_time_for_the_next() {
            let (silent, _queued) = silent_listener();
            let (_held, refusing) = port_without_listener();
            let open = TcpListener::bind("127.0.0.1:0").unwrap();
            let addresses = [
                silent.local_addr().unwrap(),
                refusing,
                open.local_addr().unwrap(),
            ];
            // If the first took more than its third of the time, the last could have none.
            let connection = robust::connect(&addresses, FIVE_SECONDS).unwrap();
            assert_eq!(connection.server(), addresses[2]);

            let begin = Instant::now();
            let error = robust::connect(&addresses[..2], SHORT).unwrap_err();
            assert!(begin.elapsed() < PATIENCE); // The system gives up after two minutes.
            insta::assert_snapshot!(normalise(&error.to_string()), @"can't connect to 127.0.0.1:[port]: timed out, 127.0.0.1:[port]: [the system's words]; nobody listens there: start the server first, or check --host and --port");
            // Not one address: an error too, not a panic.
            insta::assert_snapshot!(robust::connect(&[], SHORT).unwrap_err(), @"can't connect: there is no address to try; give an address such as --host 127.0.0.1");
        }
    }
}

/// The program as a whole: signals, pipes, IPv6.
mod program {
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

    #[test]
    fn head_of_one_line_ends_the_program_quietly() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let mut shell = Command::new("sh");
        let script = r#"{ "$0" --port "$1"; echo "status $?" >&2; } | head -1"#;
        shell.args(["-c", script, PROGRAM, &port]);
        let shell = Program::start_command(shell);
        // It sends until the client has gone; the input stays open and idle meanwhile.
        FakePeer::accept(&listener).floods().join().unwrap();
        let _ = shell.errors.wait_for("status");
        let ended = shell.wait();
        assert_eq!(ended.errors, "status 0\n");
        assert_eq!(ended.output.lines().count(), 1, "{}", ended.output);
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
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port().to_string();
            let program = Program::start_with_signals(PROGRAM, ["--port", &port]);
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
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let mut program = program(listener.local_addr().unwrap());
            let mut server = FakePeer::accept(&listener);
            program.types_and_ends(long_line());
            // It has begun to send, and can't end before the server reads.
            server.hears_something();
            for _ in 0..10 {
                program.signal("STOP");
                wait_for_state(&program, "T");
                program.signal("CONT");
                // Waiting in its system calls again.
                wait_for_state(&program, "S");
            }
            assert_eq!(server.reads_line().len(), long_line().len());
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
