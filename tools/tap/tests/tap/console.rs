//! The command: its help, its errors, and both sides of a conversation.

use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{self, TAP, lines};
use console::is_timeout;
use insta::assert_snapshot;
use testkit::{Ended, FakePeer, Program, own_loopback_address, port_without_listener, wine_lacks};

fn run(arguments: &[&str]) -> String {
    lines(&Program::run(TAP, arguments).report())
}

#[test]
fn help() {
    let helps = [
        &["--help"][..],
        &["proxy", "--help"],
        &["send", "--help"],
        &["listen", "--help"],
    ];
    let helps = helps.map(|arguments| Program::run(TAP, arguments).succeeds().replace(".exe", ""));
    assert_snapshot!("help", helps.join("\n----\n\n"));
}

/// A client, the tap and a server, each a program.
fn conversation(proxy: &[&str], send: &[&str], listen: &[&str]) -> String {
    let listening = Program::start(TAP, [&["listen", "0"], listen].concat());
    let to = listening.address().to_string();
    let tap = Program::start(TAP, [&["proxy", "0", &to], proxy].concat());
    let to = tap.address().to_string();
    let client = Program::run(TAP, [&["send", &to], send].concat());
    let _ = tap.output.wait_for("ended");
    let _ = listening.output.wait_for("ended");
    let Ended { output, errors, .. } = &client;
    format!(
        "send {send:?}\n{}{errors}\nproxy {proxy:?}\n{}\nlisten {listen:?}\n{}",
        lines(output),
        lines(&tap.output.text()),
        lines(&listening.output.text()),
    )
}

#[test]
fn both_sides_of_a_conversation() {
    let send = ["GET / HTTP/1.1\\r\\n\\r\\n"];
    let listen = ["HTTP/1.1 200 OK\\r\\n\\r\\n你好\\xff"];
    assert_snapshot!("both_sides", conversation(&[], &send, &listen));
}

#[test]
fn a_pause_goes_before_each_part_but_the_first() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap().to_string();
    let begin = Instant::now();
    let words = ["send", &to, "a", "b", "c", "--pause", "200ms", "--then"];
    let _client = Program::start(TAP, [&words[..], &["close"]].concat());
    assert_eq!(FakePeer::accept(&listener).reads_to_end(), b"abc");
    assert!(begin.elapsed() >= Duration::from_millis(400));
}

#[test]
fn both_sides_in_hexadecimal() {
    let send = ["GET / HTTP/1.1\\r\\n\\r\\n", "--hex"];
    assert_snapshot!(
        "both_sides_hex",
        conversation(&["--hex"], &send, &["--hex", "ok"])
    );
}

#[test]
fn each_kind_of_trouble() {
    let bye = &["bye"][..];
    let troubles: [(&[&str], &[&str]); 3] = [
        (&["--split", "4", "--rate", "4"], bye),
        (&["--delay", "100"], bye),
        (&["--close-after", "2", "--to", "client"], bye),
    ];
    let shown = troubles.map(|(trouble, listen)| conversation(trouble, &["hello"], listen));
    assert_snapshot!("trouble", shown.join("\n\n"));
}

/// Windows throws away what comes right before a reset, so there the server may not get the bytes.
#[test]
#[cfg(not(windows))]
fn a_reset_after_some_bytes() {
    let trouble = ["--reset-after", "2", "--to", "server"];
    assert_snapshot!("trouble_reset", conversation(&trouble, &["hello"], &[]));
}

#[test]
fn a_client_and_a_server_end_a_connection_in_each_way() {
    let mut shown = String::new();
    for then in ["close", "half-close", "reset"] {
        // Windows throws away what comes right before a reset.
        let send = ["hello", "", "--pause", "200ms", "--then", then];
        shown += &conversation(&[], &send, &[]);
        shown += "\n\n";
    }
    let listen = ["bye", "", "--pause", "200ms", "--reset"];
    shown += &conversation(&[], &["hello"], &listen);
    assert_snapshot!("ends", shown);
}

