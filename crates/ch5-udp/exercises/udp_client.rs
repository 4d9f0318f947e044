//! Exercise 5.2: a UDP client that asks for temperatures.
//!
//! Fill in one function after the other, from the top. After each, judge your program:
//!
//! ```sh
//! cargo test -p ch5-udp --test exercise -- --include-ignored udp-client
//! ```
//!
//! Or try it yourself, with a server in another terminal:
//!
//! ```sh
//! cargo run -p ch5-udp -- server
//! cargo run -p ch5-udp --bin udp_client -- 1314
//! ```
//!
//! The first checks pass with these functions alone. The later ones need more: change all of this
//! file as you like.

#![allow(unused_variables, reason = "starter: delete this line when you begin")]

use std::io;
use std::net::UdpSocket;

fn main() -> io::Result<()> {
    let port = port();
    while let Some(celsius) = ask()? {
        let socket = connect(port)?;
        send(&socket, &celsius)?;
        show(&receive(&socket)?);
        // Step 4, close: the socket closes here, where its variable goes out of scope.
    }
    Ok(())
}

/// The port is the program's first argument.
fn port() -> u16 {
    todo!("Return the first word of std::env::args() after the program's own name, as a number.")
}

/// Ask the user for a temperature. `None` means that there is no more to ask.
fn ask() -> io::Result<Option<String>> {
    todo!("Read a line from the standard input; return None at the input's end.")
}

/// Step 1: create a socket, and connect it to the server on 127.0.0.1 and the port. Connecting
/// sends nothing: it keeps away what others than the server send.
fn connect(port: u16) -> io::Result<UdpSocket> {
    todo!("Create a socket2::Socket for datagrams, connect it, and return it with .into().")
}

/// Step 2: send the request.
fn send(socket: &UdpSocket, celsius: &str) -> io::Result<()> {
    todo!("Send the text, without white space around it.")
}

/// Step 3: receive the answer.
fn receive(socket: &UdpSocket) -> io::Result<Vec<u8>> {
    todo!("Receive a datagram, and return its bytes; later, ask again if none comes in a second.")
}

/// Show the answer.
fn show(answer: &[u8]) {
    todo!("Print the answer as text, so that no terminal obeys what is in it.")
}
