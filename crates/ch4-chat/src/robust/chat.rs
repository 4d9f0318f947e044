//! What host and guest have in common: an inbox, a user who types, and a goodbye.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use console::{Action, Error, Log, OrCannot, Printer};

use super::event::{Event, PeerId, start_thread};
use super::keyboard::{Input, Keyboard};
use super::limits::{Budget, Limits};
use super::peer::Peer;
use crate::BYE;

/// How long the typing thread may take to end before the user is asked to press Enter.
const END_TIME: Duration = Duration::from_millis(500);

/// One side of a chat.
pub struct Chat {
    /// The way into the inbox.
    pub events: Sender<Event>,
    inbox: Receiver<Event>,
    /// Permits for the typing thread.
    permits: Sender<Instant>,
    /// How fast the user may talk: no faster than a guest. Otherwise a long file would flood the
    /// guests.
    budget: Budget,
    /// Disconnected when the typing thread has ended.
    typing_ended: Receiver<()>,
    /// Where the user's lines come from.
    pub input: Input,
    /// After the end of an input file: when to leave, unless somebody speaks before.
    pub leaves_at: Option<Instant>,
    /// What the user sees.
    pub log: Rc<Log>,
    /// Times and sizes.
    pub limits: Limits,
}

impl Chat {
    /// Opens an inbox and starts the typing thread, which reads a line only with a
    /// [permit](Chat::permit_line), even the first. So the next prompt appears when the last line
    /// has been handled, and nothing is read after `byebye`. If the screen fails, the inbox gets
    /// [`Event::Leave`].
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn start(keyboard: Keyboard, printer: Printer, limits: Limits) -> Result<Self, Error> {
        let (events, inbox) = channel();
        let failed = events.clone();
        printer.when_gone(move |error| drop(failed.send(Event::Leave(Err(error)))));
        // Nothing is ever sent here: the thread drops its end when it is done.
        let (typing, typing_ended) = channel::<()>();
        let end = move || drop(typing);
        let permits = start_thread(Builder::new(), &events, keyboard.next, end)
            .or_cannot(Action::StartThread, "that reads the keyboard")?;
        Ok(Self {
            events,
            inbox,
            permits,
            budget: Budget::PERSON,
            typing_ended,
            input: keyboard.input,
            leaves_at: None,
            log: Rc::new(Log::new(printer, false)),
            limits,
        })
    }

    /// Waits for the next event, until `until` at most. What [`Event::NotSent`] and
    /// [`Event::InputEnded`] ask for has been done.
    pub fn next_event(&mut self, until: Option<Instant>) -> Option<Event> {
        let earlier = until.into_iter().chain(self.leaves_at).min();
        let event = self.wait(earlier);
        let now = Instant::now();
        match &event {
            None if self.leaves_at.is_some_and(|at| at <= now) => {
                return Some(Event::Leave(Ok(())));
            }
            Some(Event::NotSent(why)) => {
                self.log.trouble(why);
                self.permit_line(0);
            }
            Some(Event::InputEnded) => self.leaves_at = Some(now + self.limits.linger),
            Some(Event::Said(_, messages)) if !messages.is_empty() => {
                self.leaves_at = self.leaves_at.map(|_| now + self.limits.linger);
            }
            _ => {}
        }
        event
    }

    /// Permits the user's next line. The last one counts as this many bytes, so the permit may be
    /// for later.
    pub fn permit_line(&mut self, bytes: usize) {
        let at = self.budget.spend(bytes, Instant::now());
        let _ = self.permits.send(at); // This fails only when the thread has ended.
    }

