//! Tests that take long: the judge of `tools/checks` judges programs behind a tap, and the tap is as
//! fast as it has to be. They need the chapters' programs, which cargo builds here.

#![cfg(target_os = "linux")] // Elsewhere there may be no 127.0.0.2.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails with a panic, and prints what explains it"
)]

#[path = "external/by_hand.rs"]
mod by_hand;
#[path = "tap/common.rs"]
mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use checks::check::{Check, Role};
use checks::judge::{Submission, judge};
use checks::machine::Machine;
use common::Tap;
use socket2::{Domain, Protocol, Socket, Type};
use supervise::Command;
use tap::trouble::Trouble;
use testkit::Program;

/// The folder with the chapters' programs and the example `behind`, built.
fn built() -> &'static Path {
    static BUILT: LazyLock<&Path> = LazyLock::new(|| {
        for what in [
            &[
                "--bins",
                "-p=ch4-tcp-server",
                "-p=ch4-tcp-client",
                "-p=ch4-chat",
                "-p=ch5-udp",
            ][..],
            &["--example=behind", "-p=tap"],
        ] {
            let built = std::process::Command::new(env!("CARGO"))
                .args(["build", "-q"])
                .args(what)
                .status();
            assert!(built.unwrap().success());
        }
        Path::new(common::TAP).parent().unwrap()
    });
    &BUILT
}

/// The checks that the program fails, or that don't apply.
/// (If the port is taken, it is the tap that can't have it; and where nobody listens, the tap does.
/// Whatever the program does then, these checks say nothing of it.)
fn failed(role: Role, command: &[String]) -> Vec<&'static str> {
    let about_the_tap = ["/port-taken", "/nobody-there"];
    let is_fair = |check: &&Check| !about_the_tap.iter().any(|end| check.id.ends_with(end));
    let checks: Vec<_> = role.checks().iter().filter(is_fair).collect();
    failed_of(&checks, command)
}

fn failed_of(checks: &[&'static Check], command: &[String]) -> Vec<&'static str> {
    /// All programs share it, so one that has to run alone does.
    static MACHINE: LazyLock<Arc<Machine>> = LazyLock::new(Arc::default);
    let submission = Submission {
        machine: MACHINE.clone(),
        ..Submission::new(Command::new(command[0].clone(), &command[1..]))
    };
    let mut failed = Vec::new();
    judge(checks, &submission, |check, outcome| {
        if !outcome.verdict.is_pass() {
            eprintln!("{}: {:?}", check.id, outcome.saw);
            failed.push(check.id);
        }
    });
    failed
}

/// What `find` finds for all cases, looked for at the same time: a judge waits most of the time.
fn of_all<T: Send>(cases: &[Case], find: impl Fn(&Case) -> Vec<T> + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let find = &find;
        let start = |case| scope.spawn(move || find(case));
        let found: Vec<_> = cases.iter().map(start).collect();
        found
            .into_iter()
            .flat_map(|it| it.join().unwrap())
            .collect()
    })
}

/// A role, and how its program is started.
struct Case {
    role: Role,
    side: &'static str,
    protocol: &'static str,
    package: &'static str,
    arguments: &'static [&'static str],
}

const CASES: [Case; 6] = [
    Case {
        role: Role::TcpServer,
        side: "server",
        protocol: "tcp",
        package: "ch4-tcp-server",
        arguments: &[],
    },
    Case {
        role: Role::TcpClient,
        side: "client",
        protocol: "tcp",
        package: "ch4-tcp-client",
        arguments: &[],
    },
    Case {
        role: Role::ChatServer,
        side: "server",
        protocol: "tcp",
        package: "ch4-chat",
        arguments: &["server"],
    },
    Case {
        role: Role::ChatClient,
        side: "client",
        protocol: "tcp",
        package: "ch4-chat",
        arguments: &["client"],
    },
    Case {
        role: Role::UdpServer,
        side: "server",
        protocol: "udp",
        package: "ch5-udp",
        arguments: &["server"],
    },
    Case {
        role: Role::UdpClient,
        side: "client",
        protocol: "udp",
        package: "ch5-udp",
        arguments: &["client"],
    },
];

