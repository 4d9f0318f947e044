//! The guest's side: sends typed lines to the host, and shows what the host sends.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::Receiver;
use std::time::Instant;

use console::{Action, Error, Log, OrCannot, safe};

use super::event::{Event, PeerId, inbox, next_event};
use super::framing::NAME_COMMAND;
use super::keyboard::{Keyboard, Typing};
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

/// The guest's side, until one side says `byebye`, or the host is gone. If the input was a file that
/// has ended, also when nobody has spoken for a while.
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
    let host = Peer::start(stream, HOST, HOST_LINE_BYTES, outgoing, limits, &events)
        .or_cannot(Action::StartThread, "that talks to the host")?;
    let mut typing = keyboard.read(events)?;
    typing.permit(Instant::now());
    let mut guest = Guest {
        address,
        host: Some(host),
        outbox,
        typing,
        name: name.unwrap_or_else(|| "guest".to_owned()),
        budget: Budget::default(),
        log,
        limits,
    };
    let result = guest.run(&inbox);
    let deadline = Instant::now() + limits.farewell;
    if guest.host.is_some() {
        guest.outbox.push(BYE);
    }
    drop(guest.outbox); // The writer gets no more lines.
    let peers = guest.host.map(|host| (HOST, host)).into_iter().collect();
    goodbye(peers, &inbox, deadline, |messages| show(log, messages));
    guest.typing.end(log);
    result
}

/// The loop's tools and state.
struct Guest<'a> {
    address: SocketAddr,
    /// `None` if the host has had the last word, or is gone: then there is nobody to say goodbye to.
    host: Option<Peer>,
    outbox: Outbox,
    typing: Typing,
    /// The others get it before each line, and a number after it if it was taken.
    name: String,
    budget: Budget,
    log: &'a Log,
    limits: &'a Limits,
}

impl Guest<'_> {
    /// Handles each event, until one side has had its last word.
    fn run(&mut self, inbox: &Receiver<Event>) -> Result<(), Error> {
        let mut deadline = None;
        loop {
            let event = next_event(inbox, deadline);
            let now = Instant::now();
            match event {
                None => return Ok(()),
                Some(Event::Failed(error)) => return Err(error),
                Some(Event::Typed(line)) if line == BYE => return Ok(()),
                Some(Event::Typed(line)) => self.speak(line, now)?,
                Some(Event::NotSent(why)) => {
                    self.log.trouble(why);
                    self.typing.permit(now);
                }
                Some(Event::InputEnded) => deadline = Some(now + self.limits.linger),
                Some(Event::Said(_, messages)) => {
                    if !messages.is_empty() {
                        deadline = deadline.map(|_| now + self.limits.linger);
                    }
                    show(self.log, &messages);
                    if messages.iter().any(|message| message == BYE) {
                        self.log.event("The host has ended the chat.");
                        self.host = None;
                        return Ok(());
                    }
                    if let Some(host) = &self.host {
                        host.permit(now);
                    }
                }
                Some(Event::Gone(_, error)) => {
                    self.log.event("The host has gone.");
                    self.host = None;
                    let result = error.map_or(Ok(()), Err);
                    return result.or_cannot(Action::Receive, self.address);
                }
                Some(Event::Accepted(_)) => {} // Nobody comes to a guest.
            }
        }
    }

    /// Sends a line, no faster than the host reads.
    fn speak(&mut self, line: String, now: Instant) -> Result<(), Error> {
        // Count it as the host does: with a name, a number and escapes. If we counted less, our outbox
        // would fill while the host reads us more slowly.
        let passed_on = format!("{}-1000: {}\n", self.name, safe::escape(&line));
        self.typing.permit(self.budget.spend(passed_on.len(), now));
        if !line.is_empty() {
            self.outbox.push(line + "\n");
        }
        // The host reads too slowly. To the user that is a timeout.
        if self.outbox.waiting() > self.limits.guest_bytes {
            self.host = None;
            let error = Err(io::Error::from(ErrorKind::TimedOut));
            return error.or_cannot(Action::Send, self.address);
        }
        Ok(())
    }
}

/// Shows what the host said, after the margin.
fn show(log: &Log, messages: &[String]) {
    for message in messages {
        log.peer(&format!("{}{}", safe::MARGIN, safe::escape(message)));
    }
}
