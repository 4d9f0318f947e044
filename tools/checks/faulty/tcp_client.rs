use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::{mem, process, str};

use crate::{Fault, harmless};

/// How many lines were typed, and how many pieces of replies were shown.
type Turns = Arc<(Mutex<[u32; 2]>, Condvar)>;

pub(crate) fn run(address: SocketAddr, fault: &Fault) {
    fault.ends_if("connects");
    let mut server = match TcpStream::connect(address) {
        Ok(server) => server,
        Err(error) => fault.give_up("nobody-listens", &format!("nobody there: {error}")),
    };
    let turns = Turns::default();
    let reader = {
        let (server, fault) = (server.try_clone().unwrap(), fault.clone());
        let turns = turns.clone();
        thread::spawn(move || receive(server, &turns, &fault))
    };
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        if line == "exit" && !fault.is("exit") {
            process::exit(0);
        }
        turns.0.lock().unwrap()[0] += 1;
        let sent = if fault.is("sends") {
            server.write_all(b"something else\n")
        } else if fault.is("empty-line") {
            server.write_all(line.as_bytes())
        } else {
            server.write_all(format!("{line}\n").as_bytes())
        };
        // The reader says what is wrong, if anything is.
        let _ = sent;
        if fault.is("silent-server") || (fault.is("empty-line") && line.is_empty()) {
            let counts = turns.0.lock().unwrap();
            let is_his_turn = |[typed, shown]: &mut [u32; 2]| shown < typed;
            drop(turns.1.wait_while(counts, is_his_turn).unwrap());
        }
        if fault.is("goes-on") {
            break;
        }
    }
    fault.ends_if("end-of-input");
    if fault.is("last-reply") {
        process::exit(0);
    }
    let _ = server.shutdown(Shutdown::Write);
    let _ = reader.join();
}

fn receive(mut server: TcpStream, turns: &Turns, fault: &Fault) {
    let mut held = Vec::new();
    let mut piece = [0; 8192];
    loop {
        let count = match server.read(&mut piece) {
            Ok(0) if fault.is("server-closes") => return,
            Ok(0) | Err(_) if fault.is("server-resets") => {
                eprintln!("Traceback (most recent call last):\nConnectionResetError");
                process::exit(1);
            }
            Ok(0) => {
                println!("the server has hung up");
                process::exit(0);
            }
            Ok(count) => count,
            Err(error) => {
                eprintln!("the connection broke: {error}");
                process::exit(1);
            }
        };
        let mut bytes = &piece[..count];
        if str::from_utf8(bytes).is_err_and(|error| error.error_len().is_some()) {
            fault.ends_if("not-utf8");
        }
        if fault.is("long-reply") {
            bytes = bytes.split_at(count.min(1024)).0;
        }
        if fault.is("two-replies") {
            bytes = bytes.split(|&byte| byte == b'\n').next().unwrap();
        }
        let [typed, shown] = *turns.0.lock().unwrap();
        if (fault.is("split-reply") && shown >= typed) || (fault.is("speaks-first") && typed == 0) {
            continue;
        }
        turns.0.lock().unwrap()[1] += 1;
        turns.1.notify_all();
        let text = if fault.is("cut-character") {
            String::from_utf8_lossy(bytes).into_owned()
        } else {
            held.extend_from_slice(bytes);
            // The first bytes of a character wait for the rest.
            let whole = match str::from_utf8(&held) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => held.len(),
            };
            let rest = held.split_off(whole);
            String::from_utf8_lossy(&mem::replace(&mut held, rest)).into_owned()
        };
        if fault.is("shows") {
            println!("a reply has come");
        } else {
            print!("{}", harmless(text.as_bytes(), fault));
        }
        io::stdout().flush().unwrap();
    }
}
