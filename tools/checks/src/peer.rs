//! The misbehaving peer: a TCP connection to the program under test that does what real peers do.
//!
//! It sends in pieces, pauses, drips, half-closes, hangs up and resets, and it tells each of that
//! to the [`Run`]. It never waits by sleeping: a pause is a wait for the program to say something.
//! What the program says meanwhile is kept for the next expectation.

use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bstr::ByteSlice;
use console::{DeadlineStream, is_cut_short};

use crate::by_hand::Deed;
use crate::run::{Advise, Run, Told, reset, shown, time};

/// Maximum bytes to keep of what a program sends. A program that sends more has said enough.
const RECEIVED_LIMIT: usize = 4 << 20;

/// How long to see whether the program closes a connection that is about to be closed here: if both
/// ends close at the same time, both remember it in TIME-WAIT.
const CROSSING: Duration = Duration::from_millis(300);

/// How long without a word until a program has answered all that was sent.
const REST: Duration = Duration::from_millis(300);

/// What to change in a program that sends more of its buffer than was typed.
pub(crate) const NUL_SENT: &str = "Send as many bytes as the line has, strlen(line), and neither the \
    NUL after it nor the rest of the buffer.";

/// The same, of one that adds a line end to a line that has one.
const TWO_ENDS_SENT: &str = "Send one line end with each line. What reads a line may leave its end \
    on it (read_line, readline, fgets): take that off before you add one.";

/// The same, of one that sends something before what was typed.
const LENGTH_SENT: &str = "Send the bytes of the line alone. The other side expects text: neither a \
    length before it, as writeUTF and struct.pack make, nor an object.";

/// What is expected, in words, and whether it is in what has come.
pub type What<'a> = (&'a str, fn(&[u8]) -> bool);

/// How a connection ended, seen from here.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The program has closed its side, and all that it had sent has arrived.
    Closed,
    /// The program's system has thrown the connection away.
    Reset,
}

/// One side of a TCP connection; the other is the program under test.
#[derive(Debug)]
pub struct TcpPeer {
    run: Run,
    stream: Arc<TcpStream>,
    /// All that has come.
    pub(crate) received: Vec<u8>,
    /// How much of `received` has been looked at by an expectation that was satisfied.
    used: usize,
    /// When it was last sent something.
    sent: Instant,
    end: Option<End>,
}

