//! The checks of this chapter's roles, against both versions of its programs.

use checks::check::Role;
use checks::testing::{failures, verdicts};
use insta::assert_snapshot;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch5-udp");

#[test]
fn the_robust_udp_server_stands_every_check() {
    let arguments = ["server", "--port", "{port}"];
    assert_eq!(failures(Role::UdpServer, PROGRAM, arguments), "");
}

#[test]
fn what_the_tutorials_udp_server_falls_for() {
    let arguments = ["server", "--tutorial", "--port", "{port}"];
    assert_snapshot!(verdicts(Role::UdpServer, PROGRAM, arguments));
}

#[test]
fn the_robust_udp_client_stands_every_check() {
    let arguments = ["client", "--port", "{port}"];
    assert_eq!(failures(Role::UdpClient, PROGRAM, arguments), "");
}

#[test]
fn what_the_tutorials_udp_client_falls_for() {
    let arguments = ["client", "--tutorial", "--port", "{port}"];
    assert_snapshot!(verdicts(Role::UdpClient, PROGRAM, arguments));
}
