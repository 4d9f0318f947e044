//! Sends bytes from a client to a server over TCP, and records everything.

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{Socket, State};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::TcpControl;

use crate::faults::Faults;
use crate::host::Poll;
use crate::network::{BUFFER, Network};
use crate::segment::{Reader, Segment};
use crate::wire::{Packet, Side};

/// A finished transfer, packet by packet.
#[derive(Debug)]
pub struct Transfer {
    /// How many bytes the client had to send.
    pub bytes: usize,
    /// How long a packet takes from end to end.
    pub delay: Duration,
    /// The packets on the wire, in the order of sending.
    pub sent: Vec<Sent>,
    /// All changes of the sides' states, in order.
    pub changes: Vec<Change>,
    /// How many bytes the server's program received.
    pub received: usize,
    /// Whether these bytes are the ones that were sent, in the same order.
    pub intact: bool,
    /// Why it failed. `None` if all bytes arrived and both sides know it.
    pub failure: Option<Failure>,
    /// Time of the last event.
    pub end: Instant,
}

/// A sent packet, and why it was sent.
#[derive(Debug)]
pub struct Sent {
    /// Its number on the wire, from 1.
    pub number: usize,
    /// The packet, and what happened to it.
    pub packet: Packet,
    /// Its TCP segment.
    pub segment: Segment,
    /// Why it was sent.
    pub trigger: Trigger,
}

/// Why a host sent a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// A packet had arrived.
    Packet,
    /// No packet had: a timer was up, or the program had something to send.
    Itself,
    /// It went out with the packet before it.
    Before,
}

/// A change of a side's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Instant,
    /// Which side.
    pub side: Side,
    /// Its new state (RFC 9293, section 3.3.2).
    pub state: State,
    /// How many packets were sent before.
    pub packets_before: usize,
}

/// Why a transfer failed, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// When.
    pub at: Instant,
    /// Why.
    pub cause: Cause,
}

/// Why a transfer failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// This side, in this state, got no answer for too long.
    GaveUp(Side, State),
    /// The other side reset the connection of this side, which was in this state.
    Reset(Side, State),
    /// The simulation stopped before either side gave up.
    Stopped,
}

/// Sends this many bytes, from the first SYN to the end of TIME-WAIT.
pub fn run(bytes: usize, faults: &Faults) -> Transfer {
    let mut network = Network::new(faults);
    let (client, server) = network.connect();
    let mut run = Run {
        network,
        client,
        server,
        // The alphabet, line by line. Segments don't hold a whole number of these lines of 27
        // bytes, so a byte in the wrong place shows.
        to_send: (b'a'..=b'z').chain([b'\n']).cycle().take(bytes).collect(),
        sent: 0,
        received: Vec::new(),
        server_saw_the_end: false,
        triggers: Vec::new(),
        changes: Vec::new(),
        failures: Vec::new(),
    };
    run.note_state(Side::Server, 0);
    run.note_state(Side::Client, 0);
    loop {
        let mut busy = false;
        for side in Side::BOTH {
            busy |= run.turn(side);
        }
        if !run.network.advance(busy, None) {
            return run.finish(faults.delay);
        }
    }
}

/// A transfer in progress.
struct Run {
    network: Network,
    client: SocketHandle,
    server: SocketHandle,
    to_send: Vec<u8>,
    sent: usize,
    received: Vec<u8>,
    server_saw_the_end: bool,
    triggers: Vec<Trigger>,
    changes: Vec<Change>,
    failures: Vec<Failure>,
}

impl Run {
    /// Gives a host a turn, then its program. Returns whether anything happened.
    fn turn(&mut self, side: Side) -> bool {
        let poll = self.network.poll(side);
        self.triggers
            .extend(poll.sent.clone().map(|index| match poll.received {
                Some(_) => Trigger::Packet,
                None if index == poll.sent.start => Trigger::Itself,
                None => Trigger::Before,
            }));
        let before = self.state(side);
        let mut changed = self.note_state(side, poll.sent.start);
        if changed && self.state(side) == State::Closed {
            self.note_end(side, before, &poll);
        }
        let acted = match side {
            Side::Client => self.client_program(),
            Side::Server => self.server_program(),
        };
        changed |= self.note_state(side, poll.sent.end);
        poll.was_busy() || changed || acted
    }

