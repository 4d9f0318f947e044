//! What passes through `tap proxy`.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{self, Tap, lines};
use insta::assert_snapshot;
use socket2::SockRef;
use tap::tcp::Pair;
use tap::transcript::Side;
use tap::trouble::{To, Trouble};
use testkit::{Capture, FakePeer, PATIENCE};

/// A read fails with a reset.
#[track_caller]
fn expect_reset(peer: &FakePeer) {
    let read = peer.stream().read(&mut [0; 100]);
    assert_eq!(
        read.map_err(|error| error.kind()),
        Err(ErrorKind::ConnectionReset)
    );
}

#[test]
fn each_direction_ends_separately() {
    let tap = Tap::start(Trouble::default());
    let (mut client, mut server) = tap.connect();
    client.sends("hello\r\n\x1b");
    client.half_closes();
    assert_eq!(server.reads_to_end(), b"hello\r\n\x1b");
    let _ = tap.shows("client half-closed");
    server.sends("as many words as it likes");
    assert_eq!(client.receives(), "as many words as it likes");
    server.half_closes();
    assert_eq!(client.reads_to_end(), b"");
    assert_snapshot!(tap.shows("ended"));
}

#[test]
fn a_reset_reaches_the_other_side_whoever_makes_it() {
    for by_client in [true, false] {
        let tap = Tap::start(Trouble::default());
        let (client, server) = tap.connect();
        let (breaks, other, name) = if by_client {
            (client, server, "client reset")
        } else {
            (server, client, "server reset")
        };
        breaks.resets();
        expect_reset(&other);
        let shown = tap.shows("ended");
        assert!(shown.contains(name) && !shown.contains("half"), "{shown}");
    }
}

/// Also when the other side has only to listen: a read at the end of the stream doesn't tell.
#[test]
fn a_reset_after_a_half_close_is_passed_on() {
    let tap = Tap::start(Trouble::default());
    let (client, mut server) = tap.connect();
    client.half_closes();
    assert_eq!(server.reads_to_end(), b"");
    client.resets();
    let _ = tap.shows("client reset");
    expect_that_writes_fail(&server);
}

/// The peer learns that the connection was reset, although it doesn't read.
#[track_caller]
fn expect_that_writes_fail(peer: &FakePeer) {
    let begin = Instant::now();
    while peer.stream().write_all(b"x").is_ok() {
        assert!(begin.elapsed() < PATIENCE, "it isn't told");
    }
}

/// The tap may find the reset when it writes to the server, before it has read all that the server sent.
/// (Windows throws away what comes right before a reset.)
#[test]
#[cfg(not(windows))]
fn what_was_sent_before_a_reset_arrives_before_it() {
    let tap = Tap::start(Trouble {
        rate: Some(200),
        to: To::Client,
        ..Trouble::default()
    });
    let (client, server) = tap.connect();
    let slow = "x".repeat(40);
    server.sends(&slow);
    let _ = tap.shows("40 bytes");
    server.sends("last words");
    server.resets();
    client.sends("nobody reads this");
    let mut read = Vec::new();
    let ended = client.stream().read_to_end(&mut read);
    assert_eq!(String::from_utf8(read), Ok(slow + "last words"));
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let shown = tap.shows("ended");
    assert!(shown.contains("server reset"), "{shown}");
}

/// It reads nothing, so the tap can't pass on the other's last bytes.
#[test]
fn a_reset_reaches_a_side_that_does_not_read() {
    let tap = Tap::start_with(Trouble::default(), true);
    let (client, server) = tap.connect();
    fill(&client);
    client.resets();
    expect_that_writes_fail(&server);
}

/// The server, too, has nothing more to say, so nothing else would find it. (No thread reads here: it
/// might find the reset first.)
#[test]
fn a_reset_found_by_the_last_answer_is_told() {
    let screen = Capture::default();
    let transcript = common::transcript(&screen, false);
    let (stream, client) = FakePeer::pair();
    let pair = Pair::new([&stream, &stream], transcript.connection());
    pair.end(Side::Client);
    client.resets();
    // It may come after some of the answer.
    let begin = Instant::now();
    while pair.write(Side::Client, b"nobody reads this").is_ok() {
        assert!(begin.elapsed() < PATIENCE, "it doesn't find the reset");
    }
    pair.half_close(Side::Server);
    drop(transcript);
    assert_eq!(lines(&screen.text()), "[time] #1 client reset\n");
}

/// The system would throw away the last ones. (Windows throws away what comes right before a reset.)
#[test]
#[cfg(not(windows))]
fn all_pieces_arrive_before_a_reset() {
    let tap = Tap::start(Trouble {
        split: Some(1),
        ..Trouble::default()
    });
    // Without the wait, several of them lose some of it.
    let pairs: Vec<_> = (0..10).map(|_| tap.connect()).collect();
    let clients = pairs.into_iter().map(|(client, server)| {
        server.sends("x".repeat(300));
        server.resets();
        client
    });
    for client in clients.collect::<Vec<_>>() {
        let mut read = Vec::new();
        let ended = client.stream().read_to_end(&mut read);
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(read.len(), 300);
    }
}

