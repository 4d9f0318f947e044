//! `tap`: the command line.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use console::{Action, Error, Log, OrCannot, Printer, stdout, terminal_width};

use tap::peer::{Script, Then, listen_tcp, listen_udp, send_tcp, send_udp};
use tap::transcript::Transcript;
use tap::trouble::Trouble;
use tap::{address, proxy};

/// See, send and disturb what goes over a connection
///
/// Run `tap proxy` between a client and a server, or play one of them with `tap send` and
/// `tap listen`. What goes over the connection is printed.
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
    /// Stand between a client and a server: print what passes, and disturb it
    ///
    /// Each line has the seconds since the connection, its number, who sent, and the bytes of one read:
    ///   0.203 #1 client > "GET / HTTP/1.1\r\n" 16 bytes
    /// That is a piece of the stream, not a packet: TCP may have carried it in several segments, or
    /// several pieces in one. With --udp a line is a datagram.
    ///
    /// Up to 1,000 clients at once. Example, with the server of section 4.1:
    ///   tap proxy 9000 8080 --split 1
    #[command(verbatim_doc_comment)]
    Proxy {
        /// Where clients connect to: PORT or HOST:PORT; port 0 is a free one
        #[arg(value_parser = address::parse)]
        listen: String,
        /// Where the server is: PORT or HOST:PORT
        #[arg(value_parser = address::parse)]
        target: String,
        #[command(flatten)]
        trouble: Trouble,
    },
    /// Play a client: send each PART, or what you type, and print what comes back
    Send {
        /// Where the server is: PORT or HOST:PORT
        #[arg(value_parser = address::parse)]
        target: String,
        #[command(flatten)]
        script: Script,
        /// How many connections to open at once
        #[arg(
            long, value_name = "N", default_value_t = 1, requires = "parts",
            value_parser = clap::value_parser!(u16).range(1..=1000), conflicts_with = "udp"
        )]
        connections: u16,
        /// What to do at the end; by default wait, or half-close when your input ends (with --udp it
        /// ends when nothing has come for 2 s)
        #[arg(long, value_enum, conflicts_with = "udp")]
        then: Option<Then>,
    },
    /// Play a server: print what comes, answer with each PART or with nothing
    Listen {
        /// Where to listen: PORT or HOST:PORT; port 0 is a free one
        #[arg(value_parser = address::parse)]
        address: String,
        #[command(flatten)]
        answer: Script,
        /// Reset the connection after the answer
        #[arg(long, conflicts_with = "udp")]
        reset: bool,
        /// Answer from another port, as a stranger would
        #[arg(long, requires = "udp")]
        reply_from_elsewhere: bool,
    },
}

fn main() -> ExitCode {
    console::exit(run(Cli::parse()))
}

fn run(cli: Cli) -> Result<(), Error> {
    let (udp, printer) = (cli.udp, Printer::new(stdout())?.with_width(terminal_width));
    printer.when_gone(|error| console::quit(error));
    let transcript = Arc::new(Transcript::new(Log::new(printer, cli.quiet), cli.hex));
    match cli.command {
        Command::Proxy {
            listen,
            target,
            trouble,
        } => {
            address::resolve(&target)?;
            let served = if udp {
                proxy::udp::serve(address::bind(&listen)?, &target, &trouble, &transcript)
            } else {
                proxy::tcp::serve(&address::listen(&listen)?, &target, &trouble, &transcript)
            };
            served.or_cannot(Action::Serve, listen)
        }
        Command::Send {
            target,
            script,
            connections,
            then,
        } => {
            if udp {
                return send_udp(&target, &script, &transcript.connection());
            }
            let typed = script.parts.is_empty();
            let then = then.unwrap_or(if typed { Then::HalfClose } else { Then::Wait });
            send_tcp(&target, &script, then, connections, &transcript)
        }
        Command::Listen {
            address,
            answer,
            reset,
            reply_from_elsewhere,
        } => {
            let served = if udp {
                let socket = address::bind(&address)?;
                listen_udp(&socket, &answer, reply_from_elsewhere, &transcript)
            } else {
                let then = match answer.parts[..] {
                    _ if reset => Then::Reset,
                    [] => Then::Wait,
                    _ => Then::HalfClose,
                };
                listen_tcp(&address::listen(&address)?, &answer, then, &transcript)
            };
            served.or_cannot(Action::Serve, address)
        }
    }
}
