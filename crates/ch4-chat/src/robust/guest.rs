//! The guest's side: what is typed goes to the host, what the host sends is shown.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use console::{Action, DeadlineStream, Error, Log, OrCannot, safe};

use super::event::{Event, Inbox, PeerId};
use super::framing::{Message, NAME_COMMAND};
use super::keyboard::{Keyboard, Typing};
use super::limits::{Limits, MESSAGE_BYTES};
use super::name;
use super::peer::{Peer, goodbye};
use crate::BYE;

/// The most bytes that a line from the host may have: a name, and a message in which each byte was
/// escaped, as in `\u{1b}`.
const HOST_LINE_BYTES: usize = 6 * MESSAGE_BYTES + 256;

/// The only peer here.
const HOST: PeerId = 0;

/// The guest's side: what is typed goes to the host, what the host sends is shown.
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
    let stream = Arc::new(host);
    let inbox = Arc::<Inbox>::default();
    let failing = Arc::clone(&inbox);
    log.when_gone(move |error| failing.send_first(Event::Failed(error)));
    log.event(format_args!("Connected to {address}. Say {BYE} to leave."));
    let (to_host, send_time) = (Arc::clone(&stream), limits.send_time);
    let send = move |text: &str| {
        DeadlineStream::new(&to_host, Instant::now() + send_time).write_all(text.as_bytes())
    };
    if let Some(name) = name.and_then(name::clean) {
        // If this doesn't reach the host, an event will tell.
        let _ = send(&format!("{NAME_COMMAND}{name}\n"));
    }
    let from_host = Arc::clone(&stream);
    let host = Peer::start(from_host, HOST, HOST_LINE_BYTES, None, limits, &inbox)
        .or_cannot(Action::Receive, address)?;

    // The keyboard's thread sends what was typed: it may wait for the host, the loop may not.
    let events = Arc::clone(&inbox);
    let typing = keyboard.read(move |typed| {
        let result = match &typed {
            Event::Typed(line) if !line.is_empty() && line != BYE => send(&format!("{line}\n")),
            _ => Ok(()),
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                events.send(Event::Gone(HOST, Some(error)));
            }
            // Any other error ends the stream too, which is an event of its own.
            _ => events.send_first(typed),
        }
    })?;
    let (end, is_there) = talk(&host, address, &typing, &inbox, log, limits);
    if is_there {
        let deadline = Instant::now() + limits.farewell;
        // The last word: without LF, so that the tutorial's programs understand it.
        let _ = DeadlineStream::new(&stream, deadline).write_all(BYE.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let peers = BTreeMap::from([(HOST, host)]);
        goodbye(peers, &inbox, deadline, |message| show(log, message));
    } else {
        host.cut();
    }
    typing.end(|line| log.event(line));
    end
}

/// Deals with each event, until one side has had its last word. Returns how it ended, and whether
/// the host is still there.
fn talk(
    host: &Peer,
    address: SocketAddr,
    typing: &Typing,
    inbox: &Inbox,
    log: &Log,
    limits: &Limits,
) -> (Result<(), Error>, bool) {
    typing.next_turn(Instant::now());
    let mut deadline = None;
    while let Some(event) = inbox.next(deadline) {
        let now = Instant::now();
        match event {
            Event::Failed(error) => return (Err(error), true),
            Event::Typed(line) if line == BYE => break,
            Event::Typed(_) => typing.next_turn(now), // It was sent.
            Event::Refused(why) => {
                log.trouble(why);
                typing.next_turn(now);
            }
            Event::InputEnded => deadline = Some(now + limits.linger),
            Event::Said(_, messages) => {
                deadline = deadline.map(|_| now + limits.linger);
                for message in &messages {
                    show(log, message);
                    if message.text == BYE {
                        log.event("The host has ended the chat.");
                        return (Ok(()), false);
                    }
                }
                host.next_turn(now);
            }
            Event::Gone(_, error) => {
                log.event("The host has gone.");
                let end = error.map_or(Ok(()), Err);
                return (end.or_cannot(Action::Receive, address), false);
            }
            Event::Arrived(..) | Event::NotAccepted(_) => {} // Nobody comes to a guest.
        }
    }
    (Ok(()), true)
}

/// Shows what the host has said, after the margin.
fn show(log: &Log, message: &Message) {
    log.peer(&format!("{}{message}", safe::MARGIN));
}
