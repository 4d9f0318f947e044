//! The sections and their exercises, in order.

use checks::check::Role;

/// A section of the tutorial.
#[derive(Debug)]
pub struct Section {
    /// Its number and title.
    pub title: &'static str,
    /// Its page, from the workspace's root.
    pub page: &'static str,
    /// What to write there.
    pub exercises: &'static [Exercise],
}

/// What a student writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exercise {
    /// The name of its file without `.rs`, and of its target in Cargo.toml.
    pub name: &'static str,
    /// The crate that it is in.
    pub package: &'static str,
    /// What the program shall become. `None`: it is no program, but functions, which a test calls.
    pub role: Option<Role>,
}

impl Exercise {
    /// The file that the student writes, from the workspace's root.
    pub fn file(&self) -> String {
        format!("crates/{}/exercises/{}.rs", self.package, self.name)
    }

    /// The title and the page of its section.
    pub fn section(&self) -> (&'static str, &'static str) {
        let mut sections = SECTIONS.iter();
        let section = sections.find(|it| it.exercises.contains(self));
        section.map_or(("", ""), |it| (it.title, it.page))
    }
}

/// All sections, in order.
pub const SECTIONS: &[Section] = &[
    section("1 TCP/IP", "docs/1-tcp-ip.md", &[]),
    section("1.1 IP", "docs/1.1-ip.md", &[CHECKSUM, HEADERS]),
    section("1.2 TCP", "docs/1.2-tcp.md", &[STATES]),
    section("2 UDP", "docs/2-udp.md", &[]),
    section("3 Sockets", "docs/3-socket.md", &[CHOOSE]),
    section("4 TCP programming", "docs/4-tcp-programming.md", &[]),
    section("4.1 A TCP server", "docs/4.1-tcp-server.md", &[TCP_SERVER]),
    section("Where does a message end?", "docs/message-ends.md", &[]),
    section("4.2 A TCP client", "docs/4.2-tcp-client.md", &[TCP_CLIENT]),
    section(
        "4.3 A chat",
        "docs/4.3-chat.md",
        &[CHAT_SERVER, CHAT_CLIENT],
    ),
    section("5 UDP programming", "docs/5-udp-programming.md", &[]),
    section("5.1 A UDP server", "docs/5.1-udp-server.md", &[UDP_SERVER]),
    section("5.2 A UDP client", "docs/5.2-udp-client.md", &[UDP_CLIENT]),
];

const CHECKSUM: Exercise = exercise("checksum", "ch1-tcp-ip", None);
const HEADERS: Exercise = exercise("headers", "ch1-tcp-ip", None);
const STATES: Exercise = exercise("states", "ch1-tcp-ip", None);
const CHOOSE: Exercise = exercise("choose", "ch3-socket", None);
const TCP_SERVER: Exercise = exercise("tcp_server", "ch4-tcp-server", Some(Role::TcpServer));
const TCP_CLIENT: Exercise = exercise("tcp_client", "ch4-tcp-client", Some(Role::TcpClient));
const CHAT_SERVER: Exercise = exercise("chat_server", "ch4-chat", Some(Role::ChatServer));
const CHAT_CLIENT: Exercise = exercise("chat_client", "ch4-chat", Some(Role::ChatClient));
const UDP_SERVER: Exercise = exercise("udp_server", "ch5-udp", Some(Role::UdpServer));
const UDP_CLIENT: Exercise = exercise("udp_client", "ch5-udp", Some(Role::UdpClient));

/// All exercises, in order.
pub fn all() -> Vec<Exercise> {
    let exercises = SECTIONS.iter().flat_map(|section| section.exercises);
    exercises.copied().collect()
}

const fn section(
    title: &'static str,
    page: &'static str,
    exercises: &'static [Exercise],
) -> Section {
    Section {
        title,
        page,
        exercises,
    }
}

const fn exercise(name: &'static str, package: &'static str, role: Option<Role>) -> Exercise {
    Exercise {
        name,
        package,
        role,
    }
}
