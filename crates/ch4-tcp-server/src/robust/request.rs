//! What a client has sent so far: HTTP, plain text, or neither.
//!
//! Bytes in, a decision out. Nothing here reads a socket or knows the time, so it is easy to test.

use std::str;

use super::head::{self, BAD_REQUEST, NOT_IMPLEMENTED, Refusal, Request};

/// The methods of RFC 9110, section 9, and PATCH (RFC 5789), each with the space after it.
const METHODS: [&str; 9] = [
    "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ", "PATCH ",
];

/// What the bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// Too few to tell: only line ends, or a beginning such as `GE`.
    Unclear,
    /// An HTTP request without the end of its head.
    PartOfHead,
    /// An HTTP request with a complete head.
    Request(Request),
    /// Plain text without a line end.
    PartOfLine,
    /// Plain text with a line end.
    Line,
    /// Plain text without a line end, and no room for more.
    LineTooLong,
    /// A request that the server doesn't serve, or bytes that are neither HTTP nor text.
    Refused(Refusal),
}

impl Received {
    /// What the bytes are if no more will come. A line may lack its end; a head may not, and is
    /// refused.
    #[must_use]
    pub fn or_refused(self, status: &'static str, why: &'static str) -> Self {
        match self {
            Self::PartOfHead => Self::Refused((status, why)),
            other => other,
        }
    }
}

/// Tells what the bytes are, which are all that the client has sent so far.
///
/// A known method and a space mean HTTP. So does a whole line that has the form of a request line,
/// whatever its method. Anything else is text, if it can be read. (All bytes are looked at again
/// each time some come. There are few: the server stops at a limit.)
pub fn recognise(bytes: &[u8]) -> Received {
    // RFC 9112, section 2.2: ignore empty lines before a request.
    let skipped = bytes.iter().take_while(|b| b"\r\n".contains(b)).count();
    let message = &bytes[skipped..];
    let mut methods = METHODS.iter().map(|method| method.as_bytes());
    let is_known = methods.clone().any(|method| message.starts_with(method));

    let Some(line_end) = message.iter().position(|&b| b == b'\n') else {
        return if is_known {
            Received::PartOfHead
        } else if methods.any(|method| method.starts_with(message)) {
            Received::Unclear
        } else {
            text(message, Received::PartOfLine)
        };
    };
    if !is_request_line(&message[..line_end]) {
        return if is_known {
            Received::Refused((BAD_REQUEST, "its first line must be like GET / HTTP/1.1"))
        } else {
            text(message, Received::Line)
        };
    }
    match head_length(message) {
        None => Received::PartOfHead,
        Some(_) if !is_known => {
            Received::Refused((NOT_IMPLEMENTED, "HTTP doesn't have its method"))
        }
        Some(length) => match head::read(&bytes[..skipped + length]) {
            Ok(request) => Received::Request(request),
            Err(refusal) => Received::Refused(refusal),
        },
    }
}

/// Bytes up to the empty line that ends a head, and with it, if it has come.
///
/// A line may end with LF alone: RFC 9112, section 2.2.
fn head_length(message: &[u8]) -> Option<usize> {
    let mut length = 0;
    for line in message.split_inclusive(|&b| b == b'\n') {
        length += line.len();
        if line == b"\n" || line == b"\r\n" {
            return Some(length);
        }
    }
    None
}

/// `received`, if the bytes are text without control characters.
fn text(bytes: &[u8], received: Received) -> Received {
    let refused = Received::Refused((
        BAD_REQUEST,
        "it is neither HTTP nor text in UTF-8 without control characters",
    ));
    // The network may have cut the last character; its rest is on the way.
    let whole = match str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    };
    match str::from_utf8(whole) {
        Ok(text) if !text.contains(|c: char| c.is_control() && !"\t\r\n".contains(c)) => received,
        _ => refused,
    }
}

