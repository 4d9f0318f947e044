//! The catalogue: the checks of each role, in the order in which a student meets them.
//!
//! Each message in a check has a number that nothing else has, so the check finds it in any
//! program's output.
//!
//! Each check's description says how long its peer pauses and waits, unless [`limits`] says it.
//! These limits are hundreds of times what a program needs. To see that *nothing* happens, a check
//! waits for a time that its steps show.

mod chat;
pub mod chat_client;
pub mod chat_server;
mod page;
pub mod tcp_client;
pub mod tcp_server;
pub mod udp_client;
pub mod udp_server;

use crate::check::{Check, Role};
use crate::lab::{FIRST_LOOK, PACE, SETTLE};
use crate::peer::TcpPeer;
use crate::run::{Advise, LONGEST_START, Patience, Told, time};

impl Role {
    /// Its checks, in the order in which a student meets them. The first ones are small. The very
    /// first says whether the program is there at all: without it the others say nothing.
    pub fn checks(self) -> &'static [Check] {
        match self {
            Self::TcpServer => tcp_server::CHECKS,
            Self::TcpClient => tcp_client::CHECKS,
            Self::ChatServer => chat_server::CHECKS,
            Self::ChatClient => chat_client::CHECKS,
            Self::UdpServer => udp_server::CHECKS,
            Self::UdpClient => udp_client::CHECKS,
        }
    }

    /// Its check with this name, which may be without the role.
    pub fn check(self, name: &str) -> Option<&'static Check> {
        let id = format!("{self}/{name}");
        let mut checks = self.checks().iter();
        checks.find(|check| check.id == name || check.id == id)
    }
}

/// What follows an empty line that was typed, which may have ended the program.
fn after_an_empty_line(peer: &TcpPeer, told: Told) -> Told {
    if !peer.has_closed() {
        return told;
    }
    told.advise(
        "An empty line isn't the end of the input, so don't leave. Check which of the two it is \
         before you remove the line end.",
    )
}

/// How a program is run, and how long it may take, unless the description of a check says
/// otherwise.
pub fn limits() -> String {
    let Patience {
        start, answer, end, ..
    } = Patience::default();
    format!(
        "Unless a check says otherwise: a server listens and a client has connected within {} (on \
         Linux, up to {LONGEST_START} times as long if it waits for a processor); an answer comes \
         within {}; a program that has a reason to end does so within {}, from when it has shown \
         something. Before a line is typed, or the input ends, there is a pause of \
         {}, and before the first also up to {} until the program has shown something. A program \
         has survived if it still runs {} later. If something doesn't come in time, the \
         check is made again while the program runs alone, and that counts. So it is after a wrong \
         answer, if a file has changed in the program's folder or below it: another run may have \
         read that file.\n\nOn Unix a check runs the program at a terminal without echo, where most \
         languages print each line at once, so it \
         rarely sees a missing flush. On Windows it uses pipes, and output may also come within \
         {} after the input has ended.",
        time(start),
        time(answer),
        time(end),
        time(PACE),
        time(FIRST_LOOK),
        time(SETTLE),
        time(answer),
    )
}
