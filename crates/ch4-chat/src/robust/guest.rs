//! The guest's side: its loop sends typed lines to the host, and shows what the host sends.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::Instant;

use console::{Action, Error, Log, OrCannot, safe};

use super::chat::Chat;
use super::event::{Event, PeerId};
use super::limits::MESSAGE_BYTES;
use super::name;
use super::peer::Peer;
use crate::BYE;

/// Maximum size in bytes of a line from the host: a name, and a message in which each byte was
/// escaped, as in `\u{1b}`.
const HOST_LINE_BYTES: usize = 6 * MESSAGE_BYTES + 256;

/// The only peer here.
const HOST: PeerId = 0;

/// Runs the guest's side until one side says `byebye`, or the host is gone. After the end of an
/// input file, it also ends when nobody has spoken for a while.
///
/// With a `name`, the first line gives it to the host: `/name NAME`.
///
/// # Errors
///
/// The connection, the screen or the keyboard fails, or the system has no thread left.
pub fn guest(stream: TcpStream, name: Option<&str>, mut chat: Chat) -> Result<(), Error> {
    let address = stream.peer_addr().or_cannot(Action::Receive, "the host")?;
    let connected = format!("Connected to {address}. Say {BYE} to leave.");
    chat.log.event(connected);
    let host = Peer::start(stream, HOST, HOST_LINE_BYTES, &chat.limits, &chat.events)
        .or_cannot(Action::StartThread, "that talks to the host")?;
    let name = name::own(name, &chat.log);
    if let Some(name) = &name {
        host.push(format!("{}{name}\n", name::COMMAND));
    }
    let counted_name = name.as_deref().unwrap_or("guest");
    chat.permit_line(0);
    let (says_goodbye, result) = loop {
        let event = chat.next_event(None);
        let now = Instant::now();
        match event {
            Some(Event::Leave(result)) => break (true, result),
            Some(Event::Typed(line)) => {
                // Count what the host will count: our name, perhaps with a number, and escapes. If
                // we counted less, we would send faster than the host reads.
                let passed_on = format!("{counted_name}-10000: {}\n", safe::escape(&line));
                chat.permit_line(passed_on.len());
                if !line.is_empty() {
                    host.push(line + "\n");
                }
                if host.waiting() > chat.limits.guest_bytes {
                    // The host reads too slowly. To the user that is a timeout.
                    host.disconnect();
                    let error = Err(io::Error::from(ErrorKind::TimedOut));
                    break (false, error.or_cannot(Action::Send, address));
                }
            }
            Some(Event::Said(_, messages)) => {
                show(&chat.log, &messages);
                if messages.iter().any(|message| message == BYE) {
                    chat.log.event("The host has ended the chat.");
                    break (false, Ok(()));
                }
                host.permit(now);
            }
            Some(Event::Gone(_, error)) => {
                chat.log.event("The host has gone.");
                let end = error.map_or(Ok(()), Err);
                break (false, end.or_cannot(Action::Receive, address));
            }
            // Nobody connects to a guest.
            Some(Event::NotSent(_) | Event::InputEnded | Event::Accepted(_)) | None => {}
        }
    };
    // Without a goodbye, drop the connection now: `goodbye` may wait for the user's Enter.
    let peers = BTreeMap::from_iter(says_goodbye.then_some((HOST, host)));
    chat.goodbye(peers, show);
    result
}

/// Shows what the host said, after the margin.
fn show(log: &Log, messages: &[String]) {
    for message in messages {
        log.peer(&format!("{}{}", safe::MARGIN, safe::escape(message)));
    }
}
