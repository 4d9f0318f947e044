//! Exercise 4.3, first half: the side of the chat that listens. A message is a line of text.
//!
//! Write one function after the other. After each, judge your program:
//!
//! ```sh
//! cargo course chat_server
//! ```
//!
//! Or try it yourself, with a guest in another terminal:
//!
//! ```sh
//! cargo run -p ch4-chat --bin chat_server -- 12345
//! cargo run -p ch4-chat -- client
//! ```
//!
//! What it must do is in docs/roles.md, "chat-server". Most checks need all functions, so don't
//! worry about a count of 0. With these functions alone the first seven checks pass, up to
//! `chat-server/tutorial-dialogue`, and some later ones. The others need more: change all of this
//! file as you like.

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

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
    todo!("write `port`: unwrap std::env::args().nth(1), parse it, unwrap the number")
}

/// Steps 1 to 3: create a socket, bind it to 127.0.0.1 and the port, listen.
/// (`Socket::new(Domain::IPV4, Type::STREAM, None)` makes one; all three names are in `socket2`.)
fn listen(port: u16) -> io::Result<TcpListener> {
    todo!(
        "write `listen`: make a Socket, bind it to \
         &std::net::SocketAddr::from(([127, 0, 0, 1], port)).into(), listen(128), \
         return Ok(socket.into())"
    )
}

/// Step 4: wait for the guest.
fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    todo!("write `accept`: accept a connection, and return its socket")
}

/// Step 5: receive a message.
fn receive(guest: &mut TcpStream) -> io::Result<String> {
    todo!("write `receive`: read once from the guest, and return the text without its line end")
}

/// Show it.
fn show(message: &str) {
    todo!("write `show`: print the message, without its control characters, and a line end")
}

/// Ask the user for a line.
fn ask() -> io::Result<String> {
    todo!("write `ask`: read a line from the standard input, and return it without its line end")
}

/// Step 5: send it.
fn send(guest: &mut TcpStream, message: &str) -> io::Result<()> {
    todo!("write `send`: write all bytes of the message, and a line end, to the guest")
}
