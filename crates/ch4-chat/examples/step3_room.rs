//! Step 3: a room.
//!
//! Step 2, and one idea: any number of guests, who come and leave as they like. The robust chat has
//! the same ideas. It adds names, limits (how many guests, how fast they talk, how much waits for a
//! slow one), a thread for each guest that sends to it, so a slow guest holds up nobody, and a
//! goodbye in stages, so no reset destroys the last word.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is short")]

use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Duration;
use std::{env, process, thread};

use socket2::{Domain, Protocol, Socket, Type};

/// The message that ends the chat.
const BYE: &str = "byebye";
/// Maximum size of a message in bytes. So a peer can't fill the memory.
const LIMIT: u64 = 4096;
/// A peer that sends no line ends, such as the tutorial's, is quiet after each message.
const QUIET: Duration = Duration::from_millis(200);

/// What the waiting threads report.
enum Event {
    Typed(String),
    // New: Who joined, spoke or left. The room keeps the stream to send on.
    Joined(SocketAddr, TcpStream),
    Said(SocketAddr, String),
    Left(SocketAddr),
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
    // New: One more thread that waits, for guests. An error is about one of them, or passes.
    let (events, inbox) = mpsc::sync_channel(16);
    let to_room = events.clone();
    thread::Builder::new().spawn(move || {
        for guest in listener.incoming() {
            if let Err(error) = guest.and_then(|guest| listen_to(guest, to_room.clone())) {
                println!("A guest can't join: {error}");
                thread::sleep(Duration::from_millis(100));
            }
        }
    })?;
    talk(events, inbox, true)
}

fn join(port: u16) -> io::Result<()> {
    // 1. Create a socket. 2. Connect it.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    socket.connect(&address.into())?;

    // 3. Send and receive. 4. Close.
    // New: A guest has a room too. The host is the only other one in it.
    let (events, inbox) = mpsc::sync_channel(16);
    listen_to(socket.into(), events.clone())?;
    talk(events, inbox, false)
}

fn talk(events: SyncSender<Event>, inbox: Receiver<Event>, is_host: bool) -> io::Result<()> {
    thread::Builder::new().spawn(move || {
        let lines = io::stdin().lines().map_while(Result::ok);
        // The end of the input (Ctrl-D) is a way to say goodbye.
        for line in lines.chain([BYE.to_owned()]) {
            let _ = events.send(Event::Typed(line));
        }
    })?;

    // One event after the other. After an error of sending, `Event::Left` will come.
    // New: Until then, a peer that can't be sent to hears nothing more.
    let mut peers: Vec<(SocketAddr, TcpStream)> = Vec::new();
    for event in inbox {
        match event {
            Event::Typed(message) if message == BYE => break,
            Event::Typed(message) => peers.retain(|(_, peer)| send(peer, &message).is_ok()),
            Event::Joined(address, stream) => {
                println!("{address} has joined.");
                peers.push((address, stream));
            }
            Event::Said(address, line) => {
                println!("{line}");
                // New: Pass it on to all others.
                peers.retain(|(other, peer)| *other == address || send(peer, &line).is_ok());
            }
            Event::Left(address) => {
                println!("{address} has left.");
                peers.retain(|(other, _)| *other != address);
                if !is_host {
                    break;
                }
            }
        }
    }
    peers.retain(|(_, peer)| send(peer, BYE).is_ok());
    Ok(())
}

/// Starts the thread that waits for the other side.
fn listen_to(stream: TcpStream, events: SyncSender<Event>) -> io::Result<()> {
    let address = stream.peer_addr()?;
    stream.set_read_timeout(Some(QUIET))?;
    // New: The room waits a second at most for a guest that doesn't read.
    stream.set_write_timeout(Some(Duration::from_secs(1)))?;
    let mut peer = BufReader::new(stream.try_clone()?);
    // New: Send this here: before the thread runs, a line may be typed. (If the system has no
    // thread left, the guest hears the room, but nobody hears the guest, or that it leaves.)
    let _ = events.send(Event::Joined(address, stream));
    thread::Builder::new().spawn(move || {
        while let Ok(Some(message)) = receive(&mut peer) {
            let _ = events.send(Event::Said(address, format!("{address}: {message}")));
        }
        let _ = events.send(Event::Left(address));
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
