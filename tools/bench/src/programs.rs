//! Where the programs under load come from: the workspace's, built as users build them, and the
//! peers that happen to be installed.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use console::{Error, OrCannot};
use serde::Deserialize;
use socket2::{Domain, Socket, Type};

use crate::process::Running;

/// The programs that are measured.
const NAMES: [&str; 3] = ["ch4-tcp-server", "ch4-chat", "ch5-udp"];

/// The workspace's programs, built.
pub struct Programs(BTreeMap<&'static str, PathBuf>);

/// One line of what cargo says about a build, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

impl Programs {
    /// Builds them in the profile of this program, or finds them beside it if it runs without
    /// cargo.
    ///
    /// # Errors
    ///
    /// They don't build, or aren't there.
    pub fn ready() -> Result<Self, Error> {
        let paths = match env::var_os("CARGO") {
            Some(cargo) => build(&cargo)?,
            None => beside_this()?,
        };
        let missing = NAMES.into_iter().find(|name| !paths.contains_key(name));
        match missing {
            None => Ok(Self(paths)),
            Some(name) => Err(Error::cannot(
                format_args!("find the program {name}"),
                "it isn't beside this one",
                "run this with cargo run --release -p bench, which builds the programs too",
            )),
        }
    }

    /// One of them, listening on a free port.
    ///
    /// # Errors
    ///
    /// It can't be started.
    pub fn start(&self, name: &str, arguments: &[&str]) -> Result<Running, Error> {
        let mut command = Command::new(self.0.get(name).map_or(Path::new(name), PathBuf::as_path));
        command
            .args(arguments)
            .args(["--port", "0"])
            .env("NO_COLOR", "1");
        Running::start(command)
    }
}

fn build(cargo: &OsString) -> Result<BTreeMap<&'static str, PathBuf>, Error> {
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--locked",
        "--message-format=json-render-diagnostics",
    ]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    for name in NAMES {
        command.args(["--package", name]);
    }
    let built = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .or_cannot("run", "cargo")?;
    if !built.status.success() {
        let why = built.status.to_string();
        return Err(Error::cannot(
            "build the programs",
            why,
            "mend what stands above",
        ));
    }
    let lines = String::from_utf8_lossy(&built.stdout).into_owned();
    let messages = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let paths = messages.filter_map(|message| message.executable);
    Ok(paths
        .filter_map(|path| {
            let stem = path.file_stem()?.to_str()?;
            let name = NAMES.into_iter().find(|name| *name == stem)?;
            Some((name, path))
        })
        .collect())
}

fn beside_this() -> Result<BTreeMap<&'static str, PathBuf>, Error> {
    let this = env::current_exe().or_cannot("find", "this program's own file")?;
    let beside = |name: &str| this.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
    let paths = NAMES.map(|name| (name, beside(name)));
    Ok(paths
        .into_iter()
        .filter(|(_, path)| path.is_file())
        .collect())
}

/// A floor: this program itself, as a process of its own.
///
/// # Errors
///
/// It can't be started.
pub fn start_floor(arguments: &[&str]) -> Result<Running, Error> {
    let this = env::current_exe().or_cannot("find", "this program's own file")?;
    let mut command = Command::new(this);
    command.arg("floor").args(arguments);
    Running::start(command)
}

/// nginx with two workers, which answers every request with a page of `bytes` bytes and closes.
///
/// # Errors
///
/// It can't be started.
pub fn start_nginx(bytes: usize) -> Result<Running, Error> {
    let directory = tempfile::tempdir().or_cannot("create", "a temporary directory")?;
    // nginx has to be given a port. This one is taken, but not listened on, until nginx has it:
    // both sockets allow the other, and nobody else can be given it meanwhile.
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let taken = Socket::new(Domain::IPV4, Type::STREAM, None).or_cannot("create", "a socket")?;
    taken
        .set_reuse_address(true)
        .or_cannot("set up", "a socket")?;
    taken.bind(&free.into()).or_cannot("take a port on", free)?;
    let address = taken
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    let address = address.as_socket().unwrap_or(free);
    let page = "x".repeat(bytes);
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|it| format!("    {it}_temp_path {it};\n"))
        .concat();
    let configuration = format!(
        "daemon off;\nworker_processes 2;\npid pid;\nerror_log stderr crit;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n    access_log off;\n    keepalive_timeout 0;\n    server_tokens off;\n{paths}    \
         server {{ listen {address} backlog=1024; \
         location / {{ default_type text/html; return 200 \"{page}\"; }} }}\n}}\n"
    );
    let file = directory.path().join("nginx.conf");
    fs::write(&file, configuration).or_cannot("write", file.display())?;
    let mut command = Command::new("nginx");
    command
        .args(["-e", "stderr", "-p"])
        .arg(directory.path())
        .arg("-c")
        .arg(&file);
    Running::start_at(address, command, (directory, taken))
}

/// Python's own server, with a page of `bytes` bytes.
///
/// # Errors
///
/// It can't be started.
pub fn start_python(page: &Path) -> Result<Running, Error> {
    let mut command = Command::new("python3");
    command
        .args([
            "-u",
            "-m",
            "http.server",
            "--bind",
            "127.0.0.1",
            "--directory",
        ])
        .arg(page)
        .arg("0")
        .stderr(Stdio::null());
    Running::start(command)
}
