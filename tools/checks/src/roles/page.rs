//! An answer in HTTP: where its parts are, and whether all of it has come.

use std::time::Duration;

use bstr::ByteSlice;

use crate::peer::TcpPeer;
use crate::run::{Advise, Told, time};

/// How long to see whether anything comes after a page that is whole.
const MORE: Duration = Duration::from_millis(300);

/// Waits until an HTTP answer is whole, and has no byte more: as many bytes have come as its
/// `Content-Length` says, or its last chunk has, or, of an answer that says nothing about its
/// length, the end of the stream (RFC 9112, section 6.3). 300 ms later nothing more has come.
///
/// # Errors
///
/// It isn't within [`Patience::answer`](crate::run::Patience::answer), or the connection is reset.
pub(super) fn expects_a_whole_page(client: &mut TcpPeer) -> Told {
    client.tell("expects the whole page, and nothing after it");
    client.looks_back();
    let limit = client.answer_time();
    client.hears(limit, is_whole_page);
    client.pauses_silently(MORE);
    let page = &client.received;
    let length = page_length(page);
    let is_in_chunks = is_chunked(page);
    let is_whole = match length {
        Some(length) => page.len() == length,
        None if is_in_chunks => is_whole_page(page),
        None => client.has_closed(),
    };
    let expected = match length {
        _ if is_whole => return Ok(()),
        Some(usize::MAX) => "the Content-Length is one number".to_owned(),
        Some(length) => {
            format!("{length} bytes come: the head, and as many as its Content-Length says")
        }
        None => format!(
            "the page is whole within {}: then the stream ends",
            time(limit)
        ),
    };
    let is_longer = length.is_some_and(|length| length == usize::MAX || page.len() > length);
    let told = if is_longer {
        client.failed(expected)
    } else {
        client.missed(expected)
    };
    told.advise(match length {
        _ if client.was_reset() => {
            "Read the whole request before you close: a socket that is closed with unread bytes, or \
             with SO_LINGER 0, resets the connection, and the page may be lost with it."
        }
        Some(usize::MAX) => "Send one Content-Length, with digits alone: Content-Length: 11.",
        Some(_) => {
            "The Content-Length counts the bytes after the empty line, including a line end at the \
             end, not the characters: encode the page first, then take its length."
        }
        None if is_in_chunks => {
            "Transfer-Encoding: chunked says that the page comes in chunks, each with its size \
             before it, and the last one of size 0. Send them, or send the page without this field."
        }
        None => {
            "Close the connection when all is sent, or send a Content-Length: without it, only the \
             end of the stream says that the page is whole. If a child process answers, its \
             parent has the connection too: close it in both."
        }
    })
}

/// Whether an HTTP answer has all bytes that it says it has.
fn is_whole_page(answer: &[u8]) -> bool {
    match page_length(answer) {
        Some(length) => answer.len() >= length,
        None => is_chunked(answer) && chunks(answer).1,
    }
}

/// How long an HTTP answer is with its head, if its `Content-Length` says so: longer than any, if
/// that is no number (RFC 9112, section 6.3).
fn page_length(answer: &[u8]) -> Option<usize> {
    let length: usize = field(answer, "content-length")?
        .parse()
        .unwrap_or(usize::MAX);
    Some(head(answer)?.len().saturating_add(length))
}

/// The body of an HTTP answer, as far as it has come. An answer without a head is all body, and so
/// is one that says it has chunks, and has none.
pub(super) fn body(answer: &[u8]) -> Vec<u8> {
    let body = chunks(answer).0;
    if is_chunked(answer) && !body.is_empty() {
        return body;
    }
    let head = head(answer).filter(|it| it.trim_ascii_start().starts_with(b"HTTP/"));
    answer
        .get(head.map_or(0, <[u8]>::len)..)
        .unwrap_or_default()
        .to_vec()
}

