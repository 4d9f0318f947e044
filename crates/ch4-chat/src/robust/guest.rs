//! The guest's side: what is typed goes to the host, what the host sends is shown.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use console::{Action, Error, OrCannot, Printer};

use super::event::{Event, Events, Inbox, PeerId, Typed, inbox};
use super::framing::{Message, NAME_COMMAND};
use super::keyboard::{Keyboard, Typing};
use super::limits::{Limits, MESSAGE_BYTES};
use super::name;
use super::peer::{Peer, goodbye};
use super::queue::Queue;
use super::screen::Screen;
use crate::BYE;

/// The most bytes that a line from the host may have: a name, and a message in which each byte was
/// escaped, as in `\\u{1b}`.
const HOST_LINE_BYTES: usize = 6 * MESSAGE_BYTES + 256;

/// How many bytes may wait for the host before the keyboard waits.
const WAITING_BYTES: usize = 16 * 1024;

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
    let (events, inbox) = inbox();
    let queue = Arc::<Queue>::default();
    if let Some(name) = name.and_then(name::clean) {
        queue.push(&format!("{NAME_COMMAND}{name}\n").into());
    }
    let screen = Screen(printer);
    screen.tell_when_gone(&events);
    screen.event(format_args!("Connected to {address}. Say {BYE} to leave."));
    let to_host = Arc::clone(&queue);
    let host = Peer::start(host, HOST, HOST_LINE_BYTES, to_host, limits, events.clone())
        .or_cannot(Action::Receive, address)?;

    let typing = keyboard.read(send_typed(Arc::clone(&queue), events, limits))?;
    let (end, is_there) = talk(&host, &queue, &typing, &inbox, screen, limits, address);
    if is_there {
        let deadline = Instant::now() + limits.farewell;
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
    queue: &Queue,
    typing: &Typing,
    inbox: &Inbox,
    screen: Screen,
    limits: &Limits,
    address: SocketAddr,
) -> (Result<(), Error>, bool) {
    let mut deadline = None;
    while let Some(event) = inbox.next(deadline) {
        match event {
            Event::ScreenGone(error) => return (Err(error), true),
            Event::Typed(Typed::Line(line)) if line == BYE => break,
            Event::Typed(typed) => {
                match typed {
                    Typed::Line(line) if line.is_empty() => {}
                    Typed::Line(line) => drop(queue.push(&(line + "\n").into())),
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
                return (
                    error
                        .map_or(Ok(()), Err)
                        .or_cannot(Action::Receive, address),
                    false,
                );
            }
            Event::Arrived(..) | Event::NotAccepted(_) | Event::Look => {}
        }
    }
    (Ok(()), true)
}

/// What the keyboard's thread does with a line: it waits while the host reads slowly, and with the
/// last word until all else is on its way. So a long file doesn't pile up in memory, and here it is
/// the thread that waits, not the loop. A host that takes nothing for too long is given up.
fn send_typed(
    queue: Arc<Queue>,
    events: Events,
    limits: &Limits,
) -> impl Fn(Typed) -> bool + Send + 'static {
    let time = limits.send_time;
    move |typed| {
        let last = typed.is_last();
        let bytes = if last { 0 } else { WAITING_BYTES };
        if queue.wait_for_space(bytes, time) {
            return events.send_first(Event::Typed(typed));
        }
        let too_late = ErrorKind::TimedOut.into();
        events.send(Event::Gone(HOST, Some(too_late)));
        false
    }
}
