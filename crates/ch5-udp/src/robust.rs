//! The same pair, but no datagram, lost, late, strange or forged, ends or misleads it.
//!
//! The steps have the tutorial's numbers. What is a temperature, and how its conversion is written,
//! is in [`temperature`]; how many refusals an address gets, in [`Refusals`].

use std::io::{self, BufRead, ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use console::{
    Action, Error, Line, Log, OrCannot, Role, Width, is_timeout, read_line, safe, say, try_each,
};
use socket2::{Domain, Protocol, Socket, Type};

use crate::refusals::{MOST_REFUSALS, PERIOD, Refusals};
use crate::temperature::{self, MAX_REPLY, MAX_REQUEST};

/// Room for any datagram: UDP's length field has 16 bits (RFC 768). So none is cut in silence,
/// and on Windows, where one that doesn't fit is an error, there is no such error.
const ANY_DATAGRAM: usize = 65_535;

/// How much of a question a line shows, in characters.
const SHOWN: usize = 40;

/// How a user is asked for a temperature.
const PROMPT: &str = "Degrees Celsius:";

/// Section 5.1, steps 3 and 4, again and again: answers every request, good or bad.
///
/// Steps 1 and 2, create and bind, are [`tutorial::bind`](crate::tutorial::bind): nothing is wrong
/// with them. Step 5 never comes. The log never waits for a terminal, so no client does either.
///
/// A socket that is bound to all addresses of a machine (`0.0.0.0`) may answer from another one
/// than was asked (against RFC 1122, section 3.3.4.2), and a client that checks, as
/// [`ask_server`] does, won't see the reply. Bind to one address if the machine has several.
///
/// # Errors
///
/// It ends only if the socket itself fails; no client can make it do so.
pub fn serve(socket: &UdpSocket, log: &Log) -> Result<(), Error> {
    let here = socket
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    log.always(format_args!("UDP server bound to {here}"));

    let mut refusals = Refusals::default();
    let mut buffer = vec![0; ANY_DATAGRAM];
    loop {
        // 3. Receive: who has sent the datagram comes with it.
        let (count, client) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if is_about_one_client(&error) => continue,
            // The next call would fail as well, and all after it, at full speed.
            Err(error) => return Err(error).or_cannot(Action::Serve, here),
        };
        let request = &buffer[..count];
        // Nothing is put into words that nobody will read.
        if !log.is_quiet() {
            log.peer(&format!("Request from {client}: {}", shown(request, SHOWN)));
        }

        // Never answer an answer. Two servers would do so for ever, once somebody has sent one of
        // them a request with the other's address as its sender; nothing in UDP proves a sender.
        if temperature::is_reply(request) {
            log.event(format_args!("No reply to {client}: that was one"));
            continue;
        }

        let reply = temperature::reply(request);
        // Nor refuse for ever: the "client" may be a server that answers each refusal with its own.
        if reply.starts_with(temperature::REFUSED) {
            let count = refusals.count(client.ip(), Instant::now());
            if count == MOST_REFUSALS + 1 {
                log.trouble(format_args!(
                    "No reply to {client}: it got {MOST_REFUSALS} refusals in {PERIOD:?}"
                ));
            }
            if count > MOST_REFUSALS {
                continue;
            }
        }

        // 4. Send: to the address that the request came from. Whether it arrives nobody knows.
        match socket.send_to(reply.as_bytes(), client) {
            Ok(_) => log.event(format_args!("Reply to {client}: {reply}")),
            // A firewall forbids it, or no way leads there: this client's trouble, nobody else's.
            Err(error) => log.trouble(format_args!("No reply to {client}: {error}")),
        }
    }
}

/// Whether an error of `recv_from` only tells what became of a reply that was sent before: the
/// client has gone, or no way leads to it. Such ICMP messages reach every socket on Windows, and
/// elsewhere those that are connected. All other errors are about the socket itself.
fn is_about_one_client(error: &io::Error) -> bool {
    const WSAENETRESET: i32 = 10_052; // Windows: the reply has been forwarded too often
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::Interrupted
    ) || (cfg!(windows) && error.raw_os_error() == Some(WSAENETRESET))
}

/// How long a client waits.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long for the reply to each request. After the last it gives up.
    ///
    /// Each is twice the one before: whatever is too busy to answer isn't asked more and more.
    pub waits: [Duration; 3],
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waits: [1, 2, 4].map(Duration::from_secs),
        }
    }
}

/// Section 5.2 for one temperature: sends it to the server, again if no reply comes.
///
/// Returns the reply as a line to show. `servers` are all addresses that the server's name has;
/// an address that gives no reply is followed by the next. `out` is told what takes time.
///
/// # Errors
///
/// The request is too long, or no address has replied: nobody is there (known at once), or nobody
/// answers in time.
pub fn ask_server(
    servers: &[SocketAddr],
    celsius: &[u8],
    limits: &Limits,
    out: &mut impl Write,
) -> Result<String, Error> {
    if celsius.len() > MAX_REQUEST {
        return Err(Error::cannot(
            format_args!("send {} bytes", celsius.len()),
            format!("a request has at most {MAX_REQUEST}"),
            "write the number with fewer digits",
        ));
    }
    let reply = try_each(servers, |server| exchange(server, celsius, limits, out))?;
    let (question, reply) = (shown(celsius, SHOWN), shown(&reply, MAX_REPLY));
    Ok(format!("Reply to {question}: {reply}"))
}

