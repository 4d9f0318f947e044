use std::io::Write;
use std::net::UdpSocket;

use console::{Action, Error, OrCannot};

use super::{ANY_PORT, announce};
use crate::load::udp::REPLY;

/// Receive, send, until the process is ended.
pub(super) fn serve(out: &mut impl Write) -> Result<(), Error> {
    let socket = UdpSocket::bind(ANY_PORT).or_cannot(Action::Serve, ANY_PORT)?;
    let here = socket.local_addr().or_cannot("look at", ANY_PORT)?;
    announce(here, out)?;
    let mut request = [0; 2048];
    loop {
        let (_, client) = socket
            .recv_from(&mut request)
            .or_cannot(Action::Serve, here)?;
        socket
            .send_to(REPLY, client)
            .or_cannot(Action::Send, client)?;
    }
}
