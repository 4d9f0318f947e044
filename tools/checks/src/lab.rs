//! What a check works with: the program under test and its peers. What its user types and sees is in
//! a file of its own.

mod user;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::Deref;
use std::time::{Duration, Instant};

use console::is_timeout;
use socket2::{Socket, Type};
use supervise::ending;
use supervise::{Command, Process};

use crate::by_hand::ByHand;
use crate::datagram::{Answerer, Asker};
use crate::peer::TcpPeer;
use crate::port::{Port, bind};
use crate::run::{Advise, Kind, Patience, Run, Stop, Told, reset, shown, skip, time};

pub use user::{ESCAPES, SILENCE};
pub(crate) use user::{FIRST_LOOK, PACE, SETTLE};

/// How long between two looks whether somebody is there, unless the program says something.
const GLANCE: Duration = Duration::from_millis(20);

/// How long what a command leaves in the background may take to listen. A command that has ended
/// has failed anyway, so this only decides what its author is told.
const BACKGROUND: Duration = Duration::from_secs(2);

/// How long one of many clients waits before it tries again to connect.
const CONNECT_TRY: Duration = Duration::from_millis(250);

/// A program that is there in less than this part of the time that it has to start is quick.
const AT_ONCE: u32 = 20;

/// What to change in a program that ended at once.
const ENDED: &str = "Read its last words. The program gets its port in the form that its command shows \
    (the step that begins with $), not as --port N or from the keyboard, unless the command says so.";

/// The same, of one that reached its end without an error.
const OVER: &str = "It reached its end without an error. Does it call the function that does its job, \
    and wait for its threads? Daemon threads end with the main one. Or do its last words ask for \
    the port in another form than its command has it (the step that begins with $)?";

/// The same, of one that broke off.
const BROKEN_OFF: &str = "Read its last words: they name the error, and usually the line. The \
    command, the step that begins with $, shows which arguments there are. A module that isn't \
    there has to be installed where the judge runs, or done without.";

/// What languages say of a program that they can't read, without a stack trace, in small letters.
const UNREADABLE: [&str; 4] = [
    "syntaxerror",      // Python, JavaScript
    "indentationerror", // Python
    "taberror",         // Python
    "syntax error",     // Perl, PHP, Ruby, shells
];

/// What to change in a program that runs, and isn't to be found at its port.
const NEVER: &str = "The program is told its port in its command, the step that begins with $: it must \
    take it from there, and neither ask for it nor use another. On that port of 127.0.0.1 it has to do \
    its job before anything is typed: a server of TCP calls bind, listen and accept.";

/// The same, of a server that has its port on another address.
const ELSEWHERE: &str = "Bind 127.0.0.1. A name such as localhost may stand for another address: \
    ::1, in IPv6.";

/// The same, of a server that has its port for the other protocol.
const PROTOCOL: &str = "TCP and UDP have separate ports of the same number. A server of TCP \
    creates its socket with SOCK_STREAM, one of UDP with SOCK_DGRAM.";

/// The same, of a server whose port has its two bytes in the order of its processor.
const HTONS: &str = "Give bind the port in the order of the network: htons(port).";

/// The same, of a client that was refused, in small letters as it says so.
const REFUSED: &str = "It was refused where it tried. Connect to 127.0.0.1, as a name such as \
    localhost, or that of the machine, may stand for another address, and to the port in the \
    command, the step that begins with $ (in C, turned by htons).";

/// The same, of a program that is busy.
const LOOPS: &str = "Look for a loop that never ends, before the line at which the program should \
    be: one whose condition never changes, or that tries something again and again at once.";

/// Everything that one run of one check needs.
#[derive(Debug)]
pub struct Lab<'a> {
    command: &'a Command,
    fixed_port: Option<u16>,
    run: Run,
    port: Option<Port>,
    /// How long the program took to be there when it was started first.
    start: Duration,
    restarted: bool,
    /// What takes the place of a connection in TIME-WAIT.
    #[cfg(target_os = "linux")]
    stand_in: Option<Socket>,
    /// A peer has reached the program.
    reached: bool,
    peers: usize,
    /// Something was typed.
    typed: bool,
    /// What the program shows when nothing is wrong.
    known: Vec<String>,
}

/// What the peers know, too.
impl Deref for Lab<'_> {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

