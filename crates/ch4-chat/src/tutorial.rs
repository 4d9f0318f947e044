//! The tutorial's chat: a host and a guest, strictly in turns, guest first, until `byebye`.
//!
//! It works as long as both sides answer, in turns, in short lines. A comment at each fault says
//! what breaks it.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use colored::Colorize;
use socket2::{Domain, Protocol, Socket, Type};

use crate::BYE;

/// The host's steps 1 to 3: opens a socket on which a guest can connect to `address`.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    // 1. Create a socket.
    let socket = create(address)?;

    // 2. Bind it to an IP address and a port: this is where the guest will find it.
    // Fault: without SO_REUSEADDR a restart within a minute fails, "Address already in use".
    socket.bind(&address.into())?;

    // 3. Listen: from now on a guest may connect.
    socket.listen(1)?;
    Ok(socket.into())
}

/// The host's steps 4 to 6: waits for a guest, then reads first and answers, until `byebye`.
///
/// # Errors
///
/// The connection or the terminal fails, the input ends before `byebye`, or a message isn't UTF-8.
pub fn host(
    listener: TcpListener,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> io::Result<()> {
    let here = listener.local_addr()?;
    let waiting = format!("Waiting for a guest on {here}");
    writeln!(out, "{}", waiting.cyan())?;

    // 4. Accept: wait for the guest; it gets its own socket.
    // Fault: one guest; a second one can connect (the system queues it), and waits forever.
    let (mut guest, address) = listener.accept()?;
    writeln!(out, "{}", format!("Connected: {address}").cyan())?;

    // 5. Receive and send, in turns.
    loop {
        let message = receive(&mut guest)?;
        if message == BYE {
            break;
        }
        // Fault: 0 bytes mean that the guest has gone; the host is asked for an answer all the
        // same.
        if !message.is_empty() {
            writeln!(out, "{}", format!("Received: {message}").green())?;
        }
        let answer = ask(input, out)?;
        send(&mut guest, &answer)?;
        if answer == BYE {
            break;
        }
    }

    // 6. Close.
    drop(guest);
    drop(listener);
    Ok(())
}

/// The guest's steps 1 and 2: opens a connection to the host.
///
/// # Errors
///
/// Nobody listens on `address`, or no route leads there.
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    // 1. Create a socket.
    let socket = create(address)?;

    // 2. Connect it to the host's address and port.
    socket.connect(&address.into())?;
    Ok(socket.into())
}

/// The guest's steps 3 and 4: speaks first, then reads the answer, until `byebye`.
///
/// # Errors
///
/// The connection or the terminal fails, the input ends before `byebye`, or a message isn't UTF-8.
pub fn guest(
    mut host: TcpStream,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> io::Result<()> {
    let address = host.peer_addr()?;
    writeln!(out, "{}", format!("Connected to {address}").cyan())?;

    // 3. Send and receive, in turns.
    loop {
        let message = ask(input, out)?;
        send(&mut host, &message)?;
        if message == BYE {
            break;
        }
        let answer = receive(&mut host)?;
        // Fault: 0 bytes mean that the host has gone; here they pass for an empty message.
        writeln!(out, "{}", format!("Received: {answer}").green())?;
        if answer == BYE {
            break;
        }
    }

    // 4. Close.
    drop(host);
    Ok(())
}

fn create(address: SocketAddr) -> io::Result<Socket> {
    let family = Domain::for_address(address);
    Socket::new(family, Type::STREAM, Some(Protocol::TCP))
}

/// Asks the user for a line, and returns it without its line end.
fn ask(input: &mut impl BufRead, out: &mut impl Write) -> io::Result<String> {
    write!(out, "{} ", "Message:".bold())?;
    out.flush()?;
    let mut line = String::new();
    // Fault: while this waits for the keyboard, the peer's messages don't appear.
    // Fault: no limit; a line that doesn't end fills the memory.
    let count = input.read_line(&mut line)?;
    if count == 0 {
        // Fault: the end of the input (Ctrl-D) is an error, not a way to leave.
        return Err(io::Error::from(ErrorKind::UnexpectedEof));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn send(peer: &mut TcpStream, message: &str) -> io::Result<()> {
    // Fault: an empty line sends no byte at all, and then both sides wait forever.
    // Fault: nothing marks where a message ends, so "hi" and "byebye" may arrive as "hibyebye".
    // Fault: `write` may send only a part; this doesn't check how much it sent.
    let _sent = peer.write(message.as_bytes())?;
    Ok(())
}

/// Treats whatever one read returns as one message.
fn receive(peer: &mut TcpStream) -> io::Result<String> {
    // Fault: a longer message is cut at byte 1024, its rest taken for the next message.
    // Fault: no time limit; while this waits for a silent peer, the keyboard is dead.
    let mut buffer = [0; 1024];
    let count = peer.read(&mut buffer)?;
    match str::from_utf8(&buffer[..count]) {
        // Fault: shown as it came; an ESC in it makes the terminal do what the peer wants.
        Ok(message) => Ok(message.to_owned()),
        // Fault: a message that isn't UTF-8, or cut inside a character, ends the chat.
        Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
    }
}