impl Case {
    fn command(&self, version: &[&str], port: &str) -> Vec<String> {
        let program = built().join(self.package).to_str().unwrap().to_owned();
        let words = [self.arguments, version, &["--port", port]].concat();
        std::iter::once(program)
            .chain(words.into_iter().map(str::to_owned))
            .collect()
    }

    fn behind(&self, version: &[&str], trouble: &[&str]) -> Vec<String> {
        let behind = built().join("examples/behind").to_str().unwrap().to_owned();
        let udp: &[&str] = if self.protocol == "udp" {
            &["--udp"]
        } else {
            &[]
        };
        let words = [&[self.side, "{port}"], udp, trouble, &["--"]].concat();
        let mut command = vec![behind];
        command.extend(words.into_iter().map(str::to_owned));
        let mut version = version.to_vec();
        if self.side == "server" {
            // The tap has the same port of 127.0.0.1.
            version.extend(["--host", "127.0.0.2"]);
        }
        command.extend(self.command(&version, "{inner}"));
        command
    }
}

/// The one verdict on a tutorial's program that differs. This check is about the queue of the
/// listener, and clients see the tap's listener: its system has finished their handshakes before the
/// tap learns of them, so it can't pass on that the program's queue is full.
const DIFFERS: &str = "tcp-server/many-clients";

/// One test at a time: they use the whole machine.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
#[ignore = "needs the chapters' programs, built, and takes a minute"]
fn through_a_tap_every_robust_program_passes_every_check() {
    let _alone = alone();
    let failed = of_all(&CASES, |case| failed(case.role, &case.behind(&[], &[])));
    assert_eq!(failed, [""; 0]);
}

#[test]
#[ignore = "needs the chapters' programs, built, and takes a minute"]
fn through_a_tap_every_tutorial_gets_the_same_verdicts() {
    let _alone = alone();
    let different = of_all(&CASES, |case| {
        let version = ["--tutorial"];
        let behind = failed(case.role, &case.behind(&version, &[]));
        let without = failed(case.role, &case.command(&version, "{port}"));
        let only_one = |id: &&str| behind.contains(id) != without.contains(id) && *id != DIFFERS;
        let ids = case.role.checks().iter().map(|check| check.id);
        ids.filter(only_one).collect()
    });
    assert_eq!(different, [""; 0]);
}

#[test]
#[ignore = "needs the chapters' programs, built, and takes a minute"]
fn robust_programs_survive_trouble_that_tutorials_do_not() {
    let _alone = alone();
    let [server, ..] = &CASES;
    let [tcp @ .., _, _] = &CASES;
    for trouble in [["--split", "1"], ["--delay", "20"]] {
        let failed = of_all(tcp, |case| failed(case.role, &case.behind(&[], &trouble)));
        assert_eq!(failed, [""; 0], "{trouble:?}");
    }
    let fails = |version: &[&str], trouble: &[&str], id: &str| {
        let check = server.role.checks().iter().find(|check| check.id == id);
        !failed_of(&[check.unwrap()], &server.behind(version, trouble)).is_empty()
    };
    let (tutorial, answers) = (["--tutorial"], "tcp-server/answers");
    assert!(fails(&tutorial, &["--split", "1"], "tcp-server/browser"));
    // What a browser sends has more bytes than these, what other clients send hasn't.
    let reset = ["--reset-after", "100", "--to", "server"];
    // A server that answers the first bytes at once may be faster than the reset, now and then.
    assert!((0..5).any(|_| fails(&tutorial, &reset, "tcp-server/browser")));
    assert!(!fails(&tutorial, &reset, answers));
    assert!(!fails(&[], &reset, "tcp-server/endless-header"));
}

