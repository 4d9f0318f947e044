//! What each step prints.

use std::net::TcpListener;

use insta::assert_snapshot;
use testkit::{FakePeer, Program, example};

use crate::PROGRAM;

/// The server answers in two parts, sends what a terminal would obey, and hangs up.
#[test]
fn what_each_step_prints() {
    let mut consoles = Vec::new();
    for step in ["step1_answer", "step2_directions"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let mut client = Program::start(example(PROGRAM, step), [port]);
        let mut server = FakePeer::accept(&listener);
        client.types("hello\n");
        assert_eq!(server.reads_line(), "hello\n");
        server.sends(b"Hello, \xe6");
        server.sends(b"\xb1\x89\n");
        let _ = client.output.wait_for("Hello");
        client.types("again\n");
        assert_eq!(server.reads_line(), "again\n");
        server.sends(b"one\ntwo \x1b[2J\n");
        let _ = client.output.wait_for("[2J");
        server.half_closes();
        if step == "step2_directions" {
            // It needs nothing typed to notice.
            let _ = client.output.wait_for("hung up");
        }
        client.types_and_ends("still there?\n");
        consoles.push(format!("{step}\n{}", client.wait().report()));
    }
    assert_snapshot!("steps", consoles.join("\n\n"));
}