    /// Says `byebye`, gives `show` what the peers still say until they have closed their side, for
    /// [`Limits::farewell`] at most, and lets go of the keyboard. (Unread bytes would turn the
    /// close into a reset, and `byebye` might be lost: RFC 9293, section 3.6.1.)
    pub fn goodbye(self, mut peers: BTreeMap<PeerId, Peer>, show: impl Fn(&Log, &[String])) {
        let now = Instant::now();
        for peer in peers.values() {
            peer.push(BYE);
            // Even one that talked too fast is read now. (So it may have two events in the inbox.)
            peer.permit(now);
        }
        let deadline = now + self.limits.farewell;
        // Even after the deadline, events may wait in the inbox.
        while !peers.is_empty()
            && Instant::now() < deadline
            && let Some(event) = self.wait(Some(deadline))
        {
            match event {
                Event::Said(id, messages) => {
                    show(&self.log, &messages);
                    if let Some(peer) = peers.get(&id) {
                        peer.permit(now);
                    }
                }
                Event::Gone(id, _) => drop(peers.remove(&id)),
                _ => {}
            }
        }
        peers.values().for_each(Peer::disconnect);

        // Now the typing thread ends, or ends with the program. But an editor that waits for the
        // user has changed the terminal: a program that ended now would leave it without echo.
        drop(self.permits);
        let late = Err(RecvTimeoutError::Timeout);
        if self.input == Input::Editor && self.typing_ended.recv_timeout(END_TIME) == late {
            self.log.event("Press Enter to leave.");
            let _ = self.typing_ended.recv();
        }
    }