/// The half-close waits for its time when the tap finds the reset, as the server writes.
#[test]
fn a_reset_after_a_half_close_that_waits_is_passed_on() {
    let tap = Tap::start(Trouble {
        delay: Some(Duration::from_millis(500)),
        to: To::Server,
        ..Trouble::default()
    });
    let (client, server) = tap.connect();
    client.half_closes();
    let _ = tap.shows("client half-closed");
    client.resets();
    server.sends("nobody reads this");
    let shown = tap.shows("ended");
    assert!(shown.contains("client reset"), "{shown}");
}

/// The client doesn't read, so the tap waits to write to it when it resets the connection. That ends
/// the wait. (What the client sends makes room for a moment, so the tap does it later.)
#[test]
fn a_reset_ends_a_connection_on_which_everybody_waits() {
    let tap = Tap::start(Trouble {
        delay: Some(Duration::from_millis(500)),
        reset_after: Some(1),
        to: To::Server,
        ..Trouble::default()
    });
    let (client, server) = tap.connect();
    // Linux enlarges a buffer that nobody reads, by and by, unless its size was set (tcp(7)).
    let buffer = SockRef::from(client.stream()).set_recv_buffer_size(1 << 16);
    buffer.unwrap();
    fill(&server);
    client.sends("x");
    // Not `shows`: that takes seconds for so much text.
    let _ = tap.screen.wait_for("ended");
    expect_reset_after_data(&client);
}

/// Nobody waits for the time of what can't be passed on any more.
#[test]
fn a_reset_ends_a_delay() {
    let tap = Tap::start(Trouble {
        delay: Some(Duration::from_hours(1)),
        to: To::Server,
        ..Trouble::default()
    });
    // The first one's thread waits by the time when the last one's bytes are shown.
    let pairs = [(); 10].map(|()| tap.connect());
    for (number, (client, _)) in pairs.iter().enumerate() {
        client.sends("too late");
        let _ = tap.shows(&format!("#{} client > \"too late\"", number + 1));
    }
    for (number, (_client, server)) in pairs.into_iter().enumerate() {
        server.resets();
        let _ = tap.shows(&format!("#{} ended", number + 1));
    }
}

#[test]
fn clients_reach_the_target_in_their_order() {
    let tap = Tap::start_with(Trouble::default(), true);
    // Threads that start together often run in their order.
    for _ in 0..10 {
        let clients = [(); 50].map(|()| FakePeer::connect(tap.here));
        for (number, client) in clients.iter().enumerate() {
            client.sends(format!("{number}\n"));
        }
        for number in 0..clients.len() {
            let mut server = FakePeer::accept(&tap.server);
            assert_eq!(server.reads_line(), format!("{number}\n"));
        }
    }
}

/// Writes until nothing more fits. Returns how much did.
fn fill(peer: &FakePeer) -> usize {
    let mut stream = peer.stream();
    stream
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let mut written = 0;
    while let Ok(count) = stream.write(&[b'x'; 1 << 14]) {
        written += count;
        assert!(written < 100 << 20, "nothing holds it up");
    }
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    written
}

#[test]
fn a_side_that_does_not_read_holds_up_the_other_and_nothing_is_lost() {
    let tap = Tap::start_with(Trouble::default(), true);
    let (client, mut server) = tap.connect();
    let written = fill(&client);
    client.half_closes();
    assert_eq!(server.reads_to_end().len(), written);
}

#[test]
fn split_makes_a_read_get_a_part() {
    let tap = Tap::start(Trouble {
        split: Some(1),
        to: To::Server,
        ..Trouble::default()
    });
    let (mut client, mut server) = tap.connect();
    let text = "0123456789".repeat(5);
    let begin = Instant::now();
    client.sends(&text);
    client.half_closes();
    let first = server.receives();
    assert!(first.len() < 50, "{first}");
    let rest = String::from_utf8(server.reads_to_end()).unwrap();
    assert_eq!(first + &rest, text);
    // A reader that is quick gets each piece by itself.
    assert!(begin.elapsed() >= Duration::from_millis(49));
    server.sends("whole");
    assert_eq!(client.receives(), "whole");
    drop(server);
    drop(client);
    assert_snapshot!(tap.shows("ended"));
}

