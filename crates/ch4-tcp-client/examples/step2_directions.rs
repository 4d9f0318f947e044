//! Step 2: two directions, two threads.
//!
//! Step 1, and one idea: one thread waits for the keyboard, the other for the server. The robust
//! client has the same ideas. It adds time limits, a new connection when the server has hung up,
//! and text that appears before its line ends.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is short")]

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::{env, process, thread};

use socket2::{Domain, Protocol, Socket, Type};

/// Maximum size of an answer in bytes. So a server can't fill the memory.
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
    // New: Another thread sends what is typed. This one shows what comes, whenever it comes.
    let sending = server.try_clone()?;
    thread::Builder::new().spawn(move || {
        if let Err(error) = send_lines(sending) {
            eprintln!("error: can't send what is typed: {error}");
            process::exit(1);
        }
    })?;
    while let Some(answer) = receive(&mut server)? {
        show(&answer);
    }
    println!("The server has hung up.");

    // 4. Close.
    drop(server);
    Ok(())
}

/// New: Sends each line that is typed, until "exit" or the end of the input (Ctrl-D).
fn send_lines(mut server: TcpStream) -> io::Result<()> {
    for line in io::stdin().lines() {
        let line = line?;
        if line == "exit" {
            process::exit(0);
        }
        // Send the line end too. With it, even an empty line is a message.
        server.write_all(format!("{line}\n").as_bytes())?;
    }
    // New: An answer may still be on its way, so close only this direction.
    server.shutdown(Shutdown::Write)
}

/// Reads until a line has ended or the server hangs up. `None` means that nothing more comes.
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

/// Shows all of an answer at once: a read may end inside a character. Bytes that
/// aren't UTF-8, and control characters, become U+FFFD, the replacement character.
fn show(answer: &[u8]) {
    for line in String::from_utf8_lossy(answer).lines() {
        println!("Received: {}", line.replace(char::is_control, "\u{fffd}"));
    }
}
