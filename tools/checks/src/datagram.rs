//! The misbehaving peers of a program that speaks UDP: a client that asks anything, and a server
//! that answers late, twice, from elsewhere or never.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::by_hand::Deed;
use crate::peer::NUL_SENT;
use crate::run::{Advise, Deadline, Run, Stop, Told, shown, skip, time};

/// How long a wait goes on before the peer looks whether the program still runs.
const GLANCE: Duration = Duration::from_millis(100);

/// Somebody who asks the program under test.
#[derive(Debug)]
pub struct Asker {
    run: Run,
    socket: UdpSocket,
}

impl Asker {
    pub(crate) fn new(name: String, server: SocketAddr, run: &Run) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        // Connected, so that nobody else's datagrams arrive, and that a closed port is reported.
        socket.connect(server)?;
        let run = run.of(name);
        Ok(Self { run, socket })
    }

    /// Sends a datagram.
    pub fn sends(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let step = format_args!("sends {}", shown(bytes));
        self.run.does(Deed::Sends(bytes), step);
        // The error of a datagram before this one may be reported here: nobody was there. The next
        // expectation says so.
        let _ = self.socket.send(bytes);
    }

    /// Is gone before an answer can come.
    pub fn leaves(self) {
        self.run.does(Deed::Other, "closes its socket");
    }

    /// Looks for this time whether an answer satisfies the condition.
    ///
    /// # Errors
    ///
    /// One does.
    pub fn expects_no(
        &mut self,
        what: &str,
        limit: Duration,
        is_it: impl Fn(&[u8]) -> bool,
    ) -> Told {
        self.run.tell(format_args!("expects no {what}"));
        let name = &self.run.name;
        let expected = format!("no {what} reaches {name}, but a reason or nothing");
        match first(&self.socket, &mut Deadline::after(&self.run, limit), is_it) {
            Ok((answer, _)) => self.run.failed(expected, came(answer)),
            Err(_) => Ok(()),
        }
    }

    /// Waits for an answer that satisfies the condition; others are passed over.
    ///
    /// # Errors
    ///
    /// None comes within [`Patience::answer`](crate::run::Patience::answer).
    pub fn expects(&mut self, what: &str, is_it: impl Fn(&[u8]) -> bool) -> Told<Vec<u8>> {
        self.run.does(Deed::Hears, format_args!("expects {what}"));
        let limit = self.run.patience().answer;
        let expected = self.run.reaches(what, limit);
        match first(&self.socket, &mut Deadline::after(&self.run, limit), is_it) {
            Ok((answer, _)) => Ok(answer),
            // An answer that has no number may be a greeting, and the right one late.
            Err(Some(other)) if other.iter().any(u8::is_ascii_digit) => {
                self.run.failed(expected, came(other))
            }
            Err(other) => missed(&self.run, &expected, other, "no answer"),
        }
    }
}

/// Somebody whom the program under test asks.
#[derive(Debug)]
pub struct Answerer {
    run: Run,
    socket: UdpSocket,
    /// Who asked last.
    asker: Option<SocketAddr>,
}

impl Answerer {
    pub(crate) fn new(socket: UdpSocket, run: &Run) -> Self {
        Self {
            run: run.of("the server"),
            socket,
            asker: None,
        }
    }

    /// Waits for a request for this number, however it is written: 100 or 100.0. Others are passed
    /// over. Until the first one the program starts.
    ///
    /// # Errors
    ///
    /// None comes within this time.
    pub fn expects(&mut self, number: &str, limit: Duration) -> Told {
        let what = format!("the request {number:?}");
        self.run.tell(format_args!("expects {what}"));
        let is_it = |request: &[u8]| is_number(request, number);
        let (mut deadline, nothing) = match self.asker {
            None => (Deadline::of_start(&self.run, limit), "no request came"),
            Some(_) => (Deadline::after(&self.run, limit), "no other request came"),
        };
        match first(&self.socket, &mut deadline, is_it) {
            Ok((_, asker)) => {
                self.asker = Some(asker);
                self.run.notes(Deed::Hears);
                Ok(())
            }
            Err(other) => {
                let ends_with_nul = other.as_ref().is_some_and(|it| it.ends_with(b"\0"));
                let expected = self.run.reaches(what, deadline.granted);
                missed(&self.run, &expected, other, nothing).advise_if(|_| ends_with_nul, NUL_SENT)
            }
        }
    }

