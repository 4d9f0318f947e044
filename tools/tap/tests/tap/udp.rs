//! What passes through `tap proxy --udp`.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::common::{TAP, UdpTap, lines, receive, udp};
use insta::assert_snapshot;
use tap::trouble::{To, Trouble};
use testkit::{PATIENCE, Program, own_loopback_address};

#[test]
fn each_client_gets_its_answers() {
    let tap = UdpTap::start(Trouble::default());
    let (one, two) = (tap.client(), tap.client());
    one.send(b"one").unwrap();
    let (asked, first) = receive(&tap.server);
    assert_eq!(asked, "one");
    two.send(b"").unwrap();
    let (asked, second) = receive(&tap.server);
    assert_eq!(asked, "");
    tap.server.send_to(b"to two", second).unwrap();
    assert_eq!(receive(&two).0, "to two");
    tap.server.send_to(b"to one", first).unwrap();
    assert_eq!(receive(&one).0, "to one");
    one.send(b"again").unwrap();
    assert_eq!(receive(&tap.server), ("again".to_owned(), first));
    assert_snapshot!(lines(&tap.screen.wait_for("again")));
}

/// A client that looks who answers has to see that it was another.
#[test]
fn an_answer_from_a_stranger_comes_from_a_stranger() {
    let tap = UdpTap::start(Trouble::default());
    let client = udp();
    client.send_to(b"36.6", tap.here).unwrap();
    let (_, asks) = receive(&tap.server);
    udp().send_to(b"451", asks).unwrap();
    let (text, sender) = receive(&client);
    assert_eq!(text, "451");
    assert_ne!(sender, tap.here);
    tap.server.send_to(b"97.88", asks).unwrap();
    assert_eq!(receive(&client), ("97.88".to_owned(), tap.here));
    assert_snapshot!(lines(&tap.screen.wait_for("97.88")));
}

/// The server is a program: a socket of this process may live on for a while in the children that
/// other tests start.
#[test]
fn a_server_that_is_down_or_goes_away_is_told_once_for_each_client() {
    // No other test takes the port while it is free.
    let host = own_loopback_address().unwrap_or(Ipv4Addr::LOCALHOST);
    let serve = |port| {
        let here = format!("{host}:{port}");
        let server = Program::start(TAP, ["listen", "--udp", &here, "answer"]);
        (server.address(), server)
    };
    let (target, server) = serve(0);
    let tap = UdpTap::in_front_of(target, udp(), Trouble::default());
    let (one, two) = (tap.client(), tap.client());
    one.send(b"1").unwrap();
    assert_eq!(receive(&one).0, "answer");
    drop(server);
    for (client, text, shown) in [
        (&one, "2", "#1 can't send to"),
        (&one, "3", "\"3\""),
        (&two, "4", "#2 can't send to"),
    ] {
        // With Wine, the server's socket lives on for a while.
        let is_shown = (0..100).any(|_| {
            client.send(text.as_bytes()).unwrap();
            tap.screen.shows_within(shown, PATIENCE / 100)
        });
        assert!(is_shown, "{shown}");
    }
    let shown = tap.screen.text().replace(&host.to_string(), "127.0.0.1");
    let shown = lines(&shown);
    let mut shown: Vec<_> = shown.lines().collect();
    shown.dedup();
    assert_snapshot!(shown.join("\n"));
    let (_, _back) = serve(target.port());
    for client in [&one, &two] {
        client.send(b"5").unwrap();
        assert_eq!(receive(client).0, "answer");
    }
    assert_eq!(tap.screen.text().matches("nobody listens there").count(), 2);
}

/// No datagram goes there: port 0 is reserved (RFC 6335, section 6). So there is no session.
#[test]
fn a_target_without_a_port_is_told() {
    let tap = UdpTap::in_front_of("127.0.0.1:0".parse().unwrap(), udp(), Trouble::default());
    tap.client().send(b"hello").unwrap();
    let _ = tap.screen.wait_for("#1 can't send to 127.0.0.1:0: ");
}

/// What the tap prints of 20 datagrams, and what arrives, in this order.
fn twenty(trouble: Trouble) -> (String, Vec<String>) {
    let tap = UdpTap::start(trouble);
    let client = tap.client();
    for number in 1..=20 {
        client.send(format!("{number}").as_bytes()).unwrap();
        // The next one is sent when the tap has seen this one.
        let _ = tap.screen.wait_for(&format!("\"{number}\""));
    }
    let shown = lines(&tap.screen.text());
    let passed = 20 - shown.matches("dropped").count() + shown.matches("twice").count();
    let arrived = (0..passed).map(|_| receive(&tap.server).0);
    (shown, arrived.collect())
}

const SOME: fn() -> Trouble = || Trouble {
    drop: 20,
    duplicate: 20,
    reorder: 20,
    delay: Some(Duration::from_millis(10)),
    to: To::Server,
    seed: 7,
    ..Trouble::default()
};

#[test]
fn the_same_seed_and_the_same_datagrams_have_the_same_fate() {
    let (shown, arrived) = twenty(SOME());
    assert_eq!(twenty(SOME()), (shown.clone(), arrived.clone()));
    assert_ne!(twenty(Trouble { seed: 8, ..SOME() }).1, arrived);
    assert_snapshot!(format!("{shown}arrived: {}", arrived.join(" ")));
}

#[test]
fn one_that_nothing_follows_goes_on_after_a_while() {
    let tap = UdpTap::start(Trouble {
        reorder: 100,
        to: To::Server,
        ..Trouble::default()
    });
    let begin = Instant::now();
    tap.client().send(b"alone").unwrap();
    assert_eq!(receive(&tap.server).0, "alone");
    assert!(begin.elapsed() >= Duration::from_millis(500));
}

#[test]
fn trouble_for_the_client_spares_the_server() {
    let tap = UdpTap::start(Trouble {
        duplicate: 100,
        to: To::Client,
        ..Trouble::default()
    });
    let client = tap.client();
    client.send(b"ask").unwrap();
    let (_, asks) = receive(&tap.server);
    tap.server.send_to(b"answer", asks).unwrap();
    assert_eq!(
        [receive(&client).0, receive(&client).0],
        ["answer", "answer"]
    );
    client.send(b"ask again").unwrap();
    assert_eq!(receive(&tap.server).0, "ask again");
    assert_snapshot!(lines(&tap.screen.wait_for("again")));
}
