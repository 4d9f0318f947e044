//! `tap proxy --udp`.
//!
//! ```text
//!          ──► receive, print, decide ──► (wait) ──► send ──►
//!   client                                                    server
//!          ◄── send ◄── (wait) ◄── receive, print, decide ◄──
//! ```
//!
//! UDP has no connections, but an answer has to find its client. So each client's address gets a
//! session: a socket, from which its datagrams go to the target, a thread that receives the answers,
//! and one in each direction that sends. When another client comes, the sessions end from whose
//! clients nothing has come for a while.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot, is_about_one_peer, is_timeout};

use super::MOST_WAITING;
use crate::address::udp_client;
use crate::clients::MOST_CLIENTS;
use crate::peer::ANY_DATAGRAM;
use crate::transcript::{Connection, Side, Transcript};
use crate::trouble::{Fate, Fates, Trouble};

/// How long a session stays without a datagram from its client.
const IDLE: Duration = Duration::from_mins(1);

/// How often the thread that receives answers looks whether its session has ended.
const LOOK: Duration = Duration::from_secs(1);

/// How long a datagram waits for another to overtake it.
const HELD: Duration = Duration::from_millis(500);

/// Passes on each client's datagrams to the target, and the answers to the client.
///
/// # Errors
///
/// It ends only if the socket itself fails.
pub fn serve(
    socket: UdpSocket,
    target: &str,
    trouble: &Trouble,
    transcript: &Arc<Transcript>,
) -> io::Result<()> {
    let (log, here, socket) = (&transcript.log, socket.local_addr()?, Arc::new(socket));
    log.always(format_args!(
        "Listening on {here} (UDP), passing on to {target}"
    ));
    let mut sessions = HashMap::<_, (Way, Instant)>::new();
    let mut buffer = vec![0; ANY_DATAGRAM];
    loop {
        let (count, client) = match socket.recv_from(&mut buffer) {
            Err(error) if is_about_one_peer(&error) => continue,
            received => received?,
        };
        if !sessions.contains_key(&client) {
            sessions.retain(|_, (_, last)| last.elapsed() < IDLE);
            if sessions.len() >= MOST_CLIENTS {
                let full = io::Error::other("too many have one");
                log.short_of("begin a session for another client", &full);
                continue;
            }
            match begin(&socket, client, target, trouble, transcript.connection()) {
                Ok(way) => drop(sessions.insert(client, (way, Instant::now()))),
                Err(error) => log.trouble(error),
            }
        }
        if let Some((to_server, last)) = sessions.get_mut(&client) {
            *last = Instant::now();
            to_server.pass(&buffer[..count]);
        }
    }
}

/// Begins a client's session. Returns its way to the server. The session ends with it.
fn begin(
    here: &Arc<UdpSocket>,
    client: SocketAddr,
    target: &str,
    trouble: &Trouble,
    connection: Connection,
) -> Result<Way, Error> {
    let (socket, server) = udp_client(target)?;
    let limited = socket.set_read_timeout(Some(LOOK));
    limited.or_cannot(Action::Receive, server)?;
    connection.event(format_args!("client {client}"));
    let (socket, connection) = (Arc::new(socket), Arc::new(connection));
    let way = |from, socket, to| {
        let way = Way::begin(from, socket, to, trouble, &connection);
        way.or_cannot(Action::StartThread, "for a session")
    };
    let (to_server, sends) = way(Side::Client, &socket, server)?;
    let (mut to_client, _) = way(Side::Server, here, client)?;
    let receive = move || {
        let mut buffer = vec![0; ANY_DATAGRAM];
        while !sends.is_finished() {
            match socket.recv_from(&mut buffer) {
                Ok((count, sender)) if sender == server => to_client.pass(&buffer[..count]),
                // For the client, too, this must come from somebody else than it has asked.
                Ok((count, stranger)) => {
                    let (bytes, stranger) = (&buffer[..count], format_args!("stranger {stranger}"));
                    connection.bytes(stranger, bytes, ", passed on from elsewhere");
                    let _ = socket.send_to(bytes, client);
                }
                Err(error) if is_about_one_peer(&error) || is_timeout(&error) => {}
                Err(error) => return connection.trouble(format_args!("can't receive: {error}")),
            }
        }
        connection.event(format_args!("ended: quiet for {IDLE:?}"));
    };
    let started = Builder::new().spawn(receive);
    started.or_cannot(Action::StartThread, "for a session")?;
    Ok(to_server)
}

/// One direction of a session.
struct Way {
    from: Side,
    connection: Arc<Connection>,
    delay: Duration,
    fates: Fates,
    queue: SyncSender<Waiting>,
}

/// A datagram that waits for its time.
type Waiting = (Instant, Vec<u8>, Fate);

impl Way {
    /// Starts the thread that sends what waits. It ends with the way.
    fn begin(
        from: Side,
        socket: &Arc<UdpSocket>,
        to: SocketAddr,
        trouble: &Trouble,
        connection: &Arc<Connection>,
    ) -> io::Result<(Self, JoinHandle<()>)> {
        let (queue, waiting) = sync_channel(MOST_WAITING);
        let way = Self {
            from,
            connection: Arc::clone(connection),
            delay: trouble.of(from).delay,
            fates: trouble.fates(connection.number, from),
            queue,
        };
        let (socket, connection) = (Arc::clone(socket), Arc::clone(connection));
        let send = move |bytes: &[u8]| {
            if let Err(error) = socket.send_to(bytes, to) {
                connection.trouble(format_args!("can't send to {to}: {error}"));
            }
        };
        let sends = Builder::new().spawn(move || send_all(&waiting, send))?;
        Ok((way, sends))
    }

    /// Passes on one datagram, as chance will have it.
    fn pass(&mut self, bytes: &[u8]) {
        let (fate, remark) = self.fates.decide();
        self.connection.bytes(self.from, bytes, remark);
        let waiting = (Instant::now() + self.delay, bytes.to_vec(), fate);
        if fate.copies > 0 && self.queue.try_send(waiting).is_err() {
            self.connection
                .trouble("dropped the last one: too many wait already");
        }
    }
}

/// Sends what waits, each datagram in its time. All are late by the same time, so what comes first
/// also goes first, unless the next one overtakes it.
fn send_all(waiting: &Receiver<Waiting>, send: impl Fn(&[u8])) {
    let send = |(bytes, fate): (Vec<u8>, Fate)| (0..fate.copies).for_each(|_| send(&bytes));
    let mut held = None;
    loop {
        let next = match held {
            None => waiting.recv().map_err(RecvTimeoutError::from),
            Some(_) => waiting.recv_timeout(HELD),
        };
        match next {
            Ok((due, bytes, fate)) => {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                if fate.held {
                    held = Some((bytes, fate));
                    continue;
                }
                send((bytes, fate));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        held.take().into_iter().for_each(send);
    }
}
