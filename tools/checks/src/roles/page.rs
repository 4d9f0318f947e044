//! An answer in HTTP: where its parts are, and whether all of it has come.

use std::time::Duration;

use crate::peer::TcpPeer;
use crate::run::{Told, time};

/// How long to see whether anything comes behind a page that is whole.
const MORE: Duration = Duration::from_millis(300);

/// Waits until an HTTP answer is whole, and has no byte more: as many bytes have come as its
/// `Content-Length` says, or its last chunk has, or, of an answer that says nothing about its
/// length, the end of the stream (RFC 9112, section 6.3). 300 ms later nothing more has come.
///
/// # Errors
///
/// It isn't within [`Patience::answer`](crate::run::Patience::answer), or the connection is reset.
pub(super) fn expects_a_whole_page(client: &mut TcpPeer) -> Told {
    client.tell("expects the whole page, and nothing behind it");
    client.looks_back();
    let limit = client.answer_time();
    client.hears(limit, is_whole_page);
    client.pauses_silently(MORE);
    let page = client.received();
    let length = page_length(page);
    let is_whole = match length {
        Some(length) => page.len() == length,
        None if is_chunked(page) => is_whole_page(page),
        None => client.has_closed(),
    };
    match length {
        _ if is_whole => Ok(()),
        Some(length) => client.failed(format!(
            "the page has {length} bytes with its head, as its Content-Length says"
        )),
        None => client.failed(format!(
            "the page is whole within {}: then the stream ends",
            time(limit)
        )),
    }
}

/// Whether an HTTP answer has all bytes that it says it has.
fn is_whole_page(answer: &[u8]) -> bool {
    match page_length(answer) {
        Some(length) => answer.len() >= length,
        None => is_chunked(answer) && answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

/// How long an HTTP answer is with its head, if its `Content-Length` says so.
fn page_length(answer: &[u8]) -> Option<usize> {
    let length: usize = field(answer, "content-length")?.parse().ok()?;
    Some(head(answer)?.len().saturating_add(length))
}

/// The body of an HTTP answer, as far as it has come, without what its chunks are divided by (RFC 9112,
/// section 7.1). An answer without a head is all body.
pub(super) fn body(answer: &[u8]) -> Vec<u8> {
    let Some(head) = head(answer) else {
        return answer.to_vec();
    };
    let mut rest = answer.get(head.len()..).unwrap_or_default();
    if !is_chunked(answer) {
        return rest.to_vec();
    }
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|bytes| bytes == b"\r\n") {
        let (line, after) = rest.split_at(end);
        let size = String::from_utf8_lossy(line);
        let size = size.split(';').next().unwrap_or_default().trim();
        let Ok(size @ 1..) = usize::from_str_radix(size, 16) else {
            break;
        };
        let after = after.get(2..).unwrap_or_default();
        body.extend_from_slice(after.get(..size.min(after.len())).unwrap_or_default());
        rest = after.get(size.saturating_add(2)..).unwrap_or_default();
    }
    body
}

/// What a field of an HTTP answer's head says, in lower case.
pub(super) fn field(answer: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head(answer)?).to_ascii_lowercase();
    head.lines().find_map(|line| {
        let (this, value) = line.split_once(':')?;
        (this == name).then(|| value.trim().to_owned())
    })
}

fn is_chunked(answer: &[u8]) -> bool {
    field(answer, "transfer-encoding").is_some_and(|coding| coding.contains("chunked"))
}

/// The head of an HTTP answer, and the empty line that ends it.
fn head(answer: &[u8]) -> Option<&[u8]> {
    const END: &[u8] = b"\r\n\r\n";
    let end = answer.windows(END.len()).position(|bytes| bytes == END)?;
    answer.get(..end + END.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::run::{Kind, Patience, Run, Stop};

    /// A peer of somebody who sends this and closes the connection.
    fn peer_of(page: &str) -> TcpPeer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        server.write_all(page.as_bytes()).unwrap();
        let run = Run::new(false, &Patience::short());
        TcpPeer::new("client 1".to_owned(), stream, run).unwrap()
    }

    #[test]
    fn a_page_that_ends_before_its_length_is_not_whole() {
        let length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        let expects = |page: &str| expects_a_whole_page(&mut peer_of(page));
        assert!(expects(&format!("{length}Hello")).is_ok());
        assert!(expects(&format!("{length}Hell")).is_err());
        assert!(expects("HTTP/1.1 200 OK\r\n\r\nHell").is_ok());
    }

    #[test]
    fn a_page_with_more_bytes_than_its_length_says_is_not_whole() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        let failed = expects_a_whole_page(&mut peer_of(&format!("{head}Hello!")));
        let Err(Stop::Failed(failure)) = failed else {
            panic!("{failed:?}")
        };
        assert_eq!(failure.kind, Kind::Wrong);
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
        assert_eq!(body(b"HTTP/1.1 200 OK\r\n\r\n5\r\nx"), b"5\r\nx");
    }

    #[test]
    fn a_page_is_whole_when_it_has_as_many_bytes_as_it_says() {
        for page in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ncontent-length:2\r\nServer: caf\u{e9}\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
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
