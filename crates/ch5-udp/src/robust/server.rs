//! Section 5.1: answers requests, good or bad.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use console::{Action, Error, Log, OrCannot, is_about_one_peer};

use super::datagram::{ANY_DATAGRAM, REQUEST_SHOWN, shown};
use super::refusals::{MAX_REFUSALS, PERIOD, Refusals};
use super::temperature::{self, REFUSED};
use crate::tutorial;

/// Steps 1 and 2, create and bind, are the tutorial's: nothing is wrong with them. Returns the
/// socket and its address.
///
/// Bind to one address if the machine has several. A socket that is bound to all (`0.0.0.0`) may
/// answer from another address than the client asked (against RFC 1122, section 3.3.4.2), and a
/// client that checks, as ours does, won't see the reply.
///
/// # Errors
///
/// Those of [`tutorial::bind`].
pub fn bind(address: SocketAddr) -> Result<(UdpSocket, SocketAddr), Error> {
    let socket = tutorial::bind(address).or_cannot(Action::Bind, address)?;
    let here = socket.local_addr().or_cannot(Action::Bind, address)?;
    Ok((socket, here))
}

/// Steps 3 and 4, again and again: answers each request. Step 5 never comes. The log never waits
/// for a terminal, so no client does either.
///
/// # Errors
///
/// It ends only if the socket itself fails; no client can make it do so.
pub fn serve(socket: &UdpSocket, log: &Log) -> io::Result<()> {
    log.always(format_args!("UDP server bound to {}", socket.local_addr()?));

    let mut refusals = Refusals::default();
    let mut buffer = vec![0; ANY_DATAGRAM];
    loop {
        // 3. Receive: the sender's address comes with the datagram.
        let (count, client) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            // An earlier reply found nobody: Windows says so here.
            Err(error) if is_about_one_peer(&error) => continue,
            // The next call would fail as well, and all after it, at full speed.
            Err(error) => return Err(error),
        };
        let request = &buffer[..count];
        if !log.quiet {
            let request = shown(request, REQUEST_SHOWN);
            log.peer(&format!("Request from {client}: {request}"));
        }

        // Never answer an answer. One request with a forged sender would make two servers do so
        // forever.
        if temperature::is_reply(request) {
            log.event(format_args!("No reply to {client}: it sent a reply itself"));
            continue;
        }

        let reply = temperature::reply(request);
        // And don't refuse forever: the "client" may be a server that answers each refusal with its
        // own.
        if reply.starts_with(REFUSED) {
            let refused = refusals.record(client.ip(), Instant::now());
            if refused == MAX_REFUSALS + 1 {
                let why = format!("it got {MAX_REFUSALS} refusals in {PERIOD:?}");
                log.trouble(format_args!("No reply to {client}: {why}"));
            }
            if refused > MAX_REFUSALS {
                continue;
            }
        }

        // 4. Send: to the address that the request came from. Nobody knows whether it arrives.
        match socket.send_to(reply.as_bytes(), client) {
            Ok(_) => log.event(format_args!("Reply to {client}: {reply}")),
            // A firewall forbids it, or no route leads there: only this client's trouble.
            Err(error) => log.trouble(format_args!("No reply to {client}: {error}")),
        }
    }
}
