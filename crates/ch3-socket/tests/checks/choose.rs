//! Checks of `exercises/choose.rs`, and of any function that claims to do the same job.

use judging::function::{Check, check, expect_untold};
use socket2::{Domain, Type};

use crate::choose::Service;

const READ: &str = "docs/3-socket.md, and `cargo run -p ch3-socket`";

type Choose = fn(Service) -> (Domain, Type);

pub fn checks(choose: Choose) -> Vec<Check> {
    let is = move |name, service: Service, expected: (Domain, Type), why: &'static str| {
        check(name, move || {
            let read = format!("{READ}\n  why:      {why}");
            let call = format!("choose(Service::{service:?})");
            expect_untold(&call, &expected, &choose(service), &read)
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
            "the family says which addresses it can reach",
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
            "a file's path reaches only this machine, and answers may have any length",
        ),
        is(
            "the system's log",
            Service::SystemLog,
            (Domain::UNIX, Type::DGRAM),
            "a file's path reaches only this machine, and each datagram is an entry",
        ),
    ]
}
