use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::{Fault, harmless};

pub(crate) fn run(address: SocketAddr, fault: &Fault) {
    fault.ends_if("listens");
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    // Windows needs no such option, and would share the port: there it has no fault.
    if cfg!(unix) && !fault.is("restart") {
        socket.set_reuse_address(true).unwrap();
    }
    if let Err(error) = socket.bind(&address.into()) {
        fault.give_up("port-taken", &format!("the port is taken: {error}"));
    }
    let queue = if fault.is("many-clients") { 1 } else { 128 };
    if let Err(error) = socket.listen(queue) {
        fault.give_up("port-taken", &format!("the port is taken: {error}"));
    }
    let one_by_one = [
        "serves-again",
        "silent-client",
        "dripping-client",
        "many-clients",
    ];
    for client in TcpListener::from(socket).incoming() {
        let client = client.unwrap();
        if one_by_one.iter().any(|name| fault.is(name)) {
            serve(&client, fault);
            fault.ends_if("serves-again");
        } else {
            let fault = fault.clone();
            thread::spawn(move || serve(&client, &fault));
        }
    }
}

fn serve(mut client: &TcpStream, fault: &Fault) {
    if fault.is("reads") {
        return;
    }
    let limit = if fault.is("dripping-client") {
        Duration::from_secs(3)
    } else {
        Duration::from_secs(8)
    };
    let deadline = Instant::now() + Duration::from_secs(8);
    client.set_read_timeout(Some(limit)).unwrap();
    let mut request = Vec::new();
    while !ends(&request) {
        let mut piece = [0; 1024];
        match client.read(&mut piece) {
            Ok(0) if request.is_empty() => return fault.ends_if("empty-visit"),
            Ok(0) => {
                fault.ends_if("leaves-halfway");
                break;
            }
            Ok(count) => request.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                fault.ends_if(if request.is_empty() {
                    "reset-in-backlog"
                } else {
                    "reset"
                });
                return;
            }
            Err(_) => break,
        }
        let enough = request.len() > 16_000 || Instant::now() > deadline;
        if (enough && !fault.is("endless-header"))
            || fault.is("split-request")
            || (fault.is("long-request") && request.len() >= 1024)
        {
            break;
        }
    }
    look_at(&request, fault);
    if fault.is("terminal-escapes") {
        println!("received {}", harmless(&request, fault));
    } else {
        println!("a request has come");
    }
    if fault.is("half-close") && ends_soon(client) {
        return;
    }
    let answer: &[u8] = if fault.is("answers") {
        b"HTTP/1.1 200 OK\r\n\r\nGoodbye"
    } else if fault.is("browser") {
        b"Hello World"
    } else {
        b"HTTP/1.1 200 OK\r\n\r\nHello World"
    };
    // Whether it arrives is this client's affair.
    let _ = client.write_all(answer);
    if fault.is("long-request") {
        return;
    }
    let _ = client.shutdown(std::net::Shutdown::Write);
    let mut rest = [0; 4096];
    client.set_read_timeout(Some(limit)).unwrap();
    while Instant::now() < deadline && client.read(&mut rest).is_ok_and(|count| count > 0) {}
}

/// Whether the request is complete. (Nobody here sends anything behind one.)
fn ends(request: &[u8]) -> bool {
    request.ends_with(b"\r\n\r\n")
}

fn look_at(request: &[u8], fault: &Fault) {
    if request.first() == Some(&0x16) {
        fault.ends_if("tls-hello");
    }
    let (beginning, _) = request.split_at(request.len().min(1024));
    if let Err(error) = str::from_utf8(beginning) {
        match error.error_len() {
            None => fault.ends_if("cut-character"),
            // As if this thread had ended, and its connection were still open.
            Some(_) if fault.is("not-utf8") => loop {
                thread::park();
            },
            Some(_) => {}
        }
    }
}

/// Whether the client has closed its sending side.
fn ends_soon(mut client: &TcpStream) -> bool {
    let limit = Duration::from_millis(400);
    client.set_read_timeout(Some(limit)).unwrap();
    client.read(&mut [0; 1024]).is_ok_and(|count| count == 0)
}
