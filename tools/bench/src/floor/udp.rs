use std::io;
use std::net::UdpSocket;

use crate::load::udp::REPLY;

/// Receive, send.
pub(super) fn serve(socket: &UdpSocket) -> io::Result<()> {
    let mut request = [0; 2048];
    loop {
        let (_, client) = socket.recv_from(&mut request)?;
        socket.send_to(REPLY, client)?;
    }
}
