//! Section 5.2: asks the server, again if no answer comes.

use std::io::{self, BufRead, ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use console::{
    Action, Error, Line, OrCannot, Style, Width, is_timeout, is_too_long, read_line, safe, say,
    show, try_each,
};

use super::datagram::{ANY_DATAGRAM, REQUEST_SHOWN, shown};
use super::temperature::{MAX_REPLY, MAX_REQUEST};
use crate::tutorial;

/// How the client asks its user for a temperature.
pub const PROMPT: &str = "Degrees Celsius:";

/// How long the client waits for the reply to each request. Each wait is twice the one before, to
/// spare a busy server.
pub const WAITS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Asks for temperatures and shows the replies, until `exit` or the end of the input. Returns
/// whether every question got an answer.
///
/// `width` is that of `out`. `echo` says whether what is typed appears there too, as it does on a
/// terminal: then a reply begins at the left edge, and else after the prompt.
///
/// # Errors
///
/// The input or the output fails.
pub fn converse(
    servers: &[SocketAddr],
    waits: &[Duration],
    input: &mut impl BufRead,
    echo: bool,
    out: &mut impl Write,
    width: Width,
) -> Result<bool, Error> {
    let mut all_answered = true;
    loop {
        show(out, format_args!("{} ", Style::Prompt.paint(PROMPT)))?;
        let line = match read_line(input, MAX_REQUEST).map_err(Error::input)? {
            Some(Line::Whole(line)) => line,
            Some(Line::TooLong(length)) => {
                let refused =
                    format!("Not sent: the line is {length} bytes; the limit is {MAX_REQUEST}.");
                say(out, Style::Trouble, refused)?;
                continue;
            }
            None => {
                show(out, "\n")?; // It ends the prompt's line.
                return Ok(all_answered);
            }
        };
        let asked = match line.trim_ascii() {
            b"" => continue,
            b"exit" => return Ok(all_answered),
            celsius => ask_server(servers, celsius, waits, out),
        };
        match asked {
            Ok(reply) => {
                let mut column = if echo { 0 } else { PROMPT.len() + 1 };
                let rows = safe::fold(&reply, &mut column, width());
                say(out, Style::Peer, rows)?;
            }
            Err(error) => {
                all_answered = false;
                say(out, Style::Trouble, format!("error: {error}"))?;
            }
        }
    }
}

/// Sends one temperature to the server, again if no reply comes, and returns the reply as a line to
/// show. Tries all addresses of the server's name. Prints each wait to `out`.
///
/// # Errors
///
/// No address has replied: nobody is there (known at once), or nobody answers in time.
pub fn ask_server(
    servers: &[SocketAddr],
    celsius: &[u8],
    waits: &[Duration],
    out: &mut impl Write,
) -> Result<String, Error> {
    let reply = try_each(servers, |server| exchange(server, celsius, waits, out))?;
    let (question, reply) = (shown(celsius, REQUEST_SHOWN), shown(&reply, MAX_REPLY));
    Ok(format!("Reply to {question}: {reply}"))
}

/// Steps 1 to 4: one question and its answer, on their own socket.
fn exchange(
    server: SocketAddr,
    request: &[u8],
    waits: &[Duration],
    out: &mut impl Write,
) -> Result<Vec<u8>, Error> {
    // 1. Create a socket. Its port is new, so a late answer to the previous question has nowhere to
    //    go.
    let socket = connect(server).or_cannot(Action::Connect, server)?;

    let tries = waits.len();
    for (sent, &wait) in (1..).zip(waits) {
        // 2. Send. Asking twice does no harm. (A request to pay a bill would need a number by which
        //    the server recognises a repeat.)
        socket.send(request).or_cannot(Action::Send, server)?;

        // 3. Receive. The reply to any of the requests will do.
        if let Some(reply) = receive(&socket, wait).or_cannot(Action::Receive, server)? {
            return Ok(reply);
        }
        if sent < tries {
            let late = format!("No answer from {server} within {} s", wait.as_secs_f64());
            let asking = format!("{late}: asking again ({} of {tries})", sent + 1);
            say(out, Style::Trouble, asking)?;
        }
    }
    // 4. Close, here and above: when `socket` goes out of scope.
    let action = format_args!("get an answer from {server}");
    let cause = format!("{tries} requests, and no reply");
    let next = "check that a server runs there, check --host and --port, or ask again";
    Err(Error::cannot(action, cause, next))
}

/// A connected socket. Connecting sends nothing. It tells the system to drop datagrams from others,
/// and to report it if nobody has the server's port.
fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let socket = tutorial::create(server)?;
    socket.connect(&server.into())?;
    Ok(socket.into())
}

/// The next datagram, or `None` after that time. It comes whole or not at all, so one time limit
/// is enough. (A stream may come byte by byte, so it needs a deadline for all of its calls.)
fn receive(socket: &UdpSocket, wait: Duration) -> io::Result<Option<Vec<u8>>> {
    let mut buffer = vec![0; ANY_DATAGRAM];
    socket.set_read_timeout(Some(wait))?;
    loop {
        match socket.recv(&mut buffer) {
            Ok(count) => return Ok(Some(buffer[..count].to_vec())),
            Err(error) if is_timeout(&error) => return Ok(None),
            // Not an answer, so wait on. Either the process was stopped and continues (signal(7),
            // Linux), or a router found the request too long, and the system will send the next
            // one in fragments (ip(7), `IP_MTU_DISCOVER`).
            Err(error) if error.kind() == ErrorKind::Interrupted || is_too_long(&error) => {}
            // Windows says this if nobody has the port.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Err(ErrorKind::ConnectionRefused.into());
            }
            Err(error) => return Err(error),
        }
    }
}
