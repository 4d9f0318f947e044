//! What nobody can do to the chat, as host or as guest.

use std::io::{self, BufReader, PipeWriter, Write};
#[cfg(unix)]
use std::net::TcpStream;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
#[cfg(unix)]
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use ch4_chat::BYE;
use ch4_chat::robust::keyboard::{Input, Keyboard};
#[cfg(target_os = "linux")]
use ch4_chat::robust::meet;
use ch4_chat::robust::{self, Chat, Limits, MESSAGE_BYTES};
use console::{Error, Printer, Width};
use testkit::{Capture, FakePeer, PATIENCE, Program, has_ipv6, own_loopback_address, plain};

use crate::PROGRAM;
const ANY_PORT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// A robust program on a thread of the test: what it prints, and what is typed into it.
struct Side {
    screen: Capture,
    typing: PipeWriter,
    end: Receiver<Result<(), Error>>,
}

impl Side {
    fn start(limits: Limits, run: impl FnOnce(Chat) -> Result<(), Error> + Send + 'static) -> Self {
        Self::start_with_width(|| None, limits, run)
    }

    fn start_with_width(
        width: Width,
        limits: Limits,
        run: impl FnOnce(Chat) -> Result<(), Error> + Send + 'static,
    ) -> Self {
        plain();
        let screen = Capture::default();
        let printer = Printer::new(screen.clone()).unwrap().with_width(width);
        let (input, typing) = io::pipe().unwrap();
        let keyboard = Keyboard::plain(Input::File, BufReader::new(input));
        let (ended, end) = channel();
        thread::spawn(move || {
            // When it has ended, everything is on the screen.
            ended.send(run(Chat::start(keyboard, printer, limits).unwrap()))
        });
        Self {
            screen,
            typing,
            end,
        }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.typing, "{line}").unwrap();
    }

    fn sees(&self, text: &str) {
        let _ = self.screen.wait_for(text);
    }

    /// How it ends, which must be soon.
    fn end(&self) -> Result<(), Error> {
        self.end.recv_timeout(PATIENCE).unwrap()
    }

    /// It has ended, or does so at the end of its input. Returns what it printed.
    fn ends(self) -> (String, Result<(), Error>) {
        drop(self.typing);
        let end = self.end.recv_timeout(PATIENCE).unwrap();
        (self.screen.text(), end)
    }
}

fn host_with(limits: Limits) -> (Side, SocketAddr) {
    let listener = robust::listen(ANY_PORT).unwrap();
    let address = listener.local_addr().unwrap();
    let host = Side::start(limits, move |chat| robust::host(listener, None, chat));
    (host, address)
}

fn host() -> (Side, SocketAddr) {
    host_with(Limits::default())
}

/// A robust guest, and the host's end of its connection.
fn guest_with(name: Option<&'static str>, limits: Limits) -> (Side, FakePeer) {
    let listener = TcpListener::bind(ANY_PORT).unwrap();
    let stream = robust::connect(listener.local_addr().unwrap(), &limits).unwrap();
    let guest = Side::start(limits, move |chat| robust::guest(stream, name, chat));
    (guest, FakePeer::accept(&listener))
}

fn guest() -> (Side, FakePeer) {
    guest_with(None, Limits::default())
}

/// A guest that has connected and of which the host has told everybody.
fn joins(host: &Side, address: SocketAddr) -> FakePeer {
    let peer = FakePeer::connect(address);
    let here = peer.stream().local_addr().unwrap();
    host.sees(&format!("has joined from {here}.\n"));
    peer
}

/// The lines that come, up to one that contains `text`.
#[track_caller]
fn reads_up_to(peer: &mut FakePeer, text: &str) -> Vec<String> {
    let begin = Instant::now();
    let mut lines = Vec::new();
    // Only the newest line is looked at: there may be thousands.
    loop {
        let line = peer.reads_line();
        let (is_it, is_end) = (line.contains(text), line.is_empty());
        lines.push(line);
        if is_it {
            return lines;
        }
        let in_vain = is_end || begin.elapsed() > PATIENCE;
        assert!(!in_vain, "no {text:?} in {lines:?}");
    }
}

/// Time enough to see that a side closes its half at once, and not only when this is over.
fn long_farewell() -> Limits {
    Limits {
        farewell: 3 * PATIENCE,
        ..Limits::default()
    }
}

/// With a program that speaks as the tutorial's does.
mod with_the_tutorial {
    use super::*;

    #[test]
    fn a_guest_that_sends_no_line_ends_is_understood() {
        let (mut host, address) = host();
        let mut guest = FakePeer::connect(address);
        // Each message after the one before has been shown: more than 200 ms later.
        let chinese = "你".repeat(333);
        for message in ["hello", "你好", &chinese] {
            guest.sends(message);
            host.sees(&format!("| guest-1: {message}\n"));
        }
        host.types("hi");
        assert_eq!(guest.receives(), "hi\n");
        guest.sends(BYE);
        host.sees("guest-1 has left.");
        assert_eq!(guest.receives(), "");
        host.ends().1.unwrap();
    }

