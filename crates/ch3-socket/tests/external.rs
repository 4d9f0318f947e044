//! Tests that need a program besides cargo. `.ci/run` installs these programs and runs the tests.

#![cfg(target_os = "linux")] // Only Linux has network namespaces.
#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use testkit::Program;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch3-socket");

/// In a new network namespace loopback is off, and with it every IP address.
#[test]
#[ignore = "needs unshare"]
fn a_system_without_ip_says_so_in_four_rows_and_fills_the_others() {
    let ended = Program::run("unshare", ["--map-root-user", "--net", PROGRAM]);
    assert!(ended.status.success(), "{ended:?}");
    let (lacking, there): (Vec<&str>, Vec<&str>) = ended
        .output
        .split("\n\n")
        .partition(|row| row.contains("not here    can't "));
    assert_eq!((lacking.len(), there.len()), (4, 2), "{}", ended.output);
    assert!(lacking.iter().all(|row| row.starts_with("AF_INET")));
    assert!(
        there
            .iter()
            .all(|row| row.starts_with("AF_UNIX") && row.contains("echo"))
    );
}
