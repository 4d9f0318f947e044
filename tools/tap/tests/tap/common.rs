//! What the tests share: a tap in this process, and its lines.

#![allow(
    dead_code,
    clippy::print_stderr,
    reason = "not every test uses everything; a test that fails shows what was printed"
)]

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::LazyLock;
use std::thread;

use console::{Log, Printer};
use regex_lite::Regex;
use tap::address;
use tap::proxy::{self, Proxy};
use tap::transcript::Transcript;
use tap::trouble::Trouble;
use testkit::{Capture, FakePeer, PATIENCE, normalise, plain};

pub(crate) const TAP: &str = env!("CARGO_BIN_EXE_tap");

/// The lines without what differs from run to run.
pub(crate) fn lines(text: &str) -> String {
    static TIME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^\d+\.\d+ #").unwrap());
    TIME.replace_all(&normalise(text), "[time] #").into_owned()
}

pub(crate) fn transcript(screen: &Capture, quiet: bool) -> Transcript {
    plain();
    let printer = Printer::new(screen.clone()).unwrap();
    Transcript::new(Log::new(printer, quiet), false)
}

fn proxy(target: SocketAddr, trouble: Trouble) -> Proxy {
    let (listen, target) = ("127.0.0.1:0".to_owned(), target.to_string());
    Proxy {
        listen,
        target,
        trouble,
    }
}

/// `tap proxy` in front of a server of the test. It ends with the test's process.
pub(crate) struct Tap {
    pub(crate) here: SocketAddr,
    pub(crate) server: TcpListener,
    pub(crate) screen: Capture,
}

impl Tap {
    pub(crate) fn start(trouble: Trouble) -> Self {
        Self::start_with(trouble, false)
    }

    pub(crate) fn start_with(trouble: Trouble, quiet: bool) -> Self {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = server.local_addr().unwrap();
        Self::in_front_of(target, server, trouble, quiet)
    }

    /// It connects clients to `target`.
    pub(crate) fn in_front_of(
        target: SocketAddr,
        server: TcpListener,
        trouble: Trouble,
        quiet: bool,
    ) -> Self {
        let proxy = proxy(target, trouble);
        let listener = address::listen(&proxy.listen).unwrap();
        let here = listener.local_addr().unwrap();
        let screen = Capture::default();
        let transcript = transcript(&screen, quiet);
        thread::spawn(move || proxy::tcp::serve(&listener, &proxy, &transcript));
        Self {
            here,
            server,
            screen,
        }
    }

    /// Both ends of a connection through it.
    pub(crate) fn connect(&self) -> (FakePeer, FakePeer) {
        let client = FakePeer::connect(self.here);
        (client, FakePeer::accept(&self.server))
    }

    /// What it has printed when `text` has come.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> String {
        lines(&self.screen.wait_for(text))
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.screen.text());
        }
    }
}

/// `tap proxy --udp` in front of a server of the test. It ends with the test's process.
pub(crate) struct UdpTap {
    pub(crate) here: SocketAddr,
    pub(crate) server: UdpSocket,
    pub(crate) screen: Capture,
}

impl UdpTap {
    pub(crate) fn start(trouble: Trouble) -> Self {
        let server = udp();
        Self::in_front_of(server.local_addr().unwrap(), server, trouble)
    }

    /// It passes datagrams on to `target`.
    pub(crate) fn in_front_of(target: SocketAddr, server: UdpSocket, trouble: Trouble) -> Self {
        let (socket, proxy) = (udp(), proxy(target, trouble));
        let here = socket.local_addr().unwrap();
        let screen = Capture::default();
        let transcript = transcript(&screen, false);
        thread::spawn(move || proxy::udp::serve(&socket, &proxy, &transcript));
        Self {
            here,
            server,
            screen,
        }
    }

    pub(crate) fn client(&self) -> UdpSocket {
        let client = udp();
        client.connect(self.here).unwrap();
        client
    }
}

pub(crate) fn udp() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// The next datagram, and who sent it.
#[track_caller]
pub(crate) fn receive(socket: &UdpSocket) -> (String, SocketAddr) {
    let mut buffer = [0; 1024];
    let (count, sender) = socket.recv_from(&mut buffer).unwrap();
    (
        String::from_utf8_lossy(&buffer[..count]).into_owned(),
        sender,
    )
}
