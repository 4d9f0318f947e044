//! Step 1: read until the answer is complete, or the server hangs up.
//!
//! This is the tutorial's client, in as few lines as possible, with one idea added. A message is a
//! line, so both sides can tell where it ends. One `read` may return part of it, or more.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is short")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::{env, process};

use socket2::{Domain, Protocol, Socket, Type};

/// New: Maximum size of an answer in bytes. So a server can't fill the memory.
const LIMIT: usize = 65_536;

fn main() {
    let Some(port) = env::args().nth(1).and_then(|word| word.parse().ok()) else {
        eprintln!("usage: PROGRAM PORT, such as 8080");
        process::exit(2);
    };
    if let Err(error) = talk(port) {
        eprintln!("error: can't talk to the server on port {port}: {error}");
        process::exit(1);
    }
}

fn talk(port: u16) -> io::Result<()> {
    // 1. Create a socket.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;

    // 2. Connect it to the server.
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    socket.connect(&address.into())?;
    let mut server = TcpStream::from(socket);
    println!("Connected to {address}");

    // 3. Send and receive.
    // New: The end of the input (Ctrl-D) is a way to leave, as "exit" is.
    while let Some(line) = ask()? {
        if line == "exit" {
            break;
        }
        // New: Send the line end too. With it, even an empty line is a message.
        server.write_all(format!("{line}\n").as_bytes())?;
        let Some(answer) = receive(&mut server)? else {
            println!("The server has hung up.");
            break;
        };
        show(&answer);
    }

    // 4. Close.
    drop(server);
    Ok(())
}

/// Asks the user for a line. `None` means that there is no more.
fn ask() -> io::Result<Option<String>> {
    print!("Data to send: ");
    io::stdout().flush()?;
    let mut line = String::new();
    let count = io::stdin().read_line(&mut line)?;
    Ok((count > 0).then(|| line.trim_end().to_owned()))
}

/// New: Reads until a line has ended or the server hangs up. `None` means that nothing more comes.
fn receive(server: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\n") && answer.len() < LIMIT {
        let mut buffer = [0; 1024];
        let count = server.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..count]);
    }
    Ok((!answer.is_empty()).then_some(answer))
}

/// New: Shows all of an answer at once: a read may end inside a character. Bytes that
/// aren't UTF-8, and control characters, become U+FFFD, the replacement character.
fn show(answer: &[u8]) {
    for line in String::from_utf8_lossy(answer).lines() {
        println!("Received: {}", line.replace(char::is_control, "\u{fffd}"));
    }
}
