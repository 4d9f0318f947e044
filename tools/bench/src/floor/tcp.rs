use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread;

use ch4_tcp_server::robust::workers;
use clap::ValueEnum;
use console::{Log, Printer};

use crate::load::udp::REPLY;

/// Who accepts, and who serves.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Threads {
    /// A fixed number of threads, each of which does both
    Together,
    /// One accepts, and starts a thread for each connection
    EachItsOwn,
    /// One accepts, and hands over to a fixed number of others
    Pool,
    /// Leader and followers, as the robust server has them
    Crew,
}

/// An answer of that many bytes.
pub(super) fn answer(bytes: usize) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    answer.resize(bytes.max(answer.len()), b'x');
    answer
}

/// Read once, write, close. Everything above this is what a server adds.
fn greet(mut client: &TcpStream, answer: &[u8], drain: bool) -> io::Result<()> {
    let mut request = [0; 2048];
    let _ = client.read(&mut request)?;
    client.write_all(answer)?;
    if drain {
        client.shutdown(Shutdown::Write)?;
        while client.read(&mut request)? > 0 {}
    }
    Ok(())
}

/// Serves with threads arranged in one of four ways.
pub(super) fn serve(
    listener: &TcpListener,
    threads: Threads,
    count: usize,
    answer: &[u8],
    drain: bool,
) -> io::Result<()> {
    // A client that fails is the load's to count.
    let greet = |client: &TcpStream| drop(greet(client, answer, drain));
    thread::scope(|scope| match threads {
        Threads::Together => {
            let serve = || -> io::Result<()> {
                loop {
                    greet(&listener.accept()?.0);
                }
            };
            (1..count).for_each(|_| drop(scope.spawn(serve)));
            serve()
        }
        Threads::EachItsOwn => loop {
            let (client, _) = listener.accept()?;
            thread::Builder::new().spawn_scoped(scope, move || greet(&client))?;
        },
        Threads::Pool => {
            let (hand_over, queue) = sync_channel::<TcpStream>(count);
            let queue = Arc::new(Mutex::new(queue));
            // The lock is held while waiting, so that one waits for the next client.
            let next = move || queue.lock().ok()?.recv().ok();
            for _ in 0..count {
                let next = next.clone();
                scope.spawn(move || {
                    while let Some(client) = next() {
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
            workers::run(listener, 1024, &|client, _| greet(client), &log)
        }
    })
}

/// Reads and writes for as long as each client stays: what a message costs without a connection.
pub(super) fn stream(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (mut client, _) = listener.accept()?;
        client.set_nodelay(true)?;
        thread::spawn(move || -> io::Result<()> {
            let mut request = [0; 2048];
            while client.read(&mut request)? > 0 {
                client.write_all(REPLY)?;
            }
            Ok(())
        });
    }
}
