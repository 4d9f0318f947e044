//! What a client has sent so far: HTTP, plain text, or neither.
//!
//! Pure: bytes in, an opinion out. Nothing here reads a socket or knows the time.

use std::str;

use crate::head::{self, BAD_REQUEST, NOT_IMPLEMENTED, Refusal, Request};

/// The methods of RFC 9110, section 9, and PATCH (RFC 5789), each with the space behind it.
const METHODS: [&str; 9] = [
    "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ", "PATCH ",
];

/// What the bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// It can't be told yet: nothing but line ends, or a beginning such as `GE`.
    Unclear,
    /// An HTTP request whose head isn't complete yet.
    PartOfHead,
    /// An HTTP request with a complete head.
    Request(Request),
    /// Plain text.
    Text {
        /// A line end has come.
        ended: bool,
    },
    /// A request that the server doesn't serve, or bytes that are neither HTTP nor text.
    Refused(Refusal),
}

/// How far a client's bytes have been looked at.
///
/// A client may send one byte at a time, so each byte is looked at once, when it has come. Only a
/// complete head is read again, once, by `httparse`.
#[derive(Debug, Default)]
pub struct Scan {
    /// Bytes before the message: line ends, which RFC 9112, section 2.2, says to ignore.
    skipped: usize,
    /// Bytes of the message in which a line end has been looked for.
    searched: usize,
    /// Bytes of the message that are known to be text.
    readable: usize,
    /// The first line was a request line, so the rest of a head must follow.
    in_head: bool,
}

impl Scan {
    /// Looks at what is new in `bytes`, which are all that have come so far.
    ///
    /// A known method and a space mean HTTP. So does a whole line that has the form of a request
    /// line, whatever its method. Anything else is text, if it can be read.
    pub fn look_at(&mut self, bytes: &[u8]) -> Received {
        if self.searched == 0 {
            let new = bytes.iter().skip(self.skipped);
            self.skipped += new.take_while(|b| b"\r\n".contains(b)).count();
        }
        let (_, message) = bytes.split_at(self.skipped);
        let mut methods = METHODS.iter().map(|method| method.as_bytes());
        let is_known = methods.clone().any(|method| message.starts_with(method));

        while let Some(length) = line_end(message, self.searched) {
            self.searched = length;
            let (lines, _) = message.split_at(length);
            if !self.in_head && !is_request_line(lines) {
                let why = "its first line must be like GET / HTTP/1.1";
                let refused = is_known.then_some(Received::Refused((BAD_REQUEST, why)));
                return refused.unwrap_or_else(|| self.text(message, true));
            }
            // An empty line ends the head. A line end may be LF alone: RFC 9112, section 2.2.
            if self.in_head && (lines.ends_with(b"\n\n") || lines.ends_with(b"\n\r\n")) {
                if !is_known {
                    return Received::Refused((NOT_IMPLEMENTED, "HTTP doesn't have its method"));
                }
                let (head, _) = bytes.split_at(self.skipped + length);
                return head::read(head).map_or_else(Received::Refused, Received::Request);
            }
            self.in_head = true;
        }
        self.searched = message.len();
        if self.in_head || is_known {
            Received::PartOfHead
        } else if methods.any(|method| method.starts_with(message)) {
            Received::Unclear
        } else {
            self.text(message, false)
        }
    }

    fn text(&mut self, message: &[u8], ended: bool) -> Received {
        let (_, new) = message.split_at(self.readable);
        let text = match str::from_utf8(new) {
            Ok(text) => Some(text),
            // The last character may have been cut by the network; its rest is on the way.
            Err(error) if error.error_len().is_none() => {
                str::from_utf8(new.split_at(error.valid_up_to()).0).ok()
            }
            Err(_) => None,
        };
        let is_control = |c: char| c.is_control() && !"\t\r\n".contains(c);
        let Some(text) = text.filter(|text| !text.contains(is_control)) else {
            let why = "it is neither HTTP nor text in UTF-8 without control characters";
            return Received::Refused((BAD_REQUEST, why));
        };
        self.readable += text.len();
        Received::Text { ended }
    }
}