/// It finds out when it sends the next part.
#[test]
fn a_client_that_resets_before_the_whole_answer_is_told_as_such() {
    let listening = Program::start(TAP, ["listen", "0", "one", "two", "--pause", "200ms"]);
    let mut client = FakePeer::connect(listening.address());
    client.sends("hello");
    assert_eq!(client.receives(), "one");
    client.resets();
    assert_snapshot!(lines(&listening.output.wait_for("ended")));
}

#[test]
fn what_is_typed_is_sent_line_by_line() {
    let listening = Program::start(TAP, ["listen", "0"]);
    let mut client = Program::start(TAP, ["send", &listening.address().to_string()]);
    client.types("one\\n\n\u{1b}[2J\nwithout a line end");
    let _ = listening.output.wait_for("[2J");
    let client = client.wait();
    assert_snapshot!(lines(&client.output));
}

/// With TCP it is sent in pieces, and with UDP it is an error, as a part is that no datagram holds.
#[test]
fn a_long_line_is_not_dropped() {
    let types = |count, protocol: &[&str], to: String| {
        let words = [&["send", "--quiet", &to], protocol].concat();
        let mut client = Program::start(TAP, words);
        client.types("x".repeat(count) + "\n");
        client.wait()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap();
    let reads = thread::spawn(move || FakePeer::accept(&listener).reads_to_end().len());
    let _ = types(200_000, &[], here.to_string()).succeeds();
    assert_eq!(reads.join().unwrap(), 200_001);

    let server = common::udp();
    let sent = types(
        100_000,
        &["--udp"],
        server.local_addr().unwrap().to_string(),
    );
    assert_snapshot!(lines(&sent.report()));
}

#[test]
fn udp_both_sides() {
    let listening = Program::start(TAP, ["listen", "--udp", "0", "97.88", "and more"]);
    let to = listening.address().to_string();
    let client = run(&["send", "--udp", &to, "36.6"]);
    assert_snapshot!(format!("{client}\n{}", lines(&listening.output.text())));
}

#[test]
fn a_udp_server_that_is_down_is_told_once() {
    // No other test has a socket there.
    let host = own_loopback_address().unwrap_or(Ipv4Addr::LOCALHOST);
    let words = ["send", "--udp", &format!("{host}:9"), "1", "2", "3"];
    let sent = Program::run(TAP, [&words[..], &["--pause", "100ms"]].concat()).succeeds();
    assert_eq!(sent.matches("nobody listens there").count(), 1, "{sent}");
}

#[test]
fn each_part_has_its_datagram() {
    let server = common::udp();
    let to = server.local_addr().unwrap().to_string();
    let _client = Program::start(TAP, ["send", "--udp", &to, "36.6", "37"]);
    assert_eq!(common::receive(&server).0, "36.6");
    assert_eq!(common::receive(&server).0, "37");
}

/// `tap send` doesn't hear a stranger. Others do.
#[test]
fn udp_from_elsewhere() {
    let listening = Program::start(
        TAP,
        ["listen", "--udp", "0", "--reply-from-elsewhere", "451"],
    );
    let client = common::udp();
    client.send_to(b"36.6", listening.address()).unwrap();
    let (text, sender) = common::receive(&client);
    assert_eq!(text, "451");
    assert_ne!(sender, listening.address());
}

#[test]
fn a_wrong_command_line_is_status_2() {
    let errors = [
        &["send", "1", r"\xg"][..],
        &["send", "8080x", "hi"],
        &["send", "--udp", "1", "hi", "--then", "reset"],
        &["send", "1", "--connections", "5"],
        &["listen", "0", "--reply-from-elsewhere"],
        &["proxy", "0", "1", "--udp", "--split", "1"],
        &["proxy", "0", "1", "--drop", "1"],
        &["proxy", "0", "1", "--udp", "--drop", "101"],
        &["proxy", "0", "1", "--delay", "-1"],
        &["proxy", "0", "1", "--split", "0"],
        &[
            "proxy",
            "0",
            "1",
            "--reset-after",
            "1",
            "--close-after",
            "1",
        ],
    ];
    let mut shown = String::new();
    for arguments in errors {
        let ended = Program::run(TAP, arguments);
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}");
        shown += ended.errors.lines().next().unwrap();
        shown.push('\n');
    }
    assert_snapshot!(shown);
}

