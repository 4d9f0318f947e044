//! Programs in another language are judged as well. `.ci/run` installs what this needs and runs it.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

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
