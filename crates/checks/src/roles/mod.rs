//! The catalogue: the checks of each role, in the order in which a student meets them.
//!
//! A message in a check holds a number that nothing else has, so that it is found again in any
//! program's output, whatever stands around it.
//!
//! Unless a check says otherwise: a server may take 10 s until it listens and a client 10 s until
//! it has connected; an answer may take 5 s, a program that has a reason to end 10 s. These limits
//! are hundreds of times what is needed. Whether *nothing* happens is found out by waiting for a
//! time that the check's steps show.

mod chat;
pub mod chat_client;
pub mod chat_server;
pub mod tcp_client;
pub mod tcp_server;
pub mod udp_client;
pub mod udp_server;
