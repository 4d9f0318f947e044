//! Where to listen and where to connect.

use std::io::{self, ErrorKind as Kind};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use console::{Error, OrCannot, ipv4_first, is_short_of_descriptors, refuse_self};
use socket2::SockRef;

/// Reads HOST:PORT, or a PORT of 127.0.0.1, on the command line.
///
/// # Errors
///
/// There is no port in it.
pub fn parse(text: &str) -> Result<String, &'static str> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("127.0.0.1", text));
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err("expected PORT or HOST:PORT, such as 8080 or 127.0.0.1:8080");
    }
    Ok(format!("{host}:{port}"))
}

/// Every address that the name stands for, IPv4 first.
///
/// # Errors
///
/// The name can't be resolved.
pub fn resolve(name: &str) -> Result<Vec<SocketAddr>, Error> {
    let found = name.to_socket_addrs().map(ipv4_first);
    found.map_err(|cause| cannot("find", name, cause))
}

/// Listens for TCP clients there.
///
/// # Errors
///
/// The name can't be resolved, or the port is taken.
pub fn listen(name: &str) -> Result<TcpListener, Error> {
    let refuse = |cause| cannot("listen on", name, cause);
    let listener = TcpListener::bind(&resolve(name)?[..]).map_err(refuse)?;
    // Its queue holds 128 clients by default. When more connect at once, some try again after
    // seconds (listen(2)). If this fails, it still works.
    let _ = SockRef::from(&listener).listen(1_024);
    Ok(listener)
}

/// Binds a UDP socket there.
///
/// # Errors
///
/// The name can't be resolved, or the port is taken.
pub fn bind(name: &str) -> Result<UdpSocket, Error> {
    UdpSocket::bind(&resolve(name)?[..]).map_err(|cause| cannot("bind a socket to", name, cause))
}

/// Connects to the first of its addresses that accepts.
///
/// # Errors
///
/// The name can't be resolved, or nobody listens there.
pub fn connect(name: &str) -> Result<TcpStream, Error> {
    let stream = TcpStream::connect(&resolve(name)?[..]).and_then(refuse_self);
    stream.map_err(|cause| cannot("connect to", name, cause))
}

/// Refuses a target that is the proxy itself: it would connect to itself again and again. Returns
/// where the proxy is.
///
/// # Errors
///
/// The name can't be resolved, or the proxy has one of its addresses.
pub fn refuse_own(name: &str, here: io::Result<SocketAddr>) -> Result<SocketAddr, Error> {
    let here = here.or_cannot("read", "the socket's own address")?;
    let is_own = resolve(name)?.iter().any(|target| {
        let [ip, own] = [*target, here].map(|it| it.ip().to_canonical());
        // Only an address of this machine can be bound (bind(2)). As a target, Linux takes 0.0.0.0
        // for 127.0.0.1.
        let is_any = own.is_unspecified() && UdpSocket::bind((ip, 0)).is_ok();
        let is_own = ip == own || is_any || ip.is_unspecified() && own.is_loopback();
        is_own && target.port() == here.port()
    });
    let refuse = || cannot("pass on to", name, io::Error::other("it is the tap itself"));
    is_own.then(refuse).map_or(Ok(here), Err)
}

/// An error with its next step. (The tap has no `--host` and no `--port`, which `console` would
/// name.)
pub fn cannot(action: &str, name: &str, cause: io::Error) -> Error {
    let next = match cause.kind() {
        Kind::AddrInUse => "a program has this port: stop it, or give port 0 for a free one",
        // For a datagram, Windows calls it a reset.
        Kind::ConnectionRefused | Kind::ConnectionReset => {
            "nobody listens there: start the server, or check the port"
        }
        // Linux says so if the address doesn't name its interface (`sin6_scope_id` in ipv6(7)).
        Kind::InvalidInput => {
            "an address that begins with fe80 or ff02 needs the name of a network card: fe80::1%eth0:8080"
        }
        Kind::PermissionDenied => "the system reserves most ports below 1024: give a higher one",
        _ if is_short_of_descriptors(&cause) => "close connections, or raise the limit (ulimit -n)",
        _ => "check the address and the port",
    };
    Error::cannot(format_args!("{action} {name}"), cause, next)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use testkit::has_ipv6;

    use super::*;

    #[test]
    fn an_address_is_a_port_or_a_host_and_a_port() {
        for (text, shown) in [
            ("9000", "127.0.0.1:9000"),
            ("0", "127.0.0.1:0"),
            ("localhost:80", "localhost:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(shown));
        }
        for text in ["", ":80", "localhost", "host:", "host:65536", "[::1]"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_target_that_is_the_tap_itself_is_refused() {
        for (here, target, is_own) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("0.0.0.0:80", "0.0.0.0:80", true),
            ("0.0.0.0:80", "203.0.113.1:80", false),
            ("127.0.0.1:80", "0.0.0.0:80", true),
            ("127.0.0.1:80", "0.0.0.0:81", false),
            ("127.0.0.1:80", "[::ffff:127.0.0.1]:80", true),
            ("[::1]:80", "[::1]:80", true),
        ] {
            let refused = refuse_own(target, Ok(here.parse().unwrap())).is_err();
            assert_eq!(refused, is_own, "{here} {target}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn without_descriptors_the_address_is_not_to_blame() {
        let none_left = io::Error::from_raw_os_error(24);
        let error = cannot("connect to", "X", none_left).to_string();
        assert!(error.contains("ulimit -n"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_link_local_address_needs_its_network_card() {
        if has_ipv6() {
            for error in [connect("fe80::1:80").err(), bind("fe80::1:80").err()] {
                let error = error.unwrap().to_string();
                assert!(error.ends_with("fe80::1%eth0:8080"), "{error}");
            }
            // With the card's name, the system knows the address.
            assert!(resolve("fe80::1%lo:80").is_ok());
        }
    }

    #[test]
    fn an_address_of_ipv6_may_do_without_brackets() {
        for text in ["[::1]:80", "::1:80"] {
            let addresses = resolve(&parse(text).unwrap()).unwrap();
            assert_eq!(addresses, ["[::1]:80".parse().unwrap()]);
        }
    }
}