impl<'a> Lab<'a> {
    /// For one run of a check.
    pub fn new(command: &'a Command, fixed_port: Option<u16>, patience: &Patience) -> Self {
        Self {
            command,
            fixed_port,
            run: Run::new(fixed_port.is_some(), patience),
            port: None,
            start: Duration::MAX,
            restarted: false,
            #[cfg(target_os = "linux")]
            stand_in: None,
            reached: false,
            peers: 0,
            typed: false,
            known: Vec::new(),
        }
    }

    /// The port that the program is told.
    fn port(&mut self) -> Told<&Port> {
        let port = match (self.port.take(), self.fixed_port) {
            (Some(port), _) => port,
            (None, Some(number)) => Port::fixed(number),
            (None, None) => Port::free().map_err(skip("there is no free port"))?,
        };
        Ok(self.port.insert(port))
    }

    fn address(&mut self) -> Told<SocketAddr> {
        Ok(self.port()?.address())
    }

    /// Starts the program, if it hasn't been started.
    ///
    /// # Errors
    ///
    /// The system can't start it.
    pub fn starts(&mut self) -> Told {
        if self.program().is_some() {
            return Ok(());
        }
        let command = self.command.for_port(self.port()?.number);
        self.tell(format_args!("$ {command}"));
        match Process::start(&command) {
            Ok(program) => {
                if cfg!(unix) && !program.has_terminal() {
                    self.add("(with pipes: the system has no terminal left)");
                }
                *self.program() = Some(program);
                Ok(())
            }
            Err(error) => {
                let saw = format!("it could not be started: {error}");
                let advice = self.command.trouble().unwrap_or(
                    "Check the path. A script may also be given to its interpreter: -- python3 \
                     server.py {port}",
                );
                let stopped = self.stopped(Kind::Ended, "the program starts", saw);
                stopped.advise(advice)
            }
        }
    }

    /// The same for a server, unless another one serves at its port: the check would judge that
    /// one. It happens with a fixed port, if a server still runs in another terminal.
    fn starts_alone(&mut self, is_served: impl Fn(&Port) -> bool) -> Told {
        if self.program().is_none() && self.fixed_port.is_some() && is_served(self.port()?) {
            let address = self.address()?;
            return Err(Stop::skipped(format_args!(
                "another program serves at {address} already: end it first"
            )));
        }
        self.starts()
    }

    /// Runs the program once when nothing is wrong, up to where it has done this, so that the lab
    /// knows what it shows then. Then it ends the program, and the check begins again on another
    /// port.
    ///
    /// # Errors
    ///
    /// It doesn't do that.
    pub fn rehearses<T>(&mut self, act: impl FnOnce(&mut Self) -> Told<T>) -> Told {
        let _peers = act(self)?;
        // On a busy machine its first words may be late.
        let first_look = self.pause(FIRST_LOOK);
        self.shows(first_look, |text| !text.is_empty());
        self.shows(self.pause(SETTLE), |_| false);
        self.remembers();
        self.tell("the check ends the program, and remembers what it shows when nothing is wrong");
        self.close();
        *self.by_hand() = ByHand::default();
        self.port = None;
        (self.reached, self.typed) = (false, false);
        Ok(())
    }

    /// Ends the program, as a user would, and starts it again on the same port.
    ///
    /// A connection that the program has closed first keeps the port, in TIME-WAIT. But a busy
    /// system doesn't keep them all, so on Linux one of our sockets takes its place: bound, and
    /// never listening, it is in the way of whom TIME-WAIT is, and of nobody else.
    ///
    /// # Errors
    ///
    /// The system can't start it.
    pub fn restarts(&mut self) -> Told {
        self.tell("the program is ended");
        self.is_beyond_tap();
        drop(self.program().take());
        #[cfg(target_os = "linux")]
        {
            // If it can't be bound, the connection itself is in the way, which is as good.
            self.stand_in = self.stand_in().ok();
        }
        (self.reached, self.restarted) = (false, true);
        self.starts()
    }

    #[cfg(target_os = "linux")]
    fn stand_in(&mut self) -> io::Result<Socket> {
        let port = self.port.as_ref().map_or(0, |port| port.number);
        let socket = Socket::new(socket2::Domain::IPV4, Type::STREAM, None)?;
        // As TIME-WAIT, it is in nobody's way who has set either of the two.
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        socket.bind(&address.into())?;
        Ok(socket)
    }

