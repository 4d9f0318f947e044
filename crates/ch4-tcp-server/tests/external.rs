//! Tests that need a program besides cargo. `.ci/run` installs what they need and runs them.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use checks::check::Role;
use insta::assert_snapshot;
use judging::versions::table;
use tempfile::TempDir;
use testkit::{PATIENCE, Program, example};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-server");

fn tutorial_server() -> Program {
    Program::start(PROGRAM, ["--tutorial", "--port", "0"])
}

fn server() -> Program {
    Program::start(PROGRAM, ["--port", "0"])
}

/// Chromium without a window, with a profile of its own.
struct Chromium {
    command: Command,
    /// Removed with this value, when the browser has ended.
    profile: TempDir,
}

impl Chromium {
    fn new() -> Self {
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
            ])
            .args(["--disable-sync", "--disable-quic"])
            .arg(format!("--user-data-dir={}", profile.path().display()));
        Self { command, profile }
    }

    /// Opens the page and returns what it shows, as HTML.
    fn shows(mut self, url: &str) -> String {
        self.command.args(["--dump-dom", url]);
        Program::start_command(self.command).wait().output
    }

    /// Opens the page and leaves it open, until the program is dropped.
    fn keeps_open(mut self, url: &str) -> (Program, TempDir) {
        self.command.args(["--remote-debugging-port=0", url]);
        (Program::start_command(self.command), self.profile)
    }
}

/// Another server on this machine, which answers every request with the same bytes.
fn other_server(answer: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It ends with the test's process.
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let _ = (&client).read(&mut [0; 4096]);
            let _ = (&client).write_all(answer.as_bytes());
        }
    });
    address
}

fn serves(address: SocketAddr) {
    let begin = Instant::now();
    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.write_all(b"hello\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "Hello World, Michael!\n");
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
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
    let page = Chromium::new().shows(&format!("http://{}/", server.address()));
    assert!(page.contains("Hello World, Michael!"), "{page}");
}

#[test]
#[ignore = "needs unshare"]
fn port_below_1024_without_the_right_to_it() {
    // In a user namespace of its own even root has no rights outside of it: user_namespaces(7).
    let server = Program::run("unshare", ["--user", PROGRAM, "--port", "80"]);
    assert_snapshot!(server.report(), @"
    error: can't listen on 127.0.0.1:[port]: [the system's words]; the system reserves most ports below 1024: choose a higher --port
    [exit status: 1]
    ");
}

#[test]
#[ignore = "needs curl"]
fn curl_is_greeted() {
    let server = server();
    let url = format!("http://{}/", server.address());
    for arguments in [
        &["--head"][..],
        &["--http1.0"],
        &["--data", "a=b"],
        &["--http2-prior-knowledge"],
    ] {
        let curl = Program::run(
            "curl",
            [&["--silent", "--max-time", "10", &url], arguments].concat(),
        );
        // In HTTP/2 no server may answer in HTTP/1.1 (RFC 9113, section 3.4), and curl says so; the
        // server goes on.
        assert_eq!(
            curl.status.success(),
            arguments != ["--http2-prior-knowledge"]
        );
    }
    let curl = Program::run("curl", ["--silent", "--show-error", &url]);
    assert!(curl.output.contains("Hello World, Michael!"), "{curl:?}");
}

#[test]
#[ignore = "needs chromium"]
fn a_browser_shows_the_greeting_and_what_it_sent() {
    let server = Program::start(PROGRAM, ["--port", "0", "--name", "<i>李雷</i>"]);
    let address = server.address();
    // A browser leaves some characters as they are that a URI may not have.
    let query = "[]{}|^`\\".to_owned() + &"q".repeat(2000);
    let page = Chromium::new().shows(&format!("http://{address}/?{query}"));
    assert!(
        page.contains("<h1>Hello World, &lt;i&gt;李雷&lt;/i&gt;!</h1>"),
        "{page}"
    );
    assert!(
        page.contains(&format!("GET /?{query} HTTP/1.1\nHost: {address}\n")),
        "{page}"
    );
}

/// docs/4.1-tcp-server.md has a table, "The browser's request, line by line".
#[test]
#[ignore = "needs chromium"]
fn a_browser_sends_each_line_that_the_page_explains() {
    let notes = include_str!("../../../docs/4.1-tcp-server.md");
    let (_, table) = notes.split_once("request, line by line\n").unwrap();
    let (table, _) = table.split_once("\nThen comes").unwrap();
    let names: Vec<&str> = table
        .lines()
        .filter_map(|row| row.strip_prefix("| `")?.split_once('`'))
        .filter_map(|(line, _)| line.split_once(": "))
        .map(|(name, _)| name)
        .collect();
    assert!(names.len() > 7, "{names:?}");

    let server = server();
    let shown = Chromium::new().shows(&format!("http://{}/", server.address()));
    for name in names {
        assert!(shown.contains(&format!("\n{name}: ")), "{name}: {shown}");
    }
}

/// Cookies ignore ports (RFC 6265, section 8.5), so those of other local servers arrive here.
#[test]
#[ignore = "needs chromium"]
fn cookies_of_another_server_do_no_harm() {
    let server = server();
    let cookie = "c".repeat(1200);
    let other = other_server(format!(
        "HTTP/1.1 302 Found\r\nSet-Cookie: big={cookie}\r\n\
         Location: http://{}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        server.address()
    ));
    let page = Chromium::new().shows(&format!("http://{other}/"));
    assert!(page.contains("Hello World, Michael!"), "{page}");
    assert!(page.contains(&format!("Cookie: big={cookie}\n")), "{page}");
}

#[test]
#[ignore = "needs chromium"]
fn others_are_served_while_a_browser_keeps_the_page_open() {
    let server = server();
    let address = server.address();
    let browser = Chromium::new().keeps_open(&format!("http://{address}/"));
    let _ = server.output.wait_for("GET /favicon.ico");
    serves(address);
    drop(browser);
}

#[test]
#[ignore = "needs chromium"]
fn others_are_served_while_a_browser_keeps_a_connection_ready() {
    let server = server();
    let address = server.address();
    let page = format!("<link rel=preconnect href=http://{address}>Come closer.");
    let other = other_server(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{page}",
        page.len()
    ));
    let browser = Chromium::new().keeps_open(&format!("http://{other}/"));
    let _ = server.output.wait_for("Client connected");
    serves(address);
    drop(browser);
}

