use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::{Fault, harmless};

pub(crate) fn host(address: SocketAddr, fault: &Fault) {
    fault.ends_if("listens");
    match TcpListener::bind(address) {
        Ok(listener) => talk(&listener.accept().unwrap().0, fault, false),
        Err(error) => fault.give_up("port-taken", &format!("the port is taken: {error}")),
    }
}

pub(crate) fn guest(address: SocketAddr, fault: &Fault) {
    fault.ends_if("connects");
    match TcpStream::connect(address) {
        Ok(host) => talk(&host, fault, true),
        Err(error) => fault.give_up("nobody-there", &format!("nobody is there: {error}")),
    }
}

/// How many messages have been heard and said: those who take turns wait for it.
type Turns = Arc<(Mutex<[u32; 2]>, Condvar)>;

fn count(turns: &Turns, which: usize) {
    turns.0.lock().unwrap()[which] += 1;
    turns.1.notify_all();
}

fn wait(turns: &Turns, until: impl Fn(u32, u32) -> bool) {
    let counts = turns.0.lock().unwrap();
    let is_over = |counts: &mut [u32; 2]| !until(counts[0], counts[1]);
    drop(turns.1.wait_while(counts, is_over).unwrap());
}

fn talk(peer: &TcpStream, fault: &Fault, is_guest: bool) {
    let turns = Turns::default();
    let reader = {
        let (peer, fault, turns) = (peer.try_clone().unwrap(), fault.clone(), turns.clone());
        thread::spawn(move || hear(peer, &turns, &fault, is_guest))
    };
    if fault.is("speaks-first") && !is_guest {
        wait(&turns, |heard, _| heard > 0);
    }
    let mut out = peer;
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let [_, said_before] = *turns.0.lock().unwrap();
        if said_before > 0 && fault.is("goes-on") {
            // Strictly in turns, so that it always ends at the same point.
            wait(&turns, |heard, said| heard + u32::from(is_guest) > said);
            fault.ends_if("goes-on");
        }
        if line == "byebye" {
            if !fault.is("byebye-typed") {
                let _ = out.write_all(b"byebye");
            }
            let _ = out.shutdown(Shutdown::Write);
            let _ = reader.join();
            return;
        }
        count(&turns, 1);
        // The reader says what is wrong, if anything is.
        let _ = match line.as_str() {
            "" if fault.is("empty-line") => {
                // An answer to nothing.
                wait(&turns, |_, _| false);
                Ok(())
            }
            "" => Ok(()),
            _ if fault.is("sends") => out.write_all(b"something else\n"),
            _ => out.write_all(format!("{line}\n").as_bytes()),
        };
    }
    fault.ends_if("end-of-input");
    let _ = reader.join();
}

fn hear(mut peer: TcpStream, turns: &Turns, fault: &Fault, is_guest: bool) {
    let mut message = Vec::new();
    let mut piece = [0; 8192];
    let (mut speaks_lines, mut is_split) = (false, false);
    loop {
        let quiet = !speaks_lines && !message.is_empty() && !fault.is("tutorial-dialogue");
        let limit = quiet.then_some(Duration::from_millis(200));
        peer.set_read_timeout(limit).unwrap();
        let bytes = match peer.read(&mut piece) {
            Ok(0) => {
                says(&message, turns, fault, is_split, is_guest);
                if fault.is("guest-leaves") || fault.is("host-leaves") {
                    return;
                }
                println!("the other side has left");
                process::exit(0);
            }
            Ok(count) => &piece[..count],
            Err(error) if console::is_timeout(&error) => {
                says(&message, turns, fault, is_split, is_guest);
                message.clear();
                continue;
            }
            Err(error) if fault.is("guest-resets") || fault.is("host-resets") => panic!("{error}"),
            Err(error) => {
                eprintln!("the connection broke: {error}");
                process::exit(1);
            }
        };
        if fault.is("speaks-first") && is_guest && turns.0.lock().unwrap()[1] == 0 {
            continue;
        }
        if fault.is("two-in-one") {
            // The tutorial's way: whatever has come is one message.
            speaks_lines = true;
            let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
            says(whole, turns, fault, false, is_guest);
            continue;
        }
        is_split |= !message.is_empty();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let text = String::from_utf8_lossy(part).into_owned();
            message.extend(if fault.is("cut-character") {
                text.as_bytes()
            } else {
                part
            });
            let complete = message.ends_with(b"\n")
                || fault.is("split-message")
                || (fault.is("long-message") && message.len() > 1024);
            if complete {
                speaks_lines |= message.ends_with(b"\n");
                let whole = message.strip_suffix(b"\n").unwrap_or(&message);
                let (whole, _) = whole.split_at(if fault.is("long-message") {
                    whole.len().min(1024)
                } else {
                    whole.len()
                });
                says(whole, turns, fault, is_split, is_guest);
                (message, is_split) = (Vec::new(), false);
            }
        }
    }
}

fn says(message: &[u8], turns: &Turns, fault: &Fault, is_split: bool, is_guest: bool) {
    if message.is_empty() {
        return;
    }
    let contains_it = fault.is("byebye-inside") && message.windows(6).any(|word| word == b"byebye");
    if contains_it {
        process::exit(0);
    }
    if message == b"byebye" && !fault.is("byebye-heard") && !(fault.is("split-byebye") && is_split)
    {
        println!("the other side has said byebye");
        process::exit(0);
    }
    if str::from_utf8(message).is_err() {
        fault.ends_if("not-utf8");
    }
    if fault.is("two-in-a-row") {
        // Strictly in turns: the guest speaks first.
        wait(turns, |heard, said| said + u32::from(!is_guest) > heard);
    }
    if fault.is("shows") {
        println!("somebody has said something");
    } else {
        println!("heard: {}", harmless(message, fault));
    }
    count(turns, 0);
}