    /// How long the program may take to be there. Another start takes no longer than the first.
    fn start_limit(&self) -> Duration {
        if self.start < self.patience().start / AT_ONCE {
            self.patience().answer
        } else {
            self.patience().start
        }
    }

    // Peers of a server.

    /// A client connects. If the program has just been started, this tries again until it listens: no
    /// connection is wasted on finding that out.
    ///
    /// # Errors
    ///
    /// Nobody listens there.
    pub fn connects(&mut self) -> Told<TcpPeer> {
        self.connects_as("client")
    }

    /// The same under another name.
    ///
    /// # Errors
    ///
    /// Nobody listens there.
    pub fn connects_as(&mut self, name: &str) -> Told<TcpPeer> {
        self.starts_alone(Port::has_tcp_listener)?;
        self.peers += 1;
        let name = format!("{name} {}", self.peers);
        self.by_hand().command = format!("send {}", self.port()?.number);
        self.tell(format_args!("{name} connects"));
        let limit = if self.reached {
            self.patience().answer
        } else {
            self.start_limit()
        };
        let address = self.address()?;
        let expected = if self.restarted {
            format!("the program listens on {address} again")
        } else {
            format!("the program listens on {address} within {}", time(limit))
        };
        let begun = Instant::now();
        let look = |left| connect(&address, left);
        let stream = self.waits_for(limit, expected, Type::STREAM, look)?;
        if !self.reached {
            self.start = begun.elapsed();
        }
        self.reached = true;
        TcpPeer::new(name, stream, self.run.clone()).map_err(skip("the connection can't be used"))
    }