/// How many bytes there are up to the first line end behind the first `from`, and with it.
fn line_end(bytes: &[u8], from: usize) -> Option<usize> {
    let at = bytes.iter().skip(from).position(|&b| b == b'\n')?;
    Some(from + at + 1)
}

/// Whether a line is `token SP target SP HTTP/digit.digit`: RFC 9112, section 3.
fn is_request_line(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
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

    /// What the bytes are, which is the same if they come one by one.
    fn look_at(bytes: &[u8]) -> Received {
        let whole = Scan::default().look_at(bytes);
        let mut scan = Scan::default();
        let is_open = |received: &Received| {
            use Received::{PartOfHead, Text, Unclear};
            matches!(received, Unclear | PartOfHead | Text { ended: false })
        };
        let mut one_by_one = (0..=bytes.len()).map(|length| scan.look_at(&bytes[..length]));
        let decided = one_by_one.find(|received| !is_open(received));
        if is_open(&whole) {
            assert_eq!(decided, None, "{}", bytes.escape_ascii());
        } else {
            assert_eq!(decided.as_ref(), Some(&whole), "{}", bytes.escape_ascii());
        }
        whole
    }

    fn refused_with(bytes: &[u8]) -> &'static str {
        match look_at(bytes) {
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
                let so_far = look_at(&bytes[..cut]);
                assert!(
                    matches!(so_far, Received::Unclear | Received::PartOfHead),
                    "{so_far:?} for {:?}",
                    &head[..cut]
                );
            }
            for bytes in [bytes, format!("{head}GET").as_bytes()] {
                match look_at(bytes) {
                    Received::Request(request) => assert_eq!(request.length, length, "{head:?}"),
                    other => panic!("{other:?} for {head:?}"),
                }
            }
        }
    }

    /// A client that sends a byte at a time costs no more than one that sends all at once.
    ///
    /// What has been looked at is blotted out here. A line end in it would end the line or the
    /// head, and a byte that isn't UTF-8 would be refused, if it were looked at again. (The first
    /// word is, and the two bytes before a line end, and a character that was cut.)
    #[test]
    fn what_has_been_looked_at_is_not_looked_at_again() {
        let line = "GET / HTTP/1.1\r\n";
        let fields = "X: yyyyyyyyy\r\n".repeat(200);
        for (first, rest) in [
            (line, fields.as_str()),
            (&line.replace("GET", "BREW"), &fields),
            ("hello, hello", &"é, ".repeat(1000)),
            ("", &"\r\n".repeat(1000)),
        ] {
            for blot in *b"\n\xff" {
                let mut bytes = [first, rest].concat().into_bytes();
                let mut scan = Scan::default();
                let so_far = scan.look_at(&bytes[..first.len()]);
                for length in first.len()..bytes.len() {
                    if length > first.len() + 4 {
                        bytes[length - 4] = blot;
                    }
                    assert_eq!(
                        scan.look_at(&bytes[..length]),
                        so_far,
                        "{first:?} at {length}"
                    );
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
                assert_eq!(look_at(head.as_bytes()), Received::PartOfHead, "{head:?}");
                let head = head + line_end;
                assert_eq!(refused_with(head.as_bytes()), NOT_IMPLEMENTED, "{head:?}");
            }
            // Before its line end it may be anything.
            assert_eq!(
                look_at(line.as_bytes()),
                Received::Text { ended: false },
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_not_http_is_text_if_it_can_be_read() {
        for bytes in [&b""[..], b"\r\n", b"\n\n\r\n", b"GE", b"\r\nOPTIONS"] {
            assert_eq!(
                look_at(bytes),
                Received::Unclear,
                "{}",
                bytes.escape_ascii()
            );
        }
        for text in ["GETTING", "hello", "\nhello", "get /", "你好"] {
            let (received, bytes) = (Received::Text { ended: false }, text.as_bytes());
            assert_eq!(look_at(bytes), received, "{text}");
        }
        assert_eq!(
            look_at(&"你好".as_bytes()[..5]),
            Received::Text { ended: false }
        );
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
            assert_eq!(
                look_at(bytes.as_bytes()),
                Received::Text { ended: true },
                "{text}"
            );
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
