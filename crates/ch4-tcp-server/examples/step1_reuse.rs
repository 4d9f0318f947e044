//! Step 1: the address can be used again at once.
//!
//! This is the tutorial's server, in as few lines as possible, with one idea added. Try to start it
//! again right after it has served a client: the tutorial's own program can't, for a minute.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is short")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::{env, process};

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
    // New: After a connection the system holds its address for a minute (TIME-WAIT), in case a late
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
        let (client, address) = listener.accept()?;
        println!("Client connected: {address}");
        greet(client)?;
        println!("Connection closed: {address}");
    }
}

fn greet(mut client: TcpStream) -> io::Result<()> {
    // 5. Receive and send.
    let mut buffer = [0; 1024];
    let count = client.read(&mut buffer)?;
    let request = str::from_utf8(&buffer[..count]).map_err(io::Error::other)?;
    println!("Received: {request}");
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\nHello World, Michael!")?;

    // 6. Close.
    drop(client);
    Ok(())
}