    #[test]
    fn byebye_of_the_host_is_understood_by_a_guest_that_compares_it_whole() {
        let (mut host, address) = host_with(long_farewell());
        let mut guest = FakePeer::connect(address);
        guest.sends("hello");
        host.sees("hello");
        host.types(BYE);
        assert_eq!(guest.receives(), BYE);
        assert_eq!(guest.receives(), "");
        drop(guest);
        host.ends().1.unwrap();
    }

    #[test]
    fn a_host_that_sends_no_line_ends_is_understood() {
        let (mut guest, mut host) = guest();
        for message in ["hello", "你好"] {
            guest.types("and you?");
            assert_eq!(host.receives(), "and you?\n");
            host.sends(message);
            guest.sees(&format!("| {message}\n"));
        }
        host.sends(BYE);
        guest.sees("The host has ended the chat.");
        guest.end().unwrap();
        assert_eq!(host.reads_to_end(), b"", "the host has had the last word");
    }

    #[test]
    fn byebye_of_a_guest_is_understood_by_a_host_that_compares_it_whole() {
        let (mut guest, mut host) = guest_with(None, long_farewell());
        guest.types("hello");
        assert_eq!(host.receives(), "hello\n");
        guest.types(BYE);
        assert_eq!(host.receives(), BYE);
        assert_eq!(host.receives(), "");
        drop(host);
        guest.ends().1.unwrap();
    }

    /// A tutorial's program may close with something unread, which resets the connection.
    #[test]
    fn the_last_word_counts_even_if_a_reset_follows_it() {
        let (host, address) = host();
        let guest = joins(&host, address);
        guest.sends(BYE);
        guest.resets();
        host.sees("guest-1 ");
        let (shown, _) = host.ends();
        // The reset may have been quicker; then the system has thrown the word away.
        assert!(
            shown.contains("has left.") || shown.contains("is gone"),
            "{shown}"
        );
    }
}

/// What guests hear of each other.
mod guests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn fifty_guests_hear_each_other_once_and_in_order() {
        let (mut host, address) = host();
        let mut guests: Vec<_> = (1..=50)
            .map(|number| {
                let guest = FakePeer::connect(address);
                guest.sends(format!("/name g{number}\n"));
                host.sees(&format!("g{number} has joined"));
                guest
            })
            .collect();
        for round in 0..3 {
            for guest in &guests {
                guest.sends(format!("round {round}\n"));
            }
        }
        host.types("host");
        for (index, guest) in guests.iter_mut().enumerate() {
            let own = format!("g{}", index + 1);
            let mut heard = BTreeMap::<String, Vec<String>>::new();
            let (mut joined, mut from_host) = (Vec::new(), 0);
            while heard.values().map(Vec::len).sum::<usize>() < 49 * 3 || from_host == 0 {
                let line = guest.reads_line();
                let line = line.trim_end();
                match line.split_once(": ") {
                    Some((name, words)) => {
                        heard
                            .entry(name.to_owned())
                            .or_default()
                            .push(words.to_owned());
                    }
                    None if line == "host" => from_host += 1,
                    None => joined.push(line.to_owned()),
                }
            }
            assert!(!heard.contains_key(&own));
            for (name, words) in heard {
                assert_eq!(
                    words,
                    ["round 0", "round 1", "round 2"],
                    "{own} hears {name}"
                );
            }
            // Those who came later, each announced once.
            let later = (index + 2..=50).map(|number| format!("* g{number} has joined."));
            assert_eq!(joined, later.collect::<Vec<_>>());
        }
        host.types(BYE);
        for guest in &mut guests {
            assert_eq!(guest.reads_to_end(), BYE.as_bytes());
        }
        drop(guests);
        let (shown, end) = host.ends();
        end.unwrap();
        assert_eq!(shown.matches("has joined").count(), 50);
        assert_eq!(shown.matches("| g7: round 1\n").count(), 1);
    }

    #[test]
    fn a_guest_tells_its_name_first() {
        let (guest, mut host) = guest_with(Some("Li"), Limits::default());
        assert_eq!(host.reads_line(), "/name Li\n");
        drop(host);
        guest.ends().1.unwrap();
    }

    #[test]
    fn guests_may_leave_in_any_way() {
        let (host, address) = host();
        let mut stays = joins(&host, address);

        let resets = joins(&host, address);
        resets.resets();
        assert_eq!(reads_up_to(&mut stays, "guest-2 is").len(), 2);

        let half_closes = joins(&host, address);
        half_closes.sends("last words");
        half_closes.half_closes();
        assert_eq!(
            reads_up_to(&mut stays, "has left"),
            [
                "* guest-3 has joined.\n",
                "guest-3: last words\n",
                "* guest-3 has left.\n"
            ]
        );

        let vanishes = joins(&host, address);
        vanishes.sends("first\nin the middle of a li");
        drop(vanishes);
        assert_eq!(
            reads_up_to(&mut stays, "has left"),
            [
                "* guest-4 has joined.\n",
                "guest-4: first\n",
                "guest-4: in the middle of a li\n",
                "* guest-4 has left.\n"
            ]
        );

        // Who leaves before it is introduced was never there.
        FakePeer::connect(address).resets();
        FakePeer::connect(address).sends(BYE);
        assert_eq!(reads_up_to(&mut stays, "guest-6 has left").len(), 2);
        drop(stays);
        host.ends().1.unwrap();
    }

    #[test]
    fn a_host_that_leaves_ends_the_room_for_all_without_a_reset() {
        for _ in 0..20 {
            let (mut host, address) = host_with(long_farewell());
            let mut guests: Vec<_> = (0..5).map(|_| FakePeer::connect(address)).collect();
            for guest in &guests {
                guest.sends("hello\n");
            }
            for id in 1..=5 {
                host.sees(&format!("guest-{id} has joined"));
            }
            // What they say now is on its way when the host closes.
            for guest in &guests {
                guest.sends("one more thing\n");
            }
            host.types(BYE);
            let mut heard = Vec::new();
            for guest in &mut guests {
                heard = guest.reads_to_end();
                assert!(heard.ends_with(BYE.as_bytes()));
                // The host listens until they have closed: if not, the second of these fails.
                guest.sends("bye\n");
                guest.sends("bye!\n");
            }
            drop(guests);
            let (shown, end) = host.ends();
            end.unwrap();
            // What the guests hear at the very end, the host sees.
            let heard = String::from_utf8(heard).unwrap();
            for line in heard.lines().filter(|it| it.ends_with("one more thing")) {
                assert!(shown.contains(&format!("| {line}\n")), "{heard}\n{shown}");
            }
        }
    }

    #[test]
    fn a_host_that_is_alone_is_told_that_nobody_reads() {
        let (mut host, address) = host();
        let guest = joins(&host, address);
        drop(guest);
        host.sees("has left");
        host.types("hello?");
        host.sees("Nobody is here to read that.");
        host.types(BYE);
        host.ends().1.unwrap();
    }

    #[test]
    fn a_room_can_be_opened_again_on_the_same_port() {
        let (mut host, address) = host();
        let mut guest = joins(&host, address);
        host.types(BYE);
        assert_eq!(guest.reads_to_end(), BYE.as_bytes());
        drop(guest);
        host.ends().1.unwrap();
        // The host has closed first, so its side is in TIME-WAIT now. A program that another test
        // starts holds copies of this process's sockets for a moment, until its `exec`.
        let begin = Instant::now();
        while let Err(error) = robust::listen(address) {
            assert!(begin.elapsed() < PATIENCE, "{error}");
            thread::yield_now();
        }
    }
}