#[test]
fn a_delay_makes_everything_late_and_costs_no_throughput() {
    let delay = Duration::from_millis(200);
    let tap = Tap::start_with(
        Trouble {
            delay: Some(delay),
            ..Trouble::default()
        },
        false,
    );
    let (mut client, mut server) = tap.connect();
    let begin = Instant::now();
    client.sends("ping");
    assert_eq!(server.receives(), "ping");
    assert!(begin.elapsed() >= delay);
    server.sends("pong");
    assert_eq!(client.receives(), "pong");
    assert!(begin.elapsed() >= 2 * delay);
    // Far more reads than could come one after the other.
    let stream = client.stream().try_clone().unwrap();
    let sends = thread::spawn(move || (&stream).write_all(&vec![0; 4 << 20]).unwrap());
    let begin = Instant::now();
    server.stream().read_exact(&mut vec![0; 4 << 20]).unwrap();
    assert!(begin.elapsed() < delay * 50, "at least 64 reads");
    sends.join().unwrap();
    client.half_closes();
    assert_eq!(server.reads_to_end(), b"");
    server.resets();
    expect_reset(&client);
    let _ = tap.screen.wait_for("ended");
}

#[test]
fn a_rate_is_a_limit() {
    let tap = Tap::start(Trouble {
        rate: Some(1_000),
        to: To::Client,
        ..Trouble::default()
    });
    let (mut client, server) = tap.connect();
    client.sends("x".repeat(1_000_000));
    let mut all = vec![0; 1_000_000];
    server.stream().read_exact(&mut all).unwrap();
    let begin = Instant::now();
    server.sends("x".repeat(500));
    server.half_closes();
    assert_eq!(client.reads_to_end().len(), 500);
    // The first of ten pieces goes at once.
    assert!(begin.elapsed() >= Duration::from_millis(450));
    // A line shows the first 2,000 bytes of a read.
    let shown = tap.screen.wait_for("server half-closed");
    assert!(shown.contains("\"... ") && shown.lines().all(|line| line.len() < 2_100));
}

#[test]
fn the_tap_resets_and_closes_after_so_many_bytes() {
    let limit = |reset_after, close_after, to| {
        let tap = Tap::start(Trouble {
            reset_after: (reset_after > 0).then_some(reset_after),
            close_after: (close_after > 0).then_some(close_after),
            to,
            ..Trouble::default()
        });
        let (client, server) = tap.connect();
        (tap, client, server)
    };
    let mut shown = String::new();

    let (tap, mut client, mut server) = limit(10, 0, To::Server);
    server.sends("not counted");
    assert_eq!(client.receives(), "not counted");
    client.sends("12345");
    assert_eq!(server.receives(), "12345");
    client.sends("6789012345");
    expect_reset_after_data(&server);
    expect_reset_after_data(&client);
    shown += &tap.shows("ended");

    let (tap, mut client, mut server) = limit(0, 10, To::Client);
    server.sends("123456789012345");
    assert_eq!(client.reads_to_end(), b"1234567890");
    assert_eq!(server.reads_to_end(), b"");
    client.sends("nobody reads this");
    client.half_closes();
    drop(server);
    shown += &tap.shows("ended");
    assert_snapshot!(shown);
}

#[track_caller]
fn expect_reset_after_data(peer: &FakePeer) {
    let read = peer.stream().read_to_end(&mut Vec::new());
    assert_eq!(
        read.map_err(|error| error.kind()),
        Err(ErrorKind::ConnectionReset)
    );
}

#[test]
fn a_target_that_is_down_or_goes_away_is_told_once_and_the_tap_lives_on() {
    let tap = Tap::start(Trouble::default());
    let (mut client, server) = tap.connect();
    drop(server);
    assert_eq!(client.reads_to_end(), b"");
    drop(client);
    let _ = tap.shows("#1 ended");
    let (_held, closed) = testkit::port_without_listener();
    let unused = tap.server.try_clone().unwrap();
    let down = Tap::in_front_of(closed, unused, Trouble::default(), false);
    for number in 1..=2 {
        // The reset may come before the client knows that it is connected.
        let client = TcpStream::connect(down.here);
        let read = client.and_then(|mut client| client.read(&mut [0]));
        let kind = read.map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::ConnectionReset));
        let _ = down.shows(&format!("#{number} ended"));
    }
    assert_snapshot!(down.shows("#2 ended"));
}

#[test]
fn a_paused_terminal_holds_up_nobody() {
    let tap = Tap::start(Trouble::default());
    let (mut client, mut server) = tap.connect();
    tap.screen.pause();
    client.sends("first");
    assert_eq!(server.receives(), "first");
    tap.screen.wait_for_writer();
    // More than the printer keeps.
    for _ in 0..2_000 {
        client.sends("x".repeat(1_000));
        server.stream().read_exact(&mut [0; 1_000]).unwrap();
    }
    tap.screen.resume();
    let _ = tap
        .screen
        .wait_for("lines left out: the terminal was too slow");
    server.sends("last");
    assert_eq!(client.receives(), "last");
}
