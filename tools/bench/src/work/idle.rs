//! What clients cost that do nothing, and what happens past the limit.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot};

use crate::compare::Plan;
use crate::load::tcp::{REQUEST, answer_length};
use crate::process::Usage;
use crate::programs::Programs;
use crate::progress::Progress;
use crate::report::{Fact, Facts, Section};
use crate::stats::number;

/// Longer than any client here has to wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// Memory and threads of idle clients, and the wait of a client that comes when the server is full.
///
/// # Errors
///
/// A program can't be started, or doesn't answer.
pub fn measure(programs: &Programs, plan: &Plan) -> Result<Vec<Section>, Error> {
    let mut progress = Progress::new(3);
    let count = if plan.quick { 50 } else { 500 };
    let mut facts = Vec::new();

    progress.step("idle: TCP server");
    let mut server = programs.start("ch4-tcp-server", &["--quiet"])?;
    let (before, after) = server.under(PATIENCE, |server| {
        answer_length(server.address)?;
        let before = server.usage();
        let idle = connect(server.address, count).or_cannot(Action::Connect, server.address)?;
        // Clients are accepted in order: who is answered now has all others before it.
        answer_length(server.address)?;
        let after = server.usage();
        drop(idle);
        Ok((before, after))
    })?;
    facts.extend(cost("TCP server", count, before, after).map(|fact| {
        if fact.unit == "KiB" {
            fact.at_most(40.0)
        } else {
            fact
        }
    }));

    progress.step("idle: chat");
    let mut room = programs.start("ch4-chat", &["server"])?;
    let (before, after) = room.under(PATIENCE, |room| {
        let first = TcpStream::connect(room.address).or_cannot(Action::Connect, room.address)?;
        let before = room.usage();
        let guests = connect(room.address, count).or_cannot(Action::Connect, room.address)?;
        // They are welcomed in order too: when the last word comes back, all are in.
        let last = last_word(&first, room.address);
        last.or_cannot("speak on", room.address)?;
        let after = room.usage();
        drop(guests);
        Ok((before, after))
    })?;
    facts.extend(cost("chat room", count, before, after));

    progress.step("idle: past the limit");
    facts.extend(past_the_limit(programs, plan.quick)?);
    Ok(vec![Section::Facts(Facts {
        id: "idle".to_owned(),
        title: format!("{count} idle clients, and a server that is full"),
        facts,
    })])
}

fn cost(who: &str, count: usize, before: Usage, after: Usage) -> impl Iterator<Item = Fact> {
    let each = |before: Option<u64>, after: Option<u64>| {
        let difference = number(after?) - number(before?);
        Some(difference / number(count as u64))
    };
    let memory = each(before.resident_kib, after.resident_kib);
    let threads = each(before.threads, after.threads);
    let memory =
        memory.map(|it| Fact::new(format!("{who}: memory for each idle client"), it, "KiB"));
    let threads = threads.map(|it| Fact::new(format!("{who}: threads for each"), it, "threads"));
    memory.into_iter().chain(threads)
}

fn connect(address: SocketAddr, count: usize) -> io::Result<Vec<TcpStream>> {
    (0..count).map(|_| TcpStream::connect(address)).collect()
}

/// A new guest speaks, and `first` hears it.
fn last_word(mut first: &TcpStream, address: SocketAddr) -> io::Result<()> {
    const WORD: &[u8] = b"that is all\n";
    let mut last = TcpStream::connect(address)?;
    last.write_all(WORD)?;
    let mut heard = Vec::new();
    let mut piece = [0; 4096];
    while !heard.ends_with(WORD) {
        match first.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => heard.extend_from_slice(piece.split_at(count).0),
        }
    }
    Ok(())
}

/// Twice as many idle clients as the server takes, and then somebody who wants something: it waits
/// for as long as two idle clients, one after the other, may be idle, and then it is answered.
fn past_the_limit(programs: &Programs, quick: bool) -> Result<Vec<Fact>, Error> {
    let limit = if quick { "2" } else { "50" };
    let idle = if quick { 2 } else { 100 };
    let mut server = programs.start("ch4-tcp-server", &["--quiet", "--max-clients", limit])?;
    let (waited, threads) = server.under(PATIENCE, |server| {
        let idle = connect(server.address, idle).or_cannot(Action::Connect, server.address)?;
        let begin = Instant::now();
        let mut client =
            TcpStream::connect(server.address).or_cannot(Action::Connect, server.address)?;
        client
            .write_all(REQUEST)
            .or_cannot(Action::Send, server.address)?;
        let mut answer = Vec::new();
        client
            .read_to_end(&mut answer)
            .or_cannot(Action::Receive, server.address)?;
        let waited = begin.elapsed();
        let threads = server.usage().threads;
        drop(idle);
        Ok((waited, threads))
    })?;
    let waited = Fact::new(
        format!("{idle} idle clients where {limit} are served: wait of the next one"),
        waited.as_secs_f64(),
        "s",
    );
    let threads = threads.map(|it| Fact::new("threads of the server then", number(it), "threads"));
    Ok([waited].into_iter().chain(threads).collect())
}
