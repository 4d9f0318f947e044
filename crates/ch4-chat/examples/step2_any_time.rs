//! Step 2: both may speak at any time.
//!
//! Step 1, and one idea: one thread waits for the keyboard and one for the other side. Both tell a
//! third what happened. Nobody has to take turns. (It also waits when it sends, and has no limit for
//! that: two sides that only send would still wait for each other.)

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is short")]

use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, SyncSender};
use std::time::Duration;
use std::{env, process, thread};

use socket2::{Domain, Protocol, Socket, Type};

/// The message that ends the chat.
const BYE: &str = "byebye";
/// Maximum size of a message in bytes. So a peer can't fill the memory.
const LIMIT: u64 = 4096;
/// A peer that sends no line ends, such as the tutorial's, is quiet after each message.
const QUIET: Duration = Duration::from_millis(200);

/// New: What the waiting threads report.
enum Event {
    Typed(String),
    Said(String),
    Left,
}

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

fn talk(stream: &TcpStream, is_host: bool) -> io::Result<()> {
    // New: The inbox has room for 16 events. A thread with one more waits.
    let (events, inbox) = mpsc::sync_channel(16);
    listen_to(stream, events.clone())?;
    thread::Builder::new().spawn(move || {
        let lines = io::stdin().lines().map_while(Result::ok);
        // The end of the input (Ctrl-D) is a way to say goodbye.
        for line in lines.chain([BYE.to_owned()]) {
            let _ = events.send(Event::Typed(line));
        }
    })?;

    // New: One event after the other. After an error of sending, `Event::Left` will come.
    for event in inbox {
        match event {
            Event::Typed(message) if message == BYE => break,
            Event::Typed(message) => drop(send(stream, &message)),
            Event::Said(message) => println!("Received: {message}"),
            Event::Left => {
                println!("The other side has left.");
                let _ = stream.shutdown(Shutdown::Both);
                if !is_host {
                    break;
                }
            }
        }
    }
    drop(send(stream, BYE));
    Ok(())
}

/// New: Starts the thread that waits for the other side.
fn listen_to(stream: &TcpStream, events: SyncSender<Event>) -> io::Result<()> {
    stream.set_read_timeout(Some(QUIET))?;
    let mut peer = BufReader::new(stream.try_clone()?);
    thread::Builder::new().spawn(move || {
        while let Ok(Some(message)) = receive(&mut peer) {
            let _ = events.send(Event::Said(message));
        }
        let _ = events.send(Event::Left);
    })?;
    Ok(())
}

fn send(mut peer: &TcpStream, message: &str) -> io::Result<()> {
    // Each message is a line. Only "byebye" has no line end, so that the tutorial's programs
    // understand it; the end of the stream follows it.
    let end = if message == BYE { "" } else { "\n" };
    peer.write_all(format!("{message}{end}").as_bytes())
}

/// Waits for the next line. `None` means that the peer has left or said goodbye. If a peer has
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
