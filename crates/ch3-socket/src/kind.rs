//! The kinds of sockets: each pair of an address family and a type.

use socket2::{Domain, Type};

/// Who can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Programs on any machine, by an IPv4 address and a port: ip(7).
    Inet,
    /// Programs on any machine, by an IPv6 address and a port: ipv6(7).
    Inet6,
    /// Programs on the same machine, by the name of a file: unix(7).
    Unix,
}

/// What is carried: socket(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// A stream of bytes, all of them and in order.
    Stream,
    /// Datagrams: messages with boundaries.
    Datagrams,
}

/// A family and a type together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Who can be reached.
    pub family: Family,
    /// What is carried.
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

    /// The family, as `socket2` has it.
    pub fn domain(self) -> Domain {
        match self.family {
            Family::Inet => Domain::IPV4,
            Family::Inet6 => Domain::IPV6,
            Family::Unix => Domain::UNIX,
        }
    }

    /// The type, as `socket2` has it.
    pub fn socket_type(self) -> Type {
        match self.carries {
            Carries::Stream => Type::STREAM,
            Carries::Datagrams => Type::DGRAM,
        }
    }

    /// The family and the type, by the names that C, Python and the manuals give them.
    pub fn name(self) -> String {
        format!("{}, {}", self.family_name(), self.type_name())
    }

    /// How Python opens it.
    pub fn python(self) -> String {
        let (family, kind) = (self.family_name(), self.type_name());
        format!("socket.socket(socket.{family}, socket.{kind})")
    }

    /// How Rust opens it, with `socket2`.
    pub fn rust(self) -> String {
        let domain = match self.family {
            Family::Inet => "IPV4",
            Family::Inet6 => "IPV6",
            Family::Unix => "UNIX",
        };
        let kind = match self.carries {
            Carries::Stream => "STREAM",
            Carries::Datagrams => "DGRAM",
        };
        format!("Socket::new(Domain::{domain}, Type::{kind}, None)")
    }

    /// Which protocol results, if none is asked for.
    pub fn protocol(self) -> &'static str {
        match (self.family, self.carries) {
            (Family::Inet, Carries::Stream) => "TCP over IPv4",
            (Family::Inet, Carries::Datagrams) => "UDP over IPv4",
            (Family::Inet6, Carries::Stream) => "TCP over IPv6",
            (Family::Inet6, Carries::Datagrams) => "UDP over IPv6",
            (Family::Unix, _) => "none: the system itself",
        }
    }

    fn family_name(self) -> &'static str {
        match self.family {
            Family::Inet => "AF_INET",
            Family::Inet6 => "AF_INET6",
            Family::Unix => "AF_UNIX",
        }
    }

    fn type_name(self) -> &'static str {
        match self.carries {
            Carries::Stream => "SOCK_STREAM",
            Carries::Datagrams => "SOCK_DGRAM",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is printed is what is done.
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

    /// Linux can be asked which protocol a socket has.
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
