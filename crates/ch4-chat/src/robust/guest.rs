//! The guest's side: sends typed lines to the host, and shows what the host sends.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::Instant;

use console::{Action, Error, Log, OrCannot, safe};

use super::connection::start;
use super::event::{Event, PeerId, inbox, next_event};
use super::keyboard::Keyboard;
use super::limits::{Budget, Limits, MESSAGE_BYTES};
use super::name;
use super::peer::goodbye;
use crate::BYE;

/// Maximum size in bytes of a line from the host: a name, and a message in which each byte was
/// escaped, as in `\u{1b}`.
const HOST_LINE_BYTES: usize = 6 * MESSAGE_BYTES + 256;

/// The only peer here.
const HOST: PeerId = 0;

/// Runs the guest's side until one side says `byebye`, or the host is gone. If the input was a file
/// that has ended, also when nobody has spoken for a while.
///
/// With a `name`, the first line tells it to the host: `/name NAME`.
///
/// # Errors
///
/// The connection, the screen or the keyboard fails, or the system has no thread left.
pub fn guest(
    stream: TcpStream,
    name: Option<&str>,
    keyboard: Keyboard,
    log: &Log,
    limits: &Limits,
) -> Result<(), Error> {
    let address = stream.peer_addr().or_cannot(Action::Receive, "the host")?;
    let (events, inbox) = inbox(log);
    log.event(format_args!("Connected to {address}. Say {BYE} to leave."));
    let host = start(stream, HOST, HOST_LINE_BYTES, limits, &events)
        .or_cannot(Action::StartThread, "that talks to the host")?;
    let name = name::own(name, log);
    if let Some(name) = &name {
        host.push(format!("{}{name}\n", name::COMMAND));
    }
    // The others see it before each line, and a number after it if it was taken.
    let name = name.as_deref().unwrap_or("guest");
    let typing = keyboard.read(events)?;
    typing.permit(Instant::now());
    let (mut budget, mut input_ended) = (Budget::PERSON, false);
    // If the host has had the last word, or is gone, there is nobody to say goodbye to.
    let (host_is_here, result) = loop {
        let event = next_event(&inbox, None);
        let now = Instant::now();
        match event {
            None => break (false, Ok(())), // Can't happen: the reader sends `Gone` first.
            Some(Event::Failed(error)) => break (true, Err(error)),
            Some(Event::Typed(line)) if line == BYE => break (true, Ok(())),
            Some(Event::Typed(line)) => {
                // Count it as the host does: with a name, a number and escapes. If we counted less,
                // more and more would wait here while the host reads us more slowly.
                let passed_on = format!("{name}-10000: {}\n", safe::escape(&line));
                typing.permit(budget.spend(passed_on.len(), now));
                if !line.is_empty() {
                    host.push(line + "\n");
                }
                if host.waiting() > limits.guest_bytes {
                    // The host reads too slowly. To the user that is a timeout.
                    let error = Err(io::Error::from(ErrorKind::TimedOut));
                    break (false, error.or_cannot(Action::Send, address));
                }
            }
            Some(Event::NotSent(why)) => {
                log.trouble(why);
                typing.permit(now);
            }
            Some(Event::InputEnded) => {
                input_ended = true;
                typing.permit(now + limits.linger);
            }
            Some(Event::Said(_, messages)) => {
                show(log, &messages);
                if messages.iter().any(|message| message == BYE) {
                    log.event("The host has ended the chat.");
                    break (false, Ok(()));
                }
                if input_ended && !messages.is_empty() {
                    typing.permit(now + limits.linger);
                }
                host.permit(now);
            }
            Some(Event::Gone(_, error)) => {
                log.event("The host has gone.");
                let end = error.map_or(Ok(()), Err);
                break (false, end.or_cannot(Action::Receive, address));
            }
            Some(Event::Accepted(_)) => {} // Nobody comes to a guest.
        }
    };
    if host_is_here {
        host.push(BYE);
        let deadline = Instant::now() + limits.farewell;
        let peers = BTreeMap::from([(HOST, host)]);
        goodbye(peers, &inbox, deadline, |messages| show(log, messages));
    } else {
        host.disconnect(); // It needn't wait until the user presses Enter.
    }
    typing.end(log);
    result
}

/// Shows what the host said, after the margin.
fn show(log: &Log, messages: &[String]) {
    for message in messages {
        log.peer(&format!("{}{}", safe::MARGIN, safe::escape(message)));
    }
}
