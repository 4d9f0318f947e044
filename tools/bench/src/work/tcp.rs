//! Section 4.1: a new connection for each request.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot};

use crate::compare::{Contender, Goal, Plan, compare};
use crate::load::tcp::{answer_length, requests};
use crate::process::{Running, is_installed};
use crate::programs::{Programs, start_floor, start_nginx, start_python};
use crate::report::Section;

const FLOOR: &str = "floor";
const ROBUST: &str = "robust, --quiet";
const PRINTS: &str = "robust, printing to a file";
const AMONG_IDLE: &str = "robust, 500 idle beside it";
const NGINX: &str = "nginx, 2 workers";

/// How many idle connections stay open in a round.
const IDLE: u32 = 500;

/// How long the robust server lets an idle connection be.
const IDLE_TIME: Duration = Duration::from_secs(5);

/// The targets, each with what it is compared with.
const GOALS: [Goal; 4] = [
    (ROBUST, FLOOR, 0.85),
    (ROBUST, NGINX, 1.0),
    (AMONG_IDLE, ROBUST, 0.90),
    (PRINTS, ROBUST, 0.75),
];

/// The robust server beside the floors and the peers, with 4 and with 16 clients; then the ways to
/// arrange a server's threads.
///
/// # Errors
///
/// A program can't be started, or doesn't answer.
pub fn measure(programs: &Programs, plan: &Plan) -> Result<Vec<Section>, Error> {
    let bytes = {
        let server = programs.start("ch4-tcp-server", &["--quiet"])?;
        answer_length(server.address)?
    };
    let mut sections = Vec::new();
    for clients in [4, 16] {
        sections.push(beside_others(programs, plan, clients, bytes)?);
    }
    sections.push(arrangements(plan, bytes)?);
    Ok(sections)
}

fn beside_others(
    programs: &Programs,
    plan: &Plan,
    clients: usize,
    bytes: usize,
) -> Result<Section, Error> {
    let load = move |running: &Running, time: Duration| requests(running.address, clients, time);
    let count = clients.to_string();
    let length = bytes.to_string();
    let floor_arguments = ["tcp", "--count", &count, "--answer-bytes", &length];
    let floor = || start_floor(&floor_arguments);
    let server =
        |arguments: &'static [&'static str]| move || programs.start("ch4-tcp-server", arguments);
    let page = tempfile::tempdir().or_cannot("create", "a temporary directory")?;
    let index = page.path().join("index.html");
    fs::write(&index, "x".repeat(bytes)).or_cannot("write", index.display())?;
    let idle: RefCell<Option<Idle>> = RefCell::new(None);
    let stays = if plan.quick {
        IDLE_TIME / 10
    } else {
        IDLE_TIME
    };
    // Who is compared with whom stands side by side, and so is measured one after the other.
    let mut contenders = vec![
        Contender::new(FLOOR, floor, load),
        Contender::new(ROBUST, server(&["--quiet"]), load),
    ];
    if is_installed("nginx", "-v") {
        contenders.push(Contender::new(NGINX, || start_nginx(bytes), load));
    }
    contenders.extend([
        Contender::new(PRINTS, server(&[]), load),
        Contender::new(
            AMONG_IDLE,
            || {
                let running = programs.start("ch4-tcp-server", &["--quiet"])?;
                *idle.borrow_mut() = Some(Idle::open(running.address, stays)?);
                Ok(running)
            },
            load,
        ),
        Contender::new("tutorial", server(&["--tutorial"]), load),
    ]);
    if is_installed("python3", "--version") {
        let start = || start_python(page.path());
        contenders.push(Contender::new("python3 -m http.server", start, load));
    }
    contenders.extend([
        Contender::new(
            "floor, closing in stages",
            || start_floor(&[&floor_arguments[..], &["--drain"]].concat()),
            load,
        ),
        Contender::new("floor again (the noise)", floor, load),
    ]);
    compare(
        &format!("tcp-{clients}"),
        &format!("TCP: a connection for each request, {clients} clients"),
        "requests",
        plan,
        &contenders,
        &GOALS,
    )
    .map(Section::Comparison)
}

/// The floor's few lines, with its threads arranged in four ways.
fn arrangements(plan: &Plan, bytes: usize) -> Result<Section, Error> {
    let load = |running: &Running, time: Duration| requests(running.address, 16, time);
    let length = bytes.to_string();
    let arranged = |threads: &'static str| {
        let length = length.clone();
        move || {
            start_floor(&[
                "tcp",
                "--threads",
                threads,
                "--count",
                "16",
                "--answer-bytes",
                &length,
            ])
        }
    };
    let contenders = [
        Contender::new("16 threads, each accepts", arranged("together"), load),
        Contender::new("leader and followers (robust)", arranged("crew"), load),
        Contender::new("one accepts, 16 in a pool serve", arranged("pool"), load),
        Contender::new(
            "one accepts, a thread for each",
            arranged("each-its-own"),
            load,
        ),
    ];
    compare(
        "tcp-threads",
        "TCP: the floor with its threads arranged in four ways, 16 clients",
        "requests",
        plan,
        &contenders,
        &[],
    )
    .map(Section::Comparison)
}

/// Idle connections, each opened anew when the server ends it.
///
/// Dropping it stops that; the connections end with it.
struct Idle {
    stop: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Idle {
    /// Opens them one after the other over the time that the server lets each be, so that from
    /// then on they end evenly too, and returns when all are open.
    fn open(address: SocketAddr, over: Duration) -> Result<Self, Error> {
        let (stop, stopped) = channel();
        let begin = Instant::now();
        let mut open = VecDeque::new();
        for number in 0..IDLE {
            // A pace, not a wait for something: nobody ever sends this.
            let due = begin + over * number / IDLE;
            let _ = stopped.recv_timeout(due.saturating_duration_since(Instant::now()));
            open.push_back(TcpStream::connect(address).or_cannot(Action::Connect, address)?);
        }
        let keeper = thread::spawn(move || keep(open, address, &stopped));
        Ok(Self {
            stop: Some(stop),
            keeper: Some(keeper),
        })
    }
}

/// The oldest ends first, so it is enough to wait for that one.
fn keep(mut open: VecDeque<TcpStream>, address: SocketAddr, stopped: &Receiver<()>) {
    while let Some(mut oldest) = open.pop_front() {
        let _ = oldest.set_read_timeout(Some(IDLE_TIME * 2));
        let _ = oldest.read(&mut [0; 1]);
        if stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Disconnected) {
            return;
        }
        let Ok(next) = TcpStream::connect(address) else {
            return; // The round is over, and the server has gone.
        };
        open.push_back(next);
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            // A keeper that panicked keeps nothing.
            let _ = keeper.join();
        }
    }
}