    /// Waits until the program asks no more, for [`Patience::next`](crate::run::Patience::next).
    ///
    /// # Errors
    ///
    /// It still asks after [`Patience::giving_up`](crate::run::Patience::giving_up).
    pub fn expects_no_more_requests(&mut self) -> Told {
        let patience = self.run.patience();
        let (quiet, limit) = (patience.next, patience.giving_up);
        self.run.tell("expects the client to stop asking");
        let deadline = Instant::now() + limit;
        let until_quiet = || Deadline::after(&self.run, quiet);
        while first(&self.socket, &mut until_quiet(), |_| true).is_ok() {
            if Instant::now() > deadline {
                let expected = format!("the client stops asking within {}", time(limit));
                return self.run.missed(expected, "it still asks");
            }
        }
        Ok(())
    }

    /// Answers the last request.
    pub fn answers(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let step = format_args!("answers {}", shown(bytes));
        self.run.does(Deed::Sends(bytes), step);
        self.send_from(&self.socket, bytes);
    }

    /// Somebody else, on a port of their own, sends a datagram to whoever asked last.
    ///
    /// # Errors
    ///
    /// The system has no other port.
    pub fn a_stranger_answers(&mut self, bytes: &[u8]) -> Told {
        let step = format_args!("sends {}", shown(bytes));
        self.run
            .of("a stranger, from another port,")
            .does(Deed::Other, step);
        let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
        let stranger = stranger.map_err(skip("no port for a stranger"))?;
        self.send_from(&stranger, bytes);
        Ok(())
    }

    fn send_from(&self, socket: &UdpSocket, bytes: &[u8]) {
        let sent = self.asker.map(|asker| socket.send_to(bytes, asker));
        if let Some(Err(error)) = sent {
            self.run.add(format_args!("(not sent: {error})"));
        }
    }

    /// Answers nothing for this time, whatever comes.
    pub fn pauses(&mut self, pause: Duration) {
        let step = format_args!("is quiet for {}", time(pause));
        self.run.does(Deed::Pauses(pause), step);
        let mut deadline = Deadline::after(&self.run, self.run.pause(pause));
        let _ = first(&self.socket, &mut deadline, |_| false);
    }

    /// Doesn't answer the last request.
    pub fn loses_it(&mut self) {
        self.run
            .does(Deed::Other, "doesn't answer, as if the request were lost");
    }
}

/// Whether the request is for this number. (A program that converts it first may have a rounded
/// one.)
fn is_number(request: &[u8], number: &str) -> bool {
    let parse = |text: &str| text.trim().parse::<f64>().ok();
    let asked = str::from_utf8(request).ok().and_then(parse);
    let both = asked.zip(parse(number));
    both.is_some_and(|(asked, number)| (asked - number).abs() < 0.001)
}

/// The first datagram that satisfies the condition, and its sender, if one comes in time; or else
/// the last other one. Doesn't wait for a program that has ended.
fn first(
    socket: &UdpSocket,
    deadline: &mut Deadline,
    is_it: impl Fn(&[u8]) -> bool,
) -> Result<(Vec<u8>, SocketAddr), Option<Vec<u8>>> {
    let mut buffer = vec![0; 1 << 16];
    let mut other = None;
    loop {
        let left = deadline.left();
        // Before it looks at the socket: a program that has ended may have sent something before.
        let has_ended = deadline.run.ended().is_some();
        // Zero would mean "forever".
        let wait = left.min(GLANCE).max(Duration::from_millis(1));
        // It fails if the time is up, or nobody was there when a datagram before this one came.
        let received = socket
            .set_read_timeout(Some(wait))
            .and_then(|()| socket.recv_from(&mut buffer));
        let is_over = left.is_zero() || (has_ended && received.is_err());
        if let Ok((count, from)) = received {
            let datagram = buffer.get(..count).unwrap_or_default().to_vec();
            if is_it(&datagram) {
                return Ok((datagram, from));
            }
            other = Some(datagram);
        }
        if is_over {
            return Err(other);
        }
    }
}