/// Whether a line without its LF is `token SP target SP HTTP/digit.digit`: RFC 9112, section 3.
fn is_request_line(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let words: Vec<_> = line.split(|&b| b == b' ').collect();
    let [
        method,
        target,
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor],
    ] = words[..]
    else {
        return false;
    };
    let is_tchar = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    let is_word = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_graphic);
    is_word(method)
        && method.iter().all(is_tchar)
        && is_word(target)
        && major.is_ascii_digit()
        && minor.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_with(bytes: &[u8]) -> &'static str {
        match recognise(bytes) {
            Received::Refused((status, _)) => status,
            other => panic!("{other:?} for {}", bytes.escape_ascii()),
        }
    }

    #[test]
    fn a_head_is_http_whatever_its_line_ends_and_wherever_it_is_cut() {
        for head in [
            "GET / HTTP/1.1\r\nHost: a\r\nCookie: caf\u{e9}\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET / HTTP/1.1\r\nHost: a\n\r\n",
            "\r\nHEAD /?a=b HTTP/1.0\r\n\r\n",
            "\n\r\nGET / HTTP/1.0\n\n",
        ] {
            let (bytes, length) = (head.as_bytes(), head.len());
            for cut in 0..length {
                let so_far = recognise(&bytes[..cut]);
                assert!(
                    matches!(so_far, Received::Unclear | Received::PartOfHead),
                    "{so_far:?} for {:?}",
                    &head[..cut]
                );
            }
            for bytes in [bytes, format!("{head}GET").as_bytes()] {
                match recognise(bytes) {
                    Received::Request(request) => assert_eq!(request.length, length, "{head:?}"),
                    other => panic!("{other:?} for {head:?}"),
                }
            }
        }
    }

    #[test]
    fn a_request_line_with_another_method_is_http_too() {
        for line in [
            "BREW /pot HTTP/1.1",
            "get / HTTP/1.1",
            "Get / HTTP/1.0",
            "GETTING / HTTP/1.1",
            "PRI * HTTP/2.0",
            "M-SEARCH * HTTP/1.1",
            "!#$%&'*+-.^_`|~09 x HTTP/9.9",
            "hello world HTTP/1.1",
        ] {
            for (line_end, fields) in [("\r\n", "Host: a\r\n"), ("\n", ""), ("\r\n", "X : y\r\n")] {
                let head = format!("{line}{line_end}{fields}");
                assert_eq!(recognise(head.as_bytes()), Received::PartOfHead, "{head:?}");
                let head = head + line_end;
                assert_eq!(refused_with(head.as_bytes()), NOT_IMPLEMENTED, "{head:?}");
            }
            // Before its line end it may be anything.
            assert_eq!(recognise(line.as_bytes()), Received::PartOfLine, "{line}");
        }
    }

    #[test]
    fn what_is_not_http_is_text_if_it_can_be_read() {
        for bytes in [&b""[..], b"\r\n", b"\n\n\r\n", b"GE", b"\r\nOPTIONS"] {
            assert_eq!(
                recognise(bytes),
                Received::Unclear,
                "{}",
                bytes.escape_ascii()
            );
        }
        for text in ["GETTING", "hello", "\nhello", "get /", "你好"] {
            let (received, bytes) = (Received::PartOfLine, text.as_bytes());
            assert_eq!(recognise(bytes), received, "{text}");
        }
        assert_eq!(recognise(&"你好".as_bytes()[..5]), Received::PartOfLine);
        for text in [
            "hello\tyou\r",
            "你好",
            "BREW /pot HTCPCP/1.0",
            "get / http/1.1",
            "BREW / HTTP/1.1 ",
            "BREW / HTTP/1.10",
            "BREW / HTTP/1",
            "BREW / HTTP/1.x",
            "BREW  / HTTP/1.1",
            "BREW  HTTP/1.1",
            "BREW HTTP/1.1",
            " GET / HTTP/1.1",
            " / HTTP/1.1",
            "BREW\t/\tHTTP/1.1",
            "BREW / pot HTTP/1.1",
            "BREW: / HTTP/1.1",
            "问 / HTTP/1.1",
            "ask 天气 HTTP/1.1",
            "HTTP/1.1 200 OK",
        ] {
            let bytes = format!("{text}\n");
            assert_eq!(recognise(bytes.as_bytes()), Received::Line, "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for bytes in [
            &b"\xff"[..],
            b"caf\xe9, please",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"\x1b[2J",
            b"hello\0",
            b"hello\x7f",
            "hello\u{9b}2J".as_bytes(),
            b"GET /\r\n",
            b"GET  / HTTP/1.1\r\n",
            b"GET / HTTP/1.1 \r\n",
            b"GET / http/1.1\r\n",
            b"GET /\r HTTP/1.1\r\n",
            b"GET \xff HTTP/1.1\r\n",
            b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            b"\r\rGET / HTTP/1.0\r\n\r\n",
        ] {
            assert_eq!(refused_with(bytes), BAD_REQUEST, "{}", bytes.escape_ascii());
        }
    }
}
