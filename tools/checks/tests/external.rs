//! Programs in another language are judged as well. `.ci/run` installs what this needs and runs it.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

#[path = "external/course.rs"]
mod course;

use std::time::Duration;

use checks::check::{Role, Verdict};
use checks::judge::{Submission, judge};
use checks::program::Command;

/// The tutorial's own server, with a port of its own, and with `SO_REUSEADDR`, so that its faults are
/// all about its peers.
const TUTORIAL: &str = r#"
import socket, sys
web = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
web.bind(("127.0.0.1", int(sys.argv[1])))
web.listen(5)
print("waiting")
while True:
    conn, addr = web.accept()
    print("connected:", addr)
    data = conn.recv(1024)
    print("received:", data.decode())
    conn.sendall(b'HTTP/1.1 200 OK\r\n\r\nHello World, Michael!')
    conn.close()
    print("closed")
"#;

/// The same job done with care.
const CAREFUL: &str = r#"
import socket, socketserver, sys

class Attend(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(5)
        request = b""
        try:
            while b"\r\n\r\n" not in request and len(request) < 16384:
                piece = self.request.recv(2048)
                if not piece:
                    break
                request += piece
            print("received:", ascii(request.decode(errors="replace")))
            body = b"Hello World, Michael!"
            head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
            self.request.sendall(head + body)
            self.request.shutdown(socket.SHUT_WR)
            while self.request.recv(2048):
                pass
        except OSError as error:
            print("lost a client:", error)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

try:
    server = Server(("127.0.0.1", int(sys.argv[1])), Attend)
except OSError as error:
    sys.exit(f"can't listen on port {sys.argv[1]}: {error}; choose another")
server.serve_forever()
"#;

/// One client after the other, each with a time limit for every read. That is 5 s, as is the time
/// that most answers have: it must not depend on luck which of them is over first.
const ONE_BY_ONE: &str = r#"
import socket, sys
web = socket.socket()
web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
web.bind(("127.0.0.1", int(sys.argv[1])))
web.listen(128)
while True:
    conn, _ = web.accept()
    conn.settimeout(5)
    request = bytearray()
    try:
        while not request.endswith(b"\r\n\r\n"):
            piece = conn.recv(65536)
            if not piece:
                break
            request += piece
        conn.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")
    except OSError as error:
        print("lost a client:", error)
    conn.close()
"#;

/// A thread for each client, but the short queue that Python's library has by default.
const SHORT_QUEUE: &str = r#"
import socketserver, sys

class Attend(socketserver.StreamRequestHandler):
    timeout = 5
    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\nHello World")

socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Attend).serve_forever()
"#;

/// Says the number that it was asked for as Python prints it.
const UDP_SERVER: &str = r#"
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    data, client = s.recvfrom(65535)
    try:
        celsius = float(data.decode())
        answer = f"{celsius} C is {celsius * 1.8 + 32} F"
    except ValueError:
        answer = "that is no number"
    s.sendto(answer.encode(), client)
"#;

/// The tutorial's own UDP client.
const UDP_CLIENT: &str = r#"
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
data = input("Celsius: ")
s.sendto(data.encode(), ("127.0.0.1", int(sys.argv[1])))
print(s.recv(1024).decode())
s.close()
"#;

/// The names of the checks that this program doesn't pass.
fn failed(role: Role, program: &str) -> Vec<&'static str> {
    let checks: Vec<_> = role.checks().iter().collect();
    let submission = Submission::new(Command::new("python3", ["-c", program, "{port}"]));
    let mut failed = Vec::new();
    judge(&checks, &submission, |check, outcome| {
        if outcome.verdict != Verdict::Passed {
            failed.push(check.id);
        }
    });
    failed
}

#[test]
#[ignore = "needs python3"]
fn a_good_program_in_python_passes() {
    assert_eq!(failed(Role::TcpServer, CAREFUL), [""; 0]);
}

#[test]
#[ignore = "needs python3"]
fn the_tutorials_server_in_python_falls_for_what_it_falls_for_in_rust() {
    let names = [
        "split-request",
        "long-request",
        "cut-character",
        "not-utf8",
        "tls-hello",
        "reset",
        "reset-in-backlog",
        "silent-client",
        "many-clients",
        "terminal-escapes",
        // In Rust it ends with a message; Python shows where it was thrown.
        "port-taken",
    ];
    let expected = names.map(|name| format!("tcp-server/{name}"));
    assert_eq!(failed(Role::TcpServer, TUTORIAL), expected);
}

#[test]
#[ignore = "needs python3"]
fn the_tutorials_udp_client_in_python() {
    let names = [
        "lost-answer",
        "no-answer",
        "stranger",
        "not-utf8",
        "terminal-escapes",
        "nobody-listens",
        "empty-line",
        "end-of-input",
    ];
    let expected = names.map(|name| format!("udp-client/{name}"));
    assert_eq!(failed(Role::UdpClient, UDP_CLIENT), expected);
}

#[test]
#[ignore = "needs python3"]
fn a_time_limit_for_each_client_does_not_serve_the_others() {
    let names = [
        "silent-client",
        "dripping-client",
        "endless-header",
        "port-taken",
    ];
    let expected = names.map(|name| format!("tcp-server/{name}"));
    assert_eq!(failed(Role::TcpServer, ONE_BY_ONE), expected);
}

#[test]
#[ignore = "needs python3"]
fn a_short_queue_costs_clients_time_but_they_are_greeted() {
    let failed = failed(Role::TcpServer, SHORT_QUEUE);
    assert!(!failed.contains(&"tcp-server/many-clients"), "{failed:?}");
}

#[test]
#[ignore = "needs python3"]
fn a_conversion_is_one_in_any_words() {
    let names = ["nan", "infinity", "absolute-zero", "port-taken"];
    let expected = names.map(|name| format!("udp-server/{name}"));
    assert_eq!(failed(Role::UdpServer, UDP_SERVER), expected);
}

/// A process with much memory takes a while to end, and has its port until then.
#[test]
#[ignore = "needs python3"]
fn a_child_that_takes_its_time_to_end_is_waited_for() {
    let heavy = format!("memory = b'x' * 300_000_000\n{TUTORIAL}");
    let in_a_child = r#"python3 -c "$0" "$1" & wait"#;
    let command = Command::new("sh", ["-c", in_a_child, &heavy, "{port}"]);
    let checks = Role::TcpServer.checks();
    let restart = checks.iter().find(|check| check.id == "tcp-server/restart");
    let mut submission = Submission::new(command);
    // Much memory takes a busy machine a while to give, too.
    submission.patience.start = Duration::from_mins(1);
    let outcome = restart.unwrap().judge(&submission);
    assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:#?}");
}
