//! Checks of `exercises/choose.rs`, and of any function that claims to do the same job.

use judging::function::{Check, check, expect_untold};
use socket2::{Domain, Type};

use crate::choose::Service;

const READ: &str = "docs/3-socket.md, and `cargo run -p ch3-socket`";

const FAMILY: &str =
    "the family says what the addresses are: IPv4's, IPv6's, or the paths of files";

type Choose = fn(Service) -> (Domain, Type);

pub fn checks(choose: Choose) -> Vec<Check> {
    let is = move |name, service: Service, expected: (Domain, Type), why: &'static str| {
        check(name, move || {
            let saw = choose(service);
            let why = if saw.0 == expected.0 { why } else { FAMILY };
            let read = format!("{READ}\n  why:      {why}");
            let call = format!("choose(Service::{service:?})");
            expect_untold(&call, &expected, &saw, &read)
        })
    };
    vec![
        is(
            "a web server",
            Service::WebServer,
            (Domain::IPV4, Type::STREAM),
            "a page may be longer than a datagram, and no part may be missing",
        ),
        is(
            "a web server over IPv6",
            Service::WebServerOverIpv6,
            (Domain::IPV6, Type::STREAM),
            "a page may be longer than a datagram, and no part may be missing",
        ),
        is(
            "a chat",
            Service::Chat,
            (Domain::IPV4, Type::STREAM),
            "a stream loses nothing and keeps the order",
        ),
        is(
            "a temperature service",
            Service::Temperature,
            (Domain::IPV4, Type::DGRAM),
            "a question fits into a datagram, and asking again is cheaper than a connection",
        ),
        is(
            "a video call",
            Service::VideoCall,
            (Domain::IPV6, Type::DGRAM),
            "a stream would hold up later pictures until it has sent a lost one again",
        ),
        is(
            "a local database",
            Service::LocalDatabase,
            (Domain::UNIX, Type::STREAM),
            "answers may have any length",
        ),
        is(
            "the system's log",
            Service::SystemLog,
            (Domain::UNIX, Type::DGRAM),
            "each datagram is an entry",
        ),
    ]
}