/// How much a guest may take, and how long it may be waited for.
mod limits {
    use socket2::{Domain, SockRef, Socket, Type};
    use std::net::Shutdown;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// The other side closes this connection, without reading what is sent.
    fn is_soon_closed(peer: &FakePeer) {
        let begin = Instant::now();
        // (Wine goes on taking what is written.)
        while cfg!(unix) && peer.stream().write(b"x").is_ok() {
            thread::yield_now();
        }
        // If it is still open, a write has waited for so long.
        assert!(begin.elapsed() < PATIENCE, "it is still open");
    }

    /// A room of which little may wait for each guest.
    fn host_that_waits_little() -> (Side, SocketAddr) {
        host_with(Limits {
            guest_bytes: 10_000,
            ..long_farewell()
        })
    }

    #[test]
    fn a_guest_that_does_not_read_is_dropped_and_nobody_waits_for_it() {
        let (mut host, address) = host_that_waits_little();
        let mut reads = joins(&host, address);
        // A small window, so that it is full soon.
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(&address.into()).unwrap();
        let stuck = FakePeer::on(socket.into());
        host.sees("guest-2 has joined");

        let begin = Instant::now();
        let dropped = "* guest-2 was dropped for reading too slowly.\n".to_owned();
        let mut heard = Vec::new();
        while !heard.contains(&dropped) {
            assert!(begin.elapsed() < PATIENCE, "it is never dropped");
            host.types(&"x".repeat(4000));
            heard = reads_up_to(&mut reads, "xxx");
        }
        is_soon_closed(&stuck);
        drop(reads);
        host.ends().1.unwrap();
    }

    /// A guest that has left before it has read anything, although much waits for it.
    fn leaves_unread(limits: Limits) -> (Side, FakePeer) {
        let (host, address) = host_with(limits);
        // A small window, so that it is full soon.
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(&address.into()).unwrap();
        let leaves = FakePeer::on(socket.into());
        host.sees("guest-1 has joined");
        for id in 2..=4 {
            let speaks = joins(&host, address);
            speaks.sends(("x".repeat(4000) + "\n").repeat(14));
            speaks.sends("last\n");
            host.sees(&format!("| guest-{id}: last\n"));
        }
        leaves.sends("byebye\n");
        host.sees("guest-1 has left");
        (host, leaves)
    }

    #[test]
    fn who_leaves_still_gets_what_was_said_before() {
        let (host, mut leaves) = leaves_unread(long_farewell());
        let heard = String::from_utf8(leaves.reads_to_end()).unwrap();
        assert_eq!(heard.matches(": last\n").count(), 3);
        host.ends().1.unwrap();
    }

    #[test]
    fn who_leaves_and_does_not_read_is_not_waited_for_long() {
        let (host, leaves) = leaves_unread(Limits {
            farewell: Duration::from_millis(200),
            ..Limits::default()
        });
        is_soon_closed(&leaves);
        host.ends().1.unwrap();
    }