/// What has come of an HTTP answer in chunks, without the lines that divide them, and whether the
/// last one has come, with the fields and the empty line after it (RFC 9112, section 7.1).
fn chunks(answer: &[u8]) -> (Vec<u8>, bool) {
    let head = head(answer).unwrap_or_default();
    let mut rest = answer.get(head.len()..).unwrap_or_default();
    let mut body = Vec::new();
    while let Some((line, after)) = rest.split_once_str("\r\n") {
        let size = String::from_utf8_lossy(line);
        let size = size.split(';').next().unwrap_or_default().trim();
        match usize::from_str_radix(size, 16) {
            Ok(0) => return (body, after == b"\r\n" || after.ends_with(b"\r\n\r\n")),
            Ok(size) => {
                body.extend_from_slice(after.get(..size.min(after.len())).unwrap_or_default());
                rest = after.get(size.saturating_add(2)..).unwrap_or_default();
            }
            Err(_) => break,
        }
    }
    (body, false)
}

/// What the fields of this name say in an HTTP answer's head, in lower case.
pub(super) fn field(answer: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head(answer)?).to_ascii_lowercase();
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let values = fields.filter(|(this, _)| *this == name);
    let mut values: Vec<_> = values.map(|(_, value)| value.trim()).collect();
    values.dedup();
    (!values.is_empty()).then(|| values.join(", "))
}

fn is_chunked(answer: &[u8]) -> bool {
    field(answer, "transfer-encoding").is_some_and(|coding| coding.contains("chunked"))
}

