//! The tutorial's pair: one request, one answer, and both end.
//!
//! It works if no datagram is lost and every request is a number. Each fault stands where it is
//! made; what breaks it is said there.

use std::io::{self, BufRead, ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::str;

use console::{Action, Error, OrCannot, Role, ask, say};
use socket2::{Domain, Protocol, Socket, Type};

/// Section 5.1, steps 1 and 2: opens a socket that receives what is sent to `address`.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn bind(address: SocketAddr) -> Result<UdpSocket, Error> {
    // 1. Create a socket: of the Internet's address family, for datagrams.
    let socket = create(address)?;

    // 2. Bind it to an IP address and a port: this is where clients will find it.
    socket
        .bind(&address.into())
        .or_cannot(Action::Bind, address)?;
    Ok(socket.into())
}

/// Section 5.1, steps 3 to 5: receives one temperature, sends it back in degrees Fahrenheit.
///
/// # Errors
///
/// The socket or the terminal fails, or the request isn't a number.
pub fn serve(socket: UdpSocket, out: &mut impl Write) -> Result<(), Error> {
    let here = socket
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    say(out, Role::Event, format!("UDP server bound to {here}"))?;

    // 3. Receive: who has sent the datagram comes with it.
    // Fault: what a datagram has beyond 1024 bytes is cut off in silence.
    let mut buffer = [0; 1024];
    let (count, client) = socket
        .recv_from(&mut buffer)
        .or_cannot(Action::Serve, here)?;

    // Fault: a request that isn't a number ends the server, without a word to the client.
    // Fault: "nan", "inf" and -300, which is below absolute zero, are converted as well.
    let request = str::from_utf8(&buffer[..count]).or_cannot(Action::Decode, client)?;
    let celsius: f64 = request
        .trim()
        .parse()
        .or_cannot(Action::FindNumber, client)?;
    // Fault: 36.6 comes out as 97.88000000000001. (`{:?}` keeps the `.0` of a whole number.)
    let fahrenheit = celsius * 1.8 + 32.0;
    let reply = format!("Converted temperature (degrees Fahrenheit): {fahrenheit:?}");
    say(out, Role::Event, format!("Request from {client}"))?;

    // 4. Send: to the address that the request came from.
    socket
        .send_to(reply.as_bytes(), client)
        .or_cannot(Action::Send, client)?;

    // 5. Close.
    // Fault: one request, and the server has gone; the next client waits for ever.
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
) -> Result<(), Error> {
    // 1. Create a socket. There is nothing to connect; the system binds it when it first sends.
    let socket: UdpSocket = create(server)?.into();

    // 2. Send the line as it was typed.
    let celsius = ask(input, out, "Degrees Celsius:")?
        .ok_or(io::Error::from(ErrorKind::UnexpectedEof))
        .or_cannot(Action::ReadInput, "the input")?;
    // Fault: if nobody has the port, the system is told so, but an unconnected socket isn't.
    socket
        .send_to(celsius.as_bytes(), server)
        .or_cannot(Action::Send, server)?;

    // 3. Receive.
    // Fault: no time limit; if the request or the reply is lost, this waits for ever.
    // Fault: whoever sends a datagram to this port is believed, server or not.
    let mut buffer = [0; 1024];
    let count = socket
        .recv(&mut buffer)
        .or_cannot(Action::Receive, server)?;
    // Fault: a reply that isn't UTF-8 ends the client; an ESC in it gets through to the terminal.
    let reply = str::from_utf8(&buffer[..count]).or_cannot(Action::Decode, server)?;
    say(out, Role::Peer, reply)?;

    // 4. Close.
    drop(socket);
    Ok(())
}

fn create(address: SocketAddr) -> Result<Socket, Error> {
    let family = Domain::for_address(address);
    Socket::new(family, Type::DGRAM, Some(Protocol::UDP)).or_cannot(Action::CreateSocket, address)
}