    /// The other tests have shorter ones. `tests/external.rs` waits for this.
    #[test]
    fn by_default_a_side_with_no_more_to_say_listens_for_five_seconds() {
        assert_eq!(Limits::default().linger, Duration::from_secs(5));
    }

    /// The flood has one event in the inbox at a time, and is soon read more slowly.
    #[test]
    fn a_guest_that_floods_does_not_starve_the_others() {
        let (mut host, address) = host();
        let floods = joins(&host, address);
        let small = SockRef::from(floods.stream()).set_send_buffer_size(16 * 1024);
        small.unwrap();
        let speaks = joins(&host, address);
        let mut hears = joins(&host, address);
        // It only ends a test that has failed: on a busy machine each message takes a while.
        let (begin, bound) = (Instant::now(), 10 * PATIENCE);
        let (waits, enough) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                let flood = "flood\n".repeat(1000);
                // Longer than a write waits if only the room's budget slows it down.
                let long = Some(Duration::from_millis(400));
                floods.stream().set_write_timeout(long).unwrap();
                let mut sent = 0;
                while !enough.load(Ordering::Relaxed) {
                    assert!(begin.elapsed() < bound);
                    match floods.stream().write(flood.as_bytes()) {
                        Ok(count) => sent += count,
                        Err(_) => waits.store(true, Ordering::Relaxed),
                    }
                }
                // The room reads no more than it passes on, and buffers are small.
                assert!(sent < 1_000_000, "{sent}");
            });
            // Whoever shares the room with a flood has to read it.
            let mut also_hears = speaks.stream().try_clone().unwrap();
            thread::spawn(move || io::copy(&mut also_hears, &mut io::sink()));
            let mut number = 0;
            while number < 20 || !waits.load(Ordering::Relaxed) {
                assert!(begin.elapsed() < bound, "the flood never waits");
                speaks.sends(format!("message {number}\n"));
                reads_up_to(&mut hears, &format!("guest-2: message {number}"));
                number += 1;
            }
            enough.store(true, Ordering::Relaxed);
            speaks.stream().shutdown(Shutdown::Both).unwrap();
        });
        host.types(BYE);
        drop((floods, speaks, hears));
        host.ends().1.unwrap();
    }

    /// Empty lines, and a line without end, are never passed on, but have to be read.
    #[test]
    fn a_guest_that_sends_much_and_says_nothing_is_read_more_slowly() {
        for nothing in ["\n", "x"] {
            let (mut host, address) = host();
            let floods = joins(&host, address);
            let small = SockRef::from(floods.stream()).set_send_buffer_size(16 * 1024);
            small.unwrap();
            let long = Some(Duration::from_millis(400));
            floods.stream().set_write_timeout(long).unwrap();
            let flood = nothing.repeat(1000);
            let mut sent = 0;
            while let Ok(count) = floods.stream().write(flood.as_bytes()) {
                sent += count;
                assert!(
                    sent < 1_000_000,
                    "{nothing:?}: {sent} bytes were read at once"
                );
            }
            host.types(BYE);
            drop(floods);
            host.ends().1.unwrap();
        }
    }

    /// Even if it never falls quiet.
    #[test]
    fn a_guest_is_announced_soon_whatever_it_does() {
        let (host, address) = host();
        let mut listens = joins(&host, address);
        let drips = FakePeer::connect(address);
        let here = drips.stream().local_addr().unwrap();
        let joined = format!("guest-2 has joined from {here}.\n");
        let begin = Instant::now();
        while !host.screen.text().contains(&joined) {
            assert!(begin.elapsed() < PATIENCE, "it is never announced");
            drips.sends(".");
            thread::yield_now();
        }
        assert_eq!(listens.reads_line(), "* guest-2 has joined.\n");
        drips.sends("\n");
        assert!(listens.reads_line().starts_with("guest-2: ."));
        drop((listens, drips));
        host.ends().1.unwrap();
    }

    #[test]
    fn the_host_can_end_the_chat_whatever_the_guests_do() {
        let (mut host, address) = host_with(Limits {
            farewell: Duration::from_millis(200),
            ..Limits::default()
        });
        let mut guests: Vec<_> = (0..5).map(|_| joins(&host, address)).collect();
        let flood = "flood\n".repeat(10_000);
        thread::scope(|scope| {
            for guest in &guests {
                // Until the host closes the connection.
                scope.spawn(|| while guest.stream().write_all(flood.as_bytes()).is_ok() {});
                scope.spawn(|| io::copy(&mut guest.stream(), &mut io::sink()));
            }
            host.sees("flood");
            host.types(BYE);
            host.end().unwrap();
        });
        guests.clear();
    }

    #[test]
    #[cfg(unix)] // It has `ulimit`.
    fn silent_connections_keep_nobody_out() {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n 128; exec \"$0\" server --port 0", PROGRAM]);
        let host = Program::start_command(command);
        let address = host.address();
        let silent: Vec<_> = (0..100)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        let guest = FakePeer::connect(address);
        guest.sends("/name Li\nhello\n");
        let _ = host.output.wait_for("| Li: hello");
        drop(silent);
    }

    #[test]
    #[cfg(unix)] // It has `ulimit`.
    fn a_system_that_is_short_of_descriptors_keeps_nobody_out_for_good() {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n 20; exec \"$0\" server --port 0", PROGRAM]);
        let host = Program::start_command(command);
        let address = host.address();
        let many: Vec<_> = (0..30).map(|_| FakePeer::connect(address)).collect();
        let _ = host.output.wait_for("Can't let a guest in for now");
        drop(many);
        let guest = FakePeer::connect(address);
        guest.sends("/name Li\nhello\n");
        let _ = host.output.wait_for("| Li: hello");
    }

    #[test]
    fn a_room_that_is_full_says_so() {
        let (host, address) = host_with(Limits {
            guests: 1,
            ..Limits::default()
        });
        let guest = joins(&host, address);
        for _ in 0..10 {
            let mut refused = FakePeer::connect(address);
            // Unread, this would turn the close into a reset.
            refused.sends("/name Li\nhello\n");
            assert_eq!(refused.reads_to_end(), b"* The room is full.\n");
            // The host still reads: if not, the second of these fails.
            refused.sends("hello?\n");
            refused.sends("hello!\n");
        }
        drop(guest);
        host.sees("guest-1 has left");
        joins(&host, address);
        host.ends().1.unwrap();
    }

    /// Others may allow fewer, whatever a program asks for.
    #[test]
    #[cfg(target_os = "linux")]
    fn two_hundred_may_connect_before_anybody_is_accepted() {
        let listener = robust::listen(ANY_PORT).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        let queued: Vec<_> = (0..200).map(connect).collect();
        drop(queued);
    }

    /// The system doubles it on Linux: socket(7).
    #[test]
    fn the_system_keeps_little_of_what_is_not_read_yet() {
        let listener = robust::listen(ANY_PORT).unwrap();
        let socket = SockRef::from(&listener);
        let sizes = [socket.recv_buffer_size(), socket.send_buffer_size()];
        for size in sizes.map(Result::unwrap) {
            assert!((32 * 1024..=64 * 1024).contains(&size), "{size}");
        }
    }

    #[test]
    fn nobody_may_type_more_than_a_guest_may_say() {
        let is_slowed_down = |mut types: Side, mut reads: FakePeer| {
            let begin = Instant::now();
            for _ in 0..20 {
                types.types(&"x".repeat(4000));
            }
            for _ in 0..20 {
                assert_eq!(reads.reads_line().len(), 4001);
            }
            // Before the last line, 76,019 bytes: so much more than the burst.
            let time = Duration::from_millis(1000 * (76_019 - 65_536) / 16_384);
            assert!(begin.elapsed() >= time, "{:?}", begin.elapsed());
            drop(reads);
            types.ends().1.unwrap();
        };
        let (typing, reading) = guest();
        is_slowed_down(typing, reading);
        let (typing, address) = host();
        let reading = joins(&typing, address);
        is_slowed_down(typing, reading);
    }

    #[test]
    fn a_host_that_does_not_read_is_given_up() {
        let limits = Limits {
            // More than the burst, which may all be typed while the writer rests.
            guest_bytes: 70_000,
            ..long_farewell()
        };
        let listener = TcpListener::bind(ANY_PORT).unwrap();
        // A small window and a small buffer, so that they are full soon.
        let small = SockRef::from(&listener).set_recv_buffer_size(4096);
        small.unwrap();
        let stream = robust::connect(listener.local_addr().unwrap(), &limits).unwrap();
        let small = SockRef::from(&stream).set_send_buffer_size(4096);
        small.unwrap();
        let mut guest = Side::start(limits, move |chat| robust::guest(stream, None, chat));
        let host = FakePeer::accept(&listener);
        let line = "x".repeat(4000);
        let begin = Instant::now();
        while writeln!(guest.typing, "{line}").is_ok() {
            assert!(begin.elapsed() < PATIENCE, "the keyboard is held forever");
        }
        assert!(begin.elapsed() < PATIENCE, "it was waited for");
        let error = guest.end().unwrap_err().to_string();
        assert!(error.contains("timed out"), "{error}");
        is_soon_closed(&host);
    }

    /// On Linux a listener whose queue is full doesn't answer at all: listen(2).
    #[test]
    #[cfg(target_os = "linux")]
    fn a_host_that_does_not_answer_is_waited_for_no_longer_than_the_limit() {
        let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        full.bind(&ANY_PORT.into()).unwrap();
        full.listen(0).unwrap();
        let address = full.local_addr().unwrap().as_socket().unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            queued.push(stream);
            assert!(queued.len() < 10, "the queue is never full");
        }
        let limits = Limits {
            connect_time: Duration::from_millis(500),
            ..Limits::default()
        };
        let begin = Instant::now();
        let error = robust::connect(address, &limits).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begin.elapsed() < PATIENCE); // The system gives up after two minutes.

        // To meet is to try that twice.
        let begin = Instant::now();
        let error = meet(&[address], &limits).unwrap_err();
        assert!(error.to_string().starts_with("can't listen on "), "{error}");
        assert!(begin.elapsed() < PATIENCE);
    }
}