#[test]
fn what_the_system_refuses_is_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let (_held, closed) = port_without_listener();
    let closed = closed.to_string();
    let shown = [
        &["listen", &taken][..],
        &["proxy", &taken, "1"],
        &["send", &closed, "hi"],
        &["send", "no such name:80", "hi"],
        &["proxy", "0", "no such name:80"],
    ];
    assert_snapshot!(shown.map(run).join("\n"));
}

/// It would connect to itself until no descriptor is left, and then serve nobody.
#[test]
fn a_proxy_is_not_its_own_target() {
    // No other program has the port there.
    let Some(host) = own_loopback_address() else {
        return;
    };
    let here = format!("{host}:9000");
    for protocol in [&[][..], &["--udp"]] {
        let ended = Program::run(TAP, [&["proxy", &here, &here], protocol].concat());
        assert_eq!(ended.status.code(), Some(1));
        assert!(ended.errors.contains("it is the tap itself"), "{ended:?}");
    }
}

/// The client doesn't wait for answers then. (A command line of Windows has room for 32,767
/// characters, so there a part is never too long.)
#[test]
#[cfg(not(windows))]
fn a_part_that_no_datagram_holds_is_status_1() {
    let long = "x".repeat(65_508);
    let sent = run(&["send", "--udp", "--quiet", "1", &long]);
    let listening = Program::start(TAP, ["listen", "--udp", "--quiet", "0", &long]);
    common::udp().send_to(b"hi", listening.address()).unwrap();
    assert_snapshot!(format!("{sent}\n{}", lines(&listening.wait().report())));
}

#[test]
fn bytes_never_reach_the_terminal_raw() {
    let listening = Program::start(TAP, ["listen", "0"]);
    let to = listening.address().to_string();
    for hex in [&["--hex"][..], &[]] {
        let tap = Program::start(TAP, [&["proxy", "0", &to], hex].concat());
        let client = FakePeer::connect(tap.address());
        client.sends("\x1b[2J\r\n0.000 #9 ended\n\u{202e}\u{9b}");
        client.half_closes();
        let shown = tap.output.wait_for("#1 ended");
        assert!(
            !shown.contains(|c: char| c != '\n' && !console::safe::is_harmless(c)),
            "{shown}"
        );
        assert!(!shown.contains("\n0.000 #9"), "{shown}");
    }
}

/// In children, as a process may have 1,024 descriptors by default.
#[test]
fn five_hundred_clients_at_once() {
    if wine_lacks("room for two thousand sockets at once") {
        return;
    }
    let listen = Program::start(TAP, ["listen", "0"]);
    let to = listen.address().to_string();
    let proxy = Program::start(TAP, ["proxy", "0", &to, "--quiet"]);
    let to = proxy.address().to_string();
    let _send = Program::start(TAP, ["send", &to, "hello", "--connections", "500"]);
    for number in [1, 250, 500] {
        let _ = listen
            .output
            .wait_for(&format!("#{number} client > \"hello\" 5 bytes"));
    }
    let shown = listen.output.text();
    assert!(!shown.contains("half-closed"), "all are still there");
}

/// In children, as above. The server closes a connection when it has read all of it.
#[test]
fn a_client_too_many_waits_until_another_leaves() {
    if wine_lacks("room for two thousand sockets at once") {
        return;
    }
    let listen = Program::start(TAP, ["listen", "--quiet", "0"]);
    let to = listen.address().to_string();
    let words = ["send", "--quiet", &to, "hello", "--connections", "1000"];
    let send = Program::start(TAP, words);
    let _ = listen.output.wait_for("there are 1000 already");
    let mut late = FakePeer::connect(listen.address());
    late.half_closes();
    late.stream().set_nonblocking(true).unwrap();
    let closed = late.stream().peek(&mut [0]);
    assert!(closed.is_err_and(|error| is_timeout(&error)));
    late.stream().set_nonblocking(false).unwrap();
    drop(send);
    assert_eq!(late.reads_to_end(), b"");
}