impl TcpPeer {
    pub(crate) fn new(name: String, stream: TcpStream, run: &Run) -> io::Result<Self> {
        // Each `sends` is on its way at once, as a separate segment.
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(run.patience().answer))?;
        let stream = Arc::new(stream);
        run.holds(&stream);
        Ok(Self {
            run: run.of(name),
            stream,
            received: Vec::new(),
            used: 0,
            sent: Instant::now(),
            end: None,
        })
    }

    /// Sends these bytes at once.
    ///
    /// That the connection has ended isn't a failure here: the next expectation says what is wrong.
    ///
    /// # Errors
    ///
    /// The program doesn't read, so that they don't fit into the network.
    pub fn sends(&mut self, bytes: impl AsRef<[u8]>) -> Told {
        let bytes = bytes.as_ref();
        self.tell(format_args!("sends {}", shown(bytes)));
        self.write(bytes)
    }

    /// Sends these bytes without telling it.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Told {
        self.run.notes(Deed::Sends(bytes));
        self.sent = Instant::now();
        match (&*self.stream).write_all(bytes) {
            Ok(()) => {}
            Err(error) if is_cut_short(&error) => {
                let expected = format!("the program reads what {} sends", self.run.name);
                let saw = format!("it read nothing for {}", time(self.answer_time()));
                return self.run.missed(expected, saw);
            }
            Err(_) => self.run.add("(the connection has ended already)"),
        }
        Ok(())
    }

    /// Sends nothing for this time.
    pub fn pauses(&mut self, pause: Duration) {
        self.is_quiet(pause, self.run.pause(pause));
    }

    /// The same, but never shorter: the program measures this pause.
    pub fn pauses_at_any_speed(&mut self, pause: Duration) {
        self.is_quiet(pause, pause);
    }

    fn is_quiet(&mut self, of_people: Duration, pause: Duration) {
        let step = format_args!("is quiet for {}", time(of_people));
        self.run.does(Deed::Pauses(of_people), step);
        self.hears(pause, |_| false);
    }

    /// The same as [`Self::pauses`], without telling it.
    pub(crate) fn pauses_silently(&mut self, pause: Duration) {
        self.hears(self.run.pause(pause), |_| false);
    }

    /// Sends nothing for this time, in which the program has no reason to send anything.
    ///
    /// # Errors
    ///
    /// It sends something, or ends the connection.
    pub fn pauses_and_expects_nothing(&mut self, pause: Duration, why: &str) -> Told {
        let pause_shown = time(pause);
        let step = format_args!("is quiet for {pause_shown}, and expects nothing: {why}");
        self.run.does(Deed::Pauses(pause), step);
        if !self.has_heard(self.run.pause(pause)) {
            return Ok(());
        }
        let expected = format!("nothing comes, for {pause_shown}: {why}");
        if self.unused().is_empty() {
            return self.missed(expected);
        }
        self.failed(expected)
    }

    /// Tells the program that no more will come, and goes on listening (`shutdown`).
    pub fn half_closes(&mut self) {
        self.run
            .does(Deed::Ends("half-close"), "closes its sending side");
        // It fails if the connection has ended already; the next expectation will tell.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Closes the connection, and is gone.
    ///
    /// If the program has closed its side already, and its port is needed again, the close is a
    /// reset, so that nothing is left of the connection.
    pub fn hangs_up(mut self) {
        self.run.does(Deed::Ends("close"), "hangs up");
        if self.run.port_is_reused() {
            self.hears(CROSSING, |_| false);
            if self.end.is_some() {
                reset(&self.stream);
            }
        }
        self.run.lets_go(&self.stream);
    }

    /// Closes the connection after the program has: so it is the program's system that remembers
    /// it for a while, in TIME-WAIT (RFC 9293, section 3.6).
    pub fn closes_last(self) {
        self.tell("closes the connection too");
        self.run.lets_go(&self.stream);
    }

    /// Resets the connection: a close with `SO_LINGER` 0. A system also resets one whose program
    /// ends with bytes unread.
    pub fn resets(self) {
        self.run.does(Deed::Ends("reset"), "resets the connection");
        reset(&self.stream);
        self.run.lets_go(&self.stream);
    }

    /// Sends these bytes again and again, until the program answers, ends the connection, or has
    /// taken `limit` bytes, for [`Patience::end`](crate::run::Patience::end) at most.
    ///
    /// # Errors
    ///
    /// It takes all of them without a word, or goes on neither reading nor answering, and does
    /// neither within [`Patience::meanwhile`](crate::run::Patience::meanwhile) after that.
    pub fn sends_endlessly(&mut self, bytes: &[u8], limit: usize) -> Told {
        let (what, most) = (shown(bytes), limit >> 20);
        let step = format_args!(
            "sends {what} again and again, up to {most} MiB, and expects to be cut off"
        );
        self.run.does(Deed::Other, step);
        let many = bytes.repeat((64 << 10) / bytes.len().max(1));
        let deadline = Instant::now() + self.run.patience().end;
        let mut sent = 0;
        while sent < limit && Instant::now() < deadline && !self.has_heard(Duration::from_millis(1))
        {
            let Ok(count) = (&*self.stream).write(&many) else {
                // It doesn't read on, so it keeps nothing more, or it has ended the connection.
                break;
            };
            sent += count;
        }
        let wait = self.run.patience().meanwhile;
        if !self.has_heard(wait) {
            let wait = time(wait);
            return self.missed(format!("an answer, or the connection's end, within {wait}"));
        }
        // It may answer each piece. To hang up while more comes would be a reset, by luck.
        let deadline = Instant::now() + wait;
        while !self.unused().is_empty() && Instant::now() < deadline {
            self.used = self.received.len();
            self.hears(self.run.pause(REST), |received| !received.is_empty());
        }
        Ok(())
    }

    /// Sends these bytes one at a time with pauses, until `other` has received what it expects.
    ///
    /// # Errors
    ///
    /// `other` doesn't receive it within [`Patience::meanwhile`](crate::run::Patience::meanwhile).
    pub fn drips_while(
        &mut self,
        bytes: &[u8],
        pause: Duration,
        other: &mut TcpPeer,
        (what, is_it): What,
    ) -> Told {
        let (all, each, name) = (shown(bytes), time(pause), &other.run.name);
        let step = format_args!(
            "sends {all} one byte at a time, every {each}; meanwhile {name} expects {what}"
        );
        self.run.does(Deed::Other, step);
        let pause = self.run.pause(pause);
        let limit = self.run.patience().meanwhile;
        let deadline = Instant::now() + limit;
        let bytes = bytes.iter().cycle();
        for &byte in bytes.take_while(|_| Instant::now() <= deadline) {
            // It may be cut off for being slow, which is another matter.
            let _ = (&*self.stream).write(&[byte]);
            if other.hears(pause, is_it) {
                return Ok(());
            }
        }
        other.missed(other.run.reaches(what, limit))
    }

    /// Waits for an answer that contains this text.
    ///
    /// # Errors
    ///
    /// None comes within [`Patience::answer`](crate::run::Patience::answer).
    pub fn expects(&mut self, text: &str) -> Told {
        let limit = self.answer_time();
        self.awaits(&format!("{text:?}"), limit, |it| it.contains_str(text))?;
        // Neither the text nor what is before it is looked at again.
        let start = self.unused().find(text).unwrap_or_default();
        self.used += start + text.len();
        Ok(())
    }

    /// The same for a line that was typed after another: no empty line may come between them, and
    /// the rest of what came or went before must not come with it.
    ///
    /// # Errors
    ///
    /// None comes within [`Patience::answer`](crate::run::Patience::answer), or one of these does.
    pub fn expects_next_line(&mut self, text: &str) -> Told {
        let last = self.used;
        self.expects(text)?;
        let between = last..self.used.saturating_sub(text.len());
        let between = self.received.get(between).unwrap_or_default();
        if between.find_iter("\n").count() > 1 && between.trim_ascii().is_empty() {
            self.looks_back();
            let name = &self.run.name;
            let expected = format!("{text:?} reaches {name}, without an empty line before it");
            return self.failed(expected).advise(TWO_ENDS_SENT);
        }
        // What ends its text by a NUL, or adds words to the line, sends no rest.
        let after = self.unused().iter().take_while(|&&byte| byte != 0);
        let mut rest = after.skip_while(|&&byte| byte != b'\n');
        if rest.any(u8::is_ascii_alphanumeric) {
            self.used = last;
            let name = &self.run.name;
            let expected = format!("{text:?} reaches {name}, without another line after it");
            return self.failed(expected).advise(NUL_SENT);
        }
        Ok(())
    }

    /// The same for a line that was typed: no NUL may come with it.
    ///
    /// # Errors
    ///
    /// None comes within [`Patience::answer`](crate::run::Patience::answer), or a NUL does.
    pub fn expects_line(&mut self, text: &str) -> Told {
        self.expects(text)?;
        let Some(advice) = self.nul_with(text) else {
            return Ok(());
        };
        self.looks_back();
        self.failed(format!("{text:?} reaches {}, without a NUL", self.run.name))
            .advise(advice)
    }

    /// What to change in a program that has sent a NUL, if it has.
    fn nul_with(&self, text: &str) -> Option<&'static str> {
        self.received.find_byte(0)?;
        // The last such text: what came before it may have its own NUL.
        let text = self.received.rfind(text);
        let is_behind = text.is_some_and(|start| self.received[start..].contains(&0));
        Some(if is_behind { NUL_SENT } else { LENGTH_SENT })
    }

    /// Waits for a message that is this text alone, with or without a line end.
    ///
    /// # Errors
    ///
    /// None comes within [`Patience::answer`](crate::run::Patience::answer), or something else is
    /// in the same message.
    pub fn expects_alone(&mut self, text: &str) -> Told {
        let limit = self.answer_time();
        // If nothing comes, that is the same as for any text.
        self.awaits(&format!("{text:?}"), limit, |it| it.contains_str(text))?;
        let mut messages = self.unused().lines().map(<[u8]>::trim_ascii_end);
        if messages.any(|it| it == text.as_bytes()) {
            self.used = self.received.len();
            return Ok(());
        }
        self.failed(self.run.reaches(format_args!("{text:?} alone"), limit))
            .advise(self.nul_with(text).unwrap_or(
                "Send the word alone, without a name before it or words after it: the other side \
                 compares the whole message with it. The first line typed is a message, too, and \
                 no name.",
            ))
    }

    /// What comes within this time, as a greeting may, doesn't count for the next expectation.
    pub fn passes_over(&mut self, pause: Duration) {
        self.tell(format_args!("is quiet for {}", time(pause)));
        self.pauses_silently(pause);
        self.used = self.received.len();
    }

    /// Waits until all that has come is what is expected.
    ///
    /// # Errors
    ///
    /// It isn't within this time.
    pub fn expects_what(&mut self, (what, is_it): What, limit: Duration) -> Told {
        self.used = 0;
        self.awaits(what, limit, is_it)?;
        self.used = self.received.len();
        Ok(())
    }

    fn awaits(&mut self, what: &str, limit: Duration, is_there: impl Fn(&[u8]) -> bool) -> Told {
        self.tell(format_args!("expects {what}"));
        if self.hears(limit, is_there) {
            return Ok(());
        }
        self.missed(self.run.reaches(what, limit))
    }

    /// Expects that what has come is this already: more of it would change nothing.
    ///
    /// # Errors
    ///
    /// It isn't.
    pub fn should_have_sent(&mut self, (what, is_it): What) -> Told {
        self.looks_back();
        self.tell(format_args!("expects {what}"));
        if is_it(&self.received) {
            return Ok(());
        }
        self.failed(format!("{what} reaches {}", self.run.name))
    }

    /// Waits for any bytes, and leaves them to the next expectation.
    ///
    /// # Errors
    ///
    /// None come within [`Patience::answer`](crate::run::Patience::answer).
    pub fn hears_something(&mut self) -> Told {
        self.tell("expects the program to send something");
        let limit = self.answer_time();
        if self.hears(limit, |received| !received.is_empty()) {
            return Ok(());
        }
        self.missed(self.run.reaches("something", limit))
    }

    /// Waits for anything at all: bytes, or the end of the stream, but not a reset.
    ///
    /// # Errors
    ///
    /// Nothing comes within [`Patience::answer`](crate::run::Patience::answer), or the connection
    /// is reset.
    pub fn expects_to_be_heard(&mut self) -> Told {
        let what = "an answer, or a connection that ends without a reset";
        self.tell(format_args!("expects {what}"));
        let any = self.hears(self.answer_time(), |received| !received.is_empty());
        if any || self.has_closed() {
            return Ok(());
        }
        self.missed(what)
    }

    /// Waits until the program closes the connection.
    ///
    /// # Errors
    ///
    /// It doesn't within [`Patience::answer`](crate::run::Patience::answer).
    pub fn expects_the_end(&mut self) -> Told {
        self.closes_within(self.answer_time(), Instant::now())
    }

    /// The same within 4.5 s since it was last sent something: a program may first say goodbye for
    /// 1, 2 or 3 s, but one that only gives up on a quiet peer after 5 s is later.
    ///
    /// # Errors
    ///
    /// It doesn't.
    pub fn expects_the_end_soon(&mut self) -> Told {
        self.closes_within(self.answer_time() * 9 / 10, self.sent)
    }

    fn closes_within(&mut self, limit: Duration, since: Instant) -> Told {
        self.tell("expects the program to close the connection");
        self.ends(limit, since, "")
    }

    /// Waits until the program closes the connection properly.
    ///
    /// # Errors
    ///
    /// It is reset instead, or stays open for [`Patience::answer`](crate::run::Patience::answer).
    pub fn expects_a_clean_end(&mut self) -> Told {
        self.tell("expects the stream to end, without a reset");
        self.ends(self.answer_time(), Instant::now(), ", without a reset")
    }

    fn ends(&mut self, limit: Duration, since: Instant, how: &str) -> Told {
        self.hears(limit.saturating_sub(since.elapsed()), |_| false);
        if self.has_closed() || (self.end.is_some() && how.is_empty()) {
            return Ok(());
        }
        self.missed(format!("the connection ends within {}{how}", time(limit)))
    }

    /// Whether the program has closed its side properly.
    pub fn has_closed(&self) -> bool {
        self.end == Some(End::Closed)
    }

    /// Looks whether the connection has ended, in whatever way.
    pub(crate) fn has_left(&mut self) -> bool {
        self.hears(Duration::from_millis(100), |_| false);
        self.end.is_some()
    }

    /// Whether the connection is known to have ended, and nothing has come.
    pub(crate) fn was_dropped(&self) -> bool {
        self.end.is_some() && self.received.is_empty()
    }

    /// Whether the program's system has reset the connection.
    pub fn was_reset(&self) -> bool {
        self.end == Some(End::Reset)
    }

    /// From here on, all that has ever come counts for the next expectation.
    pub fn looks_back(&mut self) {
        self.used = 0;
    }

    /// What has come since the last expectation that was satisfied.
    pub fn unused(&self) -> &[u8] {
        self.received.get(self.used..).unwrap_or_default()
    }

    /// The failure of an expectation of this peer's: what has come is wrong, whatever comes next.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn failed<T>(&self, expected: impl Display) -> Told<T> {
        // Nobody has waited for its end.
        self.run.failed(expected, self.saw(""))
    }

    /// The failure of an expectation of this peer's: what has come isn't enough. As long as the
    /// stream is open, the rest may be late, whatever has come before it. So may all of a stream
    /// that has ended empty.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn missed<T>(&self, expected: impl Display) -> Told<T> {
        let is_empty = self.has_closed() && self.unused().is_empty();
        if self.end.is_some() && !is_empty {
            return self.failed(expected);
        }
        let saw = self.saw(", and the connection stayed open");
        self.run.missed(expected, saw)
    }

    /// What has come since the last expectation that was satisfied, in words; `open` if there was no
    /// end.
    fn saw(&self, open: &'static str) -> String {
        let end = match &self.end {
            None => open,
            Some(End::Closed) => ", and the end of the stream",
            Some(End::Reset) => ", and the connection was reset",
        };
        let came = match self.unused() {
            // What is left of a line that was expected: its end.
            rest if self.used > 0 => rest.trim_ascii_start(),
            all => all,
        };
        match came {
            [] if self.used > 0 => format!("nothing more came{end}"),
            [] => format!("nothing came{end}"),
            bytes => format!("{} came{end}", shown(bytes)),
        }
    }

    /// [`Patience::answer`](crate::run::Patience::answer).
    pub fn answer_time(&self) -> Duration {
        self.run.patience().answer
    }

    fn has_heard(&mut self, within: Duration) -> bool {
        self.hears(within, |received| !received.is_empty()) || self.end.is_some()
    }

    /// Receives until what has come since the last expectation satisfies the condition, the
    /// stream ends or the time is up. Returns whether the condition is satisfied.
    pub(crate) fn hears(&mut self, limit: Duration, is_there: impl Fn(&[u8]) -> bool) -> bool {
        let shared = Arc::clone(&self.stream);
        let mut stream = DeadlineStream::new(&shared, Instant::now() + limit);
        let mut piece = [0; 16 << 10];
        loop {
            if is_there(self.unused()) {
                self.run.notes(Deed::Hears);
                return true;
            }
            if self.end.is_some() || self.received.len() > RECEIVED_LIMIT {
                return false;
            }
            match stream.read(&mut piece) {
                Ok(0) => self.end = Some(End::Closed),
                Ok(count) => self.received.extend(piece.iter().take(count)),
                Err(error) if error.kind() == ErrorKind::TimedOut => return false,
                // Within a machine nothing else breaks a connection.
                Err(_) => self.end = Some(End::Reset),
            }
        }
    }

    /// Tells the next step, of this peer's.
    pub fn tell(&self, step: impl Display) {
        self.run.tell(step);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
pub(crate) mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::run::tests::kind;
    use crate::run::{Kind, Patience};

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A client of a program, and the program's side of the connection. All that is expected has
    /// been sent.
    fn connected() -> (TcpPeer, TcpStream) {
        connected_for(Duration::from_millis(200))
    }

    /// The same, where what is expected may take `time`.
    fn connected_for(time: Duration) -> (TcpPeer, TcpStream) {
        let patience = Patience {
            answer: time,
            meanwhile: time,
            end: PATIENCE,
            ..Patience::short()
        };
        connected_in(&Run::new(false, &patience))
    }

    /// A peer in this run, and the program's side of its connection.
    pub(crate) fn connected_in(run: &Run) -> (TcpPeer, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (program, _) = listener.accept().unwrap();
        program.set_read_timeout(Some(PATIENCE)).unwrap();
        let peer = TcpPeer::new("client 1".to_owned(), stream, run).unwrap();
        (peer, program)
    }

    /// The program closes its side, and the client sees that: a process that another test starts at
    /// this instant has a copy of it open for a moment more.
    fn closes(program: TcpStream, client: &mut TcpPeer) {
        drop(program);
        client.hears(PATIENCE, |_| false);
    }

    #[test]
    fn a_stream_that_ends_is_an_answer_and_a_reset_is_none() {
        let (mut client, program) = connected();
        closes(program, &mut client);
        assert!(client.expects_to_be_heard().is_ok());
        let (mut client, program) = connected();
        reset(&program);
        closes(program, &mut client);
        assert_eq!(kind(client.expects_to_be_heard()), Some(Kind::Wrong));
    }

    /// However busy this machine was in between: that time is the program's, too.
    #[test]
    fn an_end_is_soon_if_the_last_bytes_were_sent_soon_before() {
        for late in [false, true] {
            let time = Duration::from_millis(200);
            let (mut client, program) = connected_for(if late { time } else { PATIENCE });
            client.sends("byebye").unwrap();
            thread::sleep(time);
            drop(program);
            let missing = late.then_some(Kind::Missing);
            assert_eq!(kind(client.expects_the_end_soon()), missing);
        }
    }

    #[test]
    fn who_is_answered_was_not_dropped() {
        for (answer, was_dropped) in [("", true), ("HTTP/1.1 503 Busy\r\n\r\n", false)] {
            let (mut client, mut program) = connected();
            program.write_all(answer.as_bytes()).unwrap();
            closes(program, &mut client);
            assert_eq!(client.was_dropped(), was_dropped, "{answer:?}");
        }
    }

    #[test]
    fn a_program_that_answers_has_cut_off_what_has_no_end_and_one_that_reads_all_has_not() {
        for (answers, time) in [(true, PATIENCE), (false, Duration::from_millis(200))] {
            let (mut client, mut program) = connected_for(time);
            let reads = thread::spawn(move || {
                let mut read = 0;
                let mut piece = [0; 1 << 12];
                loop {
                    let count = program.read(&mut piece).expect("it isn't reset");
                    if count == 0 {
                        return read;
                    }
                    let is_enough = (read..read + count).contains(&(1 << 20));
                    read += count;
                    if answers && is_enough {
                        // All of it is heard. It goes on reading.
                        program.write_all(&vec![b'x'; 1 << 20]).unwrap();
                    }
                }
            });
            let told = client.sends_endlessly(b"again\n", 2 << 20);
            assert_eq!(told.is_ok(), answers, "{told:?}");
            drop(client);
            let read = reads.join().unwrap();
            assert!(read >= if answers { 1 << 20 } else { 2 << 20 }, "{read}");
            // The limit, and at most one write more.
            assert!(answers || read < (2 << 20) + (64 << 10), "{read}");
        }
    }

    #[test]
    fn no_more_is_kept_than_a_program_has_to_say() {
        let (mut client, mut program) = connected();
        let floods = thread::spawn(move || while program.write_all(&[b'x'; 1 << 14]).is_ok() {});
        client.hears(Duration::from_millis(500), |_| false);
        assert!(client.received.len() <= RECEIVED_LIMIT + (16 << 10));
        drop(client);
        floods.join().unwrap();
    }

    /// The other one is served only when the first has sent some bytes, one at a time.
    #[test]
    fn bytes_are_dripped_until_the_other_one_has_been_served() {
        let (mut dripping, mut program) = connected_for(PATIENCE);
        let (mut other, mut to_other) = connected_for(PATIENCE);
        let serves = thread::spawn(move || {
            program.read_exact(&mut [0; 3]).unwrap();
            to_other.write_all(b"served").unwrap();
        });
        let is_served = ("its turn", (|it| it == b"served") as fn(&[u8]) -> bool);
        let told = dripping.drips_while(b"x", Duration::from_millis(4), &mut other, is_served);
        assert!(told.is_ok(), "{told:?}");
        serves.join().unwrap();
    }

    const HELLO: What = ("the greeting", |it| it == b"hello");

    /// A host that greets, or a server that has sent its head, may be late with the rest.
    #[test]
    fn what_has_not_come_may_be_late_until_the_stream_ends() {
        let (mut client, mut program) = connected();
        let missing = Some(Kind::Missing);
        assert_eq!(kind(client.expects("hello")), missing);
        assert_eq!(kind(client.hears_something()), missing);
        assert_eq!(kind(client.expects_to_be_heard()), missing);
        program.write_all(b"good morning").unwrap();
        assert_eq!(kind(client.hears_something()), None);
        assert_eq!(kind(client.expects("hello")), missing);
        assert_eq!(
            kind(client.expects_what(HELLO, client.answer_time())),
            missing
        );
        assert_eq!(kind(client.expects("morning")), None);
        assert_eq!(kind(client.expects_the_end()), missing);
        assert_eq!(kind(client.expects_a_clean_end()), missing);
        closes(program, &mut client);
        assert_eq!(kind(client.expects_a_clean_end()), None);
        assert_eq!(kind(client.expects_the_end()), None);
        // All that had come before the end is used.
        assert_eq!(kind(client.expects("hello")), missing);
        client.looks_back();
        assert_eq!(kind(client.expects("hello")), Some(Kind::Wrong));
    }

    #[test]
    fn no_nul_comes_with_a_line() {
        let lines: &[(&[u8], Option<&str>)] = &[
            (b"hello", None),
            (b"Li: hello\r\n", None),
            (b"hello\0", Some(NUL_SENT)),
            (b"hello\n\0\0", Some(NUL_SENT)),
            (b"\0\x05hello", Some(LENGTH_SENT)),
        ];
        for (bytes, advice) in lines {
            let (mut client, mut program) = connected();
            program.write_all(bytes).unwrap();
            let told = client.expects_line("hello");
            let found = told.as_ref().err().and_then(|stop| stop.advice.as_deref());
            assert_eq!(found, *advice, "{}: {told:?}", shown(bytes));
        }
    }

    #[test]
    fn neither_an_empty_line_nor_the_rest_of_another_comes_with_a_line() {
        for (bytes, is_good) in [
            ("one\ntwo\n\n", true),
            ("one\r\ntwo\r\n", true),
            ("onetwo", true),
            ("\n\none: Li\n\ntwo\n", true),
            ("one\n\ntwo\n\n", false),
            ("one\r\n\r\ntwo\r\n", false),
            // What the buffer had before.
            ("one\ntwo\nld\n", false),
            ("one\ntwo\n\0ld\n", true),
            ("one\ntwo (Li)\n", true),
        ] {
            let (mut client, mut program) = connected();
            program.write_all(bytes.as_bytes()).unwrap();
            assert_eq!(kind(client.expects("one")), None);
            let told = client.expects_next_line("two");
            assert_eq!(told.is_ok(), is_good, "{bytes:?}: {told:?}");
        }
    }

    /// What came before may be a greeting.
    #[test]
    fn a_message_that_is_expected_alone_is_no_part_of_another() {
        let (mut client, mut program) = connected_for(PATIENCE);
        program.write_all(b"welcome").unwrap();
        assert_eq!(kind(client.hears_something()), None);
        let messages: &[(&[u8], bool)] = &[
            (b"hi\0bye\0", false),
            (b"bye\r\n", true),
            (b"Li: bye\n", false),
            (b"Li is here\nbye", true),
            (b"bye\nLi has left\n", true),
            (b"bye\0", false),
        ];
        for (bytes, is_good) in messages {
            client.passes_over(Duration::from_millis(1));
            program.write_all(bytes).unwrap();
            let told = client.expects_alone("bye");
            assert_eq!(told.is_ok(), *is_good, "{}: {told:?}", shown(bytes));
            let advice = told.err().and_then(|stop| stop.advice);
            let is_about_nul = advice.as_deref() == Some(NUL_SENT);
            assert_eq!(is_about_nul, bytes.contains(&0), "{advice:?}");
        }
    }

    #[test]
    fn what_comes_too_early_or_is_complete_is_wrong_at_once() {
        let (mut client, mut program) = connected();
        let pause = Duration::from_millis(1);
        assert!(client.pauses_and_expects_nothing(pause, "why").is_ok());
        program.write_all(b"\nhello").unwrap();
        assert_eq!(kind(client.hears_something()), None);
        let early = client.pauses_and_expects_nothing(PATIENCE, "why");
        assert_eq!(kind(early), Some(Kind::Wrong));
        let hello = ("hello", (|it| it == b"\nhello") as fn(&[u8]) -> bool);
        assert_eq!(kind(client.should_have_sent(hello)), None);
        let other = ("another", (|_| false) as fn(&[u8]) -> bool);
        let failure = client.should_have_sent(other).unwrap_err();
        assert_eq!(failure.kind, Kind::Wrong);
        assert!(failure.saw.contains("\\nhello"), "{}", failure.saw);
    }

    /// A reset is a clean end to nobody.
    #[test]
    fn a_reset_ends_a_connection_but_no_stream() {
        let (mut client, program) = connected();
        reset(&program);
        closes(program, &mut client);
        assert_eq!(kind(client.expects_the_end()), None);
        assert_eq!(kind(client.expects_a_clean_end()), Some(Kind::Wrong));
        assert_eq!(kind(client.expects("hello")), Some(Kind::Wrong));
    }

    /// The system's buffers are full, but the connection is there.
    #[test]
    fn a_program_that_reads_nothing_is_late() {
        let (mut client, program) = connected();
        let told = client.write(&vec![b'x'; 32 << 20]);
        assert_eq!(kind(told), Some(Kind::Missing));
        closes(program, &mut client);
        assert_eq!(kind(client.write(b"x")), None);
        let (mut client, _program) = connected();
        let told = client.sends_endlessly(b"again\n", 32 << 20);
        assert_eq!(kind(told), Some(Kind::Missing));
    }
}
