//! The guest's side: what is typed goes to the host, what the host sends is shown.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::Instant;

use console::{Action, Error, Log, OrCannot, safe};

use super::event::{Event, PeerId, inbox, next_event};
use super::framing::NAME_COMMAND;
use super::keyboard::Keyboard;
use super::limits::{Budget, Limits, MESSAGE_BYTES};
use super::name;
use super::outbox::Outbox;
use super::peer::{Peer, goodbye};
use crate::BYE;

/// Maximum size in bytes of a line from the host: a name, and a message in which each byte was
/// escaped, as in `\u{1b}`.
const HOST_LINE_BYTES: usize = 6 * MESSAGE_BYTES + 256;

/// The only peer here.
const HOST: PeerId = 0;

/// The guest's side, until one side says `byebye`.
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
    let (outbox, outgoing) = Outbox::new();
    let name = name.and_then(name::clean);
    if let Some(name) = &name {
        outbox.push(format!("{NAME_COMMAND}{name}\n"));
    }
    // The host counts each line as the others get it, after the name, and a number if that was
    // taken.
    let prefix = format!("{}-1000: ", name.as_deref().unwrap_or("guest"));
    let host = Peer::start(stream, HOST, HOST_LINE_BYTES, outgoing, limits, &events)
        .or_cannot(Action::StartThread, "that talks to the host")?;
    let mut typing = keyboard.read(events)?;
    typing.permit(Instant::now());

    // Handle each event, until one side has had its last word. If that is the host, or the connection
    // is broken, there is nobody to say goodbye to.
    let (mut budget, mut deadline) = (Budget::default(), None);
    let (result, says_goodbye) = loop {
        let event = next_event(&inbox, deadline);
        let now = Instant::now();
        match event {
            None => break (Ok(()), true),
            Some(Event::Failed(error)) => break (Err(error), true),
            Some(Event::Typed(line)) if line == BYE => break (Ok(()), true),
            Some(Event::Typed(line)) => {
                // Send no faster than the host reads.
                let bytes = prefix.len() + safe::escape(&line).len() + 1;
                typing.permit(budget.spend(bytes, now));
                if !line.is_empty() {
                    outbox.push(line + "\n");
                }
                if outbox.waiting() > limits.guest_bytes {
                    let error = Err(io::Error::from(ErrorKind::TimedOut));
                    break (error.or_cannot(Action::Send, address), false);
                }
            }
            Some(Event::NotSent(why)) => {
                log.trouble(why);
                typing.permit(now);
            }
            Some(Event::InputEnded) => deadline = Some(now + limits.linger),
            Some(Event::Said(_, messages)) => {
                if !messages.is_empty() {
                    deadline = deadline.map(|_| now + limits.linger);
                }
                show(log, &messages);
                if messages.iter().any(|message| message == BYE) {
                    log.event("The host has ended the chat.");
                    break (Ok(()), false);
                }
                host.permit(now);
            }
            Some(Event::Gone(_, error)) => {
                log.event("The host has gone.");
                let result = error.map_or(Ok(()), Err);
                break (result.or_cannot(Action::Receive, address), false);
            }
            Some(Event::Accepted(_)) => {} // Nobody comes to a guest.
        }
    };
    if says_goodbye {
        let deadline = Instant::now() + limits.farewell;
        outbox.push(BYE);
        drop(outbox);
        let peers = BTreeMap::from([(HOST, host)]);
        goodbye(peers, &inbox, deadline, |messages| show(log, messages));
    } else {
        drop((outbox, host)); // This closes the connection.
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
