//! The messages over UDP: each is a datagram of its own, sent once.

use ch1_tcp_ip::host::{MTU, address};
use ch1_tcp_ip::network::Network;
use ch1_tcp_ip::transfer::{CLIENT_PORT, SERVER_PORT};
use ch1_tcp_ip::wire::Side;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::udp::{PacketBuffer, PacketMetadata, Socket};

use crate::loss::{Delivery, Outcome, Plan};

/// How many datagrams a socket keeps for its program.
const QUEUE: usize = 64;

/// Sends them all. Nobody waits for an answer, so nobody knows what arrived.
pub fn send(plan: &Plan) -> Outcome {
    let mut network = Network::new(plan.faults.clone(), plan.seed);
    let client = network.client.add(socket(CLIENT_PORT));
    let server = network.server.add(socket(SERVER_PORT));
    let mut next = 1;
    let mut deliveries = Vec::new();
    loop {
        let mut busy = false;
        if next <= plan.count && Plan::due(next) <= network.now {
            let socket: &mut Socket = network.client.socket(client);
            // The queue is empty: each datagram leaves at once.
            let _ = socket.send_slice(&plan.message(next), (address(Side::Server), SERVER_PORT));
            next += 1;
            busy = true;
        }
        for side in Side::BOTH {
            busy |= network.poll(side).was_busy();
        }
        receive(plan, &mut network, server, &mut deliveries);

        let due = (next <= plan.count).then(|| Plan::due(next));
        if !network.advance(busy, due) {
            break;
        }
    }
    Outcome {
        deliveries,
        packets: network.wire.into_packets(),
        gave_up: false,
    }
}

/// The server's program takes what has arrived. What is damaged never gets this far: the checksum
/// is wrong (RFC 768), and the host drops it.
fn receive(
    plan: &Plan,
    network: &mut Network,
    server: SocketHandle,
    deliveries: &mut Vec<Delivery>,
) {
    let at = network.now;
    let socket: &mut Socket = network.server.socket(server);
    while let Ok((bytes, _)) = socket.recv() {
        let number = plan.recognise(bytes);
        deliveries.push(Delivery { number, at });
    }
}

fn socket(port: u16) -> Socket<'static> {
    let buffer = || PacketBuffer::new(vec![PacketMetadata::EMPTY; QUEUE], vec![0; QUEUE * MTU]);
    let mut socket = Socket::new(buffer(), buffer());
    // The port isn't 0 and the socket is new, so there is no reason to fail. If it did, nothing
    // would arrive, and the report would say so.
    let _ = socket.bind(port);
    socket
}
