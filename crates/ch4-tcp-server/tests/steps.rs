//! What each step prints.

use std::io::{Read, Write};
use std::net::TcpStream;

use insta::assert_snapshot;
use testkit::{PATIENCE, Program, example, normalise};

use crate::PROGRAM;

/// A client asks, and another one sends a byte that isn't UTF-8.
#[test]
fn what_each_step_prints() {
    let mut consoles = Vec::new();
    for (step, end) in [
        ("step1_reuse", "ends"),
        ("step2_errors", "Connection lost"),
        ("step3_threads", "Connection lost"),
        ("step4_deadline", "Connection lost"),
        ("step5_whole", "Connection closed"),
        ("step6_close", "Connection closed"),
    ] {
        let server = Program::start(example(PROGRAM, step), ["0"]);
        let mut client = TcpStream::connect(server.address()).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "HTTP/1.1 200 OK\r\n\r\nHello World, Michael!");
        drop(client);
        let _ = server.output.wait_for("Connection closed");

        let mut client = TcpStream::connect(server.address()).unwrap();
        let here = client.local_addr().unwrap();
        client.write_all(b"caf\xe9\r\n\r\n").unwrap();
        // It hears all, so that it doesn't reset the connection.
        let _ = client.read_to_end(&mut Vec::new());
        drop(client);
        let console = if end == "ends" {
            server.wait().report()
        } else {
            normalise(&server.output.wait_for(&format!("{end}: {here}")))
        };
        consoles.push(format!("{step}\n{}", console.trim_end()));
    }
    assert_snapshot!("steps", consoles.join("\n\n"));
}
