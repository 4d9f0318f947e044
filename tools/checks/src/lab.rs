//! What a check works with: the program under test and its peers. The program's keyboard and screen
//! are in a file of their own.

mod screen;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::datagram::{Answerer, Asker};
use crate::host::Host;
use crate::peer::{Peer, reset};
use crate::port::Port;
use crate::program::{Command, Program, ending};
use crate::story::{Patience, Stop, Story, Told, shown, time};

pub(crate) use screen::SETTLE;
pub use screen::{ESCAPES, STACK_TRACES};

/// Everything that one run of one check needs.
#[derive(Debug)]
pub struct Lab<'a> {
    command: &'a Command,
    fixed_port: Option<u16>,
    story: Story,
    port: Option<Port>,
    started: bool,
    restarted: bool,
    /// What stands in for a connection in TIME-WAIT.
    #[cfg(target_os = "linux")]
    stand_in: Option<Socket>,
    /// A peer has reached the program.
    reached: bool,
    peers: usize,
}

impl<'a> Lab<'a> {
    /// For one run of a check.
    pub fn new(command: &'a Command, fixed_port: Option<u16>, story: Story) -> Self {
        Self {
            command,
            fixed_port,
            story,
            port: None,
            started: false,
            restarted: false,
            #[cfg(target_os = "linux")]
            stand_in: None,
            reached: false,
            peers: 0,
        }
    }

    /// How long the program may take.
    pub fn patience(&self) -> &Patience {
        self.story.patience()
    }

    /// The port that the program is told.
    fn port(&mut self) -> Told<&Port> {
        let port = match (self.port.take(), self.fixed_port) {
            (Some(port), _) => port,
            (None, Some(number)) => Port::fixed(number),
            (None, None) => Port::free()
                .map_err(|error| Stop::Skipped(format!("there is no free port: {error}")))?,
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
        if self.started {
            return Ok(());
        }
        let number = self.port()?.number;
        self.story
            .tell(format_args!("$ {}", self.command.shown(number)));
        match Program::start(self.command, number) {
            Ok(program) => {
                *self.story.program() = Some(program);
                self.started = true;
                Ok(())
            }
            Err(error) => self.story.failed(
                "the command can be started",
                format!("the system says: {error}"),
            ),
        }
    }

    /// The same for a server, unless somebody else serves at its port: then they would be judged.
    /// That happens to a fixed port, such as that of a server that still runs in another terminal.
    fn starts_alone(&mut self, is_served: impl Fn(&Port) -> bool) -> Told {
        if !self.started && self.fixed_port.is_some() && is_served(self.port()?) {
            let address = self.address()?;
            return Err(Stop::Skipped(format!(
                "another program serves at {address} already: end it first"
            )));
        }
        self.starts()
    }

    /// Ends the program, as a user would, and starts it anew on the same port.
    ///
    /// A connection that the program has closed first keeps the port, in TIME-WAIT. But a busy
    /// system doesn't keep them all, so on Linux a socket of ours stands in for it: bound, and
    /// never listening, it is in the way of whom TIME-WAIT is, and of nobody else.
    ///
    /// # Errors
    ///
    /// The system can't start it.
    pub fn restarts(&mut self) -> Told {
        self.story.tell("the program is ended");
        drop(self.story.program().take());
        #[cfg(target_os = "linux")]
        {
            // If it can't be bound, the connection itself is in the way, which is as good.
            self.stand_in = self.stand_in().ok();
        }
        (self.started, self.reached, self.restarted) = (false, false, true);
        self.starts()
    }

    #[cfg(target_os = "linux")]
    fn stand_in(&mut self) -> io::Result<Socket> {
        let port = self.port.as_ref().map_or(0, |port| port.number);
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        socket.bind(&address.into())?;
        Ok(socket)
    }

    // Peers of a server.

    /// A client connects. If the program has just been started, its port is knocked at until it
    /// listens: no connection is wasted on finding that out.
    ///
    /// # Errors
    ///
    /// Nobody listens there.
    pub fn connects(&mut self) -> Told<Peer> {
        self.connects_as("client")
    }

    /// The same under another name.
    ///
    /// # Errors
    ///
    /// Nobody listens there.
    pub fn connects_as(&mut self, name: &str) -> Told<Peer> {
        self.starts_alone(Port::has_tcp_listener)?;
        self.peers += 1;
        let name = format!("{name} {}", self.peers);
        self.story.tell(format_args!("{name} connects"));
        let stream = self.connection(if self.reached {
            self.patience().answer
        } else {
            self.patience().start
        })?;
        self.reached = true;
        Peer::new(name, stream, self.story.clone())
            .map_err(|error| Stop::Skipped(format!("the connection can't be used: {error}")))
    }

    /// Connects many clients, all within [`Patience::end`], and each sends this request at once.
    ///
    /// A server that accepts them as they come needs far less. If its queue is short, some of them
    /// have to try again, and that costs a second for each time that the queue is full.
    ///
    /// # Errors
    ///
    /// Not all of them can connect in time.
    pub fn connects_many(&mut self, count: usize, request: &[u8]) -> Told<Vec<Peer>> {
        self.story.tell(format_args!(
            "{count} more clients connect, and each sends {}",
            shown(request)
        ));
        let address = self.address()?;
        let limit = self.patience().end;
        let deadline = Instant::now() + limit;
        let mut clients = Vec::new();
        while clients.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            let name = format!("client {}", self.peers + 1);
            let stream = connect(&address, left);
            match stream.and_then(|stream| Peer::new(name, stream, self.story.clone())) {
                Ok(mut client) => {
                    client.write(request)?;
                    self.peers += 1;
                    clients.push(client);
                }
                Err(error) => {
                    let expected = format!("{count} clients connect within {}", time(limit));
                    let saw = format!(
                        "only the first ones could: the others waited in front of a full queue \
                         ({})",
                        error.kind()
                    );
                    return self.story.failed(expected, saw);
                }
            }
        }
        Ok(clients)
    }

