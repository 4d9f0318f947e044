//! Exercise 4.2: a TCP client that sends each typed line and shows what the server answers.
//!
//! Fill in one function after the other. After each, judge your program:
//!
//! ```sh
//! cargo test -p ch4-tcp-client --test exercise -- --include-ignored
//! ```
//!
//! Or try it yourself, with the server of section 4.1 in another terminal:
//!
//! ```sh
//! cargo run -p ch4-tcp-client --bin tcp_client -- 8080
//! ```
//!
//! The first checks pass with these functions alone. The later ones need more: change all of this
//! file as you like.

#![allow(unused_variables, reason = "starter: delete this line when you begin")]

use std::io;
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let mut server = connect(port())?;
    while let Some(line) = ask()? {
        send(&mut server, &line)?;
        show(&receive(&mut server)?);
    }
    // Step 4, close: here `server` goes out of scope.
    Ok(())
}

/// The port is the program's first argument.
fn port() -> u16 {
    todo!("Return the first word of std::env::args() after the program's own name, as a number.")
}

/// Steps 1 and 2: create a socket, connect it to 127.0.0.1 and the port.
fn connect(port: u16) -> io::Result<TcpStream> {
    todo!("Create a socket2::Socket, connect it, and return it with .into().")
}

/// Ask the user for a line. `None` means that the user wants to leave.
fn ask() -> io::Result<Option<String>> {
    todo!("Read a line from the standard input; return None for exit and at the input's end.")
}

/// Step 3: send a line.
fn send(server: &mut TcpStream, line: &str) -> io::Result<()> {
    todo!("Write all bytes of the line, and a line end, to the server.")
}

/// Step 3: receive what the server answers.
fn receive(server: &mut TcpStream) -> io::Result<Vec<u8>> {
    todo!("Read from the server, and return the bytes that it sent.")
}

/// Show it.
fn show(reply: &[u8]) {
    todo!("Print the reply as text, so that no terminal obeys what is in it, and flush the output.")
}
