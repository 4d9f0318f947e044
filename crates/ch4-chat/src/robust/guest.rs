//! The guest's side: what is typed goes to the host, what the host sends is shown.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::Instant;

use console::{Action, Error, Log, OrCannot, safe};

use super::event::{Event, PeerId, inbox, next};
use super::framing::NAME_COMMAND;
use super::keyboard::Keyboard;
use super::limits::{Budget, Limits, MESSAGE_BYTES};
use super::name;
use super::outbox::outbox;
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
/// The connection or the screen fails, or the system has no thread left.
pub fn guest(
    host: TcpStream,
    name: Option<&str>,
    keyboard: Keyboard,
    log: &Log,
    limits: &Limits,
) -> Result<(), Error> {
    let address = host.peer_addr().or_cannot(Action::Receive, "the host")?;
    let (events, inbox) = inbox(log);
    log.event(format_args!("Connected to {address}. Say {BYE} to leave."));
    let (outbox, writer) = outbox();
    let name = name.and_then(name::clean);
    if let Some(name) = &name {
        outbox.push(format!("{NAME_COMMAND}{name}\n"));
    }
    let name = name.as_deref().unwrap_or("guest");
    let host = Peer::start(host, HOST, HOST_LINE_BYTES, writer, limits, &events)
        .or_cannot(Action::Receive, address)?;
    let mut peers = BTreeMap::from([(HOST, host)]);
    let typing = keyboard.read(events)?;
    typing.permit(Instant::now());

    // Handle each event, until one side has had its last word.
    let (mut budget, mut deadline) = (Budget::default(), None);
    let end = loop {
        let event = next(&inbox, deadline);
        let now = Instant::now();
        match event {
            None => break Ok(()),
            Some(Event::Failed(error)) => break Err(error),
            Some(Event::Typed(line)) if line == BYE => break Ok(()),
            Some(Event::Typed(line)) => {
                // Send no faster than the host reads. It counts the line as the others get it, with
                // the name, and a number behind it if the name was taken.
                let counts = format!("{name}-1000: {}\n", safe::escape(&line));
                typing.permit(budget.spend(counts.len(), now));
                if !line.is_empty() {
                    outbox.push(line + "\n");
                }
                if outbox.waiting() > limits.guest_bytes {
                    peers.clear();
                    let error = Err(io::Error::from(ErrorKind::TimedOut));
                    break error.or_cannot(Action::Send, address);
                }
            }
            Some(Event::NotSent(why)) => {
                log.trouble(why);
                typing.permit(now);
            }
            Some(Event::InputEnded) => deadline = Some(now + limits.linger),
            Some(Event::Said(id, messages)) => {
                deadline = deadline.map(|_| now + limits.linger);
                show(log, &messages);
                if messages.iter().any(|message| message == BYE) {
                    log.event("The host has ended the chat.");
                    peers.clear();
                    break Ok(());
                }
                if let Some(host) = peers.get(&id) {
                    host.permit(now);
                }
            }
            Some(Event::Gone(_, error)) => {
                log.event("The host has gone.");
                peers.clear();
                let end = error.map_or(Ok(()), Err);
                break end.or_cannot(Action::Receive, address);
            }
            Some(Event::Accepted(_)) => {} // Nobody comes to a guest.
        }
    };
    let deadline = Instant::now() + limits.farewell;
    if !peers.is_empty() {
        outbox.push(BYE);
    }
    drop(outbox);
    goodbye(peers, &inbox, deadline, |messages| show(log, messages));
    typing.end(log);
    end
}

/// Shows what the host said, after the margin.
fn show(log: &Log, messages: &[String]) {
    for message in messages {
        log.peer(&format!("{}{}", safe::MARGIN, safe::escape(message)));
    }
}