    fn wait(&self, until: Option<Instant>) -> Option<Event> {
        let remaining = |at: Instant| at.saturating_duration_since(Instant::now());
        let time = until.map_or(Duration::MAX, remaining);
        self.inbox.recv_timeout(time).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::thread;

    use testkit::{Capture, PATIENCE};

    use super::*;

    /// A chat of somebody who types in an editor, and what they see.
    fn chat(next: impl FnMut() -> Event + Send + 'static) -> (Chat, Capture) {
        let keyboard = Keyboard {
            next: Box::new(next),
            input: Input::Editor,
        };
        let screen = Capture::default();
        let printer = Printer::new(screen.clone()).unwrap();
        let chat = Chat::start(keyboard, printer, Limits::default()).unwrap();
        (chat, screen)
    }

    fn leaves(chat: Chat) {
        chat.goodbye(BTreeMap::new(), |_, _| {});
    }

    fn typed(line: &str) -> Event {
        Event::Typed(line.to_owned())
    }

    fn in_time() -> Instant {
        Instant::now() + PATIENCE
    }

    #[test]
    fn an_event_that_waits_comes_first_and_else_the_time_decides() {
        let (mut chat, _) = chat(|| typed(""));
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(chat.next_event(Some(soon)).is_none() && Instant::now() >= soon);
        chat.events.send(typed("")).unwrap();
        assert!(chat.next_event(Some(soon)).is_some());
        chat.events.send(typed("")).unwrap();
        assert!(chat.next_event(None).is_some());
    }

    #[test]
    fn a_line_is_read_when_the_one_before_has_been_dealt_with() {
        let (read, reads) = channel();
        let (mut chat, _) = chat(move || {
            read.send(()).unwrap();
            typed("one")
        });
        chat.permit_line(0);
        let event = chat.next_event(Some(in_time()));
        assert!(matches!(event, Some(Event::Typed(_))));
        leaves(chat);
        // The thread has ended, without another line.
        assert_eq!(reads.iter().count(), 1);
    }

    #[test]
    fn who_types_too_much_may_type_on_later() {
        let (mut chat, _) = chat(|| typed(""));
        let begin = Instant::now();
        // The burst, and 100 ms.
        chat.permit_line(64 * 1024 + 1639);
        assert!(chat.next_event(Some(in_time())).is_some());
        assert!(begin.elapsed() >= Duration::from_millis(100));
    }

    /// A line that isn't sent needs no permit of the loop's.
    #[test]
    fn a_line_that_is_not_sent_is_told_and_the_next_one_is_read() {
        let mut lines = vec![typed("two"), Event::NotSent("Not sent: one.".to_owned())];
        let (mut chat, screen) = chat(move || lines.pop().unwrap());
        chat.permit_line(0);
        let event = chat.next_event(Some(in_time()));
        assert!(matches!(event, Some(Event::NotSent(_))));
        let event = chat.next_event(Some(in_time()));
        assert!(matches!(event, Some(Event::Typed(_))));
        leaves(chat);
        assert_eq!(screen.text(), "Not sent: one.\n");
    }

    #[test]
    fn when_a_file_has_ended_and_nobody_speaks_it_is_time_to_leave() {
        let keyboard = Keyboard::plain(Input::File, io::empty());
        let printer = Printer::new(io::sink()).unwrap();
        let limits = Limits {
            linger: Duration::from_millis(200),
            ..Limits::default()
        };
        let mut chat = Chat::start(keyboard, printer, limits).unwrap();
        chat.permit_line(0);
        let event = chat.next_event(Some(in_time()));
        assert!(matches!(event, Some(Event::InputEnded)) && chat.leaves_at.is_some());
        // What says nothing gives nobody more time. Words do.
        for (words, give_time) in [(vec!["hi".to_owned()], true), (vec![], false)] {
            let before = chat.leaves_at;
            chat.events.send(Event::Said(1, words)).unwrap();
            let event = chat.next_event(Some(in_time()));
            assert!(matches!(event, Some(Event::Said(..))));
            assert_eq!(chat.leaves_at > before, give_time);
        }
        let leaves_at = chat.leaves_at.unwrap();
        let event = chat.next_event(Some(in_time()));
        assert!(matches!(event, Some(Event::Leave(Ok(())))));
        assert!(Instant::now() >= leaves_at);
    }

    /// A program that ended earlier would leave a terminal in the editor's mode.
    #[test]
    fn a_line_that_is_being_edited_is_ended_by_the_user() {
        let (reading, reads) = channel();
        let (enter, presses) = channel();
        let (mut chat, screen) = chat(move || {
            reading.send(()).unwrap();
            presses.recv_timeout(PATIENCE).unwrap();
            typed("")
        });
        chat.permit_line(0);
        reads.recv_timeout(PATIENCE).unwrap();
        let press = thread::spawn(move || {
            let _ = screen.wait_for("Press Enter to leave.");
            enter.send(()).unwrap();
        });
        leaves(chat);
        press.join().unwrap();
    }

    /// After a paste that was too long, the next permit is for later. After `byebye` there is none.
    #[test]
    fn nobody_is_asked_for_enter_where_no_prompt_is() {
        for says_byebye in [false, true] {
            let (mut chat, screen) = chat(|| Event::Leave(Ok(())));
            if says_byebye {
                chat.permit_line(0);
                assert!(chat.next_event(Some(in_time())).is_some());
            } else {
                chat.permit_line(1 << 30);
            }
            leaves(chat);
            assert_eq!(screen.text(), "");
        }
    }

    /// Or a flood could keep the host from ending the chat. Those that talked too fast may go on.
    #[test]
    fn a_goodbye_permits_all_and_is_over_at_its_deadline_even_if_events_wait() {
        let keyboard = Keyboard::plain(Input::File, io::empty());
        let printer = Printer::new(io::sink()).unwrap();
        let limits = Limits {
            farewell: Duration::ZERO,
            ..Limits::default()
        };
        let chat = Chat::start(keyboard, printer, limits).unwrap();
        let (disconnected, is_disconnected) = channel();
        let (mut peers, mut ends) = (BTreeMap::new(), Vec::new());
        for id in 1..=2 {
            let disconnected = disconnected.clone();
            let (peer, outbox, permitted) = Peer::fake(move || disconnected.send(()).unwrap());
            peers.insert(id, peer);
            ends.push((outbox, permitted));
        }
        chat.events.send(Event::Said(1, Vec::new())).unwrap();
        chat.goodbye(peers, |_, _| panic!("it is over"));
        assert_eq!(is_disconnected.try_iter().count(), 2);
        for (outbox, permitted) in ends {
            assert_eq!(outbox.texts.try_recv().as_deref(), Ok(BYE));
            assert!(permitted.try_recv().is_ok());
        }
    }
}