/// What is typed.
mod keyboard {
    use super::*;

    #[test]
    fn an_empty_line_is_not_sent() {
        let (mut guest, mut host) = guest();
        guest.types("");
        guest.types("\r");
        guest.types("hello");
        assert_eq!(host.reads_line(), "hello\n");
        drop(host);
        guest.ends().1.unwrap();

        let (mut host, address) = self::host();
        let mut guest = joins(&host, address);
        host.types("");
        host.types("hello");
        assert_eq!(guest.reads_line(), "hello\n");
        drop(guest);
        host.ends().1.unwrap();
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_and_the_next_one_is_sent() {
        let refusal = "Not sent: the line is 4097 bytes; the limit is 4096.";
        let (mut guest, mut host) = guest();
        guest.types(&"x".repeat(4097));
        guest.sees(refusal);
        guest.types(&"y".repeat(4096));
        assert_eq!(host.reads_line(), "y".repeat(4096) + "\n");
        drop(host);
        guest.ends().1.unwrap();

        let (mut host, address) = self::host();
        let mut guest = joins(&host, address);
        host.types(&"x".repeat(4097));
        host.sees(refusal);
        host.types("hello");
        assert_eq!(guest.reads_line(), "hello\n");
        drop(guest);
        host.ends().1.unwrap();
    }

    /// 64 KiB at once, then 16 KiB a second, whatever the guests say meanwhile.
    #[test]
    fn a_long_file_is_read_no_faster_than_a_guest_may_talk() {
        let (mut host, address) = host();
        let line = "x".repeat(4096);
        let begin = Instant::now();
        let mut guest = FakePeer::connect(address);
        for _ in 0..21 {
            host.types(&line);
            assert_eq!(guest.reads_line().len(), 4097);
            guest.sends("go on\n");
        }
        // The last line is the fifth after the burst.
        assert!(begin.elapsed() >= Duration::from_secs(1));
        drop(guest);
        host.ends().1.unwrap();
    }

    /// Each line counts as the others get it: 13 bytes for `guest-10000: `, its own, and the LF.
    #[test]
    fn a_file_of_short_lines_is_sent_no_faster_than_the_host_passes_them_on() {
        let (mut guest, mut host) = guest();
        let begin = Instant::now();
        // The last line waits until all before it, 80 KiB, have been passed on.
        let count = 80 * 1024 / 15 + 2;
        guest.types(&"x\n".repeat(count));
        for _ in 0..count {
            assert_eq!(host.reads_line(), "x\n");
        }
        assert!(begin.elapsed() >= Duration::from_secs(1));
        drop(host);
        guest.ends().1.unwrap();
    }

    #[test]
    fn the_lines_of_a_file_wait_for_the_first_guest() {
        let (mut host, address) = host();
        host.types("one");
        host.types("two");
        let mut guest = FakePeer::connect(address);
        assert_eq!([guest.reads_line(), guest.reads_line()], ["one\n", "two\n"]);
        drop(guest);
        host.ends().1.unwrap();
    }

    #[test]
    fn when_a_file_has_ended_the_talk_goes_on_until_it_is_quiet() {
        a_word_prolongs(|linger| {
            let (mut guest, mut host) = guest_with(
                None,
                Limits {
                    linger,
                    ..long_farewell()
                },
            );
            guest.types("one");
            guest.typing.write_all(b"two without a line end").unwrap();
            let Side {
                screen,
                typing,
                end,
            } = guest;
            drop(typing);
            assert_eq!(
                [host.reads_line(), host.reads_line()],
                ["one\n", "two without a line end\n"]
            );
            thread::sleep(linger / 3);
            let begin = Instant::now();
            host.sends("an answer\n");
            assert_eq!(host.reads_to_end(), BYE.as_bytes());
            let passed = begin.elapsed();
            drop(host);
            end.recv_timeout(PATIENCE).unwrap().unwrap();
            assert!(passed < linger || screen.text().contains("| an answer"));
            passed
        });
    }

    /// A word comes when a third of the time is over, after which a side leaves that hears nothing.
    /// Returned is how long it stays from then on. On a busy machine the word may be too late; then
    /// all is done again with more time.
    fn a_word_prolongs(stays: impl Fn(Duration) -> Duration) {
        let mut lingers = [1, 3, 9].map(Duration::from_secs).into_iter();
        assert!(lingers.any(|linger| stays(linger) >= linger));
    }

    #[test]
    fn when_the_hosts_file_has_ended_it_waits_for_somebody_to_speak() {
        a_word_prolongs(|linger| {
            let (mut host, address) = host_with(Limits {
                linger,
                ..long_farewell()
            });
            host.types("hello");
            let Side { typing, end, .. } = host;
            drop(typing);
            let mut guest = FakePeer::connect(address);
            assert_eq!(guest.reads_line(), "hello\n");
            thread::sleep(linger / 3);
            let begin = Instant::now();
            guest.sends("hi\n");
            assert_eq!(guest.reads_line(), BYE);
            let passed = begin.elapsed();
            drop(guest);
            end.recv_timeout(PATIENCE).unwrap().unwrap();
            passed
        });
    }

    /// Empty lines are no messages.
    #[test]
    fn when_a_file_has_ended_nobody_goes_on_by_saying_nothing() {
        let says_nothing = |mut peer: FakePeer| {
            let mut stream = peer.stream().try_clone().unwrap();
            thread::spawn(move || while stream.write_all(&[b'\n'; MESSAGE_BYTES]).is_ok() {});
            let heard = peer.reads_to_end();
            assert!(heard.ends_with(BYE.as_bytes()), "{heard:?}");
        };
        // Longer than a flood of nothing waits for its next permit: 250 ms.
        let limits = Limits {
            linger: Duration::from_millis(600),
            farewell: Duration::from_millis(200),
            ..Limits::default()
        };
        let (guest, host) = guest_with(None, limits.clone());
        drop(guest.typing);
        says_nothing(host);
        guest.end.recv_timeout(PATIENCE).unwrap().unwrap();

        let (host, address) = host_with(limits);
        drop(host.typing);
        says_nothing(FakePeer::connect(address));
        host.end.recv_timeout(PATIENCE).unwrap().unwrap();
    }

    #[test]
    fn when_the_hosts_file_has_ended_the_last_guest_ends_the_chat() {
        let (mut host, address) = host_with(Limits {
            linger: 3 * PATIENCE,
            ..Limits::default()
        });
        host.types("hello");
        let Side {
            screen,
            typing,
            end,
        } = host;
        drop(typing);
        let mut guest = FakePeer::connect(address);
        assert_eq!(guest.reads_line(), "hello\n");
        drop(guest);
        end.recv_timeout(PATIENCE).unwrap().unwrap();
        let shown = screen.text();
        assert!(shown.contains("guest-1 has left"), "{shown}");
    }
}

/// What is shown.
mod screen {
    use super::*;

