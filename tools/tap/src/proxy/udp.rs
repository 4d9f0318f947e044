//! `tap proxy --udp`.
//!
//! ```text
//!          ──► receive, print, decide ──► (wait) ──► send ──►
//!   client                                                    server
//!          ◄── send ◄── (wait) ◄── receive, print, decide ◄──
//! ```
//!
//! UDP has no connections, but an answer has to find its client. So each client's address gets a
//! session: a port from which its datagrams go to the target, and in each direction a thread that
//! sends. Two sockets share the port, and a thread receives from each. The one that is connected to
//! the target hears that nobody has the target's port; the other one hears strangers. When another
//! client comes, sessions end whose clients sent nothing for a while.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot, is_about_one_peer, is_cut_short};
use socket2::{Domain, SockRef, Socket, Type};

use super::{MOST_WAITING, Proxy};
use crate::address::{cannot, refuse_own};
use crate::tcp::start;
use crate::transcript::{Connection, MOST_CLIENTS, Side, Transcript};
use crate::udp::{self, ANY_DATAGRAM, receive, send};

/// How long a session stays without a datagram from its client.
const IDLE: Duration = Duration::from_mins(1);

/// How often a thread that receives answers stops to see whether its session has ended.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a datagram waits for another to overtake it.
const HELD: Duration = Duration::from_millis(500);

/// Passes on each client's datagrams to the target, and the answers to the client.
///
/// # Errors
///
/// The target's name can't be resolved, or is the proxy itself. Later, it ends only if the socket
/// itself fails.
pub fn serve(socket: &UdpSocket, proxy: &Proxy, transcript: &Transcript) -> Result<(), Error> {
    let here = refuse_own(&proxy.target, socket.local_addr())?;
    let what = format!(" (UDP), passing on to {}", proxy.target);
    transcript.listening(Ok(here), what);
    thread::scope(|scope| {
        let mut sessions = HashMap::<_, (Pass, Instant)>::new();
        let mut buffer = vec![0; ANY_DATAGRAM];
        loop {
            let received = receive(socket, &mut buffer);
            let (count, client) = received.or_cannot(Action::Serve, &proxy.listen)?;
            if !sessions.contains_key(&client) {
                sessions.retain(|_, (_, last)| last.elapsed() < IDLE);
                if sessions.len() == MOST_CLIENTS {
                    transcript.too_many_clients();
                    continue;
                }
                let connection = transcript.connection();
                let session = begin(scope, connection, (socket, client), proxy);
                let session = session.inspect_err(|error| connection.trouble(error));
                sessions.extend(session.map(|pass| (client, (pass, Instant::now()))));
            }
            if let Some((pass, last)) = sessions.get_mut(&client) {
                *last = Instant::now();
                pass(&buffer[..count]);
            }
        }
    })
}

/// Passes a datagram on in one direction, or does to it what the trouble wants.
type Pass<'s> = Arc<dyn Fn(&[u8]) + Send + Sync + 's>;

/// Begins a client's session: opens its sockets and starts its threads. Returns what passes on the
/// client's datagrams. The session ends when that is dropped.
fn begin<'s>(
    scope: &'s Scope<'s, '_>,
    connection: Connection<'s>,
    (here, client): (&'s UdpSocket, SocketAddr),
    proxy: &Proxy,
) -> Result<Pass<'s>, Error> {
    let connected = udp::connect(&proxy.target, RECEIVE_TIMEOUT)?;
    let refuse = |cause| cannot("send to", &proxy.target, cause);
    let (unconnected, server) = share_port(&connected).map_err(refuse)?;
    let [connected, unconnected] = [connected, unconnected].map(Arc::new);
    connection.event(format_args!("client {client}"));
    let socket = Arc::clone(&unconnected);
    let ask = move |bytes: &[u8]| drop(send(connection, &socket, bytes, server));
    let to_server = direction(scope, connection, Side::Client, ask, proxy)?;
    let answer = move |bytes: &[u8]| drop(send(connection, here, bytes, client));
    let to_client = direction(scope, connection, Side::Server, answer, proxy)?;

    let (session, told) = (Arc::downgrade(&to_server), Once::new());
    let hear = Arc::new(move |socket: &UdpSocket| {
        let tell = |error| connection.trouble(cannot("send to", &server.to_string(), error));
        let mut buffer = vec![0; ANY_DATAGRAM];
        while session.strong_count() > 0 {
            match socket.recv_from(&mut buffer) {
                Ok((count, sender)) if sender == server => to_client(&buffer[..count]),
                // The client, too, gets it from an address that it didn't ask.
                Ok((count, sender)) => {
                    let (bytes, from) = (&buffer[..count], format_args!("stranger {sender}"));
                    connection.bytes(from, bytes, ", passed on from elsewhere");
                    let _ = send(connection, socket, bytes, client);
                }
                Err(error) if is_cut_short(&error) => {}
                Err(error) if is_about_one_peer(&error) => told.call_once(|| tell(error)),
                Err(error) => return connection.trouble(format_args!("can't receive: {error}")),
            }
        }
    });
    for socket in [connected, unconnected] {
        let hear = Arc::clone(&hear);
        start(scope, move || hear(&socket))?;
    }
    Ok(to_server)
}

