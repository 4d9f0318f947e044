//! The tutorial's client: type a line, send it, wait for one answer, again until `exit`.
//!
//! It works with a server that answers each message at once, in one piece. Each fault stands
//! where it is made; what breaks it is said there.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::str;

use console::{Action, Error, OrCannot, Role, ask, say};
use socket2::{Domain, Protocol, Socket, Type};

/// Steps 1 and 2: opens a connection to the server.
///
/// # Errors
///
/// Nobody listens on `address`, or no way leads there.
pub fn connect(address: SocketAddr) -> Result<TcpStream, Error> {
    // 1. Create a socket: of the Internet's address family, for a stream of bytes.
    let family = Domain::for_address(address);
    let socket = Socket::new(family, Type::STREAM, Some(Protocol::TCP))
        .or_cannot(Action::CreateSocket, address)?;

    // 2. Connect it to the server's address and port. The system chooses a port for our side.
    // Fault: no time limit; where nobody answers at all, the system tries for two minutes.
    socket
        .connect(&address.into())
        .or_cannot(Action::Connect, address)?;
    Ok(socket.into())
}

/// Steps 3 and 4: sends each typed line, shows the answer to each, and closes after `exit`.
///
/// # Errors
///
/// The connection or the terminal fails, the input ends before `exit`, or an answer isn't UTF-8.
pub fn talk(
    mut server: TcpStream,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> Result<(), Error> {
    let address = server
        .peer_addr()
        .or_cannot("read", "the socket's own address")?;
    loop {
        // 3. Send and receive.
        // Fault: the end of the input (Ctrl-D) is an error, not a way to leave.
        let data = ask(input, out, "Data to send:")?
            .ok_or(io::Error::from(ErrorKind::UnexpectedEof))
            .or_cannot(Action::ReadInput, "the input")?;
        if data == "exit" {
            break;
        }
        // Fault: an empty line sends no byte at all, and then both sides wait, for ever.
        // Fault: nothing marks where a message ends, so two of them may arrive as one.
        // Fault: `write` may send only a part; how much, nobody looks.
        let _sent = server
            .write(data.as_bytes())
            .or_cannot(Action::Send, address)?;

        // Fault: one read is not one answer; the rest is taken for the next line's answer.
        // Fault: no time limit; a server that is silent is waited for, for ever.
        // Fault: 0 bytes mean that the server has hung up; here they pass for an empty answer.
        let mut buffer = [0; 1024];
        let count = server
            .read(&mut buffer)
            .or_cannot(Action::Receive, address)?;
        // Fault: an answer that isn't UTF-8, or cut inside a character, ends the client.
        let answer = str::from_utf8(&buffer[..count]).or_cannot(Action::Decode, address)?;
        // Fault: shown as it came; an ESC in it makes the terminal do what the server wants.
        say(out, Role::Peer, format!("Received: {answer}"))?;
    }

    // 4. Close.
    drop(server);
    Ok(())
}