    /// The client's program. It sends everything, waits for the acknowledgement, and closes, so the
    /// end of the data and the end of the connection are separate packets.
    fn client_program(&mut self) -> bool {
        let (_, rest) = self.to_send.split_at(self.sent);
        let socket: &mut Socket = self.network.client.sockets.get_mut(self.client);
        if !rest.is_empty() {
            let count = socket.send_slice(rest).unwrap_or(0);
            self.sent += count;
            return count > 0;
        }
        if socket.state() == State::Established && socket.send_queue() == 0 {
            socket.close();
        }
        false
    }

    /// The server's program. It receives until the end of the stream, and closes.
    fn server_program(&mut self) -> bool {
        let socket: &mut Socket = self.network.server.sockets.get_mut(self.server);
        let mut buffer = [0; BUFFER];
        let count = socket.recv_slice(&mut buffer).unwrap_or(0);
        self.received.extend(buffer.iter().take(count));
        if socket.state() == State::CloseWait {
            self.server_saw_the_end = true;
            socket.close();
        }
        count > 0
    }

    /// The last recorded state of this side.
    fn state(&self, side: Side) -> State {
        let mut changes = self.changes.iter().rev();
        let last = changes.find(|change| change.side == side);
        last.map_or(State::Closed, |change| change.state)
    }

    /// Records this side's state if it changed. Returns whether it did.
    fn note_state(&mut self, side: Side, packets_before: usize) -> bool {
        let (host, handle) = match side {
            Side::Client => (&self.network.client, self.client),
            Side::Server => (&self.network.server, self.server),
        };
        let state = host.sockets.get::<Socket>(handle).state();
        let changed = state != self.state(side);
        if changed {
            self.changes.push(Change {
                at: self.network.now,
                side,
                state,
                packets_before,
            });
        }
        changed
    }

    /// Records a failure if a side closed after a reset, or reset the connection to give up.
    fn note_end(&mut self, side: Side, state: State, poll: &Poll) {
        let is_reset = |index: usize| {
            let packet = self.network.wire.packets.get(index);
            let segment = packet.and_then(|packet| Reader::default().read(packet));
            segment.is_some_and(|segment| segment.control == TcpControl::Rst)
        };
        let cause = if poll.sent.clone().any(is_reset) {
            Cause::GaveUp(side, state)
        } else if poll.received.is_some_and(is_reset) && state != State::TimeWait {
            // In TIME-WAIT everything is done, so a reset takes nothing away. (RFC 1337 tells what
            // it may harm: the next connection.)
            Cause::Reset(side, state)
        } else {
            return;
        };
        let at = self.network.now;
        self.failures.push(Failure { at, cause });
    }

    fn finish(self, delay: Duration) -> Transfer {
        let end = self.network.now;
        let all = self.to_send == self.received && self.server_saw_the_end;
        let is_over = |side| matches!(self.state(side), State::Closed | State::Listen);
        let stopped = Failure {
            at: end,
            cause: Cause::Stopped,
        };
        let stopped = (!all || !Side::BOTH.into_iter().all(is_over)).then_some(stopped);
        // If all bytes arrived and the client knows it, the server's last wait doesn't matter.
        let failure = self.failures.iter().copied().find(|failure| {
            let (Cause::GaveUp(side, _) | Cause::Reset(side, _)) = failure.cause else {
                return true;
            };
            !all || side == Side::Client
        });

        let mut reader = Reader::default();
        let packets = self.network.wire.packets.into_iter().zip(self.triggers);
        let sent = (1..)
            .zip(packets)
            .filter_map(|(number, (packet, trigger))| {
                Some(Sent {
                    number,
                    // This wire carries only TCP.
                    segment: reader.read(&packet)?,
                    packet,
                    trigger,
                })
            });
        Transfer {
            bytes: self.to_send.len(),
            delay,
            sent: sent.collect(),
            changes: self.changes,
            received: self.received.len(),
            intact: self.to_send.starts_with(&self.received),
            failure: failure.or(stopped),
            end,
        }
    }
}