    #[test]
    fn what_a_peer_sends_is_harmless_and_behind_the_margin() {
        let (host, address) = host();
        let guest = joins(&host, address);
        guest.sends("\u{1b}[2Jguest-9 has joined.\r\u{7}\0\u{202e}\n");
        guest.sends(b"caf\xe9\nhost: I am the host\n");
        guest.sends("z".repeat(5000) + "\n");
        host.sees("| guest-1: \\u{1b}[2Jguest-9 has joined.\\r\\u{7}\\u{0}\\u{202e}\n");
        host.sees("| guest-1: caf\u{fffd}\n| guest-1: host: I am the host\n");
        host.sees(&format!("{} [cut: it had 5000 bytes]\n", "z".repeat(4096)));
        drop(guest);
        let (shown, _) = host.ends();
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));

        let (guest, host) = self::guest();
        host.sends("\u{1b}]0;title\u{7}\n");
        guest.sees("| \\u{1b}]0;title\\u{7}\n");
        host.sends("z".repeat(30_000) + "\n");
        guest.sees(&format!(
            "| {} [cut: it had 30000 bytes]\n",
            "z".repeat(6 * 4096 + 256)
        ));
        drop(host);
        guest.ends().1.unwrap();
    }

    #[test]
    fn a_long_message_goes_on_behind_the_margin() {
        let listener = robust::listen(ANY_PORT).unwrap();
        let address = listener.local_addr().unwrap();
        let host = Side::start_with_width(
            || Some(40),
            Limits::default(),
            move |chat| robust::host(listener, None, chat),
        );
        let guest = joins(&host, address);
        // 11 columns are taken by the margin and the name.
        guest.sends(format!("{}guest-9 has joined.\n", " ".repeat(29)));
        guest.sends(format!("{}\n", "汉".repeat(32)));
        host.sees(&format!(
            "| guest-1: {}\n|  guest-9 has joined.\n",
            " ".repeat(28)
        ));
        host.sees(&format!(
            "| guest-1: {}\n| {}\n",
            "汉".repeat(14),
            "汉".repeat(18)
        ));
        drop(guest);
        host.ends().1.unwrap();

        let listener = TcpListener::bind(ANY_PORT).unwrap();
        let address = listener.local_addr().unwrap();
        let stream = robust::connect(address, &Limits::default()).unwrap();
        let host = FakePeer::accept(&listener);
        let guest = Side::start_with_width(
            || Some(40),
            Limits::default(),
            move |chat| robust::guest(stream, None, chat),
        );
        host.sends(format!("{}The host has ended the chat.\n", " ".repeat(38)));
        guest.sees(&format!(
            "| {}\n|  The host has ended the chat.\n",
            " ".repeat(37)
        ));
        drop(host);
        guest.ends().1.unwrap();
    }

    /// The longest message still fits after a long name, even if each of its bytes is escaped.
    #[test]
    fn what_others_say_is_not_cut_by_their_name() {
        let (mut host, address) = host();
        let stream = robust::connect(address, &Limits::default()).unwrap();
        let hears = Side::start(Limits::default(), move |chat| {
            robust::guest(stream, None, chat)
        });
        host.sees("guest-1 has joined");
        let speaks = FakePeer::connect(address);
        let (name, words) = ("名".repeat(32), "\u{1b}".repeat(MESSAGE_BYTES));
        speaks.sends(format!("/name {name}\n{words}\n"));
        let escaped = "\\u{1b}".repeat(MESSAGE_BYTES);
        hears.sees(&format!("| {name}: {escaped}\n"));
        host.types(BYE);
        drop(speaks);
        hears.ends().1.unwrap();
        host.ends().1.unwrap();
    }
}

