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
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot, is_about_one_peer};

use super::{MOST_WAITING, Proxy};
use crate::address::resolve;
use crate::tcp::{is_no_end, start};
use crate::transcript::{Connection, MOST_CLIENTS, Side, Transcript};
use crate::udp::{self, ANY_DATAGRAM, receive};

/// How long a session stays without a datagram from its client.
const IDLE: Duration = Duration::from_mins(1);

/// How often a thread that receives answers looks whether its session has ended.
const LOOK: Duration = Duration::from_secs(1);

/// How long a datagram waits for another to overtake it.
const HELD: Duration = Duration::from_millis(500);

/// Passes on each client's datagrams to the target, and the answers to the client.
///
/// # Errors
///
/// The target's name can't be resolved. Later, it ends only if the socket itself fails.
pub fn serve(socket: UdpSocket, proxy: &Proxy, transcript: &Transcript) -> Result<(), Error> {
    resolve(&proxy.target)?;
    let what = format!(" (UDP), passing on to {}", proxy.target);
    transcript.listening(socket.local_addr(), what);
    let socket = &Arc::new(socket);
    thread::scope(|scope| {
        let mut sessions = HashMap::<_, (_, Connection, Instant)>::new();
        let mut buffer = vec![0; ANY_DATAGRAM];
        loop {
            let received = receive(socket, &mut buffer);
            let (count, client) = received.or_cannot(Action::Serve, &proxy.listen)?;
            if !sessions.contains_key(&client) {
                for (_, (_, connection, _)) in sessions.extract_if(|_, it| it.2.elapsed() > IDLE) {
                    connection.event(format_args!("ended: quiet for {IDLE:?}"));
                }
                if sessions.len() == MOST_CLIENTS {
                    transcript.too_many_clients();
                    continue;
                }
                let connection = transcript.connection();
                match begin(scope, socket, client, proxy, connection) {
                    Ok(pass) => drop(sessions.insert(client, (pass, connection, Instant::now()))),
                    Err(error) => connection.trouble(error),
                }
            }
            if let Some((pass, _, last)) = sessions.get_mut(&client) {
                *last = Instant::now();
                pass(&buffer[..count]);
            }
        }
    })
}

/// Begins a client's session. Returns what passes its datagrams on. The session ends when that is
/// dropped.
fn begin<'s>(
    scope: &'s Scope<'s, '_>,
    here: &Arc<UdpSocket>,
    client: SocketAddr,
    proxy: &Proxy,
    connection: Connection<'s>,
) -> Result<Arc<impl Fn(&[u8]) + use<'s>>, Error> {
    let send = move |socket: &UdpSocket, bytes: &[u8], to: SocketAddr| {
        if let Err(error) = socket.send_to(bytes, to) {
            connection.trouble(format_args!("can't send to {to}: {error}"));
        }
    };
    // Starts the thread that sends in one direction. What hands it a datagram decides its fate. The
    // thread ends when that is dropped.
    let direction = |from: Side, socket: &Arc<UdpSocket>, to: SocketAddr| -> Result<_, Error> {
        let (queue, waiting) = sync_channel(MOST_WAITING);
        let socket = Arc::clone(socket);
        let send = move |bytes: &[u8]| send(&socket, bytes, to);
        start(scope, move || send_all(&waiting, send))?;
        let fates = Mutex::new(proxy.trouble.fates(connection.number, from));
        let delay = proxy.trouble.of(from).delay;
        Ok(move |bytes: &[u8]| {
            let mut fates = fates.lock().unwrap_or_else(PoisonError::into_inner);
            let (copies, held, remark) = fates();
            connection.bytes(from, bytes, remark);
            let waiting = (Instant::now() + delay, bytes.to_vec(), copies, held);
            if copies > 0 && queue.try_send(waiting).is_err() {
                connection.trouble("dropped the last one: too many wait already");
            }
        })
    };
    let connected = udp::connect(&proxy.target, LOOK)?;
    let server = connected
        .peer_addr()
        .or_cannot(Action::Connect, &proxy.target)?;
    let open = udp::open(&connected).or_cannot(Action::CreateSocket, server)?;
    let [connected, open] = [connected, open].map(Arc::new);
    connection.event(format_args!("client {client}"));
    let to_server = Arc::new(direction(Side::Client, &open, server)?);
    let to_client = Arc::new(direction(Side::Server, here, client)?);
    let told = Arc::new(Once::new());
    for hears in [connected, open] {
        let (to_client, told) = (Arc::clone(&to_client), Arc::clone(&told));
        let session = Arc::downgrade(&to_server);
        start(scope, move || {
            let mut buffer = vec![0; ANY_DATAGRAM];
            while session.strong_count() > 0 {
                match hears.recv_from(&mut buffer) {
                    Ok((count, sender)) if sender == server => to_client(&buffer[..count]),
                    // The client, too, gets it from an address that it didn't ask.
                    Ok((count, sender)) => {
                        let (bytes, from) = (&buffer[..count], format_args!("stranger {sender}"));
                        connection.bytes(from, bytes, ", passed on from elsewhere");
                        send(&hears, bytes, client);
                    }
                    Err(error) if is_no_end(&error) => {}
                    Err(error) if is_about_one_peer(&error) => told.call_once(|| {
                        let next = "start the server";
                        connection.trouble(format_args!("nobody has {server}: {error}; {next}"));
                    }),
                    Err(error) => {
                        return connection.trouble(format_args!("can't receive: {error}"));
                    }
                }
            }
        })?;
    }
    Ok(to_server)
}

/// A datagram that waits: until when, its bytes, how many copies of it to send, and whether the next
/// one overtakes it.
type Waiting = (Instant, Vec<u8>, u8, bool);

/// Sends each datagram when its time has come. All wait equally long, so they leave in the order in
/// which they came, except one that the next overtakes.
fn send_all(waiting: &Receiver<Waiting>, send: impl Fn(&[u8])) {
    let send = |(bytes, copies): (Vec<u8>, u8)| (0..copies).for_each(|_| send(&bytes));
    let mut held = None;
    loop {
        let patience = if held.is_some() { HELD } else { Duration::MAX };
        match waiting.recv_timeout(patience) {
            Ok((due, bytes, copies, is_overtaken)) => {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                if is_overtaken {
                    held = Some((bytes, copies));
                    continue;
                }
                send((bytes, copies));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        held.take().into_iter().for_each(send);
    }
}