/// How long so many bytes take to there and back.
fn time(to: SocketAddr) -> Duration {
    const BYTES: usize = 256 << 20;
    let mut stream = TcpStream::connect(to).unwrap();
    let mut sends = stream.try_clone().unwrap();
    let begin = Instant::now();
    let sender = thread::spawn(move || {
        let piece = vec![0; 1 << 16];
        for _ in 0..BYTES / piece.len() {
            sends.write_all(&piece).unwrap();
        }
        sends.shutdown(Shutdown::Write).unwrap();
    });
    let mut read = 0;
    let mut buffer = vec![0; 1 << 16];
    while let count @ 1.. = stream.read(&mut buffer).unwrap() {
        read += count;
    }
    sender.join().unwrap();
    assert_eq!(read, BYTES);
    begin.elapsed()
}

/// Reads and writes, and nothing else.
fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        to.write_all(&buffer[..count]).unwrap();
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Two threads for each client, which copy.
fn bare_relay(target: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(target).unwrap());
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || copy(from, to));
            thread::spawn(move || copy(server, client));
        }
    });
    here
}

#[test]
#[ignore = "takes long"]
fn it_is_at_least_half_as_fast_as_a_bare_relay() {
    let _alone = alone();
    let tap = Tap::start_with(Trouble::default(), true);
    let echo = tap.server.try_clone().unwrap();
    thread::spawn(move || {
        for client in echo.incoming() {
            let client = client.unwrap();
            let to = client.try_clone().unwrap();
            thread::spawn(move || copy(client, to));
        }
    });
    let bare = bare_relay(tap.server.local_addr().unwrap());
    // In turns, and the best of each: other work of the machine only makes them slower.
    let rounds: Vec<_> = (0..5).map(|_| (time(bare), time(tap.here))).collect();
    let bare = rounds.iter().map(|(bare, _)| bare).min().unwrap();
    let tapped = rounds.iter().map(|(_, tapped)| tapped).min().unwrap();
    println!("bare {bare:?}, tap {tapped:?}");
    assert!(*tapped <= *bare * 2, "bare {bare:?}, tap {tapped:?}");
}

/// Linux gives a client one even port after the other. When it gives it the port that it connects to,
/// the client finds itself there.
#[test]
#[ignore = "takes seconds"]
fn a_client_that_is_connected_to_itself_has_found_nobody() {
    let _alone = alone();
    let odd = TcpListener::bind("127.0.0.1:0").unwrap();
    let even = odd.local_addr().unwrap().port() ^ 1;
    let to = format!("127.0.0.1:{even}");
    assert!((0..60_000).all(|_| tap::address::connect(&to).is_err()));
}

/// Each forged address would otherwise start threads. (The proxy has two sockets for each client.)
#[test]
#[ignore = "takes seconds"]
fn a_udp_client_too_many_gets_no_session() {
    let tap = "ulimit -n 4096 && exec \"$0\" proxy --udp 0 1";
    let tap = Program::start("sh", ["-c", tap, common::TAP]);
    // A few of them get a port that another had, and so its session.
    let is_told = (0..1_200).any(|_| {
        common::udp().send_to(b"hello", tap.address()).unwrap();
        let moment = Duration::from_millis(1);
        tap.output.shows_within("there are 1000 already", moment)
    });
    assert!(is_told);
    assert!(!tap.output.text().contains("#1001"));
}

/// Port 0 says that the sender wants no answer (RFC 768), and the system refuses to send one there.
#[test]
#[ignore = "needs root"]
fn a_udp_client_that_cannot_be_answered_does_not_end_the_server() {
    let listening = Program::start(common::TAP, ["listen", "--udp", "0", "answer"]);
    let raw = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)).unwrap();
    let to = listening.address();
    let fields = [0, to.port(), 10, 0].map(u16::to_be_bytes);
    let datagram = [fields.as_flattened(), b"hi"].concat();
    raw.send_to(&datagram, &to.into()).unwrap();
    let _ = listening.output.wait_for("can't send to 127.0.0.1:0");
    let client = common::udp();
    client.send_to(b"hello", to).unwrap();
    assert_eq!(common::receive(&client).0, "answer");
}
