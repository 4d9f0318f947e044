//! Step 5: read the whole request.
//!
//! Step 4, and one idea. A request ends with an empty line. The server makes text of it only when
//! it is complete: a read may end inside a character.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is short")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use socket2::{Domain, Protocol, Socket, Type};

fn main() {
    let Some(port) = env::args().nth(1).and_then(|word| word.parse().ok()) else {
        eprintln!("usage: PROGRAM PORT, such as 8080");
        process::exit(2);
    };
    if let Err(error) = serve(port) {
        eprintln!("error: can't serve on port {port}: {error}");
        process::exit(1);
    }
}

fn serve(port: u16) -> io::Result<()> {
    // 1. Create a socket.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;

    // 2. Bind it to an address of this machine.
    // After a connection the system holds its address for a minute (TIME-WAIT), in case a late
    // segment arrives. With this option, a new server can have the address at once. On Windows the
    // option would let another program take the port, so don't set it there.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    socket.bind(&address.into())?;

    // 3. Listen.
    // The queue has room for a class that comes at the same instant.
    socket.listen(128)?;
    let listener = TcpListener::from(socket);
    let address = listener.local_addr()?;
    println!("Server started, waiting for clients on http://{address}/");

    loop {
        // 4. Accept: wait for a client.
        let (client, address) = match listener.accept() {
            Ok(accepted) => accepted,
            // The client left while it was in the queue, or the system is short of something.
            // Neither is a reason to end. The pause keeps a lasting error from filling the screen.
            Err(error) => {
                println!("Can't accept a client: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        println!("Client connected: {address}");
        // The client's own thread waits for it, so this one can accept the next.
        // If there is no thread left, `client` is dropped unserved, which closes its connection.
        // An error here is about this client only.
        let attend = move || match greet(client) {
            Ok(()) => println!("Connection closed: {address}"),
            Err(error) => println!("Connection lost: {address}: {error}"),
        };
        if let Err(error) = thread::Builder::new().spawn(attend) {
            println!("Can't serve {address}: {error}");
        }
    }
}

fn greet(mut client: TcpStream) -> io::Result<()> {
    // 5. Receive and send.
    // New: Read on until there is an empty line, the buffer is full, or the client sends no more.
    let is_whole = |request: &[u8]| request.windows(4).any(|four| four == b"\r\n\r\n");
    let deadline = Instant::now() + Duration::from_secs(5);
    let mut buffer = [0; 2048];
    let mut count = 0;
    while count < buffer.len() && !is_whole(&buffer[..count]) {
        match read_until(deadline, &mut client, &mut buffer[count..])? {
            0 => break,
            more => count += more,
        }
    }
    // New: Bytes that aren't UTF-8 become U+FFFD, the replacement character.
    let request = String::from_utf8_lossy(&buffer[..count]);
    // Control characters, which a terminal would obey, are shown as escapes such as \u{1b}.
    println!("Received: {}", request.escape_debug());
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\nHello World, Michael!")?;

    // 6. Close.
    drop(client);
    Ok(())
}

/// Reads once, and waits until the deadline at most.
fn read_until(deadline: Instant, client: &mut TcpStream, into: &mut [u8]) -> io::Result<usize> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(ErrorKind::TimedOut.into());
    }
    client.set_read_timeout(Some(left))?;
    match client.read(into) {
        // On Unix, a timeout has this kind.
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
        result => result,
    }
}
