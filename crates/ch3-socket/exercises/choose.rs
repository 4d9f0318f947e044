//! Exercise: which socket for which service?
//!
//! `cargo run -p ch3-socket` opens each kind. Read docs/3-socket.md first. Then write the
//! function, and check it: `cargo course choose`

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

use socket2::{Domain, Type};

/// A service to build. Don't change this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// A web server at an IPv4 address. A page must arrive complete, or the browser must notice.
    WebServer,
    /// A web server at an IPv6 address.
    WebServerOverIpv6,
    /// A chat between machines with IPv4 addresses. Every word must arrive, in order.
    Chat,
    /// Celsius to Fahrenheit, at an IPv4 address. One short question, one short answer; a client
    /// without an answer asks again.
    Temperature,
    /// The picture of a video call, at an IPv6 address. A late part is useless.
    VideoCall,
    /// A database at the path of a file, only for programs on the same machine. Requests and
    /// answers have any length.
    LocalDatabase,
    /// The system's log at the path of a file, only for programs on the same machine. Each message
    /// is an entry; nobody waits for an answer.
    SystemLog,
}

/// The address family and the type of socket for the service.
///
/// `Domain::IPV4` is Python's `AF_INET`, `Domain::UNIX` its `AF_UNIX`; `Type::STREAM` is its
/// `SOCK_STREAM`.
pub fn choose(service: Service) -> (Domain, Type) {
    todo!("write `choose`: return the family that reaches its users, and the type that suits it")
}