    /// Connects many clients, all within [`Patience::next`], and each sends this request at once.
    ///
    /// A server that accepts them as they come needs far less. If its queue is short, some of them
    /// have to try again.
    ///
    /// # Errors
    ///
    /// Not all of them can connect in time.
    pub fn connects_many(&mut self, count: usize, request: &[u8]) -> Told<Vec<TcpPeer>> {
        self.tell(format_args!(
            "{count} more clients connect, and each sends {}",
            shown(request)
        ));
        let address = self.address()?;
        let limit = self.patience().next;
        let deadline = Instant::now() + limit;
        let mut clients = Vec::new();
        while clients.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            let name = format!("client {}", self.peers + 1);
            let stream = connect(&address, left.min(CONNECT_TRY));
            match stream.and_then(|stream| TcpPeer::new(name, stream, self.run.clone())) {
                Ok(mut client) => {
                    client.write(request)?;
                    self.peers += 1;
                    clients.push(client);
                }
                // The system itself would try again only after 1, 2 and 4 s.
                Err(error) if is_timeout(&error) && !left.is_zero() => {}
                Err(error) => {
                    let expected = format!("{count} clients connect within {}", time(limit));
                    let saw = format!(
                        "only the first ones could; the others found the queue full ({})",
                        error.kind()
                    );
                    return self.missed(expected, saw);
                }
            }
        }
        Ok(clients)
    }

    /// Looks for the program on its port again and again, until it is there. A command that has
    /// ended without an error may have started it in the background, a moment ago.
    fn waits_for<T>(
        &mut self,
        limit: Duration,
        expected: String,
        kind: Type,
        look: impl Fn(Duration) -> io::Result<T>,
    ) -> Told<T> {
        let deadline = Instant::now() + limit;
        let mut background = None;
        loop {
            let now = Instant::now();
            let ended = self.ended();
            let deadline = match ended {
                Some(status) if status.success() && !self.reached && !self.restarted => {
                    *background.get_or_insert_with(|| now + self.pause(BACKGROUND))
                }
                Some(_) => now,
                None => deadline,
            };
            let left = deadline.saturating_duration_since(now);
            match (look(left), ended) {
                // It is ended with the check.
                (Ok(_), Some(status)) => {
                    let saw = format!(
                        "the command has ended ({}), and something that it started goes on in the \
                         background",
                        ending::in_words(status)
                    );
                    return self.failed("the command runs for as long as its server does", saw);
                }
                (Ok(found), None) => return Ok(found),
                (Err(_), _) if left.is_zero() => return self.unready(expected, kind),
                (Err(error), None) if self.reached => {
                    return self.missed(expected, error.kind());
                }
                (Err(_), _) => self.with(|program| program.wait_for_news(GLANCE)),
            }
        }
    }

    /// A client with a UDP socket. If the program has just been started, it waits until the
    /// program has bound its port, without sending anything.
    ///
    /// # Errors
    ///
    /// Nobody binds the port.
    pub fn asks(&mut self) -> Told<Asker> {
        self.starts_alone(Port::has_udp_receiver)?;
        self.peers += 1;
        let name = format!("client {}", self.peers);
        let address = self.address()?;
        if !self.reached {
            self.tell(format_args!(
                "{name} waits until somebody receives on {address}"
            ));
            let limit = self.patience().start;
            let expected = format!("the program receives on {address} within {}", time(limit));
            let port = Port::fixed(address.port());
            self.waits_for(limit, expected, Type::DGRAM, |_| {
                let is_there = port.has_udp_receiver().then_some(());
                is_there.ok_or_else(|| io::ErrorKind::NotFound.into())
            })?;
            self.reached = true;
        }
        self.by_hand().command = format!("send --udp {}", address.port());
        Asker::new(name, address, self.run.clone()).map_err(skip("there is no socket"))
    }

    /// The program isn't there. If it has ended because somebody else has its port, that isn't its
    /// fault.
    fn unready<T>(&mut self, expected: String, kind: Type) -> Told<T> {
        self.expects_no_flood()?;
        if self.ended().is_none() {
            // One that did its job before has its port from the right place.
            if self.restarted {
                return self.missed(expected, "it never did, and still runs");
            }
            return self.never(expected, Some(kind));
        }
        if self.restarted || self.reached {
            return self.failed(expected, "");
        }
        let failed = self.ended_at_once(expected);
        // It may have left children behind that have the port.
        drop(self.program().take());
        if !self.port()?.is_taken() && cfg!(target_os = "linux") {
            return failed;
        }
        let kind = Kind::PortLost;
        failed.map_err(|stop| Stop { kind, ..stop })
    }

    /// The program runs, and isn't there. If it is a server, it has a socket of this kind.
    fn never<T>(&mut self, expected: String, server: Option<Type>) -> Told<T> {
        let port = self.port()?;
        let elsewhere = port.elsewhere();
        let elsewhere = elsewhere.map(|address| format!("it is at {address} instead"));
        let turned = server.and_then(|kind| port.turned(kind)).map(|number| {
            format!("it is at port {number} instead, which has the same bytes in the other order")
        });
        let (saw, advice) = match (&elsewhere, server) {
            (Some(saw), _) => (saw.as_str(), ELSEWHERE),
            (None, Some(Type::STREAM)) if port.has_udp_receiver() => {
                ("it receives datagrams there, over UDP", PROTOCOL)
            }
            (None, Some(Type::DGRAM)) if port.has_tcp_listener() => {
                ("it listens there for connections, over TCP", PROTOCOL)
            }
            _ => turned
                .as_deref()
                .map_or(("it never did, and still runs", NEVER), |saw| (saw, HTONS)),
        };
        let missed = self.missed(expected, saw);
        let is_busy = matches!(&missed, Err(stop) if stop.is_busy);
        match server {
            _ if is_busy => missed.advise(LOOPS),
            Some(_) => missed.advise(advice),
            // What a client has to do at first is what its check is about.
            None => missed,
        }
    }

    /// The program, which was just started, has ended instead of doing its job.
    fn ended_at_once<T>(&self, expected: String) -> Told<T> {
        // Its last words may still be on their way.
        self.ends_in_a_moment();
        let saw = self.aftermath();
        let saw = saw.replacen("the program ended", "it ended at once", 1);
        let is_failure = self.ended().is_some_and(|status| !status.success());
        let output = self.output().to_lowercase();
        let has_broken_off =
            self.has_stack_trace() || UNREADABLE.iter().any(|words| output.contains(words));
        let advice = match (is_failure, has_broken_off) {
            _ if output.contains("refused") => REFUSED,
            (true, true) => BROKEN_OFF,
            (true, false) => ENDED,
            (false, _) => OVER,
        };
        let advice = self.command.trouble().unwrap_or(advice);
        Err(Stop::of(Kind::Ended, expected, saw)).advise(advice)
    }

    // Peers of a client.

    /// A server that listens, the program started, its connection accepted.
    ///
    /// # Errors
    ///
    /// The port is taken, or the program doesn't connect, for
    /// [`Patience::start`](crate::run::Patience::start).
    pub fn accepts_as(&mut self, name: &str) -> Told<(TcpListener, TcpPeer)> {
        self.tell(format_args!("the {name} listens"));
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, self.fixed_port.unwrap_or(0)));
        let bound = bound.and_then(|host| {
            host.set_nonblocking(true)?;
            Ok((host.local_addr()?.port(), host))
        });
        let (number, host) = bound.map_err(skip("nobody can listen there"))?;
        self.port = Some(Port::fixed(number));
        self.by_hand().command = format!("listen {number}");
        let begun = Instant::now();
        self.starts()?;
        let name = format!("the {name}");
        self.tell(format_args!("{name} expects the program to connect"));
        if let Some(stream) = self.arrival(&host, self.patience().start) {
            (self.start, self.reached) = (begun.elapsed(), true);
            let peer = TcpPeer::new(name, stream, self.run.clone());
            return Ok((host, peer.map_err(skip("the connection broke"))?));
        }
        let start = time(self.patience().start);
        let expected = format!("the program connects to {} within {start}", self.address()?);
        if self.ended().is_some() {
            return self.ended_at_once(expected);
        }
        self.never(expected, None)
    }

    /// The next connection to this server, if one comes within this time, and the program hasn't
    /// ended.
    pub fn arrival(&self, host: &TcpListener, limit: Duration) -> Option<TcpStream> {
        let deadline = Instant::now() + limit;
        loop {
            // A program that has ended connects no more, but may have connected before.
            let over = self.ended().is_some() || Instant::now() >= deadline;
            match host.accept() {
                // On some systems it is non-blocking, as the listener is.
                Ok((stream, _)) => return stream.set_nonblocking(false).ok().map(|()| stream),
                Err(_) if over => return None,
                Err(_) => self.with(|program| program.wait_for_news(GLANCE)),
            }
        }
    }

    /// A server with a UDP socket that the program is to ask. Call it before the program is
    /// started.
    ///
    /// # Errors
    ///
    /// The port is taken.
    pub fn answers(&mut self) -> Told<Answerer> {
        self.tell("the server waits for datagrams");
        let bound = UdpSocket::bind((Ipv4Addr::LOCALHOST, self.fixed_port.unwrap_or(0)))
            .and_then(|socket| Ok((socket.local_addr()?.port(), socket)));
        let (number, socket) = bound.map_err(skip("nobody can receive there"))?;
        self.port = Some(Port::fixed(number));
        self.by_hand().command = format!("listen --udp {number}");
        Ok(Answerer::new(socket, self.run.clone()))
    }

    /// Takes the port for TCP, or for UDP, before the program can. It is free again when the
    /// value is dropped.
    ///
    /// # Errors
    ///
    /// Somebody else has it.
    pub fn takes_the_port(&mut self, kind: Type) -> Told<Socket> {
        self.tell("somebody else has the port already");
        let mut tries = 0..100;
        loop {
            let taken = bind(self.port()?.number, kind).and_then(|socket| {
                if kind == Type::STREAM {
                    socket.listen(8)?;
                }
                Ok(socket)
            });
            match taken {
                // An earlier connection lingers on it.
                Err(_) if self.fixed_port.is_none() && tries.next().is_some() => self.port = None,
                taken => return taken.map_err(skip("the port can't be taken")),
            }
        }
    }
}