/// The failure of an expectation: nothing came, or only others, and the right one may be late.
fn missed<T>(run: &Run, expected: &str, other: Option<Vec<u8>>, nothing: &str) -> Told<T> {
    let is_silence = other.is_none();
    let saw = other.map_or(nothing.to_owned(), came);
    let missed = run.missed(expected, saw);
    missed.map_err(|stop| Stop { is_silence, ..stop })
}

fn came(datagram: impl AsRef<[u8]>) -> String {
    format!("{} came", shown(datagram.as_ref()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use super::*;
    use crate::run::tests::kind;
    use crate::run::{Kind, Patience};

    /// How long a test waits before it fails.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn run() -> Run {
        let patience = Patience {
            answer: Duration::from_millis(50),
            ..Patience::short()
        };
        Run::new(false, &patience)
    }

    /// A server in this run, and a client of it.
    fn met(run: &Run) -> (Answerer, UdpSocket) {
        let [server, client] = [(); 2].map(|()| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        client.connect(server.local_addr().unwrap()).unwrap();
        (Answerer::new(server, run), client)
    }

    #[test]
    fn another_number_is_wrong_and_the_right_one_may_be_late_after_other_words() {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        let address = server.local_addr().unwrap();
        let mut client = Asker::new("client 1".to_owned(), address, &run()).unwrap();
        client.sends("100");
        let (_, asker) = server.recv_from(&mut [0; 8]).unwrap();
        let is_it = |answer: &[u8]| answer == b"212";
        for (answers, expected) in [
            (&[][..], Some(Kind::Missing)),
            (&["welcome"], Some(Kind::Missing)),
            (&["welcome", "213"], Some(Kind::Wrong)),
            (&["213", "212"], None),
        ] {
            for answer in answers {
                server.send_to(answer.as_bytes(), asker).unwrap();
            }
            let told = client.expects("212", is_it);
            let is_silence = told.as_ref().is_err_and(|stop| stop.is_silence);
            assert_eq!(is_silence, answers.is_empty(), "{told:?}");
            assert_eq!(kind(told), expected, "{answers:?}");
        }
    }

    #[test]
    fn the_right_request_may_be_late_after_others() {
        let (mut server, client) = met(&run());
        for (requests, expected) in [
            (&[][..], Some(Kind::Missing)),
            (&["", "36"], Some(Kind::Missing)),
            (&["", "100.0"], None),
        ] {
            for request in requests {
                client.send(request.as_bytes()).unwrap();
            }
            let limit = server.run.patience().answer;
            assert_eq!(kind(server.expects("100", limit)), expected, "{requests:?}");
        }
    }

    /// There are two requests, and no time to stop.
    #[test]
    fn a_client_that_asks_without_an_end_is_late() {
        for (giving_up, expected) in [(Duration::ZERO, Some(Kind::Missing)), (PATIENCE, None)] {
            let patience = Patience {
                next: Duration::from_millis(50),
                giving_up,
                ..Patience::short()
            };
            let (mut server, client) = met(&Run::new(false, &patience));
            for _ in 0..2 {
                client.send(b"100").unwrap();
            }
            assert_eq!(kind(server.expects_no_more_requests()), expected);
        }
    }

    #[test]
    fn a_nul_after_the_number_gets_its_own_advice() {
        let (mut server, client) = met(&run());
        client.send(b"100\0").unwrap();
        let told = server.expects("100", Duration::from_millis(50));
        let failure = told.unwrap_err();
        assert_eq!(failure.advice.as_deref(), Some(NUL_SENT));
    }

    #[test]
    fn a_number_may_be_written_in_any_way() {
        for request in ["100", "100.0", " 1e2\n", "99.9999999"] {
            assert!(is_number(request.as_bytes(), "100"), "{request}");
        }
        for request in ["", "100 C", "1000", "100.1", "-100", "nan"] {
            assert!(!is_number(request.as_bytes(), "100"), "{request}");
        }
        assert!(!is_number(b"100\xff", "100"));
    }
}