#[test]
#[ignore = "needs chromium"]
fn https_to_the_port_harms_nothing() {
    let server = server();
    let page = Chromium::new().shows(&format!("https://{}/", server.address()));
    assert!(!page.contains("Hello World"), "{page}");
    let _ = server.output.wait_for("(400 Bad Request)");
    serves(server.address());
}

#[test]
#[ignore = "needs tmux"]
#[cfg(target_os = "linux")]
fn a_long_line_goes_on_behind_the_margin() {
    use testkit::{Terminal, own_loopback_address};

    let host = own_loopback_address().unwrap();
    let terminal = Terminal::open(80);
    terminal.enters(&format!("{PROGRAM} --host {host}"));
    terminal.shows(&format!("http://{host}:8080/"));
    let sends = |text: &str| {
        let mut client = TcpStream::connect((host, 8080)).unwrap();
        client.write_all(text.as_bytes()).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
    };
    let (spaces, fake) = (" ".repeat(71), "Client connected: 192.0.2.1:1024");
    sends(&format!(
        "GET / HTTP/1.1\r\nHost: x\r\nCookie:{spaces}{fake}\r\n\r\n"
    ));
    terminal.shows_rows(&format!("\n| Cookie:\n|  {fake}\n"));
    terminal.resize(40);
    sends(&format!("{}{fake}\n", "汉".repeat(19)));
    terminal.shows_rows(&format!("\n| {}\n| 汉{fake}\n", "汉".repeat(18)));
}

#[test]
#[ignore = "takes minutes"]
fn what_each_step_passes() {
    let step = |name| example(PROGRAM, name);
    let table = table(
        Role::TcpServer,
        &[
            ("tutorial", PROGRAM, "--tutorial --port {port}"),
            ("1", &step("step1_reuse"), "{port}"),
            ("2", &step("step2_errors"), "{port}"),
            ("3", &step("step3_threads"), "{port}"),
            ("4", &step("step4_deadline"), "{port}"),
            ("5", &step("step5_whole"), "{port}"),
            ("6", &step("step6_close"), "{port}"),
            ("robust", PROGRAM, "--port {port}"),
        ],
    );
    assert_snapshot!("checks_and_steps", table);
}
