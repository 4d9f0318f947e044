//! Step 2: the client asks again, and believes only its server.
//!
//! Step 1, and one idea: a datagram may be lost, so each wait has a limit. Each question gets a
//! fresh socket, connected to the server, which receives only what belongs to it. The robust
//! programs have the same ideas. They add: no answer to an answer, and a limit for refusals (two
//! servers could keep each other busy), numbers of any size, and reasons.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is short")]

use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::io::{self, Write};
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

    // Answer forever. (Step 5, close, comes when the program ends.)
    loop {
        // 3. Receive: the sender's address comes with the datagram.
        let mut buffer = [0; 2048];
        let (count, client) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            // On Windows this says that a client has gone, or that a request was too long. The
            // pause keeps a lasting error from filling the screen.
            Err(error) => {
                println!("Can't receive a request: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        let reply = match temperature(&buffer[..count]) {
            // A full buffer may hold only the beginning of a datagram.
            Some(celsius) if count < buffer.len() => {
                format!("{:.2} degrees Fahrenheit", celsius * 1.8 + 32.0)
            }
            _ => "Not a temperature: send a number such as 36.6".to_owned(),
        };
        println!("Request from {client}: {reply}");

        // 4. Send: to the address that the request came from.
        // An error here is about this client only.
        if let Err(error) = socket.send_to(reply.as_bytes(), client) {
            println!("Can't answer {client}: {error}");
        }
    }
}

/// The number in a request, if it is a temperature. Nothing is colder than absolute zero, and
/// "nan" and "inf" are numbers only to a computer.
fn temperature(request: &[u8]) -> Option<f64> {
    let celsius: f64 = str::from_utf8(request).ok()?.trim().parse().ok()?;
    (-273.15..1e15).contains(&celsius).then_some(celsius)
}

/// New: Asks until the input ends or the user types "exit". A question without an answer isn't the
/// end.
fn converse(port: u16) -> io::Result<()> {
    loop {
        print!("Degrees Celsius: ");
        io::stdout().flush()?;
        let mut line = String::new();
        let count = io::stdin().read_line(&mut line)?;
        match line.trim() {
            "exit" => return Ok(()),
            "" if count == 0 => return Ok(()),
            "" => {}
            celsius => match ask_server(address(port), celsius) {
                Ok(reply) => println!("Reply: {reply}"),
                Err(error) => println!("No answer: {error}"),
            },
        }
    }
}

fn ask_server(server: SocketAddr, celsius: &str) -> io::Result<String> {
    // 1. Create a socket.
    // New: A connected socket receives from the server only, and reports if nobody has the port.
    let socket = create()?;
    socket.connect(&server.into())?;
    let socket = UdpSocket::from(socket);

    // New: The request or the answer may be lost, so ask again, with more patience each time.
    for seconds in [1, 2, 4] {
        // 2. Send.
        socket.send(celsius.as_bytes())?;

        // 3. Receive. (Step 4, close, comes when `socket` goes out of scope.)
        socket.set_read_timeout(Some(Duration::from_secs(seconds)))?;
        let mut buffer = [0; 2048];
        match socket.recv(&mut buffer) {
            Ok(count) => {
                // New: Bytes that aren't UTF-8, and control characters, become U+FFFD.
                let reply = String::from_utf8_lossy(&buffer[..count]);
                return Ok(reply.replace(char::is_control, "\u{fffd}"));
            }
            // New: After the time limit, Unix reports the first, Windows the second.
            Err(error) if [WouldBlock, TimedOut].contains(&error.kind()) => {
                println!("No answer within {seconds} s");
            }
            Err(error) => return Err(error),
        }
    }
    Err(TimedOut.into())
}