/// How a guest leaves, or finds that the host has.
mod leaving {
    use super::*;

    #[test]
    fn who_joins_somebody_who_says_nothing_can_leave() {
        // Time enough to send `byebye` on a busy system.
        let limits = Limits {
            farewell: Duration::from_secs(1),
            ..Limits::default()
        };
        let (mut guest, mut silent) = guest_with(None, limits);
        guest.types("hello?");
        assert_eq!(silent.reads_line(), "hello?\n");
        guest.types(BYE);
        assert_eq!(silent.reads_to_end(), BYE.as_bytes());
        // It doesn't close its side, and is waited for only for a while.
        guest.ends().1.unwrap();
        drop(silent);
    }

    #[test]
    fn what_the_host_says_after_our_byebye_is_shown() {
        let (mut guest, mut host) = guest_with(None, long_farewell());
        guest.types(BYE);
        assert_eq!(host.reads_to_end(), BYE.as_bytes());
        host.sends("one\n");
        guest.sees("| one\n");
        host.sends("two\n");
        guest.sees("| two\n");
        drop(host);
        guest.ends().1.unwrap();
    }

    #[test]
    fn a_host_that_is_gone_is_said_at_once() {
        let (guest, host) = guest_with(None, long_farewell());
        drop(host);
        guest.sees("The host has gone.");
        guest.end().unwrap();

        let (guest, host) = guest_with(None, long_farewell());
        guest.sees("Connected");
        host.resets();
        guest.sees("The host has gone.");
        let error = guest.end().unwrap_err().to_string();
        assert!(
            error.starts_with("can't receive from 127.0.0.1:"),
            "{error}"
        );
    }

