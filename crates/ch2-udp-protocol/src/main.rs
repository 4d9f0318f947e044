//! `ch2-udp-protocol`: the command line of chapter 2.

use std::process::ExitCode;
use std::time::Duration;

use ch1_tcp_ip::faults::Faults;
use ch2_udp_protocol::loss::comparison::Comparison;
use ch2_udp_protocol::loss::{Messages, tcp, udp};
use ch2_udp_protocol::race::contest;
use ch2_udp_protocol::race::figures::chart;
use clap::{Args, Parser, Subcommand, value_parser};
use console::{Columns, Error, print};

/// How long `race` waits for an answer. Answers take microseconds.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What UDP leaves out, and what that costs and saves (chapter 2)
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Send the same messages over UDP and over TCP, across the same lossy wire
    #[command(after_help = DIFFERENCES)]
    Loss(LossArgs),
    /// Measure exchanges over UDP and TCP, on real sockets of this machine
    Race(RaceArgs),
}

#[derive(Args)]
struct LossArgs {
    /// Messages to send
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u16).range(1..=1000))]
    count: u16,

    /// Bytes in each message
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u16).range(16..=1400))]
    size: u16,

    #[command(flatten)]
    faults: Faults,

    /// Show all messages; by default, a long list is shown without its middle
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
struct RaceArgs {
    /// Exchanges per contestant
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u16).range(1..=10_000))]
    count: u16,

    /// Bytes in each message, which the server sends back
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u16).range(1..=8192))]
    size: u16,

    #[command(flatten)]
    columns: Columns,
}

const DIFFERENCES: &str = "\
The wire is simulated, time is virtual, and the same seed gives the same bytes:
see `ch1-tcp-ip tcp --help` for what a real system does differently. The seed
decides which packets are hit, by their numbers on the wire. TCP needs more
packets, so the faults hit other messages than over UDP.";

fn main() -> ExitCode {
    console::exit(run(&CommandLine::parse()))
}

fn run(command_line: &CommandLine) -> Result<(), Error> {
    match &command_line.command {
        Command::Loss(args) => {
            let messages = Messages {
                count: args.count.into(),
                size: args.size.into(),
            };
            print(&Comparison {
                messages,
                delay: args.faults.delay,
                udp: &udp::send(messages, &args.faults),
                tcp: &tcp::send(messages, &args.faults),
                all: args.all,
            })
        }
        Command::Race(args) => {
            let (count, size) = (args.count.into(), args.size.into());
            print(&format!(
                "{count} exchanges of {size} bytes there and back, on loopback\n\n"
            ))?;
            let figures = contest::run(count, size, TIMEOUT)?;
            print(&chart(&figures, args.columns.count()))
        }
    }
}
