//! The tutorial's chat: a host and a guest, strictly in turns, guest first, until `byebye`.
//!
//! It works as long as both sides answer, in turns, in short lines. Each fault stands where it is
//! made; what breaks it is said there.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::str;

use console::{Action, Error, OrCannot, Role, ask, say};
use socket2::{Domain, Protocol, Socket, Type};

use crate::BYE;

/// The host's steps 1 to 3: opens a socket on which a guest can connect to `address`.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    // 1. Create a socket.
    let socket = create(address)?;

    // 2. Bind it to an IP address and a port: this is where the guest will find it.
    // Fault: without SO_REUSEADDR a restart within a minute fails, "Address already in use".
    socket
        .bind(&address.into())
        .or_cannot(Action::Listen, address)?;

    // 3. Listen: from now on a guest may connect.
    socket.listen(1).or_cannot(Action::Listen, address)?;
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
) -> Result<(), Error> {
    let here = listener
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    say(out, Role::Event, format!("Waiting for a guest on {here}"))?;

    // 4. Accept.
    // Fault: one guest; a second one can connect (the system queues it), and waits for ever.
    let (mut guest, address) = listener.accept().or_cannot(Action::Serve, here)?;
    say(out, Role::Event, format!("Connected: {address}"))?;

    // 5. Receive and send, in turns.
    loop {
        let message = receive(&mut guest, address)?;
        if message == BYE {
            break;
        }
        // Fault: 0 bytes mean that the guest has gone; the host is asked for an answer all the same.
        if !message.is_empty() {
            say(out, Role::Peer, format!("Received: {message}"))?;
        }
        if speak(&mut guest, address, input, out)? == BYE {
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
/// Nobody listens on `address`, or no way leads there.
pub fn connect(address: SocketAddr) -> Result<TcpStream, Error> {
    // 1. Create a socket.
    let socket = create(address)?;

    // 2. Connect it to the host's address and port.
    socket
        .connect(&address.into())
        .or_cannot(Action::Connect, address)?;
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
) -> Result<(), Error> {
    let address = host
        .peer_addr()
        .or_cannot("read", "the socket's own address")?;
    say(out, Role::Event, format!("Connected to {address}"))?;

    // 3. Send and receive, in turns.
    loop {
        if speak(&mut host, address, input, out)? == BYE {
            break;
        }
        let message = receive(&mut host, address)?;
        // Fault: 0 bytes mean that the host has gone; here they pass for an empty message.
        say(out, Role::Peer, format!("Received: {message}"))?;
        if message == BYE {
            break;
        }
    }

    // 4. Close.
    drop(host);
    Ok(())
}

/// Asks for a line and sends it.
fn speak(
    peer: &mut TcpStream,
    address: SocketAddr,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> Result<String, Error> {
    // Fault: whoever waits for the keyboard here doesn't see what the peer says meanwhile.
    // Fault: the end of the input (Ctrl-D) is an error, not a way to leave.
    let message = ask(input, out, "Message:")?
        .ok_or(io::Error::from(ErrorKind::UnexpectedEof))
        .or_cannot(Action::ReadInput, "the input")?;
    // Fault: an empty line sends no byte at all, and then both sides wait, for ever.
    // Fault: nothing marks where a message ends, so "hi" and "byebye" may arrive as "hibyebye".
    // Fault: `write` may send only a part; how much, nobody looks.
    let _sent = peer
        .write(message.as_bytes())
        .or_cannot(Action::Send, address)?;
    Ok(message)
}

/// Takes whatever one read gives for one message.
fn receive(peer: &mut TcpStream, address: SocketAddr) -> Result<String, Error> {
    // Fault: a longer message is cut at byte 1024, its rest taken for the next message.
    // Fault: no time limit; while a silent peer is waited for, the keyboard is dead.
    let mut buffer = [0; 1024];
    let count = peer.read(&mut buffer).or_cannot(Action::Receive, address)?;
    // Fault: a message that isn't UTF-8, or cut inside a character, ends the chat.
    let message = str::from_utf8(&buffer[..count]).or_cannot(Action::Decode, address)?;
    // Fault: it is shown as it came; an ESC in it makes the terminal do what the peer wants.
    Ok(message.to_owned())
}

fn create(address: SocketAddr) -> Result<Socket, Error> {
    let family = Domain::for_address(address);
    Socket::new(family, Type::STREAM, Some(Protocol::TCP)).or_cannot(Action::CreateSocket, address)
}
