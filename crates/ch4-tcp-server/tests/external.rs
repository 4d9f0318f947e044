//! Tests that need a program besides cargo. `.ci/run` installs what they need and runs them.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::process::Command;

use console::testing::Program;
use insta::assert_snapshot;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-server");

fn tutorial_server() -> Program {
    Program::start(PROGRAM, ["--tutorial", "--port", "0"])
}

/// Opens the page in Chromium, without a window, and returns what it shows as HTML.
fn chromium(url: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new("chromium");
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", url]);
    Program::start_command(command).wait().output
}

#[test]
#[ignore = "needs curl"]
fn tutorial_greets_curl() {
    let server = tutorial_server();
    let url = format!("http://{}/", server.address());
    let curl = Program::run("curl", ["--silent", "--show-error", "--include", &url]);
    assert_snapshot!(curl.report(), @"
    HTTP/1.1 200 OK

    Hello World, Michael![exit status: 0]
    ");
}

#[test]
#[ignore = "needs chromium"]
fn tutorial_greets_a_browser() {
    let server = tutorial_server();
    let page = chromium(&format!("http://{}/", server.address()));
    assert!(page.contains("Hello World, Michael!"), "{page}");
}

#[test]
#[ignore = "needs setpriv, and root's rights to take one of them away"]
fn port_below_1024_without_the_right_to_it() {
    let server = Program::run(
        "setpriv",
        [
            "--bounding-set=-net_bind_service",
            "--inh-caps=-net_bind_service",
            PROGRAM,
            "--port",
            "80",
        ],
    );
    assert_snapshot!(server.report(), @"
    error: can't listen on 127.0.0.1:[port]: [the system's words]; ports below 1024 are for the system's own services: choose a higher --port
    [exit status: 1]
    ");
}
