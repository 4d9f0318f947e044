//! The catalogue: the checks of each role, in the order in which a student meets them.
//!
//! A message in a check holds a number that nothing else has, so that it is found again in any
//! program's output, whatever stands around it.
//!
//! Each check's description says how long its peer pauses and waits, unless it is what
//! [`limits`] says. These limits are hundreds of times what is needed. Whether *nothing* happens is
//! found out by waiting for a time that the check's steps show.

mod chat;
pub mod chat_client;
pub mod chat_server;
pub mod tcp_client;
pub mod tcp_server;
pub mod udp_client;
pub mod udp_server;

use crate::lab::SETTLE;
use crate::story::{Patience, time};

/// How long a program may take, unless the description of a check says otherwise.
pub fn limits() -> String {
    let Patience {
        start, answer, end, ..
    } = Patience::default();
    format!(
        "Unless a check says otherwise: a server listens and a client has connected within {}; an \
         answer comes within {}; a program that has a reason to end does so within {}. Whether \
         it has survived is looked at {} later. Output is waited for {}, then the input ends, and \
         it is waited for {} more.",
        time(start),
        time(answer),
        time(end),
        time(SETTLE),
        time(answer / 2),
        time(answer),
    )
}