/// A second socket on the port of a connected one, and the address to which that is connected. The
/// system hands the second one what comes from strangers.
///
/// # Errors
///
/// This system doesn't let two sockets share a port.
fn share_port(connected: &UdpSocket) -> io::Result<(UdpSocket, SocketAddr)> {
    let here = connected.local_addr()?;
    let second = Socket::new(Domain::for_address(here), Type::DGRAM, None)?;
    for socket in [SockRef::from(connected), SockRef::from(&second)] {
        #[cfg(target_vendor = "apple")]
        socket.set_reuse_port(true)?;
        socket.set_reuse_address(true)?;
    }
    second.bind(&here.into())?;
    second.set_read_timeout(Some(RECEIVE_TIMEOUT))?;
    Ok((second.into(), connected.peer_addr()?))
}

/// Starts the thread that passes on, with `send`, what `from` sent. Returns what decides the fate of
/// a datagram and hands it to the thread, which ends when that is dropped.
fn direction<'s>(
    scope: &'s Scope<'s, '_>,
    connection: Connection<'s>,
    from: Side,
    send: impl Fn(&[u8]) + Send + 's,
    proxy: &Proxy,
) -> Result<Pass<'s>, Error> {
    let (queue, waiting) = sync_channel(MOST_WAITING);
    start(scope, move || send_all(&waiting, send))?;
    let fates = Mutex::new(proxy.trouble.fates(connection.number, from));
    let delay = proxy.trouble.of(from).delay.unwrap_or_default();
    Ok(Arc::new(move |bytes| {
        let mut fates = fates.lock().unwrap_or_else(PoisonError::into_inner);
        let (copies, is_overtaken, remark) = fates();
        connection.bytes(from, bytes, remark);
        let waiting = (Instant::now() + delay, bytes.to_vec(), copies, is_overtaken);
        if copies > 0 && queue.try_send(waiting).is_err() {
            connection.trouble("dropped the last one: too many wait already");
        }
    }))
}

/// A datagram that waits: until when, its bytes, how many copies of it to send, and whether the next
/// one overtakes it.
type Waiting = (Instant, Vec<u8>, u8, bool);

/// Sends each datagram when its time has come. All wait equally long, so they leave in the order in
/// which they came, except one that the next overtakes.
fn send_all(waiting: &Receiver<Waiting>, send: impl Fn(&[u8])) {
    let left = |due: Instant| due.saturating_duration_since(Instant::now());
    let send = |(due, bytes, copies, _): &Waiting| {
        thread::sleep(left(*due));
        (0..*copies).for_each(|_| send(bytes));
    };
    for first in waiting {
        let &(due, .., is_overtaken) = &first;
        if is_overtaken {
            waiting.recv_timeout(left(due) + HELD).iter().for_each(send);
        }
        send(&first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the thread sends of these, if no more come.
    fn sent(datagrams: &[(&str, u8, bool)]) -> String {
        let (queue, waiting) = sync_channel(datagrams.len());
        for (text, copies, is_overtaken) in datagrams {
            let waiting = (
                Instant::now(),
                text.as_bytes().to_vec(),
                *copies,
                *is_overtaken,
            );
            queue.send(waiting).unwrap();
        }
        drop(queue);
        let sent = Mutex::new(Vec::new());
        send_all(&waiting, |bytes| sent.lock().unwrap().extend(bytes));
        String::from_utf8(sent.into_inner().unwrap()).unwrap()
    }

    #[test]
    fn one_that_is_held_goes_after_the_next_or_at_the_end_of_the_session() {
        let held = [("a", 2, true), ("b", 1, false), ("c", 1, false)];
        assert_eq!(sent(&held), "baac");
        assert_eq!(sent(&[("a", 1, false), ("b", 2, true)]), "abb");
    }
}
