//! The guest's side: what is typed goes to the host, what the host sends is shown.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use console::{Action, Error, OrCannot, Printer};

use super::event::{Event, Typed};
use super::framing::NAME_COMMAND;
use super::keyboard::{Keyboard, Typing};
use super::limits::{Limits, MESSAGE_BYTES};
use super::name;
use super::peer::{Peer, next};
use super::screen::Screen;
use crate::BYE;

/// The most bytes that a line from the host may have: a message, after the name of who said it.
const HOST_LINE_BYTES: usize = MESSAGE_BYTES + 256;

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
    let (events, inbox) = channel();
    let patient = Limits {
        // Nobody but us waits for the host, so it may take its time.
        send_time: limits.connect_time,
        ..limits.clone()
    };
    let host = Peer::new(host, 0, HOST_LINE_BYTES, &patient, events.clone())
        .or_cannot(Action::Receive, address)?;
    let screen = Screen(printer);
    screen.tell_when_gone(&events);
    screen.event(format_args!("Connected to {address}. Say {BYE} to leave."));
    if let Some(name) = name.and_then(name::clean) {
        // If this doesn't reach the host, an event will tell.
        let _ = host.send(&format!("{NAME_COMMAND}{name}\n"));
    }

    let typing = keyboard.read(move |typed| events.send(Event::Typed(typed)).is_ok())?;
    let end = talk(&host, address, &typing, &inbox, screen, limits);
    drop((host, inbox));
    typing.end(|line| screen.event(line));
    end
}

/// Deals with each event, until one side has had its last word.
fn talk(
    host: &Peer,
    address: SocketAddr,
    typing: &Typing,
    inbox: &Receiver<Event>,
    screen: Screen,
    limits: &Limits,
) -> Result<(), Error> {
    let mut end = Ok(());
    let mut patience = None;
    while let Some(event) = next(inbox, patience) {
        match event {
            Event::ScreenGone(error) | Event::Typed(Typed::Failed(error)) => {
                end = Err(error);
                break;
            }
            Event::Typed(Typed::Line(line)) if line == BYE => break,
            Event::Typed(Typed::Line(line)) => {
                // Any other error ends the stream too, which is an event of its own.
                if !line.is_empty()
                    && let Err(error) = host.send(&(line + "\n"))
                    && error.kind() == ErrorKind::TimedOut
                {
                    return Err(error).or_cannot(Action::Send, address);
                }
                typing.next_turn();
            }
            Event::Typed(Typed::TooLong(length)) => {
                screen.refuse(length);
                typing.next_turn();
            }
            Event::Typed(Typed::End) => patience = Some(limits.linger),
            Event::Said(_, messages) => {
                for message in &messages {
                    screen.message("", message);
                    if message.text == BYE {
                        screen.event("The host has ended the chat.");
                        return Ok(());
                    }
                }
                host.next_turn();
            }
            Event::Gone(_, error) => {
                screen.event("The host has gone.");
                return error
                    .map_or(Ok(()), Err)
                    .or_cannot(Action::Receive, address);
            }
            Event::Arrived(..) | Event::NobodyArrives(_) => {}
        }
    }
    host.say_bye();
    // What the host still says is read before the connection is closed: unread, it would turn the
    // close into a reset, and our last word might be lost (RFC 9293, section 3.6.1).
    let deadline = Instant::now() + limits.farewell;
    while let Some(event) = next(
        inbox,
        Some(deadline.saturating_duration_since(Instant::now())),
    ) {
        match event {
            Event::Said(_, messages) => {
                for message in &messages {
                    screen.message("", message);
                }
                host.next_turn();
            }
            Event::Gone(..) => break,
            _ => {}
        }
    }
    end
}
