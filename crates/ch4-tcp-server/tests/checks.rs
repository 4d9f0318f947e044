//! The checks of this chapter's roles, against both versions of its programs and the starters.

use checks::check::Role;
use insta::assert_snapshot;
use judging::program::expect_a_helpful_starter;
use judging::versions::{failures, verdicts};

use crate::PROGRAM;

#[test]
fn the_robust_tcp_server_stands_every_check() {
    let arguments = ["--port", "{port}"];
    assert_eq!(failures(Role::TcpServer, PROGRAM, arguments, None), "");
}

#[test]
fn what_the_tutorials_tcp_server_falls_for() {
    let arguments = ["--tutorial", "--port", "{port}"];
    let expected =
        include_str!("snapshots/tests__checks__what_the_tutorials_tcp_server_falls_for.snap");
    let mut verdicts = verdicts(Role::TcpServer, PROGRAM, arguments, expected);
    if cfg!(windows) {
        // There TIME-WAIT keeps nobody from listening.
        let [passed, failed] = ["passed", "FAILED"].map(|it| format!("{it}  tcp-server/restart "));
        verdicts = verdicts.replace(&passed, &failed);
    }
    assert_snapshot!("what_the_tutorials_tcp_server_falls_for", verdicts);
}

#[test]
fn the_starter_of_the_tcp_server_says_what_to_write() {
    let source = include_str!("../exercises/tcp_server.rs");
    expect_a_helpful_starter(Role::TcpServer, env!("CARGO_BIN_EXE_tcp_server"), source);
}
