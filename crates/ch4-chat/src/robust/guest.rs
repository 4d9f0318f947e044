//! The guest's side: what is typed goes to the host, what the host sends is shown.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use console::{Action, DeadlineStream, Error, OrCannot, Printer};

use super::event::{Event, Inbox, PeerId, Typed, inbox};
use super::framing::{Message, NAME_COMMAND};
use super::keyboard::{Keyboard, Typing};
use super::limits::{Limits, MESSAGE_BYTES};
use super::name;
use super::peer::{Peer, goodbye};
use super::screen::Screen;
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
    printer: &Printer,
    limits: &Limits,
) -> Result<(), Error> {
    let address = host.peer_addr().or_cannot(Action::Receive, "the host")?;
    let stream = Arc::new(host);
    let (events, inbox) = inbox();
    let screen = Screen(printer);
    screen.tell_when_gone(&events);
    screen.event(format_args!("Connected to {address}. Say {BYE} to leave."));
    let to_host = Arc::clone(&stream);
    let send_time = limits.send_time;
    let send = move |text: &str| {
        let mut to_host = DeadlineStream::new(&to_host, Instant::now() + send_time);
        to_host.write_all(text.as_bytes())
    };
    if let Some(name) = name.and_then(name::clean) {
        // If this doesn't reach the host, an event will tell.
        let _ = send(&format!("{NAME_COMMAND}{name}\n"));
    }
    let from_host = Arc::clone(&stream);
    let host = Peer::start(
        from_host,
        HOST,
        HOST_LINE_BYTES,
        None,
        limits,
        events.clone(),
    )
    .or_cannot(Action::Receive, address)?;

    // The keyboard's thread sends what was typed: it may wait for the host, the loop may not.
    let typing = keyboard.read(move |typed| {
        let result = match &typed {
            Typed::Line(line) if !line.is_empty() && line != BYE => send(&format!("{line}\n")),
            _ => Ok(()),
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                events.send(Event::Gone(HOST, Some(error)))
            }
            // Any other error ends the stream too, which is an event of its own.
            _ => events.send_first(Event::Typed(typed)),
        }
    })?;
    let (end, is_there) = talk(&host, address, &typing, &inbox, screen, limits);
    if is_there {
        let deadline = Instant::now() + limits.farewell;
        // The last word: without LF, so that the tutorial's programs understand it.
        let _ = DeadlineStream::new(&stream, deadline).write_all(BYE.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let show = |messages: &[Message]| messages.iter().for_each(|it| screen.message("", it));
        goodbye(BTreeMap::from([(HOST, host)]), &inbox, deadline, show);
    } else {
        host.cut();
    }
    drop(inbox);
    typing.end(|line| screen.event(line));
    end
}

/// Deals with each event, until one side has had its last word. Returns how it ended, and whether
/// the host is still there.
fn talk(
    host: &Peer,
    address: SocketAddr,
    typing: &Typing,
    inbox: &Inbox,
    screen: Screen,
    limits: &Limits,
) -> (Result<(), Error>, bool) {
    let mut deadline = None;
    while let Some(event) = inbox.next(deadline) {
        match event {
            Event::ScreenGone(error) => return (Err(error), true),
            Event::Typed(Typed::Line(line)) if line == BYE => break,
            Event::Typed(typed) => {
                match typed {
                    Typed::Line(_) => {} // It was sent.
                    Typed::TooLong(length) => screen.refuse(length),
                    Typed::Failed(error) => return (Err(error), true),
                    Typed::End => deadline = Some(Instant::now() + limits.linger),
                }
                typing.next_turn();
            }
            Event::Said(_, messages) => {
                deadline = deadline.map(|_| Instant::now() + limits.linger);
                for message in &messages {
                    screen.message("", message);
                    if message.text == BYE {
                        screen.event("The host has ended the chat.");
                        return (Ok(()), false);
                    }
                }
                host.next_turn(Instant::now());
            }
            Event::Gone(_, error) => {
                screen.event("The host has gone.");
                let end = error.map_or(Ok(()), Err);
                return (end.or_cannot(Action::Receive, address), false);
            }
            Event::Arrived(..) | Event::NotAccepted(_) | Event::Look => {}
        }
    }
    (Ok(()), true)
}
