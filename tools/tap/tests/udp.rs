//! What passes through `tap proxy --udp`.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

mod common;

use std::time::{Duration, Instant};

use common::{UdpTap, lines, receive, udp};
use insta::assert_snapshot;
use tap::trouble::{To, Trouble};

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

#[test]
fn a_server_that_is_down_is_told_once_for_each_client() {
    let mut tap = UdpTap::start(Trouble::default());
    // The port is free from here on.
    tap.server = udp();
    let (one, two) = (tap.client(), tap.client());
    for (client, text) in [(&one, "1"), (&two, "2"), (&one, "3")] {
        client.send(text.as_bytes()).unwrap();
        let _ = tap.screen.wait_for(&format!("\"{text}\""));
    }
    assert_snapshot!(lines(&tap.screen.text()));
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
    tap.server
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let mut arrived = Vec::new();
    let mut buffer = [0; 10];
    while let Ok(count) = tap.server.recv(&mut buffer) {
        arrived.push(String::from_utf8_lossy(&buffer[..count]).into_owned());
    }
    (lines(&tap.screen.text()), arrived)
}

const SOME: fn() -> Trouble = || Trouble {
    drop: 20,
    duplicate: 20,
    reorder: 20,
    delay: Duration::from_millis(10),
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
