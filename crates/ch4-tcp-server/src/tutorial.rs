//! The tutorial's server: one client after another, one read, one fixed answer.
//!
//! It works with a polite client. Each fault stands where it is made; what breaks it is said there.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::str;

use console::{Action, Error, OrCannot, Role, say};
use socket2::{Domain, Protocol, Socket, Type};

/// Steps 1 to 3: opens a socket on which clients can connect to `address`.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    // 1. Create a socket: of the Internet's address family, for a stream of bytes.
    let family = Domain::for_address(address);
    let socket = Socket::new(family, Type::STREAM, Some(Protocol::TCP))
        .or_cannot(Action::CreateSocket, address)?;

    // 2. Bind it to an IP address and a port: this is where clients will find it.
    // Fault: without SO_REUSEADDR a restart within a minute fails, "Address already in use".
    socket
        .bind(&address.into())
        .or_cannot(Action::Listen, address)?;

    // 3. Listen: from now on clients may connect. They queue until they are accepted.
    // Fault: a queue for 5; clients beyond it knock again and again, seconds apart.
    socket.listen(5).or_cannot(Action::Listen, address)?;
    Ok(socket.into())
}

/// Steps 4 to 6, again and again: answers each client with `Hello World, NAME!`.
///
/// # Errors
///
/// It ends only with an error: of the terminal, or (that is the fault) of any client's connection.
pub fn serve(listener: &TcpListener, name: &str, out: &mut impl Write) -> Result<(), Error> {
    let here = listener
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    let started = format!("Server started, waiting for clients on http://{here}/");
    say(out, Role::Event, started)?;

    loop {
        // 4. Accept: wait for a client; it gets a socket of its own.
        // Fault: one client at a time; while one is silent, all others wait.
        let (mut client, address) = listener.accept().or_cannot(Action::Serve, here)?;
        say(out, Role::Event, format!("Client connected: {address}"))?;

        // 5. Receive and send.
        // Fault: one read is not one request; it may end anywhere, even inside a character.
        // Fault: no time limit; a client that sends nothing is waited for, for ever.
        // Fault: an error of one client's connection, such as a reset, ends the whole server.
        let mut buffer = [0; 1024];
        let count = client
            .read(&mut buffer)
            .or_cannot(Action::Receive, address)?;
        // Fault: one byte that isn't UTF-8, such as 0xFF, ends the whole server.
        let request = str::from_utf8(&buffer[..count]).or_cannot(Action::Decode, address)?;
        // Fault: shown as it came; an ESC in it makes the terminal do what the client wants.
        // Fault: a paused terminal (Ctrl-S) stops the server here.
        say(out, Role::Peer, format!("Received: {request}"))?;

        // Fault: no Content-Type, so the browser guesses the charset: "你好" may show as "ä½ å¥½".
        // Fault: no Content-Length or Connection: close, so a cut answer looks like a whole one.
        let answer = format!("HTTP/1.1 200 OK\r\n\r\nHello World, {name}!");
        client
            .write_all(answer.as_bytes())
            .or_cannot(Action::Send, address)?;

        // 6. Close.
        // Fault: bytes of the request that weren't read turn this into a connection reset.
        drop(client);
        say(out, Role::Event, "Connection closed.")?;
    }
}
