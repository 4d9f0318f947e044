//! Exercise 4.3, second half: the side of the chat that connects. A message is a line of text.
//!
//! Fill in one function after the other. After each, judge your program:
//!
//! ```sh
//! cargo test -p ch4-chat --test exercise -- --include-ignored chat-client
//! ```
//!
//! Or try it yourself, with a host in another terminal:
//!
//! ```sh
//! cargo run -p ch4-chat -- server
//! cargo run -p ch4-chat --bin chat_client -- 12345
//! ```
//!
//! The first checks pass with these functions alone. The later ones need more: change all of this
//! file as you like.

#![allow(unused_variables, reason = "starter: delete this line when you begin")]

use std::io;
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let mut host = connect(port())?;
    loop {
        let message = ask()?;
        send(&mut host, &message)?;
        if message == "byebye" {
            break;
        }
        let answer = receive(&mut host)?;
        if answer == "byebye" {
            break;
        }
        show(&answer);
    }
    // Step 4, close: here `host` goes out of scope.
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

/// Ask the user for a line.
fn ask() -> io::Result<String> {
    todo!("Read a line from the standard input, and return it without its line end.")
}

/// Step 3: send it.
fn send(host: &mut TcpStream, message: &str) -> io::Result<()> {
    todo!("Write all bytes of the message, and a line end, to the host.")
}

/// Step 3: receive a message.
fn receive(host: &mut TcpStream) -> io::Result<String> {
    todo!("Read from the host up to a line end, and return the line without it.")
}

/// Show it.
fn show(message: &str) {
    todo!("Print the message so that no terminal obeys what is in it, and flush the output.")
}
