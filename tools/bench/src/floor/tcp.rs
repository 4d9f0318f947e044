use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;
use std::thread;

use ch4_tcp_server::robust::{self, workers};
use console::{Action, Error, Log, OrCannot, Printer};

use super::{ANY_PORT, Threads, announce};

/// An answer of that many bytes.
pub(super) fn answer(bytes: usize) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    answer.resize(bytes.max(answer.len()), b'x');
    answer
}

/// Read once, write, close. Everything above this is what a server adds.
fn greet(client: &TcpStream, answer: &[u8], drain: bool) -> io::Result<()> {
    let mut client = client;
    let mut request = [0; 2048];
    let _ = client.read(&mut request)?;
    client.write_all(answer)?;
    if drain {
        client.shutdown(Shutdown::Write)?;
        while client.read(&mut request)? > 0 {}
    }
    Ok(())
}

/// Serves until the process is ended, with its threads arranged in one of four ways.
pub(super) fn serve(
    threads: Threads,
    count: usize,
    answer: &[u8],
    drain: bool,
    out: &mut impl Write,
) -> Result<(), Error> {
    // The robust server's own socket, so that all have the same options and queue.
    let any: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = robust::listen(any).or_cannot(Action::Listen, any)?;
    let here = listener.local_addr().or_cannot("look at", ANY_PORT)?;
    announce(here, out)?;
    // A client that fails is the load's to count.
    let greet = |client: &TcpStream| drop(greet(client, answer, drain));
    thread::scope(|scope| match threads {
        Threads::Together => {
            let serving = || -> io::Result<()> {
                loop {
                    greet(&listener.accept()?.0);
                }
            };
            (1..count).for_each(|_| drop(scope.spawn(serving)));
            serving()
        }
        Threads::EachItsOwn => loop {
            let (client, _) = listener.accept()?;
            thread::Builder::new().spawn_scoped(scope, move || greet(&client))?;
        },
        Threads::Pool => {
            let (hand_over, taken) = sync_channel::<TcpStream>(count);
            let taken = &*Box::leak(Box::new(Mutex::new(taken)));
            for _ in 0..count {
                scope.spawn(move || {
                    // The lock is held while waiting, so that one waits for the next client.
                    while let Ok(client) = {
                        let queue = taken.lock();
                        queue
                            .map_err(drop)
                            .and_then(|queue| queue.recv().map_err(drop))
                    } {
                        greet(&client);
                    }
                });
            }
            loop {
                let (client, _) = listener.accept()?;
                hand_over.send(client).map_err(io::Error::other)?;
            }
        }
        Threads::Crew => {
            let log = Log::new(Printer::new(io::sink()).map_err(io::Error::other)?, true);
            workers::run(&listener, 1024, &|client, _| greet(client), &log)
        }
    })
    .or_cannot("serve on", here)
}

/// Reads and writes for as long as each client stays: what a message costs without a connection.
pub(super) fn stream(out: &mut impl Write) -> Result<(), Error> {
    let listener = std::net::TcpListener::bind(ANY_PORT).or_cannot(Action::Listen, ANY_PORT)?;
    let here = listener.local_addr().or_cannot("look at", ANY_PORT)?;
    announce(here, out)?;
    loop {
        let (mut client, _) = listener.accept().or_cannot(Action::Serve, here)?;
        client.set_nodelay(true).or_cannot("set up", "a socket")?;
        thread::spawn(move || -> io::Result<()> {
            let mut request = [0; 2048];
            while client.read(&mut request)? > 0 {
                client.write_all(crate::load::udp::REPLY)?;
            }
            Ok(())
        });
    }
}
