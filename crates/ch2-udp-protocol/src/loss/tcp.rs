//! The messages over TCP: one stream, which the server cuts into messages again.

use ch1_tcp_ip::faults::Faults;
use ch1_tcp_ip::network::{BUFFER, Network};
use ch1_tcp_ip::wire::Side;
use smoltcp::socket::tcp::{Socket, State};

use crate::loss::{Delivery, Messages, Transmission};

/// Connects, sends all messages, closes, and waits for the end of the connection.
pub fn send(messages: Messages, faults: &Faults) -> Transmission {
    let mut network = Network::new(faults);
    let (client, server) = network.connect();
    // Each message leaves at once, as over UDP.
    let socket: &mut Socket = network.client.sockets.get_mut(client);
    socket.set_nagle_enabled(false);

    let mut next = 1;
    let mut unsent = Vec::new();
    let mut received = Vec::new();
    let mut deliveries = Vec::new();
    loop {
        let mut busy = false;
        for side in Side::BOTH {
            busy |= network.poll(side).was_busy();
        }

        // The client's program sends the messages that are due. If the connection has no room yet,
        // they wait.
        while next <= messages.count && Messages::due(next) <= network.now {
            unsent.extend(messages.message(next));
            next += 1;
        }
        let socket: &mut Socket = network.client.sockets.get_mut(client);
        let taken = socket.send_slice(&unsent).unwrap_or(0);
        unsent.drain(..taken);
        busy |= taken > 0;
        let all_sent = next > messages.count && unsent.is_empty() && socket.send_queue() == 0;
        if all_sent && socket.state() == State::Established {
            socket.close();
            busy = true;
        }

        // The server's program counts bytes, because a stream has no boundaries.
        let at = network.now;
        let socket: &mut Socket = network.server.sockets.get_mut(server);
        let mut buffer = [0; BUFFER];
        let count = socket.recv_slice(&mut buffer).unwrap_or(0);
        received.extend(buffer.iter().take(count));
        busy |= count > 0;
        while received.len() >= messages.size {
            let bytes: Vec<u8> = received.drain(..messages.size).collect();
            let number = messages.recognise(&bytes);
            deliveries.push(Delivery { number, at });
        }
        if socket.state() == State::CloseWait {
            socket.close();
            busy = true;
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
