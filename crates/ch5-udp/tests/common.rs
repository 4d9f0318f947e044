//! What several files of tests use.

#![allow(dead_code, reason = "not every system's tests use all of it")]

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};

use testkit::{PATIENCE, Program};

use crate::PROGRAM;

/// For [`wine_lacks`](testkit::wine_lacks).
pub(crate) const CLOSED_PORT: &str = "report of a closed port to a UDP socket that waits already";

/// What a server answers.
pub(crate) fn converted(number: &str) -> String {
    format!("Converted temperature (degrees Fahrenheit): {number}")
}

/// A server of the robust version, on a free port.
pub(crate) fn server() -> Program {
    Program::start(PROGRAM, ["server", "--port", "0"])
}

/// A client of the robust version. Its arguments come after `client`.
pub(crate) fn client(server: SocketAddr, arguments: &[&str]) -> Program {
    let (host, port) = (server.ip().to_string(), server.port().to_string());
    let flags = ["client", "--host", &host, "--port", &port];
    Program::start(PROGRAM, flags.iter().chain(arguments))
}

/// A socket that speaks for a peer, as the tutorial's programs do.
pub(crate) fn stand_in() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

pub(crate) fn receive(socket: &UdpSocket) -> (String, SocketAddr) {
    let mut buffer = vec![0; 65_535];
    loop {
        match socket.recv_from(&mut buffer) {
            // A signal, such as the one for the end of another test's child process.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            received => {
                let (count, from) = received.unwrap();
                return (String::from_utf8_lossy(&buffer[..count]).into_owned(), from);
            }
        }
    }
}

/// One request and its reply.
pub(crate) fn ask(server: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let socket = stand_in();
    // Connected: a port that is used again may get what was meant for its last owner.
    socket.connect(server).unwrap();
    socket.send(request.as_ref()).unwrap();
    receive(&socket).0
}

/// A port that has no server. It is held, so that nobody else gets it: a socket that is connected
/// only to itself takes nothing from others, and they are told that the port is unreachable.
pub(crate) fn port_without_server() -> (UdpSocket, SocketAddr) {
    let socket = stand_in();
    let address = socket.local_addr().unwrap();
    socket.connect(address).unwrap();
    (socket, address)
}
