//! What a client has sent so far: HTTP, plain text, or neither.
//!
//! Pure: bytes in, an opinion out. Nothing here reads a socket or knows the time.

use std::str;

/// The most header fields that a request may have.
const MAX_FIELDS: usize = 100;

/// The methods of RFC 9110, section 9, and PATCH (RFC 5789), each with the space behind it.
const METHODS: [&[u8]; 9] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
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
    /// An HTTP request with more header fields than a server has to put up with.
    TooManyFields,
    /// Plain text; `ended` if a line end has come.
    Text {
        /// A line end has come.
        ended: bool,
    },
    /// Neither HTTP nor text, or HTTP with a mistake: what is wrong with it.
    Wrong(&'static str),
}

/// The head of an HTTP request.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The path, such as `/`, without the query.
    pub path: String,
    /// How many bytes the head has, with the empty line that ends it.
    pub head_length: usize,
    /// The head says that a body follows.
    pub has_body: bool,
}

impl Received {
    /// Looks at all bytes that have come so far.
    ///
    /// What comes first decides: a known method and a space mean HTTP.
    pub fn look_at(bytes: &[u8]) -> Self {
        // Empty lines before a request are to be ignored: RFC 9112, section 2.2.
        let start = bytes.iter().take_while(|&&b| b == b'\r' || b == b'\n');
        let (_, message) = bytes.split_at(start.count());
        if METHODS.iter().any(|method| message.starts_with(method)) {
            http(bytes)
        } else if METHODS.iter().any(|method| method.starts_with(message)) {
            Self::Unclear
        } else {
            text(message)
        }
    }
}

fn text(bytes: &[u8]) -> Received {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        // The last character may have been cut by the network; its rest is on the way.
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(bytes.split_at(error.valid_up_to()).0).unwrap_or_default()
        }
        Err(_) => return Received::Wrong("it is neither HTTP nor text in UTF-8"),
    };
    if text.contains(|c: char| c.is_control() && !"\t\r\n".contains(c)) {
        return Received::Wrong("it is neither HTTP nor text: it has control characters");
    }
    Received::Text {
        ended: text.contains('\n'),
    }
}

fn http(bytes: &[u8]) -> Received {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let head_length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Received::PartOfHead,
        Err(httparse::Error::TooManyHeaders) => return Received::TooManyFields,
        Err(httparse::Error::Version) => {
            return Received::Wrong("the first line must end in HTTP/1.1 or HTTP/1.0");
        }
        Err(_) => return Received::Wrong("its head isn't well-formed HTTP"),
    };
    let (Some(method), Some(target), Some(minor_version)) =
        (request.method, request.path, request.version)
    else {
        return Received::PartOfHead;
    };

    let count = |name: &str| {
        let fields = request.headers.iter();
        fields.filter(|f| f.name.eq_ignore_ascii_case(name)).count()
    };
    // RFC 9112, section 3.2: exactly one Host field in HTTP/1.1, at most one in HTTP/1.0.
    match (minor_version, count("Host")) {
        (_, 1) | (0, 0) => {}
        (_, 0) => return Received::Wrong("HTTP/1.1 needs a Host field"),
        _ => return Received::Wrong("it has more than one Host field"),
    }
    Received::Request(Request {
        method: method.to_owned(),
        path: path_of(target).to_owned(),
        head_length,
        has_body: count("Transfer-Encoding") > 0
            || request.headers.iter().any(|field| {
                field.name.eq_ignore_ascii_case("Content-Length") && field.value != b"0"
            }),
    })
}

/// The path in a request target (RFC 9112, section 3.2): `/path?query`, or with scheme and host
/// before it, as it is sent to a proxy.
fn path_of(target: &str) -> &str {
    let path = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => {
            rest.find(['/', '?']).map_or("/", |at| rest.split_at(at).1)
        }
        _ => target,
    };
    match path.split_once('?') {
        Some(("", _)) => "/",
        Some((path, _)) => path,
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(bytes: &[u8]) -> Request {
        match Received::look_at(bytes) {
            Received::Request(request) => request,
            other => panic!("{other:?} for {}", bytes.escape_ascii()),
        }
    }

    #[test]
    fn a_head_is_http_whatever_its_line_ends_and_wherever_it_is_cut() {
        for head in [
            "GET / HTTP/1.1\r\nHost: a\r\nCookie: caf\u{e9}\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n",
            "\r\nHEAD /?a=b HTTP/1.0\r\n\r\n",
        ] {
            let (bytes, length) = (head.as_bytes(), head.len());
            for cut in 0..length {
                let so_far = Received::look_at(&bytes[..cut]);
                assert!(
                    matches!(so_far, Received::Unclear | Received::PartOfHead),
                    "{so_far:?} for {:?}",
                    &head[..cut]
                );
            }
            assert_eq!(request(bytes).head_length, length);
            assert_eq!(request(bytes).path, "/");
            assert_eq!(request(format!("{head}GET").as_bytes()).head_length, length);
        }
    }

    #[test]
    fn a_body_is_announced_by_its_length_or_its_encoding() {
        for (field, has_body) in [
            ("Content-Length: 5", true),
            ("content-length: 0", false),
            ("Transfer-Encoding: chunked", true),
            ("Accept: */*", false),
        ] {
            let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
            assert_eq!(request(head.as_bytes()).has_body, has_body, "{field}");
        }
    }

    #[test]
    fn the_path_stands_in_every_form_of_target() {
        for (target, path) in [
            ("/", "/"),
            ("/?q=a/b", "/"),
            ("/a/b?c", "/a/b"),
            ("/?u=http://a/b", "/"),
            ("http://127.0.0.1:8080", "/"),
            ("http://127.0.0.1:8080?q", "/"),
            ("http://127.0.0.1:8080/a?q", "/a"),
            ("*", "*"),
            ("example.com:443", "example.com:443"),
        ] {
            assert_eq!(path_of(target), path, "{target}");
        }
    }

    #[test]
    fn what_is_not_http_is_text_if_it_can_be_read() {
        for (bytes, received) in [
            (&b""[..], Received::Unclear),
            (b"\r\n", Received::Unclear),
            (b"GE", Received::Unclear),
            (b"GETTING", Received::Text { ended: false }),
            (b"hello", Received::Text { ended: false }),
            (b"hello\tyou\r\n", Received::Text { ended: true }),
            ("你好\n".as_bytes(), Received::Text { ended: true }),
            (&"你好".as_bytes()[..5], Received::Text { ended: false }),
            (b"BREW /pot HTCPCP/1.0\r\n", Received::Text { ended: true }),
        ] {
            assert_eq!(
                Received::look_at(bytes),
                received,
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn everything_else_is_wrong() {
        for bytes in [
            &b"\xff"[..],
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"\x1b[2J",
            b"hello\0",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            b"GET /\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            b"GET \xff HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            let received = Received::look_at(bytes);
            assert!(
                matches!(received, Received::Wrong(_)),
                "{received:?} {}",
                bytes.escape_ascii()
            );
        }
        let many = format!(
            "GET / HTTP/1.1\r\n{}\r\n",
            "a: b\r\n".repeat(MAX_FIELDS + 1)
        );
        assert_eq!(Received::look_at(many.as_bytes()), Received::TooManyFields);
    }
}
