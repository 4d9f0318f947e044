//! What a client has sent so far: HTTP, plain text, or neither. Bytes in, a decision out: nothing
//! here reads a socket or knows the time.

use super::head::{self, BAD_REQUEST, NOT_IMPLEMENTED, Refusal, Request};

/// The methods of RFC 9110, section 9, and PATCH (RFC 5789), each with the space after it.
const METHODS: [&str; 9] = [
    "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ", "PATCH ",
];

/// What the bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
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
    /// Plain text without a line end, or only line ends, and no room for more.
    LineTooLong,
    /// A request that the server doesn't serve, or bytes that are neither HTTP nor text.
    Refused(Refusal),
}

/// Says what a client's bytes are, each time more arrive. As a client may send one byte at a time,
/// it remembers how far it got, and doesn't look at the bytes before that again.
#[derive(Debug, Default)]
pub struct Recogniser {
    /// Line ends before the message, which RFC 9112, section 2.2, says to ignore.
    skipped: usize,
    /// How many bytes of the message have been searched for a line end.
    searched: usize,
    /// How many bytes of the message have been found to be text.
    readable: usize,
    /// The first line was a request line, so the rest of a head must follow.
    in_head: bool,
}

impl Recogniser {
    /// Says what `bytes` are: all that the client has sent so far.
    ///
    /// A known method and a space mean HTTP, and so does a whole request line, whatever its method.
    /// Anything else is text, if it can be read.
    pub fn recognise(&mut self, bytes: &[u8]) -> Message {
        // Skip line ends until the message begins.
        let rest = bytes[self.skipped..].iter();
        self.skipped += rest.take_while(|b| b"\r\n".contains(b)).count();
        let message = &bytes[self.skipped..];
        let methods = METHODS.map(str::as_bytes);
        let is_known = methods.iter().any(|method| message.starts_with(method));

        while let Some(line_end) = message[self.searched..].iter().position(|&b| b == b'\n') {
            self.searched += line_end + 1;
            let lines = &message[..self.searched];
            if self.in_head {
                // An empty line ends the head. A line end may be LF alone: RFC 9112, section 2.2.
                if lines.ends_with(b"\n\n") || lines.ends_with(b"\n\r\n") {
                    return whole_head(&bytes[..self.skipped + self.searched], is_known);
                }
            } else if is_request_line(lines) {
                self.in_head = true;
            } else if is_known {
                let why = "its first line must be like GET / HTTP/1.1";
                return Message::Refused((BAD_REQUEST, why));
            } else {
                return self.text(message, Message::Line);
            }
        }
        self.searched = message.len();
        if self.in_head || is_known {
            Message::PartOfHead
        } else if methods.iter().any(|method| method.starts_with(message)) {
            Message::Unclear
        } else {
            self.text(message, Message::PartOfLine)
        }
    }

    /// Returns `if_text` if the message is text without control characters, and else refuses it.
    fn text(&mut self, message: &[u8], if_text: Message) -> Message {
        let new = &message[self.readable..];
        // The network may have cut the last character; its rest is on the way.
        let whole = match str::from_utf8(new) {
            Err(error) if error.error_len().is_none() => &new[..error.valid_up_to()],
            _ => new,
        };
        let is_control = |c: char| c.is_control() && !"\t\r\n".contains(c);
        if str::from_utf8(whole).is_ok_and(|text| !text.contains(is_control)) {
            self.readable += whole.len();
            return if_text;
        }
        let why = "it is neither HTTP nor text in UTF-8 without control characters";
        Message::Refused((BAD_REQUEST, why))
    }
}

/// Reads a complete head, or refuses its method. `head` includes the line ends before it.
fn whole_head(head: &[u8], is_known: bool) -> Message {
    if !is_known {
        return Message::Refused((NOT_IMPLEMENTED, "this server doesn't know its method"));
    }
    head::read(head).map_or_else(Message::Refused, Message::Request)
}

/// Whether a line is `token SP target SP HTTP/digit.digit`: RFC 9112, section 3.
fn is_request_line(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let words: Vec<_> = line.split(|&b| b == b' ').collect();
    let [method, target, version] = words[..] else {
        return false;
    };
    let Some([b'0'..=b'9', b'.', b'0'..=b'9']) = version.strip_prefix(b"HTTP/") else {
        return false;
    };
    let is_tchar = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !method.is_empty()
        && method.iter().all(is_tchar)
        && !target.is_empty()
        && target.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(bytes: &[u8]) -> Message {
        Recogniser::default().recognise(bytes)
    }

    fn refused_with(bytes: &[u8]) -> &'static str {
        match recognised(bytes) {
            Message::Refused((status, _)) => status,
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
                let so_far = recognised(&bytes[..cut]);
                assert!(
                    matches!(so_far, Message::Unclear | Message::PartOfHead),
                    "{so_far:?} for {:?}",
                    &head[..cut]
                );
            }
            for bytes in [bytes, format!("{head}GET").as_bytes()] {
                match recognised(bytes) {
                    Message::Request(request) => assert_eq!(request.length, length, "{head:?}"),
                    other => panic!("{other:?} for {head:?}"),
                }
            }
        }
    }

    /// What was looked at is overwritten with bytes that would change the answer.
    #[test]
    fn each_byte_is_looked_at_once() {
        let line = "GET / HTTP/1.1\r\n";
        let fields = "X: yyyyyyyyy\r\n".repeat(200);
        for (first, rest) in [
            (line, fields.as_str()),
            (&line.replace("GET", "BREW"), &fields),
            ("hello, hello", &"é, ".repeat(1000)),
            ("", &"\r\n".repeat(1000)),
        ] {
            for other in *b"\n\xff" {
                let mut bytes = [first, rest].concat().into_bytes();
                let mut recogniser = Recogniser::default();
                let so_far = recogniser.recognise(&bytes[..first.len()]);
                for length in first.len()..bytes.len() {
                    if length > first.len() + 4 {
                        bytes[length - 4] = other;
                    }
                    let message = recogniser.recognise(&bytes[..length]);
                    assert_eq!(message, so_far, "{first:?} at {length}");
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
                assert_eq!(recognised(head.as_bytes()), Message::PartOfHead, "{head:?}");
                let head = head + line_end;
                assert_eq!(refused_with(head.as_bytes()), NOT_IMPLEMENTED, "{head:?}");
            }
            // Before its line end it may be anything.
            assert_eq!(recognised(line.as_bytes()), Message::PartOfLine, "{line}");
        }
    }

    #[test]
    fn what_is_not_http_is_text_if_it_can_be_read() {
        for bytes in [&b""[..], b"\r\n", b"\n\n\r\n", b"GE", b"\r\nOPTIONS"] {
            assert_eq!(
                recognised(bytes),
                Message::Unclear,
                "{}",
                bytes.escape_ascii()
            );
        }
        for text in ["GETTING", "hello", "\nhello", "get /", "你好"] {
            let (message, bytes) = (Message::PartOfLine, text.as_bytes());
            assert_eq!(recognised(bytes), message, "{text}");
        }
        assert_eq!(recognised(&"你好".as_bytes()[..5]), Message::PartOfLine);
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
            assert_eq!(recognised(bytes.as_bytes()), Message::Line, "{text}");
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