/// The head of an HTTP answer, and the empty line that ends it. A line may end with LF alone, as
/// browsers accept it (RFC 9112, section 2.2).
pub(super) fn head(answer: &[u8]) -> Option<&[u8]> {
    let ends = [&b"\n\r\n"[..], b"\n\n"].into_iter().filter_map(|end| {
        let mut windows = answer.windows(end.len());
        Some(windows.position(|bytes| bytes == end)? + end.len())
    });
    answer.get(..ends.min()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use std::io::Write;
    use std::mem;
    use std::net::{Shutdown, TcpStream};

    use super::*;
    use crate::peer::tests::connected_in;
    use crate::run::tests::kind;
    use crate::run::{Kind, Patience, Run};

    #[test]
    fn a_page_that_ends_before_its_length_is_not_whole() {
        let length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        let expects = |page: &str| {
            let (mut client, server) = peer_of(page);
            closes(server);
            expects_a_whole_page(&mut client)
        };
        assert!(expects(&format!("{length}Hello")).is_ok());
        assert!(expects(&format!("{length}Hell")).is_err());
        assert!(expects("HTTP/1.1 200 OK\r\n\r\nHell").is_ok());
        for length in ["five", "-5", "5 bytes", "5\r\nContent-Length: 6"] {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            let failure = expects(&format!("{head}Hello")).unwrap_err();
            assert!(failure.expected.ends_with("is one number"), "{failure:?}");
            let advice = failure.advice.unwrap();
            assert!(advice.starts_with("Send one Content-Length"), "{advice}");
        }
    }

    /// A peer of somebody who sends this and keeps the connection open.
    fn peer_of(page: &str) -> (TcpPeer, TcpStream) {
        let patience = Patience {
            answer: Duration::from_millis(50),
            ..Patience::short()
        };
        let (client, mut server) = connected_in(&Run::new(false, &patience));
        server.write_all(page.as_bytes()).unwrap();
        (client, server)
    }

    /// Ends the stream at once, even if a process that another test starts at this instant has a
    /// copy of it open for a moment more.
    fn closes(server: TcpStream) {
        server.shutdown(Shutdown::Both).unwrap();
        drop(server);
    }

    #[test]
    fn the_rest_of_a_page_is_late_as_long_as_the_stream_is_open() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHell";
        for (page, when_open, when_ended) in [
            (
                format!("{head}Hell"),
                Some(Kind::Missing),
                Some(Kind::Wrong),
            ),
            (chunks.to_owned(), Some(Kind::Missing), Some(Kind::Wrong)),
            (
                format!("{head}Hello!"),
                Some(Kind::Wrong),
                Some(Kind::Wrong),
            ),
            (format!("{head}Hello"), None, None),
        ] {
            let (mut client, server) = peer_of(&page);
            assert_eq!(kind(expects_a_whole_page(&mut client)), when_open, "{page}");
            closes(server);
            assert_eq!(
                kind(expects_a_whole_page(&mut client)),
                when_ended,
                "{page}"
            );
        }
    }

    #[test]
    fn what_to_change_depends_on_how_the_page_should_end() {
        let advice = |page: &str, close: fn(TcpStream)| {
            let (mut client, server) = peer_of(page);
            close(server);
            let failure = expects_a_whole_page(&mut client).unwrap_err();
            failure.advice.unwrap()
        };
        let length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        assert!(advice(&format!("{length}Hell"), closes).contains("Content-Length counts"));
        assert!(advice(&format!("{length}Hello\n"), closes).contains("Content-Length counts"));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHello";
        assert!(advice(chunked, closes).starts_with("Transfer-Encoding"));
        // It stays open for as long as the test runs.
        assert!(advice("HTTP/1.1 200 OK\r\n\r\nHello", mem::forget).starts_with("Close"));
        let reset = |stream: TcpStream| crate::run::reset(&stream);
        assert!(advice("HTTP/1.1 200 OK\r\n\r\nHell", reset).starts_with("Read the whole"));
    }

    /// A page that is whole after one read of 16 KiB, and one byte more.
    #[test]
    fn what_comes_behind_a_whole_page_is_wrong() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 16342\r\n\r\n";
        let page = format!("{head}{}", "x".repeat(16_342));
        assert_eq!(page.len(), 16 << 10);
        let (mut client, _open) = peer_of(&page);
        assert_eq!(kind(expects_a_whole_page(&mut client)), None);
        let (mut client, _open) = peer_of(&format!("{page}!"));
        assert_eq!(kind(expects_a_whole_page(&mut client)), Some(Kind::Wrong));
    }

    #[test]
    fn an_empty_line_ends_a_head_with_cr_or_without() {
        for head_of_it in ["A\r\nB\r\n\r\n", "A\nB\n\n", "A\nB\n\r\n", "A\r\n\n"] {
            let answer = format!("{head_of_it}a\n\nb\r\n\r\nc");
            assert_eq!(head(answer.as_bytes()), Some(head_of_it.as_bytes()));
        }
        assert_eq!(head(b"A\r\nB: \r\r\nC\n"), None);
    }

    #[test]
    fn a_page_without_a_length_is_whole_when_the_stream_ends() {
        let (mut client, open) = peer_of("HTTP/1.1 200 OK\r\n\r\nHello");
        assert!(expects_a_whole_page(&mut client).is_err());
        closes(open);
        assert!(expects_a_whole_page(&mut client).is_ok());
    }

    #[test]
    fn chunks_are_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunks = "6;x=1\r\nHello \r\n5\r\nWorld\r\n0\r\n\r\n";
        let page = format!("{head}{chunks}");
        assert_eq!(body(page.as_bytes()), b"Hello World");
        // As far as it has come.
        let (part, _) = page.as_bytes().split_at(page.len() - 9);
        assert_eq!(body(part), b"Hello Wor");
        assert_eq!(body(b"no head"), b"no head");
        assert_eq!(
            body(format!("{head}Hello World").as_bytes()),
            b"Hello World"
        );
        assert_eq!(body(b"HTTP/1.1 200 OK\r\n\r\n5\r\nx"), b"5\r\nx");
    }

    #[test]
    fn a_page_is_whole_when_it_has_as_many_bytes_as_it_says() {
        for page in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ncontent-length:2\r\nServer: caf\u{e9}\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n02\r\nhi\r\n00\r\nX: y\r\n\r\n",
        ] {
            let (all_but_one, _) = page.as_bytes().split_at(page.len() - 1);
            assert!(is_whole_page(page.as_bytes()), "{page}");
            assert!(!is_whole_page(all_but_one), "{page}");
        }
        // Only the stream's end tells when these are whole.
        for page in ["HTTP/1.1 200 OK\r\n\r\nhi", "HTTP/1.1 200 OK\r\n", "hi"] {
            assert!(!is_whole_page(page.as_bytes()) && page_length(page.as_bytes()).is_none());
        }
    }
}
