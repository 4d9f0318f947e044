use std::io::{self, BufRead};
use std::net::{SocketAddr, UdpSocket};
use std::process;
use std::time::{Duration, Instant};

use crate::{Fault, harmless};

pub(crate) fn server(address: SocketAddr, fault: &Fault) {
    fault.ends_if("binds");
    let socket = match UdpSocket::bind(address) {
        Ok(socket) => socket,
        Err(error) => fault.give_up("port-taken", &format!("the port is taken: {error}")),
    };
    let mut buffer = vec![0; 65_535];
    // As in a buffer of this size (where Windows would report an error).
    let longest = if fault.is("cut-datagram") {
        1024
    } else {
        buffer.len()
    };
    loop {
        let (count, client) = socket.recv_from(&mut buffer).unwrap();
        let request = &buffer[..count.min(longest)];
        println!("asked: {}", harmless(request, fault));
        if request.len() > 1500 {
            fault.ends_if("too-long");
        }
        if request.is_empty() {
            fault.ends_if("empty");
        }
        let text = str::from_utf8(request).unwrap_or_else(|_| {
            fault.ends_if("not-utf8");
            "not text"
        });
        let answer = match convert(text.trim(), fault) {
            Some(fahrenheit) => format!("in Fahrenheit: {fahrenheit}"),
            None => "that is no temperature".to_owned(),
        };
        let to = if fault.is("two-clients") {
            latest(&socket, client)
        } else {
            client
        };
        if fault.is("sender-gone") && leaves(client) {
            fault.ends_if("sender-gone");
        }
        // Whether it arrives nobody knows.
        let _ = socket.send_to(answer.as_bytes(), to);
        if fault.is("serves-again") {
            process::exit(0);
        }
    }
}

fn convert(text: &str, fault: &Fault) -> Option<f64> {
    if fault.is("numbers") {
        // Whole numbers only.
        return Some(text.split('.').next()?.parse::<i32>().map(f64::from).ok()? * 1.8 + 32.0);
    }
    let Ok(celsius) = text.parse::<f64>() else {
        if !text.is_empty() {
            fault.ends_if("no-number");
        }
        return None;
    };
    let fahrenheit = celsius * if fault.is("converts") { 2.0 } else { 1.8 } + 32.0;
    let refused = (fahrenheit.is_nan() && !fault.is("nan"))
        || (fahrenheit.is_infinite() && !fault.is("infinity"))
        || (celsius < -273.15 && fahrenheit.is_finite() && !fault.is("absolute-zero"))
        || (text.len() > 1024);
    (!refused).then_some(fahrenheit)
}

/// Who has asked last: this client, unless another one asks within 30 ms.
fn latest(socket: &UdpSocket, client: SocketAddr) -> SocketAddr {
    let limit = Duration::from_millis(30);
    socket.set_read_timeout(Some(limit)).unwrap();
    let latest = socket.peek_from(&mut [0]).map_or(client, |(_, from)| from);
    socket.set_read_timeout(None).unwrap();
    latest
}

/// Whether the client closes its socket within 10 ms, which some systems report as an error.
fn leaves(client: SocketAddr) -> bool {
    let idle = UdpSocket::bind("127.0.0.1:0").unwrap();
    idle.set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    (0..10).any(|_| {
        let _ = idle.recv(&mut [0]);
        // Otherwise it still has its port.
        UdpSocket::bind(client).is_ok()
    })
}

pub(crate) fn client(server: SocketAddr, fault: &Fault) {
    let open_socket = || UdpSocket::bind("127.0.0.1:0").unwrap();
    let first = open_socket();
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        if !line.trim().is_empty() || fault.is("empty-line") {
            if fault.is("answered-twice") {
                ask(&first, server, line.trim(), fault);
            } else {
                ask(&open_socket(), server, line.trim(), fault);
            }
        }
    }
    fault.ends_if("end-of-input");
}

fn ask(socket: &UdpSocket, server: SocketAddr, question: &str, fault: &Fault) {
    if !fault.is("stranger") {
        socket.connect(server).unwrap();
    }
    let (tries, wait) = match fault.0.as_deref() {
        Some("late-answer" | "lost-answer") => (1, Some(6000)),
        Some("no-answer" | "empty-line") => (1, None),
        _ => (3, Some(300)),
    };
    socket
        .set_read_timeout(wait.map(Duration::from_millis))
        .unwrap();
    let mut buffer = [0; 2048];
    let begin = Instant::now();
    // The clock decides, so that however busy the machine is, what is late is later than this.
    let is_late = || begin.elapsed() > Duration::from_millis(40);
    for _ in 0..tries {
        let question = if fault.is("asks") { "hello" } else { question };
        let sent = if fault.is("stranger") {
            socket.send_to(question.as_bytes(), server)
        } else {
            socket.send(question.as_bytes())
        };
        match sent.and_then(|_| socket.recv(&mut buffer)) {
            Ok(_) if fault.is("late-answer") && is_late() => {}
            Ok(count) => return show(&buffer[..count], fault),
            Err(error) if console::is_timeout(&error) => {}
            Err(error) => fault.give_up("nobody-listens", &format!("nobody there: {error}")),
        }
    }
    eprintln!("no answer has come");
}

fn show(answer: &[u8], fault: &Fault) {
    if answer.is_empty() {
        assert!(!fault.is("empty-answer"), "an empty answer");
        println!("an empty answer");
        return;
    }
    if str::from_utf8(answer).is_err() {
        fault.ends_if("not-utf8");
    }
    if fault.is("shows") {
        println!("an answer has come");
    } else {
        println!("{}", harmless(answer, fault));
    }
}
