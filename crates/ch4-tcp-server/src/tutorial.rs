//! The tutorial's server: one client after another, one read, one fixed answer.
//!
//! It works with a polite client. A comment at each fault says what breaks it. With `socket2`, each
//! of the tutorial's calls has its own line; `TcpListener::bind` makes the first three at once.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};

use colored::Colorize;
use socket2::{Domain, Protocol, Socket, Type};

/// Steps 1 to 3: opens a socket to which clients can connect at `address`.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    // 1. Create a socket: of the address's family (IPv4 or IPv6), for a stream of bytes.
    let family = Domain::for_address(address);
    let socket = Socket::new(family, Type::STREAM, Some(Protocol::TCP))?;

    // 2. Bind it to an IP address and a port: this is where clients will find it. (`into` makes
    // the library's kind of address from std's.)
    // Fault: no SO_REUSEADDR, so a restart within a minute of the last client fails: "Address
    // already in use".
    socket.bind(&address.into())?;

    // 3. Listen: from now on clients may connect. They queue until they are accepted.
    // Fault: the queue has room for 5; other clients' systems try again, seconds apart.
    socket.listen(5)?;

    // From here on std's own type will do.
    Ok(socket.into())
}

/// Steps 4 to 6, again and again: answers each client with `Hello World, NAME!`.
///
/// # Errors
///
/// It ends only with an error: of the terminal, or (that is the fault) of any client's connection.
pub fn serve(listener: &TcpListener, name: &str, out: &mut impl Write) -> io::Result<()> {
    let here = listener.local_addr()?;
    let started = format!("Server started, waiting for clients on http://{here}/");
    writeln!(out, "{}", started.cyan())?;

    loop {
        // 4. Accept: wait for a client; it gets its own socket.
        // Fault: one client at a time; while one is silent, all others wait.
        let (mut client, address) = listener.accept()?;
        let connected = format!("Client connected: {address}");
        writeln!(out, "{}", connected.cyan())?;

        // 5. Receive and send.
        // Fault: one read is not one request; it may end anywhere, even inside a character.
        // Fault: no time limit; the server waits forever for a silent client.
        // Fault: an error of one client's connection, such as a reset, ends the whole server.
        let mut buffer = [0; 1024];
        let count = client.read(&mut buffer)?;
        // Fault: one byte that isn't UTF-8, such as 0xFF, ends the whole server.
        let request = match str::from_utf8(&buffer[..count]) {
            Ok(text) => text,
            Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error)),
        };
        // Fault: shown as it came; an ESC in it makes the terminal do what the client wants.
        // Fault: a paused terminal (Ctrl-S) stops the server here.
        let received = format!("Received: {request}");
        writeln!(out, "{}", received.green())?;

        // Fault: no Content-Type, so the browser guesses the charset: "你好" may show as "ä½ å¥½".
        // Fault: no Content-Length, so a cut answer looks like a whole one.
        let answer = format!("HTTP/1.1 200 OK\r\n\r\nHello World, {name}!");
        client.write_all(answer.as_bytes())?;

        // 6. Close, by dropping the socket.
        // Fault: unread bytes of the request turn this into a connection reset.
        drop(client);
        writeln!(out, "{}", "Connection closed.".cyan())?;
    }
}