    fn connection(&mut self, limit: Duration) -> Told<TcpStream> {
        let address = self.address()?;
        let expected = format!("somebody listens on {address} within {}", time(limit));
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let ended = self.story.ended();
            let connected = connect(&address, left);
            match (connected, ended) {
                (Ok(_), Some(status)) => return self.in_the_background(status),
                (Ok(stream), None) => return Ok(stream),
                (Err(_), Some(_)) => return self.unready(expected, "nobody does"),
                (Err(_), None) if left.is_zero() => {
                    return self.unready(expected, "nobody does, and the program still runs");
                }
                (Err(error), None) if self.reached => {
                    return self.story.failed(expected, format!("{}", error.kind()));
                }
                (Err(_), None) => self.glance(),
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
            self.story.tell(format_args!(
                "{name} waits until somebody receives on {address}"
            ));
            let expected = format!(
                "the program receives on {address} within {}",
                time(self.patience().start)
            );
            let deadline = Instant::now() + self.patience().start;
            loop {
                let ended = self.story.ended();
                match (self.port()?.has_udp_receiver(), ended) {
                    (true, Some(status)) => return self.in_the_background(status),
                    (true, None) => break,
                    (false, Some(_)) => return self.unready(expected, "it doesn't"),
                    (false, None) if Instant::now() >= deadline => {
                        return self.unready(expected, "it doesn't, and still runs");
                    }
                    (false, None) => self.glance(),
                }
            }
            self.reached = true;
        }
        Asker::new(name, address, self.story.clone())
            .map_err(|error| Stop::Skipped(format!("there is no socket: {error}")))
    }

    /// The command has ended, but what it has started goes on without it. (It is ended with the
    /// check.)
    fn in_the_background<T>(&self, status: ExitStatus) -> Told<T> {
        let saw = format!(
            "the command has ended ({}), and something that it started goes on in the background",
            ending(status)
        );
        let expected = "the command runs for as long as its server does";
        self.story.failed(expected, saw)
    }

