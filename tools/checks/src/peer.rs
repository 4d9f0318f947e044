//! The misbehaving peer: a TCP connection to the program under test that does what real peers do.
//!
//! It sends in pieces, pauses, drips, half-closes, hangs up and resets, and it tells each of that to
//! the [`Run`]. It never waits by sleeping: a pause is a wait for the program to say something.
//! What the program says meanwhile is kept for the next expectation.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::is_timeout;
use socket2::SockRef;

use crate::run::{Run, Told, shown, time};

/// The most bytes that are kept of what a program sends. Whoever sends more has said enough.
const RECEIVED_LIMIT: usize = 4 << 20;

/// How long to see whether the program closes a connection that is about to be closed here: if both
/// ends close at the same time, both remember it in TIME-WAIT.
const CROSSING: Duration = Duration::from_millis(300);

/// How long to see whether anything comes behind a page that is whole.
const MORE: Duration = Duration::from_millis(300);

/// What is expected, in words, and whether it is in what has come.
pub type What<'a> = (&'a str, fn(&[u8]) -> bool);

/// How a connection ended, seen from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The program has closed its side, and all that it had sent has arrived.
    Closed,
    /// The program's system has thrown the connection away.
    Reset,
    /// Something else, in the system's words.
    Broken(String),
}

/// One side of a TCP connection; the other is the program under test.
#[derive(Debug)]
pub struct TcpPeer {
    /// What it is called in the steps.
    name: String,
    stream: Arc<TcpStream>,
    run: Run,
    received: Vec<u8>,
    /// How much of `received` has been looked at by an expectation that was satisfied.
    used: usize,
    end: Option<End>,
}

