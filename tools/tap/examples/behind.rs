//! Starts a program behind a tap, as the judge of `tools/checks` starts it without one.
//!
//! `behind server|client PORT [FLAG]... -- COMMAND...`: the program's peers use PORT, and the tap,
//! with these flags, is between. `{inner}` in the command becomes the port that the program gets. A
//! server's is the same one, but of 127.0.0.2. (With UDP it is another one: the judge takes a program
//! for ready when somebody has its port, on whatever address.)
//!
//! The tap outlives the program, to pass on its last words. The judge ends it.

#![allow(clippy::unwrap_used, reason = "it is part of a test")]
#![allow(clippy::zombie_processes, reason = "the judge ends the tap")]

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{self, ChildStdout, Command, Stdio};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let end = arguments.iter().position(|it| it == "--").unwrap();
    let ([side, port, flags @ ..], [_, command @ ..]) = arguments.split_at(end) else {
        panic!("behind server|client PORT [FLAG]... -- COMMAND...");
    };
    let tap = env::current_exe().unwrap().with_file_name("../tap");
    let tap = |listen: &str, target: &str| {
        let mut tap = Command::new(&tap);
        tap.args(["proxy", listen, target, "--quiet"]).args(flags);
        tap.stdin(Stdio::null());
        tap
    };
    let program = |port: &str| {
        let mut words = command.iter().map(|it| it.replace("{inner}", port));
        let mut program = Command::new(words.next().unwrap());
        program.args(words);
        program
    };
    let mut child = if side == "client" {
        let mut tap = tap("0", port).stdout(Stdio::piped()).spawn().unwrap();
        let (_, inner) = first_line(&mut BufReader::new(tap.stdout.take().unwrap()));
        program(&inner).spawn().unwrap()
    } else {
        let is_udp = flags.iter().any(|flag| flag == "--udp");
        let mut child = program(if is_udp { "0" } else { port });
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (line, inner) = first_line(&mut output);
        // Without a line it has ended: its port is taken.
        if !line.is_empty() {
            let mut tap = tap(port, &format!("127.0.0.2:{inner}"));
            tap.stdout(Stdio::null()).spawn().unwrap();
        }
        print(line.as_bytes());
        let mut piece = [0; 4096];
        while let count @ 1.. = output.read(&mut piece).unwrap() {
            print(&piece[..count]);
        }
        child
    };
    let status = child.wait().unwrap();
    process::exit(status.code().unwrap_or(101));
}

/// The line that says where a program listens, and its port.
fn first_line(output: &mut BufReader<ChildStdout>) -> (String, String) {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let after = line.split("127.0.0.").nth(1).unwrap_or("1:0");
    let port = after.chars().skip(2).take_while(char::is_ascii_digit);
    let port = port.collect();
    (line, port)
}

fn print(text: &[u8]) {
    let mut out = io::stdout();
    out.write_all(text).and_then(|()| out.flush()).unwrap();
}
