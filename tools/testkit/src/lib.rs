//! What the tests share.
//!
//! - [`Program`]: a program under test, which ends with its test; a test that fails shows it.
//! - [`Capture`]: an output that a test can read, and pause. [`Terminal`]: one that it can type on.
//! - [`FakePeer`]: the other end of a TCP connection.
//! - [`normalise`]: makes snapshots the same in every run and on every system.
//!
//! Every wait has the same bound, [`PATIENCE`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    reason = "a test fails with a panic"
)]

use std::env;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use regex_lite::Regex;
#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

mod capture;
mod fake_peer;
mod program;
#[cfg(target_os = "linux")]
mod terminal;

pub use capture::Capture;
pub use fake_peer::FakePeer;
pub use program::{Ended, Program};
#[cfg(target_os = "linux")]
pub use terminal::Terminal;

/// How long a test waits for anything at all. Far longer than it takes, far shorter than forever.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Replaces what differs from run to run and from system to system.
///
/// - the port of a socket address: `127.0.0.1:[port]`
/// - an operating system's wording: `[the system's words] (os error)`
/// - Windows' words for how a program ended and what it is called: `exit code: 1`, `program.exe`
pub fn normalise(text: &str) -> String {
    // With each, what a text must have to match: that is found in far less time.
    static RULES: LazyLock<[(&str, Regex, &str); 5]> = LazyLock::new(|| {
        [
            (":", r"(\b(\d+\.){3}\d+|\[[0-9a-f:]+\]):\d+", "$1:[port]"),
            ("(os", r"[^:\n]+ \(os error \d+\)", " [the system's words]"),
            ("look", r"failed to lookup [^;\n]+", "[the system's words]"),
            ("[exit code", r"\[exit code: (0x)?", "[exit status: "),
            (".exe", r"\b(ch\d[\w-]*|checks)\.exe\b", "$1"),
        ]
        .map(|(has, pattern, replacement)| (has, Regex::new(pattern).unwrap(), replacement))
    });
    let mut text = text.to_owned();
    for (has, pattern, replacement) in RULES.iter() {
        if text.contains(has) {
            text = pattern.replace_all(&text, *replacement).into_owned();
        }
    }
    text
}

/// The program of a step: `examples/NAME.rs` in the crate that has this binary.
///
/// `cargo test` builds it, but doesn't if it is told to build one test only (`--test tests`).
pub fn example(binary: &str, name: &str) -> String {
    let mut path = Path::new(binary).with_file_name("examples").join(name);
    path.set_extension(env::consts::EXE_EXTENSION);
    let name = path.display().to_string();
    assert!(path.exists(), "cargo build --examples builds {name}");
    name
}

/// Switches colour off in this process, whatever the environment says.
pub fn plain() {
    colored::control::set_override(false);
}

/// Raises the limit of open files for this process, and for those that it starts. A Mac usually
/// allows 256, too few for a room full of guests. (Windows has no such limit.)
fn allow_many_files() {
    #[cfg(unix)]
    {
        const MANY: u64 = 4096;
        let limit = getrlimit(Resource::Nofile);
        let allowed = limit.maximum.unwrap_or(MANY).min(MANY);
        let current = limit.current.map(|current| current.max(allowed));
        // If this fails, so do the tests that need more.
        let _ = setrlimit(Resource::Nofile, Rlimit { current, ..limit });
    }
}

/// A loopback address that no other test uses, so that a program under test can have a fixed port
/// on it. `None` on macOS, which has 127.0.0.1 only; elsewhere all of 127.0.0.0/8 is there
/// (RFC 1122, section 3.2.1.3).
pub fn own_loopback_address() -> Option<Ipv4Addr> {
    static USED: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, USED.fetch_add(1, Ordering::Relaxed), high, low);
    (!cfg!(target_os = "macos")).then_some(own)
}

/// Whether the tests run under Wine, which lacks `what` although Windows has it. A test that needs
/// it has nothing to test then, and this prints so.
pub fn wine_lacks(what: &str) -> bool {
    let is_wine = cfg!(windows) && Path::new(r"C:\windows\system32\winecfg.exe").exists();
    if is_wine {
        eprintln!("skipped: Wine has no {what}");
    }
    is_wine
}

/// Whether this system has IPv6: some containers don't. A test of it has nothing to test then.
pub fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

/// A port on which nobody listens and which nobody else can take while the socket is held.
pub fn port_without_listener() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&any_port.into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}
