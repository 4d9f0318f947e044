//! The tutorial's client: type a line, send it, wait for one answer, again until `exit`.
//!
//! It works with a server that answers each message at once, in one piece. A comment at each fault
//! says what breaks it.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use colored::Colorize;
use socket2::{Domain, Protocol, Socket, Type};

/// Steps 1 and 2: opens a connection to the server.
///
/// # Errors
///
/// Nobody listens on `address`, or no route leads there.
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    // 1. Create a socket: of the address's family (IPv4 or IPv6), for a stream of bytes.
    let family = Domain::for_address(address);
    let socket = Socket::new(family, Type::STREAM, Some(Protocol::TCP))?;

    // 2. Connect it to the server's address and port. The system chooses a port for our side.
    // Fault: no time limit; where nobody answers at all, Linux tries for two minutes.
    socket.connect(&address.into())?;
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
) -> io::Result<()> {
    loop {
        let data = ask(input, out)?;
        if data == "exit" {
            break;
        }

        // 3. Send and receive.
        // Fault: an empty line sends no byte at all, and then both sides wait forever.
        // Fault: nothing marks where a message ends, so two of them may arrive as one.
        // Fault: `write` may send only a part; this doesn't check how much it sent.
        let _sent = server.write(data.as_bytes())?;

        // Fault: one read is not one answer; the rest is taken for the next line's answer.
        // Fault: no time limit; the client waits forever for a silent server.
        // Fault: 0 bytes mean that the server has hung up; here they pass for an empty answer.
        let mut buffer = [0; 1024];
        let count = server.read(&mut buffer)?;
        match str::from_utf8(&buffer[..count]) {
            // Fault: shown as it came; an ESC in it makes the terminal do what the server wants.
            Ok(answer) => writeln!(out, "{}", format!("Received: {answer}").green())?,
            // Fault: an answer that isn't UTF-8, or cut inside a character, ends the client.
            Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error)),
        }
    }

    // 4. Close.
    drop(server);
    Ok(())
}

/// Asks the user for a line, and returns it without its line end.
fn ask(input: &mut impl BufRead, out: &mut impl Write) -> io::Result<String> {
    write!(out, "{} ", "Data to send:".bold())?;
    out.flush()?;
    let mut line = String::new();
    // Fault: no limit; a line that doesn't end fills the memory.
    let count = input.read_line(&mut line)?;
    if count == 0 {
        // Fault: the end of the input (Ctrl-D) is an error, not a way to leave.
        return Err(io::Error::from(ErrorKind::UnexpectedEof));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
