//! Exercise: which socket for which service?
//!
//! `cargo run -p ch3-socket` opens each kind. Read docs/3-socket.md first. Then write the
//! function, and let it be judged: `cargo course choose`

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

use socket2::{Domain, Type};

/// What is to be built. Leave it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// A web server at an IPv4 address. A page arrives whole, or the browser says that it didn't.
    WebServer,
    /// A web server at an IPv6 address.
    WebServerOverIpv6,
    /// A chat between machines with IPv4 addresses. No word gets lost or comes before another.
    Chat,
    /// Degrees Celsius to Fahrenheit, at an IPv4 address: one short question, one short answer,
    /// and who gets none asks again.
    Temperature,
    /// The picture of a video call, at an IPv6 address. A part that comes late is of no use.
    VideoCall,
    /// A database for programs on the same machine only, by a file's name. Requests and answers of
    /// any length.
    LocalDatabase,
    /// The system's log, for programs on the same machine only, by a file's name. Each message is
    /// an entry; nobody waits for an answer.
    SystemLog,
}

/// The address family and the type of the socket that suits the service.
///
/// `Domain::IPV4` is Python's `AF_INET`, `Domain::UNIX` its `AF_UNIX`; `Type::STREAM` is its
/// `SOCK_STREAM`.
pub fn choose(service: Service) -> (Domain, Type) {
    todo!("write `choose`: return the family that reaches the users, and the type that suits them")
}
