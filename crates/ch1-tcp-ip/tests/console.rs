//! What each command prints, for fixed seeds.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

mod properties;

use std::process::Command;
#[cfg(unix)]
use std::{
    io::Read,
    os::{fd::OwnedFd, unix::net::UnixStream},
    thread,
};

use insta::assert_snapshot;
#[cfg(unix)]
use socket2::SockRef;
#[cfg(unix)]
use testkit::PATIENCE;
use testkit::{Ended, Program};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch1-tcp-ip");

/// Runs the program with these words, and returns everything that it prints and how it ends.
fn run(words: &str) -> String {
    Program::run(PROGRAM, words.split_whitespace()).report()
}

#[test]
fn tcp_without_loss() {
    assert_snapshot!("tcp_without_loss", run("tcp"));
}

#[test]
fn tcp_first_syn_lost() {
    assert_snapshot!("tcp_first_syn_lost", run("tcp --drop-packets 1"));
}

#[test]
fn tcp_data_lost() {
    assert_snapshot!("tcp_data_lost", run("tcp --drop-packets 4"));
}

/// Enough packets follow the lost one, so the client needn't wait for a time-out.
#[test]
fn tcp_data_lost_and_noticed_at_once() {
    assert_snapshot!(
        "tcp_data_lost_and_noticed_at_once",
        run("tcp --bytes 9000 --drop-packets 4 --width 200")
    );
}

