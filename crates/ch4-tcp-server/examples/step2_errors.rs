//! Step 2: what one client does or sends ends only its own connection.
//!
//! Step 1, and one idea. Whatever a client does, the server goes on with the next one, and nothing
//! that a client sends reaches the terminal as it came.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is short")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;
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
    socket.listen(5)?;
    let listener = TcpListener::from(socket);
    let address = listener.local_addr()?;
    println!("Server started, waiting for clients on http://{address}/");

    loop {
        // 4. Accept: wait for a client.
        let (client, address) = match listener.accept() {
            Ok(accepted) => accepted,
            // New: The client left while it was in the queue, or the system is short of something.
            // Neither is a reason to end. The pause keeps a lasting error from filling the screen.
            Err(error) => {
                println!("Can't accept a client: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        println!("Client connected: {address}");
        // New: An error here is about this client only.
        match greet(client) {
            Ok(()) => println!("Connection closed: {address}"),
            Err(error) => println!("Connection lost: {address}: {error}"),
        }
    }
}

fn greet(mut client: TcpStream) -> io::Result<()> {
    // 5. Receive and send.
    let mut buffer = [0; 1024];
    let count = client.read(&mut buffer)?;
    let request = str::from_utf8(&buffer[..count]).map_err(io::Error::other)?;
    // New: Control characters, which a terminal would obey, are shown as escapes such as \u{1b}.
    println!("Received: {}", request.escape_debug());
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\nHello World, Michael!")?;

    // 6. Close.
    drop(client);
    Ok(())
}
