//! Starts a program behind a tap, as the judge of `tools/checks` starts it without one.
//!
//! `behind server|client tcp|udp PORT -- COMMAND…`: the tap listens on PORT and passes on to the
//! server, or it listens for the client and passes on to PORT. `{inner}` in the command becomes the
//! port that the program gets instead.

#![allow(clippy::unwrap_used, reason = "it is part of a test")]

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::{self, Child, Command};
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, io, thread};

use console::{Error, Log, Printer};
use tap::transcript::Transcript;
use tap::trouble::{To, Trouble};
use tap::{address, proxy};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [side, protocol, port, flags @ .., _] = &arguments[..] else {
        panic!("behind server|client tcp|udp PORT [--split N | --delay MS] -- COMMAND...");
    };
    let end = arguments.iter().position(|it| it == "--").unwrap();
    let trouble = trouble(&flags[..end - 3]);
    let (command, udp) = (&arguments[end + 1..], protocol == "udp");
    let outer = address::parse(port).unwrap();
    if side == "client" {
        let (here, serve) = tap("127.0.0.1:0", outer, udp, trouble).unwrap_or_else(fail);
        let child = start(command, here.port());
        thread::spawn(serve);
        end_with(child);
    }
    let inner = free_port();
    let mut child = start(command, inner);
    // The judge takes it that a program which listens is there.
    while !listens(inner, udp) {
        if child.try_wait().unwrap().is_some() {
            end_with(child);
        }
        thread::sleep(Duration::from_millis(5));
    }
    match tap(&outer, format!("127.0.0.1:{inner}"), udp, trouble) {
        Ok((_, serve)) => {
            thread::spawn(serve);
            end_with(child);
        }
        Err(error) => {
            child.kill().unwrap();
            child.wait().unwrap();
            fail::<()>(error);
        }
    }
}

fn trouble(flags: &[String]) -> Trouble {
    let none = Trouble::default();
    match flags {
        [] => none,
        [flag, value] if flag == "--split" => Trouble {
            split: value.parse().ok(),
            ..none
        },
        [flag, value] if flag == "--delay" => Trouble {
            delay: Duration::from_millis(value.parse().unwrap()),
            ..none
        },
        [flag, value] if flag == "--reset-after" => Trouble {
            reset_after: value.parse().ok(),
            to: To::Server,
            ..none
        },
        _ => panic!("no such trouble: {flags:?}"),
    }
}

type Serve = Box<dyn FnOnce() + Send>;

fn tap(
    outer: &str,
    target: String,
    udp: bool,
    trouble: Trouble,
) -> Result<(SocketAddr, Serve), Error> {
    let log = Log::new(Printer::new(io::sink())?, true);
    let transcript = Arc::new(Transcript::new(log, false));
    if udp {
        let socket = address::bind(outer)?;
        let here = socket.local_addr().unwrap();
        let serve = move || drop(proxy::udp::serve(socket, &target, &trouble, &transcript));
        Ok((here, Box::new(serve)))
    } else {
        let listener = address::listen(outer)?;
        let here = listener.local_addr().unwrap();
        let serve = move || drop(proxy::tcp::serve(&listener, &target, &trouble, &transcript));
        Ok((here, Box::new(serve)))
    }
}

fn start(command: &[String], port: u16) -> Child {
    let mut words = command
        .iter()
        .map(|word| word.replace("{inner}", &port.to_string()));
    Command::new(words.next().unwrap())
        .args(words)
        .spawn()
        .unwrap()
}

fn end_with(mut child: Child) -> ! {
    let status = child.wait().unwrap();
    // The tap still passes on the program's last words.
    thread::sleep(Duration::from_millis(300));
    process::exit(status.code().unwrap_or(101));
}

fn fail<T>(error: Error) -> T {
    console::exit(Err(error));
    process::exit(1)
}

/// A port that the program can bind. Below those that the system gives away, so that no other test
/// is given it meanwhile.
fn free_port() -> u16 {
    // Far from those of the next process, which may look for one at the same time.
    let first = 10_000 + u16::try_from(process::id() * 7 % 9_000).unwrap();
    let is_free = |port: &u16| {
        let there = ("127.0.0.1", *port);
        TcpListener::bind(there).is_ok() && UdpSocket::bind(there).is_ok()
    };
    (first..20_000).find(is_free).unwrap()
}

/// Whether somebody has the port. A connection, to find out, would be a client.
fn listens(port: u16, udp: bool) -> bool {
    let (file, state) = if udp { ("udp", "07") } else { ("tcp", "0A") };
    let sockets = fs::read_to_string(format!("/proc/net/{file}")).unwrap();
    let local = format!(":{port:04X}");
    sockets.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next().is_some_and(|word| word.ends_with(&local)) && words.nth(1) == Some(state)
    })
}