/// What was sent again on a slow wire wasn't sent again because of a time-out, for all the time that
/// passed.
#[test]
fn on_a_slow_wire_a_note_tells_what_came_before() {
    let shown = run("tcp --bytes 20000 --delay 600 --drop 8 --seed 2 --width 200 --all");
    let again: Vec<&str> = shown
        .lines()
        .filter_map(|row| row.split("; ").nth(1))
        .collect();
    assert_snapshot!(again.join("\n"), @"
    no acknowledgement for 1.0 s: sent again
    the SYN came again: sent again
    3 duplicate ACKs: sent again at once
    no acknowledgement for 4.8 s: sent again
    sent again, like everything after the lost one
    sent again, like everything after the lost one
    ");
}

#[test]
fn tcp_acknowledgement_lost() {
    assert_snapshot!("tcp_acknowledgement_lost", run("tcp --drop-packets 8"));
}

#[test]
fn tcp_fin_lost() {
    assert_snapshot!("tcp_fin_lost", run("tcp --drop-packets 9"));
}

#[test]
fn tcp_everything_lost() {
    assert_snapshot!("tcp_everything_lost", run("tcp --drop 100"));
}

#[test]
fn tcp_last_acknowledgements_lost() {
    // Every byte arrived, but the client can't know.
    assert_snapshot!(
        "tcp_last_acknowledgements_lost",
        run("tcp --bytes 1000 --drop-packets 5,7,8,9,10,11,12,13,14,15,16,17,18,19,20")
    );
}

/// The server gives up, but all bytes arrived and the client knows it. This is a success.
#[test]
fn tcp_everything_lost_after_the_last_fin() {
    assert_snapshot!(
        "tcp_everything_lost_after_the_last_fin",
        run("tcp --bytes 1000 --drop-packets 9,10,11,12,13,14,15")
    );
}

#[test]
fn tcp_the_same_data_lost_each_time() {
    // The server hears nothing for as long as the client, and gives up first.
    assert_snapshot!(
        "tcp_the_same_data_lost_each_time",
        run("tcp --drop-packets 7,8,9,10,11,12")
    );
}

/// Everything happens at one instant, and still in order.
#[test]
fn tcp_on_a_wire_without_delay() {
    assert_snapshot!(
        "tcp_on_a_wire_without_delay",
        run("tcp --bytes 2000 --delay 0 --drop-packets 6")
    );
}

#[test]
fn tcp_with_every_fault_folded_and_explained() {
    let words = "tcp --bytes 20000 --drop 10 --reorder 20 --duplicate 10 --corrupt 5 --seed 3";
    assert_snapshot!("tcp_with_every_fault", run(words));
    assert_snapshot!(
        "tcp_with_every_fault_in_200_columns",
        run(&format!("{words} --width 200"))
    );
}

#[test]
fn all_shows_each_packet() {
    let folded = run("tcp --bytes 100000 --drop 5");
    assert!(folded.contains("--all shows them"), "{folded}");
    let all = run("tcp --bytes 100000 --drop 5 --all");
    let numbers: Vec<usize> = all
        .lines()
        .filter_map(|line| line.get(..4)?.trim().parse().ok())
        .collect();
    assert!(numbers.len() > 100, "{all}");
    assert!(numbers.iter().copied().eq(1..=numbers.len()), "{all}");
}

#[test]
fn a_million_bytes_are_quick_and_their_ladder_is_short() {
    const WORDS: &str = "tcp --bytes 1000000 --drop 5";
    let report = if cfg!(unix) {
        // It needs a tenth of a second, without optimisation. Only its own time on a processor
        // counts, in seconds, however busy the machine is.
        let quick = format!("ulimit -t 3; exec \"$0\" {WORDS}");
        Program::run("sh", ["-c", &quick, PROGRAM]).report()
    } else {
        run(WORDS)
    };
    let ending = "1000000 of 1000000 bytes, intact and in order";
    assert!(report.contains(ending), "{report}");
    assert!(report.lines().count() < 60, "{report}");
}

#[test]
fn no_line_is_longer_than_the_terminal() {
    for (words, columns) in [
        ("tcp --bytes 1000000 --drop 5 --all", 80),
        ("tcp --bytes 100000 --drop 5 --all --width 160", 160),
        ("ip --count 60 --drop 9 --reorder 9 --duplicate 9", 80),
        ("layers", 80),
    ] {
        let report = run(words);
        for line in report.lines() {
            assert!(line.chars().count() <= columns, "{words}: {line}");
        }
    }
}

#[test]
fn ip_without_loss() {
    assert_snapshot!("ip_without_loss", run("ip --count 5"));
}

#[test]
fn ip_with_every_fault() {
    assert_snapshot!(
        "ip_with_every_fault",
        run("ip --drop 20 --reorder 20 --duplicate 20 --corrupt 40 --seed 5")
    );
}

#[test]
fn ip_with_many_packets() {
    assert_snapshot!(
        "ip_with_many_packets",
        run("ip --count 60 --drop 10 --reorder 30")
    );
}

#[test]
fn layers() {
    assert_snapshot!("layers", run("layers"));
}

/// A packet of less than 46 bytes is padded: RFC 894.
#[test]
fn layers_of_short_texts_fill_the_smallest_frame() {
    for (text, added) in [
        (
            "",
            "adds 6 zeros and a checksum of 4 bytes: 64 bytes on the wire.",
        ),
        (
            "hello",
            "adds a zero and a checksum of 4 bytes: 64 bytes on the wire.",
        ),
        (
            "hello!",
            "adds a checksum of 4 bytes: 64 bytes on the wire.",
        ),
        (
            "hello!!",
            "adds a checksum of 4 bytes: 65 bytes on the wire.",
        ),
    ] {
        let report = Program::run(PROGRAM, ["layers", text]).report();
        assert!(report.contains(added), "{report}");
    }
}

#[test]
fn layers_of_other_texts() {
    // Wide characters, and an escape code that a terminal would obey.
    let report = Program::run(PROGRAM, ["layers", "你好, \u{1b}[31m"]).report();
    let first: Vec<&str> = report.lines().take(4).collect();
    assert_snapshot!(first.join("\n"), @r"
    1. Application: 13 bytes of data
      e4 bd a0 e5 a5 bd 2c 20 1b 5b 33 31 6d           你好, \u{1b}[31m

    2. TCP segment: 20 bytes of header + 13 bytes of data = 33 bytes
    ");
    let empty = Program::run(PROGRAM, ["layers", ""]).report();
    assert!(
        empty.contains("The frame as the network card gets it: 54 bytes"),
        "{empty}"
    );
    let longest = Program::run(PROGRAM, ["layers", &"x".repeat(1460)]).report();
    assert!(
        longest.contains("The frame as the network card gets it: 1514 bytes"),
        "{longest}"
    );
    assert_snapshot!(Program::run(PROGRAM, ["layers", &"x".repeat(1461)]).report(), @"
    error: can't put 1461 bytes into one segment: the limit is 1460; use a shorter text; `ch1-tcp-ip tcp` shows how TCP cuts a long one
    [exit status: 1]
    ");
}

#[test]
fn in_colour() {
    let mut command = Command::new(PROGRAM);
    command
        .args(["tcp", "--drop-packets", "1"])
        .env("CLICOLOR_FORCE", "1")
        .env_remove("NO_COLOR");
    let ended = Program::start_command(command).wait();
    let lost: Vec<&str> = ended.output.lines().skip(2).take(2).collect();
    assert_snapshot!(lost.join("\n").replace('\x1b', "ESC"), @"
    1   0.000  SYN-SENT      ESC[31m─ SYN seq 0 ─────────────x             ESC[0m ESC[31mlostESC[0m
    2   1.000  ESC[35magain +1.0 s ESC[0m ESC[35m─ SYN seq 0 ──────────────────────────►ESC[0m
    ");
}

#[test]
fn help() {
    assert_snapshot!("help", run("--help"));
    assert_snapshot!("help_layers", run("layers --help"));
    assert_snapshot!("help_ip", run("ip --help"));
    assert_snapshot!("help_tcp", run("tcp --help"));
}

#[test]
fn bad_flags() {
    let errors = [
        "tcp --drop 101",
        "tcp --bytes 0",
        "tcp --bytes 1073741824",
        "tcp --drop-packets 1,x",
        "tcp --drop 5 --drop-packets 1",
        "ip --count 0",
    ]
    .map(|words| {
        let report = run(words);
        assert!(report.ends_with("[exit status: 2]"), "{report}");
        report.lines().next().unwrap_or_default().to_owned()
    });
    assert_snapshot!(errors.join("\n"), @"
    error: invalid value '101' for '--drop <PERCENT>': 101 is not in 0..=100
    error: invalid value '0' for '--bytes <N>': 0 is not in 1..=10000000
    error: invalid value '1073741824' for '--bytes <N>': 1073741824 is not in 1..=10000000
    error: invalid value 'x' for '--drop-packets <N,...>': invalid digit found in string
    error: the argument '--drop <PERCENT>' cannot be used with '--drop-packets <N,...>'
    error: invalid value '0' for '--count <N>': 0 is not in 1..=10000
    ");
}

mod files {
    use super::*;

    #[test]
    fn one_that_cannot_be_written() {
        assert_snapshot!(run("tcp --pcap no-such-folder/packets.pcap"), @"
        error: can't write no-such-folder/packets.pcap: [the system's words]; check the path
        [exit status: 1]
        ");
        assert_snapshot!(run("tcp --svg no-such-folder/ladder.svg"), @"
        error: can't write no-such-folder/ladder.svg: [the system's words]; check the path
        [exit status: 1]
        ");
        assert_snapshot!(run("ip --pcap no-such-folder/packets.pcap"), @"
        error: can't write no-such-folder/packets.pcap: [the system's words]; check the path
        [exit status: 1]
        ");
    }

    #[test]
    fn each_is_whole_even_if_nobody_reads_the_output() {
        let folder = tempfile::tempdir().unwrap();
        for (words, flag) in [("ip", "--pcap"), ("tcp", "--pcap"), ("tcp", "--svg")] {
            let file = folder.path().join("file");
            let words = [words, flag, file.to_str().unwrap()];
            let written = |ended: Ended| {
                assert!(ended.status.success(), "{ended:?}");
                std::fs::read(&file).unwrap()
            };
            let unread = written(Program::run_unread(PROGRAM, words));
            assert!(!unread.is_empty());
            assert!(unread == written(Program::run(PROGRAM, words)), "{words:?}");
        }
    }

    /// (Without its style, which is the same in each.)
    #[test]
    fn a_picture_shows_each_fault_and_what_happens_at_one_instant() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ladder.svg");
        let picture = |words: &str| {
            let words = words.split_whitespace();
            let words = words.chain(["--svg", file.to_str().unwrap()]);
            let _ = Program::run(PROGRAM, words);
            let picture = std::fs::read_to_string(&file).unwrap();
            let lines = picture.lines().filter(|line| !line.starts_with("<style>"));
            lines.collect::<Vec<_>>().join("\n")
        };
        let faults = "--drop 10 --reorder 20 --duplicate 20 --corrupt 10";
        assert_snapshot!(
            "svg_with_every_fault",
            picture(&format!("tcp --bytes 3000 --seed 2 {faults}"))
        );
        assert_snapshot!("svg_without_delay", picture("tcp --bytes 10 --delay 0"));
    }

    #[test]
    fn two_that_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let in_folder = |pcap: &str, svg: &str| {
            let mut command = Command::new(PROGRAM);
            command.current_dir(&folder);
            command.args(["tcp", "--pcap", pcap, "--svg", svg]);
            Program::start_command(command).wait().report()
        };
        for other_name in ["same", "./same"] {
            assert_eq!(
                in_folder("same", other_name),
                "error: can't write packets and picture to same: --pcap and --svg name the same file; \
                 give each its own file\n[exit status: 1]"
            );
        }
        assert!(in_folder("one", "other").ends_with("[exit status: 0]"));
    }
}

/// The output is almost always full, and it is non-blocking.
#[cfg(unix)]
#[test]
fn an_output_that_would_block_is_waited_for() {
    let words = ["ip", "--all", "--count", "1000"];
    let (mut reader, output) = UnixStream::pair().unwrap();
    output.set_nonblocking(true).unwrap();
    SockRef::from(&output).set_send_buffer_size(1).unwrap(); // The smallest size there is.
    let running = thread::spawn(move || Program::run_into(PROGRAM, words, OwnedFd::from(output)));
    reader.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut printed = Vec::new();
    while reader.by_ref().take(100).read_to_end(&mut printed).unwrap() > 0 {}
    let printed = String::from_utf8(printed).unwrap();
    let ended = running.join().unwrap();
    assert_eq!(ended.report(), "[exit status: 0]");
    assert!(printed == Program::run(PROGRAM, words).output);
}