    #[test]
    fn something_that_is_no_chat_can_be_joined_and_harms_nothing() {
        let (guest, web_server) = guest();
        web_server.sends("HTTP/1.1 400 Bad Request\r\n\r\n\u{1b}[31m\0");
        drop(web_server);
        guest.sees("| HTTP/1.1 400 Bad Request\n| \\u{1b}[31m\\u{0}\nThe host has gone.");
        guest.end().unwrap();
    }
}

/// The program as a whole.
mod program {
    use super::*;

    #[test]
    fn two_commands_at_the_same_instant_make_a_host_and_a_guest_fifty_times() {
        for _ in 0..50 {
            let Some(address) = own_loopback_address() else {
                return;
            };
            let address = address.to_string();
            let start = || Program::start(PROGRAM, ["--host", &address]);
            let (one, other) = (start(), start());
            let (one, other) = (one.output.wait_for("\n"), other.output.wait_for("\n"));
            let hosts = [&one, &other]
                .iter()
                .filter(|text| text.starts_with("Waiting"))
                .count();
            let guests = [&one, &other]
                .iter()
                .filter(|text| text.starts_with("Connected"))
                .count();
            assert_eq!((hosts, guests), (1, 1), "{one}\n{other}");
        }
    }

    #[test]
    fn it_works_over_ipv6() {
        if !has_ipv6() {
            return;
        }
        let mut host = Program::start(PROGRAM, ["server", "--host", "::1", "--port", "0"]);
        let port = host.address().port().to_string();
        let mut guest = Program::start(PROGRAM, ["--host", "::1", "--port", &port]);
        guest.types("hello\n");
        let _ = host.output.wait_for("| guest-1: hello");
        host.types("byebye\n");
        guest.wait().succeeds();
        host.wait().succeeds();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn ctrl_c_ends_it_at_once_with_the_usual_status() {
        use std::os::unix::process::ExitStatusExt;

        let host = Program::start(PROGRAM, ["server", "--port", "0"]);
        let _guest = FakePeer::connect(host.address());
        host.signal("INT");
        assert_eq!(host.wait().status.signal(), Some(2));
    }

    #[test]
    #[cfg(unix)]
    fn a_guest_whose_output_nobody_reads_ends_quietly() {
        let listener = TcpListener::bind(ANY_PORT).unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        // `head` ends after the first line; the input stays open.
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "{ \"$0\" client --port \"$1\"; echo $? >&2; } | head -n 1",
            PROGRAM,
            &port,
        ]);
        let guest = Program::start_command(command);
        let mut host = FakePeer::accept(&listener);
        let _ = guest.output.wait_for("Connected");
        // `head` may take a moment to end, and only then can what is printed find nobody.
        let begin = Instant::now();
        let glance = Some(Duration::from_millis(20));
        host.stream().set_read_timeout(glance).unwrap();
        while host.stream().peek(&mut [0]).is_err() {
            assert!(begin.elapsed() < PATIENCE, "it goes on");
            let _ = host.stream().write_all(b"said\n");
        }
        assert_eq!(host.reads_line(), BYE);
        drop(host);
        assert_eq!(guest.errors.wait_for("0\n"), "0\n");
    }
}
