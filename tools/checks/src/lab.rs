//! What a check works with: the program under test and its peers. `user` has what its user types
//! and sees; `absent` finds out why a program isn't where a peer looks for it.

mod absent;
mod user;

use std::collections::BTreeSet;
use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::Deref;
use std::time::{Duration, Instant};

use console::is_timeout;
use socket2::{Domain, Socket, Type};
use supervise::ending;
use supervise::{Command, Process};

use crate::by_hand::{ByHand, Deed};
use crate::datagram::{Answerer, Asker};
use crate::peer::TcpPeer;
use crate::port::{Port, bind};
use crate::run::{Advise, Deadline, Kind, Patience, Run, Stop, Told, reset, shown, skip, time};

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

/// What to change in a command that the system can't start.
const NOT_STARTED: &str = "Check the path. You can also give a script to its interpreter: -- \
    python3 server.py {port}";

/// Everything that one run of one check needs.
#[derive(Debug)]
pub struct Lab {
    command: Command,
    fixed_port: Option<u16>,
    run: Run,
    port: Option<Port>,
    /// How long the program took to be there when it was started first.
    start: Duration,
    restarted: bool,
    /// What takes the place of a connection in TIME-WAIT.
    stand_in: Option<Socket>,
    /// A peer has reached the program, or the program a peer.
    pub(crate) reached: bool,
    peers: usize,
    /// Something was typed.
    typed: bool,
    /// What the program shows when nothing is wrong.
    known: BTreeSet<String>,
}

