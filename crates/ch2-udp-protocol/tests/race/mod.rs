//! The race's sockets: each wait has a bound, and nothing is left behind.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use ch2_udp_protocol::race::contest::{self, UdpClient, exchange, tcp_client};
use ch2_udp_protocol::race::server::EchoServer;
use console::is_timeout;
use testkit::PATIENCE;

const SOON: Duration = Duration::from_millis(50);

/// Runs it on its own thread, so that the test ends even if it never does.
fn bounded(what: impl FnOnce() + Send + 'static) {
    let (done, is_done) = channel();
    let thread = thread::spawn(move || {
        what();
        let _ = done.send(());
    });
    let ended = is_done.recv_timeout(PATIENCE);
    assert_ne!(ended, Err(RecvTimeoutError::Timeout), "it waits forever");
    thread.join().unwrap();
}

#[test]
fn a_silent_server_is_waited_for_only_so_long() {
    bounded(|| {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut client = UdpClient::new(silent.local_addr().unwrap(), SOON).unwrap();
        let error = client.exchange(b"hello").unwrap_err();
        assert!(is_timeout(&error), "{error}");
    });
    bounded(|| {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = tcp_client(silent.local_addr().unwrap(), SOON).unwrap();
        let error = exchange(&mut client, b"hello").unwrap_err();
        assert!(is_timeout(&error), "{error}");
    });
}

#[test]
fn a_late_answer_does_not_answer_the_next_question() {
    bounded(|| {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut client = UdpClient::new(server.local_addr().unwrap(), SOON).unwrap();
        let error = client.exchange(b"hello").unwrap_err();
        assert!(is_timeout(&error), "{error}");

        let (_, first) = server.recv_from(&mut [0; 10]).unwrap();
        server.send_to(b"hello", first).unwrap();
        // The same question again, which nobody answers.
        let error = client.exchange(b"hello").unwrap_err();
        assert!(is_timeout(&error), "{error}");
        let (_, second) = server.recv_from(&mut [0; 10]).unwrap();
        assert_ne!(second, first);
    });
}

#[test]
fn other_bytes_are_no_answer() {
    bounded(|| {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut client = UdpClient::new(server.local_addr().unwrap(), PATIENCE).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                let (_, from) = server.recv_from(&mut [0; 10]).unwrap();
                server.send_to(b"jello", from).unwrap();
            });
            let error = client.exchange(b"hello").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
        });
    });
}

#[test]
fn a_server_ends_with_its_value_even_if_a_client_stays() {
    bounded(|| {
        let udp = EchoServer::udp().unwrap();
        let tcp = EchoServer::tcp(SOON).unwrap();
        let address = tcp.address;
        let mut staying = tcp_client(address, PATIENCE).unwrap();
        exchange(&mut staying, b"hello").unwrap();
        drop((udp, tcp));
        // A program that another test starts holds copies of this process's sockets for a moment,
        // until its `exec`. A connection that is made as the last copy is closed is reset. (`bounded`
        // ends this if the server itself stays.)
        let error = loop {
            match TcpStream::connect(address).map_err(|error| error.kind()) {
                Ok(_) | Err(ErrorKind::ConnectionReset) => thread::yield_now(),
                Err(kind) => break kind,
            }
        };
        assert_eq!(error, ErrorKind::ConnectionRefused);
    });
}

#[test]
fn each_contestant_is_measured() {
    bounded(|| {
        let figures = contest::run(20, 8192, PATIENCE).unwrap();
        for figure in [figures.udp, figures.kept, figures.new] {
            assert!(figure.median > Duration::ZERO);
            assert!(figure.percentile_99 >= figure.median);
        }
        assert_eq!(figures.udp_lost, 0);
    });
}
