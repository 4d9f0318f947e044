//! The race's sockets: no wait is without a bound, and nothing is left behind.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use ch2_udp_protocol::race::contest::{
    self, Race, exchange, exchange_datagram, tcp_client, udp_client,
};
use ch2_udp_protocol::race::server::Server;
use console::testing::PATIENCE;

const SOON: Duration = Duration::from_millis(50);

fn is_late(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[test]
fn a_silent_server_is_waited_for_only_so_long() {
    let begin = Instant::now();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = udp_client(silent.local_addr().unwrap(), SOON).unwrap();
    let error = exchange_datagram(&client, b"hello").unwrap_err();
    assert!(is_late(error.kind()), "{error}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = tcp_client(silent.local_addr().unwrap(), SOON).unwrap();
    let error = exchange(&mut client, b"hello").unwrap_err();
    assert!(is_late(error.kind()), "{error}");
    assert!(begin.elapsed() < PATIENCE);
}

#[test]
fn a_server_ends_with_its_value_even_if_a_client_stays() {
    let begin = Instant::now();
    let udp = Server::udp().unwrap();
    let tcp = Server::tcp(SOON).unwrap();
    let address = tcp.address;
    let mut staying = tcp_client(address, PATIENCE).unwrap();
    exchange(&mut staying, b"hello").unwrap();
    drop((udp, tcp));
    assert!(begin.elapsed() < PATIENCE);
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn each_contestant_is_measured() {
    let figures = contest::run(&Race {
        count: 20,
        size: 8192,
        patience: PATIENCE,
    })
    .unwrap();
    for figure in [figures.udp, figures.kept, figures.new] {
        assert!(figure.median > Duration::ZERO);
        assert!(figure.percentile_99 >= figure.median);
    }
    assert_eq!(figures.udp_lost, 0);
}
