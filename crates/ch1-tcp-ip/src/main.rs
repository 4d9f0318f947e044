//! `ch1-tcp-ip`: the command line of chapter 1.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ch1_tcp_ip::faults::Faults;
use ch1_tcp_ip::ip;
use ch1_tcp_ip::ladder::ladder;
use ch1_tcp_ip::layers::{frame, unwrapped};
use ch1_tcp_ip::summary::summary;
use ch1_tcp_ip::svg::picture;
use ch1_tcp_ip::{pcap, transfer};
use clap::{Args, Parser, Subcommand, value_parser};
use console::{Columns, Error, OrCannot, print};

/// IP packets and TCP conversations on a simulated wire (chapter 1)
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Wrap a text layer by layer: data, TCP segment, IP packet, link frame (section 1)
    Layers {
        /// Text to wrap
        #[arg(default_value = "Hello World!")]
        text: String,
    },
    /// Send numbered IP packets, and show which arrive and in which order (section 1.1)
    Ip(IpArgs),
    /// Send bytes over TCP and show each packet (section 1.2)
    #[command(after_help = DIFFERENCES)]
    Tcp(TcpArgs),
}

#[derive(Args)]
struct IpArgs {
    /// Packets to send
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u16).range(1..=10_000))]
    count: u16,

    #[command(flatten)]
    faults: Faults,

    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
struct TcpArgs {
    /// Bytes to send, at most 10000000
    #[arg(long, value_name = "N", default_value_t = 4000, value_parser = value_parser!(u32).range(1..=10_000_000))]
    bytes: u32,

    #[command(flatten)]
    faults: Faults,

    /// Numbers of the packets to lose, such as 1,4 (not with --drop)
    #[arg(long, value_name = "N,...", value_delimiter = ',', conflicts_with = "drop", value_parser = value_parser!(u32).range(1..))]
    drop_packets: Vec<u32>,

    #[command(flatten)]
    output: Output,

    /// Write the conversation to this file as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Args)]
struct Output {
    /// Show all packets; by default, a long list is shown without its middle
    #[arg(long)]
    all: bool,

    /// Write the packets to this file for Wireshark, including lost ones
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,

    #[command(flatten)]
    columns: Columns,
}

const DIFFERENCES: &str = "\
Each row is a packet: its number, its time in seconds, and an arrow. Beside the
arrow you see each side's new state, or what happened to the packet. Sequence
numbers are relative: each side's SYN has the number 0. With 160 columns or more,
a note explains each packet.

Both hosts run smoltcp, a TCP/IP stack for small devices. It differs from a real
system:
- TIME-WAIT lasts 10 s (RFC 9293: 4 minutes; Linux: 1 minute).
- There is no accept queue: the listening socket becomes the connection.
- A side gives up after 60 s without an answer (Linux: 2 to 30 minutes).
- Only the window, 16 KiB, limits the sender. There is no congestion control.
- After a time-out it sends everything again, even what arrived after a gap.
- The wire has a delay but no rate: packets sent together arrive together.
- The client closes after the last acknowledgement, the server after the client's FIN.";

fn main() -> ExitCode {
    console::exit(run(&CommandLine::parse()))
}

fn run(command_line: &CommandLine) -> Result<(), Error> {
    match &command_line.command {
        Command::Layers { text } => print(&unwrapped(&frame(text)?)),
        Command::Ip(args) => run_ip(args),
        Command::Tcp(args) => run_tcp(args),
    }
}

fn run_ip(args: &IpArgs) -> Result<(), Error> {
    let trace = ip::send(args.count.into(), args.faults.clone());
    if let Some(path) = &args.output.pcap {
        write(path, &pcap::file(&trace.packets))?;
    }
    let (width, all) = (args.output.columns.count(), args.output.all);
    print(&ip::listing(&trace, width, all))
}

fn run_tcp(args: &TcpArgs) -> Result<(), Error> {
    let faults = Faults {
        drop_packets: args.drop_packets.clone(),
        ..args.faults.clone()
    };
    let transfer = &transfer::run(args.bytes as usize, &faults);
    let (width, all) = (args.output.columns.count(), args.output.all);
    if let Some(path) = &args.output.pcap {
        let packets = transfer.sent.iter().map(|sent| &sent.packet);
        write(path, &pcap::file(packets))?;
    }
    if let Some(path) = &args.svg {
        if let Some(pcap) = &args.output.pcap {
            differ(pcap, path)?;
        }
        write(path, picture(transfer, all).as_bytes())?;
    }
    let ladder = ladder(transfer, width, all);
    print(&format_args!("{ladder}\n{}", summary(transfer)))?;
    transfer.result()
}

fn write(path: &Path, contents: &[u8]) -> Result<(), Error> {
    fs::write(path, contents).or_cannot("write", path.display())
}

/// Makes sure that the picture doesn't replace the packets that were just written: a file may have
/// more than one name.
fn differ(pcap: &Path, svg: &Path) -> Result<(), Error> {
    if fs::canonicalize(pcap).ok() != fs::canonicalize(svg).ok() {
        return Ok(());
    }
    Err(Error::cannot(
        format_args!("write packets and picture to {}", pcap.display()),
        "--pcap and --svg name the same file",
        "give each its own file",
    ))
}
