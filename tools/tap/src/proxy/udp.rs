//! `tap proxy --udp`.
//!
//! UDP has no connections, but an answer has to find its client. So each client's address gets a
//! session: a socket, from which its datagrams go to the target. A session ends when nothing has
//! come from its client for a while.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot, is_about_one_peer, is_timeout};

use super::MOST_WAITING;
use crate::address::Address;
use crate::clients::{MOST_CLIENTS, small_thread};
use crate::script::ANY_DATAGRAM;
use crate::transcript::{Connection, Side, Transcript};
use crate::trouble::{Fate, Fates, Trouble};

/// How long a session stays without a datagram from its client.
const IDLE: Duration = Duration::from_mins(1);

/// How long a datagram waits for another to overtake it.
const HELD: Duration = Duration::from_millis(500);

/// Passes on each client's datagrams to the target, and the answers to the client.
///
/// # Errors
///
/// It ends only if the socket itself fails.
pub fn serve(
    socket: UdpSocket,
    target: &Address,
    trouble: Trouble,
    transcript: &Arc<Transcript>,
) -> io::Result<()> {
    let (log, here) = (transcript.log(), socket.local_addr()?);
    log.always(format_args!(
        "Listening on {here} (UDP), passing on to {target}"
    ));
    let proxy = Proxy {
        socket: Arc::new(socket),
        sessions: Arc::default(),
        trouble,
        late: start_delay()?,
    };
    let mut buffer = vec![0; ANY_DATAGRAM];
    loop {
        let (count, client) = match proxy.socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if is_about_one_peer(&error) => continue,
            Err(error) => return Err(error),
        };
        let begin = || proxy.begin(client, target, transcript.connection());
        match proxy.sessions.seen(client).map_or_else(begin, Ok) {
            Ok(to_server) => to_server.pass(&buffer[..count]),
            Err(error) => log.trouble(error),
        }
    }
}

/// Each client's way to the server, and when something last came from it.
#[derive(Default)]
struct Sessions(Mutex<HashMap<SocketAddr, (Arc<Way>, Instant)>>);

impl Sessions {
    /// The way of a client from which something has come now.
    fn seen(&self, client: SocketAddr) -> Option<Arc<Way>> {
        let mut sessions = self.lock();
        let (way, last) = sessions.get_mut(&client)?;
        *last = Instant::now();
        Some(Arc::clone(way))
    }

    /// Removes the client's session, unless something has come for that time. Returns whether it
    /// did.
    fn remove_if_idle(&self, client: SocketAddr, time: Duration) -> bool {
        let mut sessions = self.lock();
        let last = sessions.get(&client).map(|(_, last)| *last);
        let is_idle = last.is_none_or(|last| last.elapsed() >= time);
        if is_idle {
            sessions.remove(&client);
        }
        is_idle
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, (Arc<Way>, Instant)>> {
        lock(&self.0)
    }
}

/// What all sessions share.
struct Proxy {
    socket: Arc<UdpSocket>,
    sessions: Arc<Sessions>,
    trouble: Trouble,
    late: SyncSender<Late>,
}

impl Proxy {
    /// Begins a client's session, and returns the way to the server.
    fn begin(
        &self,
        client: SocketAddr,
        target: &Address,
        connection: Connection,
    ) -> Result<Arc<Way>, Error> {
        if self.sessions.lock().len() >= MOST_CLIENTS {
            let (full, next) = ("too many clients have one", "wait a minute");
            return Err(Error::cannot(
                format_args!("begin a session for {client}"),
                full,
                next,
            ));
        }
        let (socket, server) = target.udp_client()?;
        let limited = socket.set_read_timeout(Some(IDLE));
        limited.or_cannot(Action::Receive, server)?;
        connection.event(format_args!("client {client}"));
        let connection = Arc::new(connection);
        let way = |from, socket, to| {
            let trouble = self.trouble.of(from);
            Arc::new(Way {
                from,
                socket,
                to,
                fates: Mutex::new(trouble.fates(connection.number(), from)),
                connection: Arc::clone(&connection),
                late: self.late.clone(),
                held: Mutex::default(),
            })
        };
        let to_server = way(Side::Client, Arc::new(socket), server);
        let to_client = way(Side::Server, Arc::clone(&self.socket), client);
        let (sends, sessions) = (Arc::clone(&to_server), Arc::clone(&self.sessions));
        small_thread()
            .spawn(move || receive_answers(&sends, &to_client, &sessions))
            .or_cannot(Action::StartThread, "for a session")?;
        let session = (Arc::clone(&to_server), Instant::now());
        self.sessions.lock().insert(client, session);
        Ok(to_server)
    }
}

/// Receives until the session is idle.
fn receive_answers(to_server: &Way, to_client: &Arc<Way>, sessions: &Sessions) {
    let Way {
        socket, connection, ..
    } = to_server;
    let client = to_client.to;
    let mut buffer = vec![0; ANY_DATAGRAM];
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((count, sender)) if sender == to_server.to => to_client.pass(&buffer[..count]),
            // For the client, too, this must come from somebody else than it has asked.
            Ok((count, stranger)) => {
                let stranger = format_args!("stranger {stranger}");
                connection.bytes(stranger, &buffer[..count], ", passed on from elsewhere");
                let _ = socket.send_to(&buffer[..count], client);
            }
            Err(error) if is_about_one_peer(&error) => {}
            Err(error) if is_timeout(&error) => {
                if sessions.remove_if_idle(client, IDLE) {
                    return connection.event(format_args!("ended: quiet for {IDLE:?}"));
                }
            }
            Err(error) => {
                sessions.remove_if_idle(client, Duration::ZERO);
                return connection.trouble(format_args!("ended: {error}"));
            }
        }
    }
}