/// One question and its answer, on a socket of their own.
fn exchange(
    server: SocketAddr,
    request: &[u8],
    limits: &Limits,
    out: &mut impl Write,
) -> Result<Vec<u8>, Error> {
    // 1. Create a socket, a fresh one for each question: its port is new, so a late second answer
    //    to the question before has nowhere to go.
    let family = Domain::for_address(server);
    let socket = Socket::new(family, Type::DGRAM, Some(Protocol::UDP))
        .or_cannot(Action::CreateSocket, server)?;
    //    Connect it. That sends nothing: it tells the system to keep away what others than the
    //    server send, and to report it if nobody has the server's port.
    socket
        .connect(&server.into())
        .or_cannot(Action::Connect, server)?;
    let socket = UdpSocket::from(socket);

    let tries = limits.waits.len();
    for (number, wait) in (1..).zip(limits.waits) {
        // 2. Send. Asking twice does no harm, as the answer is the same. (A request to pay a bill
        //    would need a number by which the server knows it again.)
        socket.send(request).or_cannot(Action::Send, server)?;

        // 3. Receive. Which of the requests is answered doesn't matter.
        let reply = receive(&socket, wait).or_cannot(Action::Receive, server)?;
        if let Some(reply) = reply {
            return Ok(reply);
        }
        if number < tries {
            let (seconds, next) = (wait.as_secs_f64(), number + 1);
            let asking = format!(
                "No answer from {server} within {seconds} s: asking again ({next} of {tries})"
            );
            say(out, Role::Trouble, asking)?;
        }
    }
    // 4. Close, here and above: when `socket` goes out of scope.
    Err(Error::cannot(
        format_args!("get an answer from {server}"),
        format!("{tries} requests, and no reply"),
        "look whether a server runs there and at --host and --port, or ask again",
    ))
}

/// The next datagram, or `None` after that time.
fn receive(socket: &UdpSocket, wait: Duration) -> io::Result<Option<Vec<u8>>> {
    let deadline = Instant::now() + wait;
    let mut buffer = vec![0; ANY_DATAGRAM];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        socket.set_read_timeout(Some(left))?;
        match socket.recv(&mut buffer) {
            Ok(count) => {
                buffer.truncate(count);
                return Ok(Some(buffer));
            }
            // The time is up. The deadline knows.
            Err(error) if is_timeout(&error) => {}
            Err(error) => match error.kind() {
                // The process was stopped and continues (signal(7), Linux).
                ErrorKind::Interrupted => {}
                // What Windows calls it if nobody has the port.
                ErrorKind::ConnectionReset => return Err(ErrorKind::ConnectionRefused.into()),
                _ => return Err(error),
            },
        }
    }
}

/// Section 5.2 for a user: asks for temperatures and shows the replies, until `exit` or the end of
/// the input.
///
/// A question that gets no answer is an error that is said; then the next one may be typed.
/// Returns whether every question got an answer.
///
/// `width` is that of `out`. `echo` says whether what is typed appears there too, as it does on a
/// terminal: then a reply begins at the left edge, and else behind the prompt.
///
/// # Errors
///
/// The input or the output fails.
pub fn converse(
    servers: &[SocketAddr],
    limits: &Limits,
    input: &mut impl BufRead,
    echo: bool,
    out: &mut impl Write,
    width: Width,
) -> Result<bool, Error> {
    let column = if echo { 0 } else { PROMPT.len() + 1 };
    let mut all_answered = true;
    while let Some(celsius) = typed(input, out)? {
        match ask_server(servers, &celsius, limits, out) {
            Ok(reply) => show(&reply, column, out, width)?,
            Err(error) => {
                all_answered = false;
                say(out, Role::Trouble, format!("error: {error}"))?;
            }
        }
    }
    Ok(all_answered)
}

/// The next line that isn't empty, without the white space around it; `None` at `exit` or the end.
///
/// It is bytes: what they mean is for the server to say. It has at most [`MAX_REQUEST`] of them.
fn typed(input: &mut impl BufRead, out: &mut impl Write) -> Result<Option<Vec<u8>>, Error> {
    loop {
        write!(out, "{} ", Role::Prompt.paint(PROMPT))
            .and_then(|()| out.flush())
            .map_err(Error::output)?;

        let line = match read_line(input, MAX_REQUEST).or_cannot(Action::ReadInput, "the input")? {
            Some(Line::Whole(line)) => line,
            Some(Line::TooLong(length)) => {
                let refused =
                    format!("Not sent: the line is {length} bytes; the limit is {MAX_REQUEST}.");
                say(out, Role::Trouble, refused)?;
                continue;
            }
            None => {
                // What comes next begins on a line of its own.
                writeln!(out).map_err(Error::output)?;
                return Ok(None);
            }
        };
        match line.trim_ascii() {
            b"" => {}
            b"exit" => return Ok(None),
            celsius => return Ok(Some(celsius.to_vec())),
        }
    }
}

/// Shows a line of [`ask_server`]'s on an output of this width, where so many columns of the row
/// are taken.
///
/// # Errors
///
/// The output can't be written to.
pub fn show(
    reply: &str,
    mut column: usize,
    out: &mut impl Write,
    width: Width,
) -> Result<(), Error> {
    let rows = safe::fold_part(reply, &mut column, safe::MARGIN, width());
    say(out, Role::Peer, rows)
}

/// Somebody's bytes as a part of our line: harmless, and cut after `most` characters.
fn shown(bytes: &[u8], most: usize) -> String {
    let text = safe::escape(&String::from_utf8_lossy(bytes));
    let beginning: String = text.chars().take(most).collect();
    if text.is_empty() {
        "(empty)".to_owned()
    } else if beginning.len() < text.len() {
        format!("(cut, {} bytes) {beginning}", bytes.len())
    } else {
        text
    }
}