/// What the peers know, too.
impl Deref for Lab {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

impl Lab {
    /// For one run of a check.
    pub fn new(command: &Command, fixed_port: Option<u16>, patience: &Patience) -> Self {
        Self {
            command: command.clone(),
            fixed_port,
            run: Run::new(fixed_port.is_some(), patience),
            port: None,
            start: Duration::MAX,
            restarted: false,
            stand_in: None,
            reached: false,
            peers: 0,
            typed: false,
            known: BTreeSet::new(),
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
        let number = self.port()?.number;
        let command = self.command.for_port(number);
        self.tell(format_args!("$ {command}"));
        let program = Process::start(&command).or_else(|error| {
            let saw = format!("it could not be started: {error}");
            let stopped = self.stopped(Kind::Ended, "the program starts", saw);
            stopped.advise(self.command.trouble().unwrap_or(NOT_STARTED))
        })?;
        if cfg!(unix) && !program.has_terminal() {
            self.add("(with pipes: the system has no terminal left)");
        }
        *self.program() = Some(program);
        Ok(())
    }

    /// The same for a server, unless another one serves at its port: the check would judge that
    /// one. It happens with a fixed port, if a server still runs in another terminal.
    fn starts_alone(&mut self, is_served: impl Fn(&Port) -> bool) -> Told {
        if self.program().is_none() && self.fixed_port.is_some() && is_served(self.port()?) {
            let address = self.address()?;
            let why = format_args!("another program serves at {address} already: end it first");
            return Err(Stop::skipped(why));
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
        self.looks();
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
    /// never listening, it blocks the programs that TIME-WAIT blocks, and no others.
    ///
    /// # Errors
    ///
    /// The system can't start it.
    pub fn restarts(&mut self) -> Told {
        self.tell("the program is ended");
        self.goes_beyond_tap();
        drop(self.program().take());
        if cfg!(target_os = "linux") {
            // If it can't be bound, the connection itself is in the way, which is as good.
            self.stand_in = stand_in(self.address()?).ok();
        }
        (self.reached, self.restarted) = (false, true);
        self.starts()
    }

    /// How long the program may take to be there. Another start takes no longer than the first.
    fn start_limit(&self) -> Duration {
        if self.reached || self.start < self.patience().start / AT_ONCE {
            self.patience().answer
        } else {
            self.patience().start
        }
    }

    // Peers of a server.

    /// A client connects. If the program has just been started, this tries again until it listens:
    /// no connection is wasted on finding that out.
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
        let (address, limit) = (self.address()?, self.start_limit());
        let expected = format!("the program listens on {address}");
        let look = |left| connect(&address, left);
        let stream = self.waits_for(limit, &expected, Type::STREAM, look)?;
        TcpPeer::new(name, stream, &self.run).map_err(skip("the connection can't be used"))
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
        let what = shown(request);
        let step = format_args!("{count} more clients connect, and each sends {what}");
        self.tell(step);
        let (address, limit) = (self.address()?, self.patience().next);
        let deadline = Instant::now() + limit;
        let mut clients = Vec::new();
        let error = loop {
            if clients.len() == count {
                return Ok(clients);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let name = format!("client {}", self.peers + 1);
            let stream = connect(&address, left.min(CONNECT_TRY));
            match stream.and_then(|stream| TcpPeer::new(name, stream, &self.run)) {
                Ok(mut client) => {
                    client.write(request)?;
                    self.peers += 1;
                    clients.push(client);
                }
                // The system itself would try again only after 1, 2 and 4 s.
                Err(error) if is_timeout(&error) && !left.is_zero() => {}
                Err(error) => break error,
            }
        };
        let expected = format!("{count} clients connect within {}", time(limit));
        let why = error.kind();
        // Windows refuses whoever finds the queue full; elsewhere they hear nothing.
        if !is_timeout(&error) && !cfg!(windows) {
            return self.gone(expected, format_args!("not all of them could: {why}"));
        }
        // By hand, the others try as well.
        for _ in clients.len()..count {
            let other = self.by_hand().begins();
            self.by_hand().does(other, Deed::Sends(request));
        }
        let saw = format!("only the first ones could; the others found the queue full ({why})");
        self.missed(expected, saw)
    }

    /// Looks for the program on its port again and again, until it is there, for this time, or more
    /// if it waits for a processor.
    fn waits_for<T>(
        &mut self,
        limit: Duration,
        expected: &str,
        kind: Type,
        look: impl Fn(Duration) -> io::Result<T>,
    ) -> Told<T> {
        let begun = Instant::now();
        let mut deadline = Deadline::of_start(&self.run, limit);
        // Until when something may come of a command that has ended. One that ended without an
        // error may have started a server a moment ago.
        let mut background = None;
        let refused = loop {
            let ended = self.ended();
            let left = match ended {
                None => deadline.left(),
                Some(status) => {
                    let waits = status.success() && !self.reached && !self.restarted;
                    let limit = self.pause(BACKGROUND) * u32::from(waits);
                    let end = background.get_or_insert(Instant::now() + limit);
                    end.saturating_duration_since(Instant::now())
                }
            };
            match (look(left), ended) {
                (Ok(found), None) => {
                    if !mem::replace(&mut self.reached, true) {
                        self.start = begun.elapsed();
                    }
                    return Ok(found);
                }
                // It is ended with the check.
                (Ok(_), Some(status)) => {
                    let end = ending::in_words(status);
                    let saw = format!(
                        "the command has ended ({end}), and something that it started goes on in \
                         the background"
                    );
                    return self.failed("the command runs for as long as its server does", saw);
                }
                (Err(_), _) if left.is_zero() => break None,
                (Err(error), None) if self.reached => break Some(error.kind()),
                _ => self.with(|program| program.wait_for_news(GLANCE)),
            }
        };
        let expected = if self.restarted {
            format!("{expected} again")
        } else {
            format!("{expected} within {}", time(deadline.granted))
        };
        if let Some(refused) = refused {
            return self.gone(expected, refused);
        }
        self.unready(expected, kind)
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
            let step = format_args!("{name} waits until somebody receives on {address}");
            self.tell(step);
            let limit = self.patience().start;
            let expected = format!("the program receives on {address}");
            let port = Port::fixed(address.port());
            self.waits_for(limit, &expected, Type::DGRAM, |_| {
                let is_there = port.has_udp_receiver().then_some(());
                is_there.ok_or_else(|| io::ErrorKind::NotFound.into())
            })?;
        }
        self.by_hand().command = format!("send --udp {}", address.port());
        Asker::new(name, address, &self.run).map_err(skip("there is no socket"))
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
        let bound = bound.and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?.port(), listener))
        });
        let (number, listener) = bound.map_err(skip("nobody can listen there"))?;
        self.port = Some(Port::fixed(number));
        self.by_hand().command = format!("listen {number}");
        let begun = Instant::now();
        self.starts()?;
        let name = format!("the {name}");
        self.tell(format_args!("{name} expects the program to connect"));
        let mut deadline = Deadline::of_start(&self.run, self.patience().start);
        if let Some(stream) = self.arrives(&listener, &mut deadline) {
            (self.start, self.reached) = (begun.elapsed(), true);
            let peer = TcpPeer::new(name, stream, &self.run);
            return Ok((listener, peer.map_err(skip("the connection broke"))?));
        }
        let start = time(deadline.granted);
        let expected = format!("the program connects to {} within {start}", self.address()?);
        if self.ended().is_some() {
            return self.ended_at_once(expected);
        }
        self.never(expected, None)
    }

    /// The next connection to this server, if one comes within this time, and the program hasn't
    /// ended.
    pub fn arrival(&self, listener: &TcpListener, limit: Duration) -> Option<TcpStream> {
        self.arrives(listener, &mut Deadline::after(&self.run, limit))
    }

    fn arrives(&self, listener: &TcpListener, deadline: &mut Deadline) -> Option<TcpStream> {
        loop {
            // A program that has ended connects no more, but may have connected before.
            let over = self.ended().is_some() || deadline.left().is_zero();
            match listener.accept() {
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
        Ok(Answerer::new(socket, &self.run))
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
                Err(_) if tries.next().is_some() => self.port = None,
                taken => return taken.map_err(skip("the port can't be taken")),
            }
        }
    }
}

