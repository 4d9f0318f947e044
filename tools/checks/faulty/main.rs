//! `faulty ROLE [--fault NAME] PORT`: for each role a minimal good program, with one fault at a
//! time if one is named. The tests of the checks are made with it; nothing else uses it.
//!
//! A fault has the name of the check that finds it, without its role.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for tests that is faulty on purpose"
)]

mod chat;
mod tcp_client;
mod tcp_server;
mod udp;

use std::process;
use std::sync::Mutex;

/// The one fault that the program has, if any.
#[derive(Debug, Clone)]
struct Fault(Option<String>);

impl Fault {
    fn is(&self, name: &str) -> bool {
        self.0.as_deref() == Some(name)
    }

    /// Where the program ends because of its fault.
    fn ends_if(&self, name: &str) {
        static ONCE: Mutex<()> = Mutex::new(());
        if self.is(name) {
            let _says_so_alone = ONCE.lock();
            eprintln!("this is the end, because of: {name}");
            process::exit(1);
        }
    }

    /// What a program does that handles an error, or doesn't.
    fn give_up(&self, name: &str, what: &str) -> ! {
        assert!(!self.is(name), "{what}");
        eprintln!("error: {what}");
        process::exit(1);
    }
}

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let fault = words.iter().position(|word| word == "--fault").map(|at| {
        let name = words.remove(at + 1);
        words.remove(at);
        name
    });
    let fault = Fault(fault);
    let [role, port] = words.as_slice() else {
        eprintln!("usage: faulty ROLE [--fault NAME] PORT");
        process::exit(2);
    };
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    match role.as_str() {
        "tcp-server" => tcp_server::run(address, &fault),
        "tcp-client" => tcp_client::run(address, &fault),
        "chat-server" => chat::host(address, &fault),
        "chat-client" => chat::guest(address, &fault),
        "udp-server" => udp::server(address, &fault),
        "udp-client" => udp::client(address, &fault),
        _ => process::exit(2),
    }
}

/// Bytes as text that no terminal obeys.
fn harmless(bytes: &[u8], fault: &Fault) -> String {
    let text = String::from_utf8_lossy(bytes);
    if fault.is("terminal-escapes") {
        return text.into_owned();
    }
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { '?' } else { c })
        .collect()
}