    /// A moment between two looks, cut short by the program's output and by its end.
    fn glance(&self) {
        if let Some(program) = self.story.program().as_mut() {
            program.wait_for_news(Duration::from_millis(20));
        }
    }

    /// The program isn't there. If it has ended because somebody else has its port, that isn't its
    /// fault.
    fn unready<T>(&mut self, expected: String, saw: &str) -> Told<T> {
        let failed = self.story.failed(expected, saw);
        if self.story.ended().is_none() || self.restarted || self.reached {
            return failed;
        }
        self.expects_no_flood()?;
        // It may have left children behind that have the port.
        drop(self.story.program().take());
        if !self.port()?.is_taken() && cfg!(target_os = "linux") {
            return failed;
        }
        failed.map_err(|stop| match stop {
            Stop::Failed { expected, saw } => Stop::PortLost { expected, saw },
            other => other,
        })
    }

    // Peers of a client.

    /// A server that the program is to connect to. Call it before the program is started.
    ///
    /// # Errors
    ///
    /// The port is taken.
    pub fn listens_as(&mut self, name: &str) -> Told<Host> {
        self.story.tell(format_args!("the {name} listens"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.fixed_port.unwrap_or(0)));
        let number = listener
            .as_ref()
            .ok()
            .and_then(|listener| listener.local_addr().ok())
            .map_or(0, |address| address.port());
        self.port = Some(Port::fixed(number));
        listener
            .and_then(|listener| Host::new(name, listener, self.story.clone()))
            .map_err(|error| Stop::Skipped(format!("nobody can listen there: {error}")))
    }

    /// A server that listens, the program started, its connection accepted.
    ///
    /// # Errors
    ///
    /// The program doesn't connect.
    pub fn accepts_as(&mut self, name: &str) -> Told<(Host, Peer)> {
        let mut host = self.listens_as(name)?;
        self.starts()?;
        let peer = host.accepts()?;
        Ok((host, peer))
    }

    /// A server with a UDP socket that the program is to ask. Call it before the program is
    /// started.
    ///
    /// # Errors
    ///
    /// The port is taken.
    pub fn answers(&mut self) -> Told<Answerer> {
        self.story.tell("the server waits for datagrams");
        let bound = UdpSocket::bind((Ipv4Addr::LOCALHOST, self.fixed_port.unwrap_or(0)))
            .and_then(|socket| Ok((socket.local_addr()?.port(), socket)));
        let (number, socket) =
            bound.map_err(|error| Stop::Skipped(format!("nobody can receive there: {error}")))?;
        self.port = Some(Port::fixed(number));
        Ok(Answerer::new(socket, self.story.clone()))
    }

    /// Takes the port for TCP, or for UDP, before the program can. It is free again when the
    /// value is dropped.
    ///
    /// # Errors
    ///
    /// Somebody else has it.
    pub fn takes_the_port(&mut self, kind: Type) -> Told<Socket> {
        const TRIES: usize = 100;
        self.story.tell("somebody else has the port already");
        let take = |address: SocketAddr| {
            let socket = Socket::new(Domain::IPV4, kind, None)?;
            socket.bind(&address.into())?;
            if kind == Type::STREAM {
                socket.listen(8)?;
            }
            Ok(socket)
        };
        for _ in 1..TRIES {
            match take(self.address()?) {
                // An earlier connection lingers on it.
                Err(_) if self.fixed_port.is_none() => self.port = None,
                taken => return taken.map_err(|error: io::Error| not_taken(&error)),
            }
        }
        take(self.address()?).map_err(|error| not_taken(&error))
    }

    /// Tells the next step.
    pub fn tell(&self, step: &str) {
        self.story.tell(step);
    }

    /// The last step failed.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn failed<T>(&self, expected: &str, saw: &str) -> Told<T> {
        self.story.failed(expected, saw)
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

fn not_taken(error: &io::Error) -> Stop {
    Stop::Skipped(format!("the port can't be taken: {error}"))
}