/// A socket that blocks this address as a connection in TIME-WAIT does.
fn stand_in(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // Like TIME-WAIT, it blocks no program that has set either of the two.
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
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

/// For tests: a lab in which this command of the shell has been started.
#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
pub(crate) fn started(script: &str, patience: &Patience) -> Lab {
    let mut lab = Lab::new(&Command::new("sh", ["-c", script]), None, patience);
    lab.starts().unwrap();
    lab
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use std::cell::Cell;
    use std::thread;

    use super::*;
    use crate::port::tests::{soon, untouched};
    use crate::run::tests::waiting_for_a_processor;

    /// It takes longer to listen than the command takes to end. Nobody looks again for one that has
    /// failed, or was there before.
    #[test]
    fn what_a_command_leaves_in_the_background_is_seen_when_it_listens() {
        for (program, restarted, reached, is_seen) in [
            ("true", false, false, true),
            ("false", false, false, false),
            ("true", true, false, false),
            ("true", false, true, false),
            ("cat", false, true, false),
        ] {
            let patience = Patience {
                speed: if program == "cat" { 20 } else { 1 },
                ..Patience::default()
            };
            let mut lab = started(program, &patience);
            assert!(program == "cat" || lab.ends_within(Duration::from_secs(20)));
            (lab.restarted, lab.reached) = (restarted, reached);
            let looks = Cell::new(0);
            let look = |_| match looks.replace(looks.get() + 1) {
                0 => Err(io::ErrorKind::ConnectionRefused.into()),
                _ => Ok(()),
            };
            let told = lab.waits_for(Duration::from_secs(20), "it listens", Type::STREAM, look);
            let failure = told.unwrap_err();
            let goes_on = failure.saw.contains("in the background");
            assert_eq!(goes_on, is_seen, "{program}: {failure:?}");
        }
    }

    #[test]
    fn a_program_that_waits_for_a_processor_is_waited_for() {
        let mut lab = Lab::new(&Command::new("true", [""; 0]), None, &Patience::default());
        let limit = Duration::from_secs(1);
        lab.run = waiting_for_a_processor(limit * 4);
        let begun = Instant::now();
        let look = |left: Duration| {
            let is_there = begun.elapsed() > limit && !left.is_zero();
            is_there
                .then_some(())
                .ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
        };
        let told = lab.waits_for(limit, "it listens", Type::STREAM, look);
        assert!(told.is_ok(), "{told:?}");
    }

    #[test]
    fn a_program_that_was_there_quickly_is_there_quickly_again() {
        let mut lab = Lab::new(&Command::new("true", [""; 0]), None, &Patience::default());
        let Patience { start, answer, .. } = Patience::default();
        for (first, expected) in [
            (Duration::MAX, start),
            (start / AT_ONCE, start),
            (Duration::ZERO, answer),
        ] {
            lab.start = first;
            assert_eq!(lab.start_limit(), expected, "{first:?}");
        }
    }

    /// A system answers nothing to a client for whom the queue has no room.
    #[test]
    fn many_clients_try_again_while_the_queue_is_full() {
        let socket = bind(0, Type::STREAM).unwrap();
        socket.listen(0).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let patience = Patience {
            next: Duration::from_secs(20),
            ..Patience::short()
        };
        let command = Command::new("true", [""; 0]);
        let mut lab = Lab::new(&command, Some(address.port()), &patience);
        let _fills_the_queue = TcpStream::connect(address).unwrap();
        let accepts = thread::spawn(move || {
            // Until the first of them has tried.
            thread::sleep(CONNECT_TRY / 4);
            [(); 3].map(|()| listener.accept().unwrap())
        });
        let clients = lab.connects_many(2, b"hello").unwrap();
        accepts.join().unwrap();
        for client in &clients {
            client.tell("is there");
        }
        let steps = lab.steps().split_off(1);
        assert_eq!(steps, ["client 1 is there", "client 2 is there"]);
    }

    /// A program that has ended has another fault.
    #[test]
    fn a_server_that_has_closed_its_listening_socket_hears_that() {
        for (program, advice) in [("cat", Some(absent::CLOSED)), ("true", None)] {
            let mut lab = started(program, &Patience::short());
            assert!(program == "cat" || lab.ends_within(Duration::from_secs(20)));
            lab.reached = true;
            let failure = lab.connects_many(2, b"hello").unwrap_err();
            assert!(!failure.saw.contains("queue"), "{failure:?}");
            assert_eq!(failure.advice.as_deref(), advice, "{failure:?}");
            let failure = lab.connects().unwrap_err();
            assert_eq!(failure.advice.as_deref(), advice, "{failure:?}");
        }
    }

    #[test]
    fn another_port_is_taken_if_somebody_has_the_first() {
        let command = Command::new("true", [""; 0]);
        let port = untouched();
        let number = port.number;
        let _somebody = soon(|| bind(number, Type::STREAM).ok());
        let mut lab = Lab::new(&command, None, &Patience::short());
        lab.port = Some(port);
        assert!(lab.takes_the_port(Type::STREAM).is_ok());
        assert_ne!(lab.port().unwrap().number, number);
        let mut lab = Lab::new(&command, Some(number), &Patience::short());
        assert!(lab.takes_the_port(Type::STREAM).is_err());
    }

    /// As a connection in TIME-WAIT is.
    #[test]
    fn the_stand_in_is_in_the_way_of_who_has_set_no_option() {
        let mut lab = Lab::new(&Command::new("true", [""; 0]), None, &Patience::short());
        lab.port = Some(untouched());
        let address = lab.address().unwrap();
        let _stand_in = soon(|| stand_in(address).ok());
        let can_bind = |set: fn(&Socket) -> io::Result<()>| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
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
