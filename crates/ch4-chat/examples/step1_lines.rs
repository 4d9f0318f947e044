//! Step 1: a message is a line.
//!
//! This is the tutorial's chat, in as few lines as possible, with one idea added: a message ends
//! where its line ends, not where a read does. Both sides still speak strictly in turns.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is short")]

use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;
use std::{env, process};

use socket2::{Domain, Protocol, Socket, Type};

/// The message that ends the chat.
const BYE: &str = "byebye";
/// New: Maximum size of a message in bytes. So a peer can't fill the memory.
const LIMIT: u64 = 4096;
/// New: A peer that sends no line ends, such as the tutorial's, is quiet after each message.
const QUIET: Duration = Duration::from_millis(200);

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let side = words.first().map_or("", String::as_str);
    let port = words.get(1).and_then(|word| word.parse().ok());
    let result = match (side, port) {
        ("server", Some(port)) => host(port),
        ("client", Some(port)) => join(port),
        _ => {
            eprintln!("usage: PROGRAM server|client PORT, such as 12345");
            process::exit(2);
        }
    };
    if let Err(error) = result {
        eprintln!("error: the {side} can't go on: {error}");
        process::exit(1);
    }
}

fn host(port: u16) -> io::Result<()> {
    // 1. Create a socket. 2. Bind it. 3. Listen.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], port)).into())?;
    socket.listen(128)?;
    let listener = TcpListener::from(socket);
    println!("Waiting for guests on {}", listener.local_addr()?);

    // 4. Accept. 5. Receive and send. 6. Close.
    let (guest, address) = listener.accept()?;
    println!("Connected: {address}");
    talk(&guest, true)
}

fn join(port: u16) -> io::Result<()> {
    // 1. Create a socket. 2. Connect it.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    socket.connect(&address.into())?;
    println!("Connected to {address}");

    // 3. Send and receive. 4. Close.
    talk(&TcpStream::from(socket), false)
}

/// Sends and receives in turns.
fn talk(stream: &TcpStream, is_host: bool) -> io::Result<()> {
    // The guest speaks first.
    let mut is_our_turn = !is_host;
    stream.set_read_timeout(Some(QUIET))?;
    let mut peer = BufReader::new(stream.try_clone()?);
    loop {
        if is_our_turn {
            let message = ask()?;
            send(stream, &message)?;
            if message == BYE {
                return Ok(());
            }
        } else {
            match receive(&mut peer)? {
                Some(message) => println!("Received: {message}"),
                None => return Ok(()),
            }
        }
        is_our_turn = !is_our_turn;
    }
}

/// Asks the user for a message. An empty line isn't one.
fn ask() -> io::Result<String> {
    loop {
        print!("Message: ");
        io::stdout().flush()?;
        let mut line = String::new();
        // New: The end of the input (Ctrl-D) is a way to say goodbye.
        if io::stdin().read_line(&mut line)? == 0 {
            return Ok(BYE.to_owned());
        }
        if !line.trim().is_empty() {
            return Ok(line.trim().to_owned());
        }
    }
}

fn send(mut peer: &TcpStream, message: &str) -> io::Result<()> {
    // New: Each message is a line. Only "byebye" has no line end, so that the tutorial's programs
    // understand it; the end of the stream follows it.
    let end = if message == BYE { "" } else { "\n" };
    peer.write_all(format!("{message}{end}").as_bytes())
}

/// New: Waits for the next line. `None` means that the peer has left or said goodbye. If a peer has
/// never sent a line end, `QUIET` ends its messages.
fn receive(peer: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        match peer.by_ref().take(LIMIT).read_until(b'\n', &mut line) {
            Err(error) if ![TimedOut, WouldBlock].contains(&error.kind()) => return Err(error),
            Err(_) if line.is_empty() => {}
            Ok(_) | Err(_) => break,
        }
    }
    if line.ends_with(b"\n") {
        peer.get_ref().set_read_timeout(None)?;
    }
    // Bytes that aren't UTF-8, and control characters, become U+FFFD.
    let text = String::from_utf8_lossy(&line);
    let message = text.trim_end().replace(char::is_control, "\u{fffd}");
    Ok((!line.is_empty() && message != BYE).then_some(message))
}
