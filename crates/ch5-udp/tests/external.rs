//! Tests that need a program besides cargo: most need tmux, a terminal that can be read.

#![cfg(target_os = "linux")] // They have addresses of their own.
#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::net::UdpSocket;
use std::thread;

use checks::check::Role;
use insta::assert_snapshot;
use judging::versions::table;
use testkit::{PATIENCE, Program, Terminal, example, own_loopback_address};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch5-udp");

fn socket(address: impl std::net::ToSocketAddrs) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

#[test]
#[ignore = "needs tmux"]
fn a_long_request_goes_on_behind_a_margin() {
    let host = own_loopback_address().unwrap();
    let terminal = Terminal::open(40);
    terminal.enters(&format!("{PROGRAM} server --host {host}"));
    terminal.shows("UDP server bound");
    let client = socket((host, 0));
    let words = format!("Request from {}: ", client.local_addr().unwrap());
    let room = 39 - words.len();
    let request = "-".repeat(room) + "UDP server bound";
    client.send_to(request.as_bytes(), (host, 1314)).unwrap();
    terminal.shows_rows(&format!(
        "{words}{}\n| UDP server bound\n",
        "-".repeat(room)
    ));
}

#[test]
#[ignore = "needs tmux"]
fn a_long_reply_goes_on_behind_a_margin() {
    const PROMPT: &str = "Degrees Celsius:";
    let host = own_loopback_address().unwrap();
    let server = socket((host, 1314));
    // With the words before it, it takes all columns but the last, and then comes the lie.
    let reply = "-".repeat(79 - "Reply to 36.6: ".len()) + PROMPT;
    thread::spawn(move || {
        while let Ok((_, client)) = server.recv_from(&mut [0; 100]) {
            server.send_to(reply.as_bytes(), client).unwrap();
        }
    });
    let rows = format!("Reply to 36.6: {}\n| {PROMPT}\n", "-".repeat(64));
    let terminal = Terminal::open(80);

    terminal.enters(&format!("{PROGRAM} client --host {host}"));
    terminal.shows(PROMPT);
    terminal.enters("36.6");
    terminal.shows_rows(&format!("{PROMPT} 36.6\n{rows}{PROMPT}\n"));
    terminal.enters("exit");

    terminal.enters(&format!("clear; {PROGRAM} client 36.6 --host {host}"));
    terminal.shows_rows(&format!("{rows}$"));

    // Where nothing is echoed, the reply begins behind the prompt.
    terminal.enters(&format!(
        "clear; echo 36.6 | {PROGRAM} client --host {host}"
    ));
    let (first, second) = ("-".repeat(47), "-".repeat(17));
    terminal.shows_rows(&format!(
        "{PROMPT} Reply to 36.6: {first}\n| {second}{PROMPT}\n{PROMPT}\n"
    ));
}

/// The line has half a gigabyte, the client a quarter.
#[test]
#[ignore = "needs prlimit, head and sh"]
fn a_line_may_be_longer_than_memory() {
    let script = r#"head -c 500000000 /dev/zero | prlimit --as=250000000 "$0" client"#;
    let ended = Program::run("sh", ["-c", script, PROGRAM]);
    let refused = "Not sent: the line is 500000000 bytes; the limit is 1024.";
    assert!(ended.output.contains(refused), "{}", ended.report());
}

/// A router says so: ICMP, "fragmentation needed" (RFC 1191, section 4). Python plays both, router
/// and server, in a new network namespace.
#[test]
#[ignore = "needs ip, Python and unshare"]
fn a_request_that_was_too_long_for_a_router_is_sent_again() {
    const SCRIPT: &str = r#"
import socket, struct, subprocess, sys

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 1314))
server.settimeout(20)
client = subprocess.Popen([sys.argv[1], "client", "5"])
request, address = server.recvfrom(1024)

here = socket.inet_aton("127.0.0.1")
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 29, 0, 0x4000, 64, 17, 0, here, here)
too_long = struct.pack("!HHHH", address[1], 1314, 9, 0)
icmp = struct.pack("!BBHHH", 3, 4, 0, 0, 576) + ip + too_long
total = sum(struct.unpack("!%dH" % (len(icmp) // 2), icmp))
total = (total >> 16) + (total & 0xffff)
check = ~(total + (total >> 16)) & 0xffff
router = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
router.sendto(icmp[:2] + struct.pack("!H", check) + icmp[4:], ("127.0.0.1", 0))

request, address = server.recvfrom(1024)
server.sendto(b"41", address)
sys.exit(client.wait(20))
"#;
    let arguments = ["--map-root-user", "--net", "python3", "-c", SCRIPT, PROGRAM];
    let shown = Program::run("unshare", arguments).succeeds();
    assert!(shown.ends_with("Reply to 5: 41\n"), "{shown}");
}

#[test]
#[ignore = "takes minutes"]
fn what_each_step_of_the_server_passes() {
    let step = |name| example(PROGRAM, name);
    let table = table(
        Role::UdpServer,
        &[
            ("tutorial", PROGRAM, "server --tutorial --port {port}"),
            ("1", &step("step1_forever"), "server {port}"),
            ("2", &step("step2_again"), "server {port}"),
            ("robust", PROGRAM, "server --port {port}"),
        ],
    );
    assert_snapshot!("checks_and_steps_of_the_server", table);
}

#[test]
#[ignore = "takes minutes"]
fn what_each_step_of_the_client_passes() {
    let step = |name| example(PROGRAM, name);
    let table = table(
        Role::UdpClient,
        &[
            ("tutorial", PROGRAM, "client --tutorial --port {port}"),
            ("1", &step("step1_forever"), "client {port}"),
            ("2", &step("step2_again"), "client {port}"),
            ("robust", PROGRAM, "client --port {port}"),
        ],
    );
    assert_snapshot!("checks_and_steps_of_the_client", table);
}