/// One direction of a session.
struct Way {
    from: Side,
    socket: Arc<UdpSocket>,
    to: SocketAddr,
    connection: Arc<Connection>,
    fates: Mutex<Fates>,
    late: SyncSender<Late>,
    /// The datagram that the next one overtakes, if it comes before that instant.
    held: Mutex<Option<(Instant, Vec<u8>, Fate)>>,
}

/// A datagram that waits for its time.
type Late = (Instant, Arc<Way>, Vec<u8>, Fate);

/// Starts the thread that sends what is late. All are late by the same time, so what comes first
/// also goes first.
fn start_delay() -> io::Result<SyncSender<Late>> {
    let (late, waiting) = sync_channel::<Late>(MOST_WAITING);
    let send_all = move || {
        for (due, way, bytes, fate) in waiting {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            way.send_or_hold(&bytes, fate);
        }
    };
    small_thread().spawn(send_all)?;
    Ok(late)
}

impl Way {
    /// Passes on one datagram, as chance will have it.
    fn pass(self: &Arc<Self>, bytes: &[u8]) {
        let fate = lock(&self.fates).decide();
        self.connection.bytes(self.from, bytes, fate);
        if fate.dropped {
            return;
        }
        if fate.delay.is_zero() {
            return self.send_or_hold(bytes, fate);
        }
        let late = (
            Instant::now() + fate.delay,
            Arc::clone(self),
            bytes.to_vec(),
            fate,
        );
        if self.late.try_send(late).is_err() {
            self.connection
                .trouble("dropped the last one: too many wait already");
        }
    }

    fn send_or_hold(self: &Arc<Self>, bytes: &[u8], fate: Fate) {
        if !fate.held {
            self.send(bytes, fate);
            return self.release(|_| true);
        }
        *lock(&self.held) = Some((Instant::now() + HELD, bytes.to_vec(), fate));
        let way = Arc::clone(self);
        let release_in_time = move || {
            thread::sleep(HELD);
            way.release(|until| until <= Instant::now());
        };
        // Without a thread, it waits for the next one, however long that takes.
        let _ = small_thread().spawn(release_in_time);
    }

    /// Sends what is held, if it is to be released.
    fn release(&self, is_due: impl Fn(Instant) -> bool) {
        let held = lock(&self.held).take_if(|(until, ..)| is_due(*until));
        if let Some((_, bytes, fate)) = held {
            self.send(&bytes, fate);
        }
    }

    fn send(&self, bytes: &[u8], fate: Fate) {
        for _ in 0..=u8::from(fate.twice) {
            if let Err(error) = self.socket.send_to(bytes, self.to) {
                let failed = format_args!("can't send to {}: {error}", self.to);
                self.connection.trouble(failed);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