fn connect(address: &SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    // Zero would be an error.
    let stream = TcpStream::connect_timeout(address, limit.max(Duration::from_millis(1)))?;
    // On a port that the system gives away, this end may have got the very port that it looks for:
    // then it has connected to itself (RFC 9293, section 3.5).
    if stream.local_addr()? == *address {
        reset(&stream);
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::port::tests::{soon, untouched};

    /// One that has done something, or was started again, hears nothing about its port.
    #[test]
    fn a_program_has_ended_at_once_only_if_it_has_done_nothing() {
        for (script, restarted, reached, advice) in [
            ("exit 3", false, false, Some(ENDED)),
            ("echo SyntaxError; exit 1", false, false, Some(BROKEN_OFF)),
            (
                "echo TabError: tabs; exit 1",
                false,
                false,
                Some(BROKEN_OFF),
            ),
            ("if", false, false, Some(BROKEN_OFF)),
            ("echo Connection refused", false, false, Some(REFUSED)),
            ("exit 0", false, false, Some(OVER)),
            ("exit 3", true, false, None),
            ("exit 3", false, true, None),
        ] {
            let command = Command::new("sh", ["-c", script]);
            let mut lab = Lab::new(&command, None, &Patience::short());
            lab.starts().unwrap();
            assert!(lab.ends_within(Duration::from_secs(20)));
            (lab.restarted, lab.reached) = (restarted, reached);
            let failure = lab
                .unready::<()>("it listens".to_owned(), Type::STREAM)
                .unwrap_err();
            assert_eq!(failure.advice.as_deref(), advice, "{failure:?}");
            // Otherwise somebody else may have got the port meanwhile.
            let is_wrong = failure.kind == Kind::Wrong;
            assert_eq!(is_wrong, restarted || reached, "{failure:?}");
        }
    }

    /// The test is the program's socket.
    #[test]
    fn a_server_of_the_other_protocol_hears_that() {
        for (expected, has, advice) in [
            (Type::STREAM, Some(Type::DGRAM), PROTOCOL),
            (Type::STREAM, None, NEVER),
            (Type::DGRAM, Some(Type::STREAM), PROTOCOL),
            (Type::DGRAM, None, NEVER),
        ] {
            let command = Command::new("cat", [""; 0]);
            let mut lab = Lab::new(&command, None, &Patience::short());
            lab.starts().unwrap();
            lab.port = Some(untouched());
            let number = lab.port().unwrap().number;
            let socket = has.map(|kind| soon(|| bind(number, kind).ok()));
            if expected == Type::DGRAM
                && let Some(socket) = socket.as_ref()
            {
                socket.listen(1).unwrap();
            }
            let told = lab.never::<()>("it is there".to_owned(), Some(expected));
            let failure = told.unwrap_err();
            assert_eq!(failure.advice.as_deref(), Some(advice), "{failure:?}");
        }
    }

    /// The test is the program's socket.
    #[test]
    fn a_server_that_has_forgotten_htons_hears_that() {
        for kind in [Type::STREAM, Type::DGRAM] {
            let command = Command::new("cat", [""; 0]);
            let mut lab = Lab::new(&command, None, &Patience::short());
            lab.starts().unwrap();
            let (port, socket) = soon(|| {
                let port = untouched();
                let turned = port.number.swap_bytes();
                let is_fit = turned > 1024 && turned != port.number;
                let socket = is_fit.then(|| bind(turned, kind).ok()).flatten();
                socket.map(|socket| (port, socket))
            });
            if kind == Type::STREAM {
                socket.listen(1).unwrap();
            }
            lab.port = Some(port);
            let told = lab.never::<()>("it is there".to_owned(), Some(kind));
            let failure = told.unwrap_err();
            assert_eq!(failure.advice.as_deref(), Some(HTONS), "{failure:?}");
        }
    }

    /// It takes longer to listen than the command takes to end.
    #[test]
    fn what_a_command_leaves_in_the_background_is_seen_when_it_listens() {
        let command = Command::new("true", [""; 0]);
        let mut lab = Lab::new(&command, None, &Patience::default());
        lab.starts().unwrap();
        assert!(lab.ends_within(Duration::from_secs(20)));
        let looks = Cell::new(0);
        let look = |_| match looks.replace(looks.get() + 1) {
            0 => Err(io::ErrorKind::ConnectionRefused.into()),
            _ => Ok(()),
        };
        let expected = "it listens".to_owned();
        let told = lab.waits_for(Duration::from_secs(20), expected, Type::STREAM, look);
        let failure = told.unwrap_err();
        assert!(failure.saw.contains("in the background"), "{failure:?}");
    }

    /// As a connection in TIME-WAIT is.
    #[test]
    fn the_stand_in_is_in_the_way_of_who_has_set_no_option() {
        let command = Command::new("true", [""; 0]);
        let mut lab = Lab::new(&command, None, &Patience::short());
        lab.port = Some(untouched());
        let address = lab.address().unwrap();
        let _stand_in = soon(|| lab.stand_in().ok());
        let can_bind = |set: fn(&Socket) -> io::Result<()>| {
            let socket = Socket::new(socket2::Domain::IPV4, Type::STREAM, None).unwrap();
            set(&socket).unwrap();
            socket
                .bind(&address.into())
                .and_then(|()| socket.listen(1))
                .is_ok()
        };
        assert!(!can_bind(|_| Ok(())));
        soon(|| can_bind(|socket| socket.set_reuse_address(true)).then_some(()));
        soon(|| can_bind(|socket| socket.set_reuse_port(true)).then_some(()));
    }
}
