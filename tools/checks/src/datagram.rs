//! The misbehaving peers of a program that speaks UDP: a client that asks anything, and a server
//! that answers late, twice, from elsewhere or never.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::run::{Run, Stop, Told, shown, time};

/// How long a wait goes on before the peer looks whether the program still runs.
const GLANCE: Duration = Duration::from_millis(100);

/// Somebody who asks the program under test.
#[derive(Debug)]
pub struct Asker {
    name: String,
    socket: UdpSocket,
    run: Run,
}

impl Asker {
    pub(crate) fn new(name: String, server: SocketAddr, run: Run) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        // Connected, so that nobody else's datagrams arrive, and that a closed port is reported.
        socket.connect(server)?;
        Ok(Self { name, socket, run })
    }

    /// Sends a datagram.
    pub fn sends(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.run
            .tell(format_args!("{} sends {}", self.name, shown(bytes)));
        // The error of a datagram before this one may be reported here: nobody was there. The next
        // expectation says so.
        let _ = self.socket.send(bytes);
    }

    /// Is gone before an answer can come.
    pub fn leaves(self) {
        self.run
            .tell(format_args!("{} closes its socket", self.name));
    }

    /// The next datagram of the program's, if one comes within this time.
    pub fn receives(&mut self, limit: Duration) -> Option<Vec<u8>> {
        receive(&self.socket, &self.run, limit).map(|(bytes, _)| bytes)
    }

    /// Waits for an answer that satisfies the condition; others are passed over.
    ///
    /// # Errors
    ///
    /// None comes, within [`Patience::answer`](crate::run::Patience::answer).
    pub fn expects(&mut self, what: &str, is_it: impl Fn(&[u8]) -> bool) -> Told<Vec<u8>> {
        self.run.tell(format_args!("{} expects {what}", self.name));
        let limit = self.run.patience().answer;
        let deadline = Instant::now() + limit;
        let mut other = None;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.receives(left) {
                Some(answer) if is_it(&answer) => return Ok(answer),
                Some(answer) => other = Some(answer),
                None => {
                    let expected = format!("{what} reaches {} within {}", self.name, time(limit));
                    return match other {
                        Some(answer) => self.failed(&expected, &answer),
                        None => self.run.missed(expected, "no answer"),
                    };
                }
            }
        }
    }

    /// The failure of an expectation of this peer's.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn failed<T>(&self, expected: &str, answer: &[u8]) -> Told<T> {
        let saw = format!("{} came", shown(answer));
        self.run.failed(expected, saw)
    }
}

/// Somebody whom the program under test asks.
#[derive(Debug)]
pub struct Answerer {
    socket: UdpSocket,
    run: Run,
    /// Who asked last.
    asker: Option<SocketAddr>,
}

impl Answerer {
    pub(crate) fn new(socket: UdpSocket, run: Run) -> Self {
        Self {
            socket,
            run,
            asker: None,
        }
    }

    /// Waits for a request for this number, however it is written: 100 or 100.0. Others are passed
    /// over.
    ///
    /// # Errors
    ///
    /// None comes within this time.
    pub fn expects(&mut self, number: &str, limit: Duration) -> Told {
        self.run
            .tell(format_args!("the server expects the request {number:?}"));
        let deadline = Instant::now() + limit;
        let mut other = None;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match receive(&self.socket, &self.run, left) {
                Some((request, asker)) if is_number(&request, number) => {
                    self.asker = Some(asker);
                    return Ok(());
                }
                Some((request, _)) => other = Some(request),
                None => {
                    let expected = format!(
                        "the request {number:?} reaches the server within {}",
                        time(limit)
                    );
                    return match other {
                        Some(request) => {
                            let saw = format!("{} came", shown(&request));
                            self.run.failed(expected, saw)
                        }
                        None => self.run.missed(expected, "no request came"),
                    };
                }
            }
        }
    }

    /// Answers the last request.
    pub fn answers(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.run
            .tell(format_args!("the server answers {}", shown(bytes)));
        self.send_from(&self.socket, bytes);
    }

    /// Somebody else, on a port of their own, sends a datagram to whoever asked last.
    ///
    /// # Errors
    ///
    /// The system has no other port.
    pub fn a_stranger_answers(&mut self, bytes: &[u8]) -> Told {
        self.run.tell(format_args!(
            "a stranger, from another port, sends {}",
            shown(bytes)
        ));
        let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(|error| Stop::Skipped(format!("no port for a stranger: {error}")))?;
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
        self.run
            .tell(format_args!("the server is quiet for {}", time(pause)));
        let deadline = Instant::now() + pause;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if receive(&self.socket, &self.run, left).is_none() {
                return;
            }
        }
    }

    /// Doesn't answer the last request.
    pub fn loses_it(&mut self) {
        self.run
            .tell("the server doesn't answer, as if the request were lost");
    }
}

/// Whether the request is for this number. (A program that converts it first may have a rounded one.)
fn is_number(request: &[u8], number: &str) -> bool {
    let parse = |text: &str| text.trim().parse::<f64>().ok();
    let asked = str::from_utf8(request).ok().and_then(parse);
    let (Some(asked), Some(number)) = (asked, parse(number)) else {
        return false;
    };
    (asked - number).abs() < 0.001
}

/// The next datagram, if one comes within this time. Doesn't wait for a program that has ended.
fn receive(socket: &UdpSocket, run: &Run, limit: Duration) -> Option<(Vec<u8>, SocketAddr)> {
    let deadline = Instant::now() + limit;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // Before the socket is looked at: who has ended may have sent something before.
        let over = run.ended().is_some();
        // Zero would mean "for ever".
        let wait = left.min(GLANCE).max(Duration::from_millis(1));
        let received = socket
            .set_read_timeout(Some(wait))
            .and_then(|()| socket.recv_from(&mut buffer));
        match received {
            Ok((count, from)) => {
                buffer.truncate(count);
                return Some((buffer, from));
            }
            Err(error) if error.kind() == ErrorKind::ConnectionRefused && !over => {}
            Err(_) if left.is_zero() || over => return None,
            Err(_) => {}
        }
    }
}
