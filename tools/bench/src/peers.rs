//! Other people's web servers, if they are installed.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use console::{Action, Error, OrCannot};
use tempfile::TempDir;

use crate::server::Server;

/// True if there is a program of that name.
pub fn is_installed(program: &str) -> bool {
    Command::new(program).arg("-V").output().is_ok()
}

/// nginx with two workers, which answers every request with a page of `bytes` bytes and closes.
///
/// # Errors
///
/// It can't be started.
pub fn start_nginx(bytes: usize) -> Result<Server, Error> {
    // nginx has to be given a port. Between here and there somebody could take it, and then this
    // fails; nobody does on a machine that only measures.
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let address = free.or_cannot(Action::Bind, "127.0.0.1:0")?;
    let configuration = include_str!("nginx.conf")
        .replace("ADDRESS", &address.to_string())
        .replace("PAGE", &"x".repeat(bytes));
    let directory = directory_with("nginx.conf", &configuration)?;
    let mut command = Command::new("nginx");
    command.args(["-e", "stderr", "-p"]).arg(directory.path());
    command.arg("-c").arg(directory.path().join("nginx.conf"));
    Ok(Server::start_at(address, command)?.keep(directory))
}

/// Python's own server, with a page of `bytes` bytes.
///
/// # Errors
///
/// It can't be started.
pub fn start_python(bytes: usize) -> Result<Server, Error> {
    let directory = directory_with("index.html", &"x".repeat(bytes))?;
    let mut command = Command::new("python3");
    command
        .args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"])
        .arg("--directory")
        .arg(directory.path())
        .stderr(Stdio::null());
    Ok(Server::start(command)?.keep(directory))
}

fn directory_with(file: &str, text: &str) -> Result<TempDir, Error> {
    let directory = tempfile::tempdir().or_cannot("create", "a temporary directory")?;
    let path = directory.path().join(file);
    fs::write(&path, text).or_cannot("write", path.display())?;
    Ok(directory)
}
