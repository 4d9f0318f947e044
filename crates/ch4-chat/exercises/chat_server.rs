//! Exercise 4.3, first half: the side of the chat that listens. A message is a line of text.
//!
//! Fill in one function after the other. After each, judge your program:
//!
//! ```sh
//! cargo test -p ch4-chat --test exercise -- --include-ignored chat-server
//! ```
//!
//! Or try it yourself, with a guest in another terminal:
//!
//! ```sh
//! cargo run -p ch4-chat --bin chat_server -- 12345
//! cargo run -p ch4-chat -- client
//! ```
//!
//! The first checks pass with these functions alone. The later ones need more: change all of this
//! file as you like.

#![allow(unused_variables, reason = "starter: delete this line when you begin")]

use std::io;
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = listen(port())?;
    let mut guest = accept(&listener)?;
    loop {
        let message = receive(&mut guest)?;
        if message == "byebye" {
            break;
        }
        show(&message);
        let answer = ask()?;
        send(&mut guest, &answer)?;
        if answer == "byebye" {
            break;
        }
    }
    // Step 6, close: here `guest` and `listener` go out of scope.
    Ok(())
}

/// The port is the program's first argument.
fn port() -> u16 {
    todo!("Return the first word of std::env::args() after the program's own name, as a number.")
}

/// Steps 1 to 3: create a socket, bind it to 127.0.0.1 and the port, listen.
fn listen(port: u16) -> io::Result<TcpListener> {
    todo!("Create a socket2::Socket, bind it, make it listen, and return it with .into().")
}

/// Step 4: wait for the guest.
fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    todo!("Accept a connection, and return its socket.")
}

/// Step 5: receive a message.
fn receive(guest: &mut TcpStream) -> io::Result<String> {
    todo!("Read from the guest up to a line end, and return the line without it.")
}

/// Show it.
fn show(message: &str) {
    todo!("Print the message so that no terminal obeys what is in it, and flush the output.")
}

/// Ask the user for a line.
fn ask() -> io::Result<String> {
    todo!("Read a line from the standard input, and return it without its line end.")
}

/// Step 5: send it.
fn send(guest: &mut TcpStream, message: &str) -> io::Result<()> {
    todo!("Write all bytes of the message, and a line end, to the guest.")
}
