//! `tap`: the command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use console::{Error, Log, Printer};

use tap::address::{bind, listen};
use tap::peer::{self, Client, Server};
use tap::proxy::{self, Proxy};
use tap::transcript::Transcript;

/// See, send and disturb what goes over a connection
///
/// Run `tap proxy` between a client and a server, or play one of them with `tap send` and
/// `tap listen`. It prints what goes over the connection.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Use UDP, not TCP
    #[arg(long, global = true)]
    udp: bool,

    /// Show bytes in hexadecimal, too
    #[arg(long, global = true)]
    hex: bool,

    /// Don't print what goes over connections
    #[arg(long, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Pass on what a client and a server send, print it, and disturb it
    ///
    /// Each line has the seconds since the connection, its number, who sent, and the bytes of one read:
    ///   0.203 #1 client > "GET / HTTP/1.1\r\n" 16 bytes
    /// That is a piece of the stream, not a packet: TCP may have carried it in several segments, or
    /// several pieces in one. With --udp a line is a datagram.
    ///
    /// Up to 1,000 clients at once. Example, with the server of section 4.1:
    ///   tap proxy 9000 8080 --split 1
    #[command(verbatim_doc_comment)]
    Proxy(Proxy),
    /// Play a client: send each PART, or what you type, and print what comes back
    Send(Client),
    /// Play a server: print what comes, answer with each PART or with nothing
    Listen(Server),
}

fn main() -> ExitCode {
    console::exit(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<(), Error> {
    let printer = Printer::to_stdout()?;
    let transcript = &Transcript::new(Log::new(printer, cli.quiet), cli.hex);
    match &cli.command {
        Command::Proxy(it) if cli.udp => proxy::udp::serve(&bind(&it.listen)?, it, transcript),
        Command::Proxy(it) => proxy::tcp::serve(&listen(&it.listen)?, it, transcript),
        Command::Send(it) if cli.udp => peer::send_udp(it, transcript),
        Command::Send(it) => peer::send_tcp(it, transcript),
        Command::Listen(it) if cli.udp => peer::listen_udp(&bind(&it.address)?, it, transcript),
        Command::Listen(it) => peer::listen_tcp(&listen(&it.address)?, it, transcript),
    }
}
