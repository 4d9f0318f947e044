//! The misbehaving peers of a program that speaks UDP: a client that asks anything, and a server
//! that answers late, twice, from elsewhere or never.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::story::{Stop, Story, Told, shown, time};

/// How long a wait goes on before the peer looks whether the program still runs.
const GLANCE: Duration = Duration::from_millis(100);

/// Somebody who asks the program under test.
#[derive(Debug)]
pub struct Asker {
    name: String,
    socket: UdpSocket,
    story: Story,
}

impl Asker {
    pub(crate) fn new(name: String, server: SocketAddr, story: Story) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        // Connected, so that nobody else's datagrams arrive, and that a closed port is reported.
        socket.connect(server)?;
        Ok(Self {
            name,
            socket,
            story,
        })
    }

    /// Sends a datagram.
    pub fn sends(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.story
            .tell(format_args!("{} sends {}", self.name, shown(bytes)));
        // The error of a datagram before this one may be reported here: nobody was there. The next
        // expectation says so.
        let _ = self.socket.send(bytes);
    }

    /// Is gone before an answer can come.
    pub fn leaves(self) {
        self.story
            .tell(format_args!("{} closes its socket", self.name));
    }

    /// The next datagram of the program's, if one comes within this time.
    pub fn receives(&mut self, limit: Duration) -> Option<Vec<u8>> {
        receive(&self.socket, &self.story, limit).map(|(bytes, _)| bytes)
    }

    /// Waits for an answer that satisfies the condition; others are passed over.
    ///
    /// # Errors
    ///
    /// None comes, within [`Patience::answer`](crate::story::Patience::answer).
    pub fn expects(&mut self, what: &str, is_it: impl Fn(&[u8]) -> bool) -> Told<Vec<u8>> {
        self.story
            .tell(format_args!("{} expects {what}", self.name));
        let limit = self.story.patience().answer;
        let deadline = Instant::now() + limit;
        let mut saw = "no answer".to_owned();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.receives(left) {
                Some(answer) if is_it(&answer) => return Ok(answer),
                Some(answer) => saw = format!("{} came", shown(&answer)),
                None => {
                    let expected = format!("{what} reaches {} within {}", self.name, time(limit));
                    return self.story.failed(expected, saw);
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
        self.story.failed(expected, saw)
    }
}

/// Somebody whom the program under test asks.
#[derive(Debug)]
pub struct Answerer {
    socket: UdpSocket,
    story: Story,
    /// Who asked last.
    asker: Option<SocketAddr>,
}

impl Answerer {
    pub(crate) fn new(socket: UdpSocket, story: Story) -> Self {
        Self {
            socket,
            story,
            asker: None,
        }
    }

    /// Waits for a request that has this text, apart from white space around it. Others are
    /// passed over.
    ///
    /// # Errors
    ///
    /// None comes within this time.
    pub fn expects(&mut self, text: &str, limit: Duration) -> Told {
        self.story
            .tell(format_args!("the server expects the request {text:?}"));
        let deadline = Instant::now() + limit;
        let mut saw = "no request came".to_owned();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match receive(&self.socket, &self.story, left) {
                Some((request, asker)) if request.trim_ascii() == text.as_bytes() => {
                    self.asker = Some(asker);
                    return Ok(());
                }
                Some((request, _)) => saw = format!("{} came", shown(&request)),
                None => {
                    let expected = format!(
                        "the request {text:?} reaches the server within {}",
                        time(limit)
                    );
                    return self.story.failed(expected, saw);
                }
            }
        }
    }

    /// Answers the last request.
    pub fn answers(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.story
            .tell(format_args!("the server answers {}", shown(bytes)));
        self.send_from(&self.socket, bytes);
    }

    /// Somebody else, on a port of their own, sends a datagram to whoever asked last.
    ///
    /// # Errors
    ///
    /// The system has no other port.
    pub fn a_stranger_answers(&mut self, bytes: &[u8]) -> Told {
        self.story.tell(format_args!(
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
            self.story.add(format_args!("(not sent: {error})"));
        }
    }

    /// Answers nothing for this time, whatever comes.
    pub fn pauses(&mut self, pause: Duration) {
        self.story
            .tell(format_args!("the server is quiet for {}", time(pause)));
        let deadline = Instant::now() + pause;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if receive(&self.socket, &self.story, left).is_none() {
                return;
            }
        }
    }

    /// Doesn't answer the last request.
    pub fn loses_it(&mut self) {
        self.story
            .tell("the server doesn't answer, as if the request were lost");
    }
}

/// The next datagram, if one comes within this time. Doesn't wait for a program that has ended.
fn receive(socket: &UdpSocket, story: &Story, limit: Duration) -> Option<(Vec<u8>, SocketAddr)> {
    let deadline = Instant::now() + limit;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // Before the socket is looked at: who has ended may have sent something before.
        let over = story.ended().is_some();
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
