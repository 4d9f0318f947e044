//! The tutorial's pair: one request, one answer, and both end.
//!
//! It works if no datagram is lost and every request is a number. Each fault has a comment that
//! says what breaks it.

use std::io::{self, BufRead, ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};

use colored::Colorize;
use socket2::{Domain, Protocol, Socket, Type};

/// Section 5.1, steps 1 and 2: opens a socket that receives what is sent to `address`.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    // 1. Create a socket: of the address's family (IPv4 or IPv6), for datagrams.
    let socket = create(address)?;

    // 2. Bind it to an IP address and a port: this is where clients will find it.
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Section 5.1, steps 3 to 5: receives one temperature, sends it back in degrees Fahrenheit.
///
/// # Errors
///
/// The socket or the terminal fails, or the request isn't a number.
pub fn serve(socket: UdpSocket, out: &mut impl Write) -> io::Result<()> {
    let started = format!("UDP server bound to {}", socket.local_addr()?);
    writeln!(out, "{}", started.cyan())?;

    // 3. Receive: the sender's address comes with the datagram.
    // Fault: the part of a datagram beyond 1024 bytes is silently cut off.
    let mut buffer = [0; 1024];
    let (count, client) = socket.recv_from(&mut buffer)?;

    // Fault: a request that isn't a number ends the server, without a word to the client.
    // Fault: "nan", "inf" and -300, which is below absolute zero, are converted as well.
    let request = text(&buffer[..count])?;
    let celsius: f64 = match request.trim().parse() {
        Ok(celsius) => celsius,
        Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error)),
    };
    // Fault: 36.6 comes out as 97.88000000000001. (`{:?}` keeps the `.0` of a whole number.)
    let fahrenheit = celsius * 1.8 + 32.0;
    let reply = format!("Converted temperature (degrees Fahrenheit): {fahrenheit:?}");
    let received = format!("Request from {client}");
    writeln!(out, "{}", received.cyan())?;

    // 4. Send: to the address that the request came from.
    socket.send_to(reply.as_bytes(), client)?;

    // 5. Close.
    // Fault: the server ends after one request; the next client waits forever.
    drop(socket);
    Ok(())
}

/// Section 5.2: asks for a temperature, sends it to the server and shows the reply.
///
/// # Errors
///
/// The socket or the terminal fails, the input ends before a line, or the reply isn't UTF-8.
pub fn ask_server(
    server: SocketAddr,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> io::Result<()> {
    // 1. Create a socket. There is nothing to connect; the system binds it when it first sends.
    let socket: UdpSocket = create(server)?.into();

    write!(out, "{} ", "Degrees Celsius:".bold())?;
    out.flush()?;
    // Fault: no limit; a line without an end, such as a file's, fills the memory.
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }

    // 2. Send the line as it was typed, without its end.
    // Fault: if nobody has the port, an ICMP message says so, but only a connected socket hears it.
    let celsius = line.trim_end_matches(['\r', '\n']);
    socket.send_to(celsius.as_bytes(), server)?;

    // 3. Receive.
    // Fault: no time limit; if the request or the reply is lost, this waits forever.
    // Fault: anybody who sends a datagram to this port is believed, server or not.
    // Fault: a longer reply is cut.
    let mut buffer = [0; 1024];
    let count = socket.recv(&mut buffer)?;
    // Fault: a reply that isn't UTF-8 ends the client; an ESC in it gets through to the terminal.
    let reply = text(&buffer[..count])?;
    writeln!(out, "{}", reply.green())?;

    // 4. Close.
    drop(socket);
    Ok(())
}

/// Step 1 of both: creates a socket of the address's family, for datagrams.
///
/// # Errors
///
/// The system has no such sockets, or none left.
pub fn create(address: SocketAddr) -> io::Result<Socket> {
    let family = Domain::for_address(address);
    Socket::new(family, Type::DGRAM, Some(Protocol::UDP))
}

/// Bytes as text, if they are UTF-8.
fn text(bytes: &[u8]) -> io::Result<&str> {
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
    }
}
