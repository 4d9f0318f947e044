//! Tests that need a program besides cargo. `.ci/run` installs these programs and runs the tests.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::path::Path;

use insta::assert_snapshot;
use testkit::Program;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch1-tcp-ip");

/// Runs the program with these words and `flag FILE`, then another program on the file.
fn file_of(words: &str, flag: &str, name: &str, read: impl FnOnce(&Path) -> String) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    let path = file.to_str().unwrap();
    let words = words.split_whitespace().chain([flag, path]);
    let ended = Program::run(PROGRAM, words);
    assert!(ended.errors.is_empty(), "{}", ended.errors);
    read(&file)
}

/// Tshark's lines for the packets that match the filter.
fn tshark(words: &str, filter: &str) -> String {
    file_of(words, "--pcap", "packets.pcap", |file| {
        let ended = Program::run(
            "tshark",
            [
                "-r",
                file.to_str().unwrap(),
                // Checksums are real here, so let tshark report a wrong one.
                "-o",
                "tcp.check_checksum:TRUE",
                "-o",
                "ip.check_checksum:TRUE",
                "-Y",
                filter,
                "-T",
                "fields",
                "-e",
                "frame.number",
                "-e",
                "frame.time_relative",
                "-e",
                "_ws.col.Info",
            ],
        );
        assert!(ended.status.success(), "{}", ended.errors);
        ended.output
    })
}

#[test]
#[ignore = "needs tshark"]
fn tshark_recognises_what_was_sent_again() {
    assert_snapshot!(tshark("tcp --drop-packets 1", "tcp.analysis.retransmission"), @"2	1.000000000	[TCP Retransmission] 49152 → 80 [SYN] Seq=0 Win=16384 Len=0 MSS=1460 WS=1 SACK_PERM");
    assert_snapshot!(tshark("tcp --drop-packets 4", "tcp.analysis.retransmission"), @"
    7	1.040000000	[TCP Retransmission] 49152 → 80 [ACK] Seq=1 Ack=1 Win=16384 Len=1460
    8	1.040000000	[TCP Retransmission] 49152 → 80 [ACK] Seq=1461 Ack=1 Win=16384 Len=1460
    ");
    // Tshark calls a retransmission fast if it follows within 20 ms.
    let words = "tcp --bytes 9000 --drop-packets 4 --delay 10";
    assert_snapshot!(tshark(words, "tcp.analysis.fast_retransmission"), @"15	0.040000000	[TCP Fast Retransmission] 49152 → 80 [ACK] Seq=1 Ack=1 Win=16384 Len=1460");
}

#[test]
#[ignore = "needs tshark"]
fn tshark_finds_every_packet_whole_and_every_checksum_right() {
    let words = "tcp --bytes 30000 --drop 10 --reorder 10 --duplicate 10 --corrupt 10 --seed 4";
    let wrong = "tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed";
    assert_eq!(tshark(words, wrong), "");
    let sent = Program::run(PROGRAM, words.split_whitespace()).output;
    let count = tshark(words, "tcp").lines().count();
    assert!(
        sent.contains(&format!("packets      {count} sent")),
        "{count}: {sent}"
    );
}

#[test]
#[ignore = "needs tshark"]
fn tshark_reads_ip_packets_lost_ones_too() {
    assert_snapshot!(tshark("ip --count 3 --drop 100", "ip"), @"
    1	0.000000000	Unknown (253)
    2	0.010000000	Unknown (253)
    3	0.020000000	Unknown (253)
    ");
}

#[test]
#[ignore = "needs chromium"]
fn a_browser_shows_the_picture() {
    let words = "tcp --bytes 9000 --drop 10 --reorder 20 --duplicate 10 --corrupt 5 --seed 3";
    let page = file_of(words, "--svg", "ladder.svg", |file| {
        let profile = tempfile::tempdir().unwrap();
        let data = format!("--user-data-dir={}", profile.path().display());
        let url = format!("file://{}", file.display());
        let words = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            &data,
            "--dump-dom",
            &url,
        ];
        Program::run("chromium", words).output
    });
    // The browser shows an error instead of a picture that isn't well-formed.
    assert!(
        page.contains("</svg>") && !page.contains("parsererror"),
        "{page}"
    );
}