impl TcpPeer {
    pub(crate) fn new(name: String, stream: TcpStream, run: Run) -> io::Result<Self> {
        // Each `sends` is on its way at once, as a segment of its own.
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(run.patience().answer))?;
        let stream = Arc::new(stream);
        run.holds(&stream);
        Ok(Self {
            name,
            stream,
            run,
            received: Vec::new(),
            used: 0,
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
        match (&*self.stream).write_all(bytes) {
            Ok(()) => Ok(()),
            Err(error) if is_cut_short(&error) => {
                let expected = format!("the program reads what {} sends", self.name);
                let saw = format!("it read nothing for {}", time(self.answer_time()));
                self.run.missed(expected, saw)
            }
            Err(_) => {
                self.run.add("(the connection has ended already)");
                Ok(())
            }
        }
    }

    /// Sends nothing for this time.
    pub fn pauses(&mut self, pause: Duration) {
        self.tell(format_args!("is quiet for {}", time(pause)));
        self.listen_for(pause, |_| false);
    }

    /// Sends nothing for this time, in which the program has no reason to send anything.
    ///
    /// # Errors
    ///
    /// It sends something, or ends the connection.
    pub fn pauses_and_expects_nothing(&mut self, pause: Duration, why: &str) -> Told {
        let pause_shown = time(pause);
        self.tell(format_args!(
            "is quiet for {pause_shown}, and expects nothing: {why}"
        ));
        self.listen_for(pause, |received| !received.is_empty());
        if self.unused().is_empty() && self.end.is_none() {
            return Ok(());
        }
        self.failed(format!("nothing comes, for {pause_shown}: {why}"))
    }

    /// Tells the program that no more will come, and goes on listening (`shutdown`).
    pub fn half_closes(&mut self) {
        self.tell("closes its sending side");
        // It fails if the connection has ended already; the next expectation will tell.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Closes the connection, and is gone.
    ///
    /// If the program has closed its side already, and its port is needed again, the close is a
    /// reset, so that nothing is left of the connection.
    pub fn hangs_up(mut self) {
        self.tell("hangs up");
        if self.run.port_is_reused() {
            self.listen_for(CROSSING, |_| false);
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

    /// Resets the connection: a close with `SO_LINGER` 0, as when a program is killed or a cable
    /// pulled.
    pub fn resets(self) {
        self.tell("resets the connection");
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
        self.tell(format_args!(
            "sends {} again and again, up to {} MiB, and expects to be cut off",
            shown(bytes),
            limit >> 20
        ));
        let many = bytes.repeat((64 << 10) / bytes.len().max(1));
        let deadline = Instant::now() + self.run.patience().end;
        let mut sent = 0;
        while sent < limit && Instant::now() < deadline && !self.has_heard(Duration::from_millis(1))
        {
            match (&*self.stream).write(&many) {
                Ok(count) => sent += count,
                // It doesn't read on, so it keeps nothing more. Will it answer?
                Err(error) if is_cut_short(&error) => break,
                // It has ended the connection.
                Err(_) => return Ok(()),
            }
        }
        let wait = self.run.patience().meanwhile;
        if self.has_heard(wait) {
            return Ok(());
        }
        self.failed(format!(
            "an answer, or the connection's end, within {}",
            time(wait)
        ))
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
        self.tell(format_args!(
            "sends {} one byte at a time, every {}; meanwhile {} expects {what}",
            shown(bytes),
            time(pause),
            other.name,
        ));
        let limit = self.run.patience().meanwhile;
        let deadline = Instant::now() + limit;
        let mut bytes = bytes.iter().cycle();
        while Instant::now() < deadline {
            // It may be cut off for being slow, which is another matter.
            let _ = bytes.next().map(|byte| (&*self.stream).write(&[*byte]));
            if other.listen_for(pause, is_it) {
                return Ok(());
            }
        }
        other.failed(format!(
            "{what} reaches {} within {}",
            other.name,
            time(limit)
        ))
    }

    /// Waits for an answer that contains this text.
    ///
    /// # Errors
    ///
    /// None comes, within [`Patience::answer`](crate::run::Patience::answer).
    pub fn expects(&mut self, text: &str) -> Told {
        self.expects_within(text, self.answer_time())
    }

    /// The same with another time limit.
    ///
    /// # Errors
    ///
    /// None comes in this time.
    pub fn expects_within(&mut self, text: &str, limit: Duration) -> Told {
        self.tell(format_args!("expects {text:?}"));
        if self.listen_for(limit, |received| contains(received, text)) {
            self.use_up(text);
            return Ok(());
        }
        self.failed(format!(
            "{text:?} reaches {} within {}",
            self.name,
            time(limit)
        ))
    }

    /// Waits until all that has come is what is expected.
    ///
    /// # Errors
    ///
    /// It isn't within this time.
    pub fn expects_what(&mut self, (what, is_it): What, limit: Duration) -> Told {
        self.tell(format_args!("expects {what}"));
        self.used = 0;
        if self.listen_for(limit, is_it) {
            self.used = self.received.len();
            return Ok(());
        }
        self.failed(format!(
            "{what} reaches {} within {}",
            self.name,
            time(limit)
        ))
    }

    /// Waits for any bytes, and leaves them to the next expectation.
    ///
    /// # Errors
    ///
    /// None come within [`Patience::answer`](crate::run::Patience::answer).
    pub fn hears_something(&mut self) -> Told {
        self.tell("expects the program to send something");
        if self.listen_for(self.answer_time(), |received| !received.is_empty()) {
            return Ok(());
        }
        self.failed(format!(
            "something reaches {} within {}",
            self.name,
            time(self.answer_time())
        ))
    }

    /// Waits for anything at all: bytes, or the end of the stream, but not a reset.
    ///
    /// # Errors
    ///
    /// Nothing comes within [`Patience::answer`](crate::run::Patience::answer), or the connection is reset.
    pub fn expects_to_be_heard(&mut self) -> Told {
        self.tell("expects an answer, or a connection that ends without a reset");
        let any = self.listen_for(self.answer_time(), |received| !received.is_empty());
        if any || self.end == Some(End::Closed) {
            return Ok(());
        }
        self.failed("an answer, or a connection that ends without a reset")
    }

    /// Waits until the program closes the connection.
    ///
    /// # Errors
    ///
    /// It doesn't within [`Patience::answer`](crate::run::Patience::answer).
    pub fn expects_the_end(&mut self) -> Told {
        self.tell("expects the program to close the connection");
        self.listen_for(self.answer_time(), |_| false);
        if self.end.is_some() {
            return Ok(());
        }
        let expected = format!("the connection ends within {}", time(self.answer_time()));
        self.stopped(expected, true)
    }

    /// Waits until the program closes the connection properly.
    ///
    /// # Errors
    ///
    /// It is reset instead, or stays open for [`Patience::answer`](crate::run::Patience::answer).
    pub fn expects_a_clean_end(&mut self) -> Told {
        self.tell("expects the stream to end, without a reset");
        self.listen_for(self.answer_time(), |_| false);
        if self.end == Some(End::Closed) {
            return Ok(());
        }
        let limit = time(self.answer_time());
        let expected = format!("the stream ends within {limit}, without a reset");
        self.stopped(expected, true)
    }

    /// Waits until an HTTP answer is whole, and has no byte more: as many bytes have come as its
    /// `Content-Length` says, or its last chunk has, or, of an answer that says nothing about its
    /// length, the end of the stream (RFC 9112, section 6.3). 300 ms later nothing more has come.
    ///
    /// # Errors
    ///
    /// It isn't within [`Patience::answer`](crate::run::Patience::answer), or the connection is reset.
    pub fn expects_a_whole_page(&mut self) -> Told {
        self.tell("expects the whole page, and nothing behind it");
        // From here on all that has come counts.
        self.used = 0;
        self.listen_for(self.answer_time(), is_whole_page);
        self.listen_for(MORE, |_| false);
        let (count, length) = (self.received.len(), page_length(&self.received));
        let is_whole = match length {
            Some(length) => count == length,
            None if is_chunked(&self.received) => is_whole_page(&self.received),
            None => self.end == Some(End::Closed),
        };
        if is_whole {
            return Ok(());
        }
        let Some(length) = length else {
            let limit = time(self.answer_time());
            return self.failed(format!(
                "the page is whole within {limit}: then the stream ends"
            ));
        };
        self.run.failed(
            format!("the page has {length} bytes with its head, as its Content-Length says"),
            format!("{count} bytes came"),
        )
    }

    /// What has come since the last expectation that was satisfied.
    pub fn unused(&self) -> &[u8] {
        self.received.get(self.used..).unwrap_or_default()
    }

    /// All that has come.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// The failure of an expectation of this peer's.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn failed<T>(&self, expected: impl std::fmt::Display) -> Told<T> {
        self.stopped(expected, false)
    }

    fn stopped<T>(&self, expected: impl std::fmt::Display, is_end_missing: bool) -> Told<T> {
        let end = match &self.end {
            None => "and the connection stayed open".to_owned(),
            Some(End::Closed) => "and the end of the stream".to_owned(),
            Some(End::Reset) => "and the connection was reset".to_owned(),
            Some(End::Broken(why)) => format!("and the connection broke ({why})"),
        };
        // What is left of a line that was expected: its end.
        let came = match self.unused().trim_ascii_start() {
            [] => "nothing came".to_owned(),
            bytes => format!("{} came", shown(bytes)),
        };
        let saw = format!("{came}, {end}");
        // Nothing, or no end, may be late.
        if self.end != Some(End::Reset) && (self.unused().is_empty() || is_end_missing) {
            return self.run.missed(expected, saw);
        }
        self.run.failed(expected, saw)
    }

    fn answer_time(&self) -> Duration {
        self.run.patience().answer
    }

    fn has_heard(&mut self, within: Duration) -> bool {
        self.listen_for(within, |received| !received.is_empty()) || self.end.is_some()
    }

    /// Receives until what has come since the last expectation satisfies the condition, the
    /// stream ends or the time is up. Returns whether the condition is satisfied.
    fn listen_for(&mut self, limit: Duration, is_there: impl Fn(&[u8]) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            if is_there(self.unused()) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.end.is_some() || self.received.len() > RECEIVED_LIMIT {
                return false;
            }
            self.receive(left);
        }
    }

    /// One `read`, which waits for this time at most.
    fn receive(&mut self, limit: Duration) {
        let mut piece = [0; 16 << 10];
        let read = self
            .stream
            // Zero would mean "for ever".
            .set_read_timeout(Some(limit.max(Duration::from_millis(1))))
            .and_then(|()| (&*self.stream).read(&mut piece));
        match read {
            Ok(0) => self.end = Some(End::Closed),
            Ok(count) => self
                .received
                .extend_from_slice(piece.get(..count).unwrap_or_default()),
            Err(error) if is_cut_short(&error) => {}
            Err(error) => {
                self.end = Some(match error.kind() {
                    ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => End::Reset,
                    _ => End::Broken(error.to_string()),
                });
            }
        }
    }

    /// What stands before the text, and the text, need not be looked at again.
    fn use_up(&mut self, text: &str) {
        let unused = self.unused();
        let found = unused
            .windows(text.len().max(1))
            .position(|window| window == text.as_bytes());
        self.used += found.map_or(0, |start| start + text.len());
    }

    fn tell(&self, step: impl std::fmt::Display) {
        self.run.tell(format_args!("{} {step}", self.name));
    }
}

/// Makes the close of the connection a reset.
pub(crate) fn reset(stream: &TcpStream) {
    // It fails only on a connection that is gone anyway.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len().max(1))
        .any(|window| window == text.as_bytes())
}

/// Whether an HTTP answer has all bytes that it says it has.
fn is_whole_page(answer: &[u8]) -> bool {
    match page_length(answer) {
        Some(length) => answer.len() >= length,
        None => is_chunked(answer) && answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

/// How long an HTTP answer is with its head, if its `Content-Length` says so.
fn page_length(answer: &[u8]) -> Option<usize> {
    let length: usize = field(answer, "content-length")?.parse().ok()?;
    Some(head(answer)?.len().saturating_add(length))
}

/// The body of an HTTP answer, as far as it has come, without what its chunks are divided by (RFC 9112,
/// section 7.1). An answer without a head is all body.
pub(crate) fn body(answer: &[u8]) -> Vec<u8> {
    let Some(head) = head(answer) else {
        return answer.to_vec();
    };
    let mut rest = answer.get(head.len()..).unwrap_or_default();
    if !is_chunked(answer) {
        return rest.to_vec();
    }
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|bytes| bytes == b"\r\n") {
        let (line, after) = rest.split_at(end);
        let size = String::from_utf8_lossy(line);
        let size = size.split(';').next().unwrap_or_default().trim();
        let Ok(size @ 1..) = usize::from_str_radix(size, 16) else {
            break;
        };
        let after = after.get(2..).unwrap_or_default();
        body.extend_from_slice(after.get(..size.min(after.len())).unwrap_or_default());
        rest = after.get(size.saturating_add(2)..).unwrap_or_default();
    }
    body
}

/// What a field of an HTTP answer's head says, in lower case.
pub(crate) fn field(answer: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head(answer)?).to_ascii_lowercase();
    head.lines().find_map(|line| {
        let (this, value) = line.split_once(':')?;
        (this == name).then(|| value.trim().to_owned())
    })
}

fn is_chunked(answer: &[u8]) -> bool {
    field(answer, "transfer-encoding").is_some_and(|coding| coding.contains("chunked"))
}

/// The head of an HTTP answer, and the empty line that ends it.
fn head(answer: &[u8]) -> Option<&[u8]> {
    const END: &[u8] = b"\r\n\r\n";
    let end = answer.windows(END.len()).position(|bytes| bytes == END)?;
    answer.get(..end + END.len())
}

/// The time that was given to one call is up, or the call was interrupted.
fn is_cut_short(error: &io::Error) -> bool {
    is_timeout(error) || error.kind() == ErrorKind::Interrupted
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::run::Patience;

    /// A peer of somebody who sends this and closes the connection.
    fn peer_of(page: &str) -> TcpPeer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        server.write_all(page.as_bytes()).unwrap();
        let run = Run::new(false, &Patience::short());
        TcpPeer::new("client 1".to_owned(), stream, run).unwrap()
    }

    #[test]
    fn a_page_that_ends_before_its_length_is_not_whole() {
        let length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        assert!(
            peer_of(&format!("{length}Hello"))
                .expects_a_whole_page()
                .is_ok()
        );
        assert!(
            peer_of(&format!("{length}Hell"))
                .expects_a_whole_page()
                .is_err()
        );
        assert!(
            peer_of("HTTP/1.1 200 OK\r\n\r\nHell")
                .expects_a_whole_page()
                .is_ok()
        );
    }

    #[test]
    fn a_page_is_whole_when_it_has_as_many_bytes_as_it_says() {
        for page in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ncontent-length:2\r\nServer: caf\u{e9}\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        ] {
            let (all_but_one, _) = page.as_bytes().split_at(page.len() - 1);
            assert!(is_whole_page(page.as_bytes()), "{page}");
            assert!(!is_whole_page(all_but_one), "{page}");
        }
        // Only the stream's end tells when these are whole.
        for page in ["HTTP/1.1 200 OK\r\n\r\nhi", "HTTP/1.1 200 OK\r\n", "hi"] {
            assert!(!is_whole_page(page.as_bytes()) && page_length(page.as_bytes()).is_none());
        }
    }
}
