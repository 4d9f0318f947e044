//! The chapters and their exercises, in order.

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
    /// What a program shall become. `None`: not a program, but functions, which a test calls.
    pub role: Option<Role>,
}

impl Exercise {
    /// The file that the student writes, from the workspace's root.
    pub fn file(&self) -> String {
        format!("crates/{}/exercises/{}.rs", self.package, self.name)
    }
}

/// All sections, in order.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "1.1 IP",
        page: "docs/1.1-ip.md",
        exercises: &[
            functions("checksum", "ch1-tcp-ip"),
            functions("headers", "ch1-tcp-ip"),
        ],
    },
    Section {
        title: "1.2 TCP",
        page: "docs/1.2-tcp.md",
        exercises: &[functions("states", "ch1-tcp-ip")],
    },
    Section {
        title: "2 UDP",
        page: "docs/2-udp.md",
        exercises: &[],
    },
    Section {
        title: "3 Sockets",
        page: "docs/3-socket.md",
        exercises: &[functions("choose", "ch3-socket")],
    },
    Section {
        title: "4.1 A TCP server",
        page: "docs/4.1-tcp-server.md",
        exercises: &[program("tcp_server", "ch4-tcp-server", Role::TcpServer)],
    },
    Section {
        title: "4.2 A TCP client",
        page: "docs/4.2-tcp-client.md",
        exercises: &[program("tcp_client", "ch4-tcp-client", Role::TcpClient)],
    },
    Section {
        title: "4.3 A chat",
        page: "docs/4.3-chat.md",
        exercises: &[
            program("chat_server", "ch4-chat", Role::ChatServer),
            program("chat_client", "ch4-chat", Role::ChatClient),
        ],
    },
    Section {
        title: "5.1 A UDP server",
        page: "docs/5.1-udp-server.md",
        exercises: &[program("udp_server", "ch5-udp", Role::UdpServer)],
    },
    Section {
        title: "5.2 A UDP client",
        page: "docs/5.2-udp-client.md",
        exercises: &[program("udp_client", "ch5-udp", Role::UdpClient)],
    },
];

/// All exercises, in order.
pub fn all() -> Vec<Exercise> {
    let exercises = SECTIONS.iter().flat_map(|section| section.exercises);
    exercises.copied().collect()
}

const fn functions(name: &'static str, package: &'static str) -> Exercise {
    Exercise {
        name,
        package,
        role: None,
    }
}

const fn program(name: &'static str, package: &'static str, role: Role) -> Exercise {
    Exercise {
        name,
        package,
        role: Some(role),
    }
}
