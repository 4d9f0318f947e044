//! The kinds of sockets: each pair of an address family and a type.

use socket2::{Domain, Type};

/// Which programs it reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Programs on any machine, at an IPv4 address and a port: ip(7).
    Inet,
    /// Programs on any machine, at an IPv6 address and a port: ipv6(7).
    Inet6,
    /// Programs on the same machine, at the path of a file: unix(7).
    Unix,
}

/// What it carries: socket(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// A stream of bytes, complete and in order.
    Stream,
    /// Datagrams: messages with boundaries.
    Datagrams,
}

/// A family and a type together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Which programs it reaches.
    pub family: Family,
    /// What it carries.
    pub carries: Carries,
}

impl Kind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        [Family::Inet, Family::Inet6, Family::Unix]
            .into_iter()
            .flat_map(|family| {
                [Carries::Stream, Carries::Datagrams].map(|carries| Self { family, carries })
            })
    }

    /// The family, for `socket2`.
    pub fn domain(self) -> Domain {
        self.family.names().0
    }

    /// The type, for `socket2`.
    pub fn socket_type(self) -> Type {
        self.carries.names().0
    }

    /// The family and the type, as C, Python and the manuals name them.
    pub fn name(self) -> String {
        let ((_, family, _), (_, kind, _)) = (self.family.names(), self.carries.names());
        format!("{family}, {kind}")
    }

    /// How Python opens it.
    pub fn python(self) -> String {
        let ((_, family, _), (_, kind, _)) = (self.family.names(), self.carries.names());
        format!("socket.socket(socket.{family}, socket.{kind})")
    }

    /// How Rust opens it, with `socket2`.
    pub fn rust(self) -> String {
        let ((_, _, domain), (_, _, kind)) = (self.family.names(), self.carries.names());
        format!("Socket::new(Domain::{domain}, Type::{kind}, None)")
    }

    /// The protocol that the system chooses if the program names none.
    pub fn protocol(self) -> &'static str {
        match (self.family, self.carries) {
            (Family::Inet, Carries::Stream) => "TCP over IPv4",
            (Family::Inet, Carries::Datagrams) => "UDP over IPv4",
            (Family::Inet6, Carries::Stream) => "TCP over IPv6",
            (Family::Inet6, Carries::Datagrams) => "UDP over IPv6",
            (Family::Unix, _) => "none: the system itself",
        }
    }
}

impl Family {
    /// The family, its name in C, Python and the manuals, and its name in `socket2`.
    fn names(self) -> (Domain, &'static str, &'static str) {
        match self {
            Self::Inet => (Domain::IPV4, "AF_INET", "IPV4"),
            Self::Inet6 => (Domain::IPV6, "AF_INET6", "IPV6"),
            Self::Unix => (Domain::UNIX, "AF_UNIX", "UNIX"),
        }
    }
}

impl Carries {
    /// The type, its name in C, Python and the manuals, and its name in `socket2`.
    fn names(self) -> (Type, &'static str, &'static str) {
        match self {
            Self::Stream => (Type::STREAM, "SOCK_STREAM", "STREAM"),
            Self::Datagrams => (Type::DGRAM, "SOCK_DGRAM", "DGRAM"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program opens what it prints.
    #[test]
    fn the_printed_call_names_the_family_and_the_type_that_are_opened() {
        for kind in Kind::all() {
            let call = kind.rust();
            let family = format!("{:?}", kind.domain());
            let socket_type = format!("{:?}", kind.socket_type());
            let (family, socket_type) = (family.as_str(), socket_type.as_str());
            let family = match family {
                "AF_INET" => "IPV4",
                "AF_INET6" => "IPV6",
                other => other.trim_start_matches("AF_"),
            };
            let socket_type = socket_type.trim_start_matches("SOCK_");
            assert!(call.contains(&format!("Domain::{family}, Type::{socket_type},")));
        }
    }

    /// Linux can tell which protocol a socket has.
    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_says_the_same_protocol() {
        use socket2::{Protocol, Socket};

        for kind in Kind::all().filter(|kind| kind.family != Family::Unix) {
            let Ok(socket) = Socket::new(kind.domain(), kind.socket_type(), None) else {
                continue; // Without IPv6.
            };
            let expected = match kind.carries {
                Carries::Stream => Protocol::TCP,
                Carries::Datagrams => Protocol::UDP,
            };
            assert_eq!(
                socket.protocol().unwrap(),
                Some(expected),
                "{}",
                kind.name()
            );
        }
    }
}
