//! Exercise 4.3, second half: the side of the chat that connects. A message is a line of text.
//!
//! Write one function after the other. After each, judge your program:
//!
//! ```sh
//! cargo course chat_client
//! ```
//!
//! Or try it yourself, with a host in another terminal:
//!
//! ```sh
//! cargo run -p ch4-chat -- server
//! cargo run -p ch4-chat --bin chat_client -- 12345
//! ```
//!
//! What it must do is in docs/roles.md, "chat-client". Most checks need all functions, so don't
//! worry about a count of 0. With these functions alone the first seven checks pass, up to
//! `chat-client/tutorial-dialogue`, and some later ones. The others need more: change all of this
//! file as you like.

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

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
    todo!("write `port`: unwrap std::env::args().nth(1), parse it, unwrap the number")
}

/// Steps 1 and 2: create a socket, connect it to 127.0.0.1 and the port.
/// (`Socket::new(Domain::IPV4, Type::STREAM, None)` makes one; all three names are in `socket2`.)
fn connect(port: u16) -> io::Result<TcpStream> {
    todo!(
        "write `connect`: make a Socket, connect it to \
         &std::net::SocketAddr::from(([127, 0, 0, 1], port)).into(), return Ok(socket.into())"
    )
}

/// Ask the user for a line.
fn ask() -> io::Result<String> {
    todo!("write `ask`: read a line from the standard input, and return it without its line end")
}

/// Step 3: send it.
fn send(host: &mut TcpStream, message: &str) -> io::Result<()> {
    todo!("write `send`: write all bytes of the message, and a line end, to the host")
}

/// Step 3: receive a message.
fn receive(host: &mut TcpStream) -> io::Result<String> {
    todo!("write `receive`: read once from the host, and return the text without its line end")
}

/// Show it.
fn show(message: &str) {
    todo!("write `show`: print the message, without its control characters, and a line end")
}
