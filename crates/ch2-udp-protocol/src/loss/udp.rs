//! The messages over UDP: each is a separate datagram, sent once.

use ch1_tcp_ip::faults::Faults;
use ch1_tcp_ip::host::{MTU, address};
use ch1_tcp_ip::network::{CLIENT_PORT, Network, SERVER_PORT};
use ch1_tcp_ip::wire::Side;
use smoltcp::socket::udp::{PacketBuffer, PacketMetadata, Socket};

use crate::loss::{Delivery, Messages, Transmission};

/// How many datagrams a socket can keep for its program.
const QUEUE: usize = 64;

/// Sends all messages. Neither side waits for an answer, so the client doesn't know what arrived.
pub fn send(messages: Messages, faults: &Faults) -> Transmission {
    let mut network = Network::new(faults);
    let client = network.client.sockets.add(socket(CLIENT_PORT));
    let server = network.server.sockets.add(socket(SERVER_PORT));
    let mut next = 1;
    let mut deliveries = Vec::new();
    loop {
        let mut busy = false;
        if next <= messages.count && Messages::due(next) <= network.now {
            let socket: &mut Socket = network.client.sockets.get_mut(client);
            // The queue is empty, because each datagram leaves at once.
            let _ = socket.send_slice(
                &messages.message(next),
                (address(Side::Server), SERVER_PORT),
            );
            next += 1;
            busy = true;
        }
        for side in Side::BOTH {
            busy |= network.poll(side).was_busy();
        }
        // The server's program takes what arrived. A damaged datagram never gets this far, because
        // its checksum is wrong and the host drops it (RFC 1122, section 4.1.3.4).
        let at = network.now;
        let socket: &mut Socket = network.server.sockets.get_mut(server);
        while let Ok((bytes, _)) = socket.recv() {
            let number = messages.recognise(bytes);
            deliveries.push(Delivery { number, at });
        }

        let due = (next <= messages.count).then(|| Messages::due(next));
        if !network.advance(busy, due) {
            break;
        }
    }
    Transmission {
        deliveries,
        packets: network.wire.packets,
    }
}

fn socket(port: u16) -> Socket<'static> {
    let buffer = || PacketBuffer::new(vec![PacketMetadata::EMPTY; QUEUE], vec![0; QUEUE * MTU]);
    let mut socket = Socket::new(buffer(), buffer());
    // This doesn't fail, because the port isn't 0 and the socket is new. If it did fail, nothing
    // would arrive, and the report would say so.
    let _ = socket.bind(port);
    socket
}
