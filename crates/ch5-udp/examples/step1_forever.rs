//! Step 1: the server answers forever, and refuses politely.
//!
//! This is the tutorial's pair, in as few lines as possible, with one idea added: whatever a
//! request is, it gets an answer, and the next one does too.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is short")]

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;
use std::{env, process, thread};

use socket2::{Domain, Protocol, Socket, Type};

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let side = words.first().map_or("", String::as_str);
    let port = words.get(1).and_then(|word| word.parse().ok());
    let result = match (side, port) {
        ("server", Some(port)) => serve(port),
        ("client", Some(port)) => converse(port),
        _ => {
            eprintln!("usage: PROGRAM server|client PORT, such as 1314");
            process::exit(2);
        }
    };
    if let Err(error) = result {
        eprintln!("error: the {side} can't go on: {error}");
        process::exit(1);
    }
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn create() -> io::Result<Socket> {
    Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))
}

fn serve(port: u16) -> io::Result<()> {
    // 1. Create a socket.
    let socket = create()?;

    // 2. Bind it to an address of this machine.
    socket.bind(&address(port).into())?;
    let socket = UdpSocket::from(socket);
    println!("UDP server bound to {}", socket.local_addr()?);

    // New: Answer forever. (Step 5, close, comes when the program ends.)
    loop {
        // 3. Receive: the sender's address comes with the datagram.
        let mut buffer = [0; 2048];
        let (count, client) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            // New: On Windows this says that a client has gone, or that a request was too long. The
            // pause keeps a lasting error from filling the screen.
            Err(error) => {
                println!("Can't receive a request: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        let reply = match temperature(&buffer[..count]) {
            // New: A full buffer may hold only the beginning of a datagram.
            Some(celsius) if count < buffer.len() => {
                format!("{:.2} degrees Fahrenheit", celsius * 1.8 + 32.0)
            }
            _ => "Not a temperature: send a number such as 36.6".to_owned(),
        };
        println!("Request from {client}: {reply}");

        // 4. Send: to the address that the request came from.
        // New: An error here is about this client only.
        if let Err(error) = socket.send_to(reply.as_bytes(), client) {
            println!("Can't answer {client}: {error}");
        }
    }
}

/// New: The number in a request, if it is a temperature. Nothing is colder than absolute zero, and
/// "nan" and "inf" are numbers only to a computer.
fn temperature(request: &[u8]) -> Option<f64> {
    let celsius: f64 = str::from_utf8(request).ok()?.trim().parse().ok()?;
    (-273.15..1e15).contains(&celsius).then_some(celsius)
}

fn converse(port: u16) -> io::Result<()> {
    print!("Degrees Celsius: ");
    io::stdout().flush()?;
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let reply = ask_server(address(port), line.trim())?;
    println!("Reply: {reply}");
    Ok(())
}

fn ask_server(server: SocketAddr, celsius: &str) -> io::Result<String> {
    // 1. Create a socket.
    let socket = UdpSocket::from(create()?);

    // 2. Send.
    socket.send_to(celsius.as_bytes(), server)?;

    // 3. Receive. (Step 4, close, comes when `socket` goes out of scope.)
    let mut buffer = [0; 1024];
    let count = socket.recv(&mut buffer)?;
    let reply = str::from_utf8(&buffer[..count]).map_err(io::Error::other)?;
    Ok(reply.to_owned())
}
