use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;
use std::thread;

use ch4_tcp_server::robust::workers::run;
use console::{Log, Printer};

use crate::load::udp::REPLY;

/// What is done for each client.
type Greet<'a> = &'a (dyn Fn(&TcpStream) + Sync);

/// An answer of that many bytes.
pub(super) fn answer(bytes: usize) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    answer.resize(bytes.max(answer.len()), b'x');
    answer
}

/// Read once, write, close. Everything above this is what a server adds. (A client that fails is
/// the load's to count.)
pub(super) fn greet(mut client: &TcpStream, answer: &[u8]) {
    let mut request = [0; 2048];
    let _ = client
        .read(&mut request)
        .and_then(|_| client.write_all(answer));
}

pub(super) fn together(listener: &TcpListener, count: usize, greet: Greet) -> io::Result<()> {
    let serve = || -> io::Result<()> {
        loop {
            greet(&listener.accept()?.0);
        }
    };
    thread::scope(|scope| {
        (1..count).for_each(|_| drop(scope.spawn(serve)));
        serve()
    })
}

pub(super) fn each_its_own(listener: &TcpListener, greet: Greet) -> io::Result<()> {
    thread::scope(|scope| {
        loop {
            let (client, _) = listener.accept()?;
            thread::Builder::new().spawn_scoped(scope, move || greet(&client))?;
        }
    })
}

pub(super) fn pool(listener: &TcpListener, count: usize, greet: Greet) -> io::Result<()> {
    let (hand_over, queue) = sync_channel::<TcpStream>(count);
    let queue = Mutex::new(queue);
    // The lock is held while waiting, so that one waits for the next client.
    let next = || queue.lock().ok()?.recv().ok();
    let serve = || {
        while let Some(client) = next() {
            greet(&client);
        }
    };
    thread::scope(move |scope| {
        (0..count).for_each(|_| drop(scope.spawn(serve)));
        loop {
            let (client, _) = listener.accept()?;
            hand_over.send(client).map_err(io::Error::other)?;
        }
    })
}

pub(super) fn workers(listener: &TcpListener, greet: Greet) -> io::Result<()> {
    let log = Log::new(Printer::new(io::sink()).map_err(io::Error::other)?, true);
    run(listener, 1024, &|client, _| greet(&client), &log)
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
