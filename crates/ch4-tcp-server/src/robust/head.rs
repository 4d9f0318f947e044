//! The head of an HTTP request (its first line and its fields, up to the empty line).
//!
//! `httparse` reads the lines. This checks the fields and the target, and refuses anything
//! doubtful: if two programs disagree where a request ends, both can be tricked (RFC 9112, section
//! 11.2).

use std::net::Ipv6Addr;

/// Maximum number of header fields in a request.
const MAX_FIELDS: usize = 100;

/// The status for what isn't well-formed: RFC 9110, section 15.5.1.
pub const BAD_REQUEST: &str = "400 Bad Request";
/// The status for a head that doesn't come in time: RFC 9110, section 15.5.9.
pub const TIMEOUT: &str = "408 Request Timeout";
/// The status for a head with too many bytes or fields: RFC 6585, section 5.
pub const TOO_LARGE: &str = "431 Request Header Fields Too Large";
/// The status for what HTTP allows but this server can't do: RFC 9110, section 15.6.2.
pub const NOT_IMPLEMENTED: &str = "501 Not Implemented";

/// The status with which a request is refused, and why.
pub type Refusal = (&'static str, &'static str);

/// The head of an HTTP request.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The path, such as `/`, without the query.
    pub path: String,
    /// How many bytes the head has, with line ends before it and the empty line that ends it.
    pub length: usize,
    /// The head says that a body follows.
    pub has_body: bool,
}

/// Reads a complete head.
///
/// # Errors
///
/// It isn't well-formed, or has too many fields.
pub fn read(head: &[u8]) -> Result<Request, Refusal> {
    let bad = |why| Err((BAD_REQUEST, why));
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(head) {
        Ok(_) => {}
        Err(httparse::Error::TooManyHeaders) => return Err((TOO_LARGE, "it has too many fields")),
        Err(httparse::Error::Version) => return bad("its version isn't HTTP/1.1 or HTTP/1.0"),
        Err(_) => return bad("its head isn't well-formed HTTP"),
    }
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version)
    else {
        return bad("its head has no end");
    };
    let Some(path) = path_of(method, target) else {
        return bad("its method doesn't allow this target");
    };
    // RFC 9112, section 3.2: exactly one Host field in HTTP/1.1. It may be empty.
    match values(request.headers, "Host")[..] {
        [] if minor == 1 => return bad("HTTP/1.1 needs a Host field"),
        [] | [""] => {}
        [host] if host_and_port(host).is_some() => {}
        _ => return bad("Host must be one host, with or without a port"),
    }
    // RFC 9112, sections 6.1 and 6.3: the body's length must be beyond doubt. Any length will do,
    // as the server doesn't keep the body.
    let codings = values(request.headers, "Transfer-Encoding");
    let lengths = values(request.headers, "Content-Length");
    let has_body = match (&codings[..], &lengths[..]) {
        ([], []) => false,
        ([], [length]) if is_number(length) => length.bytes().any(|b| b != b'0'),
        ([], _) => return bad("Content-Length must be one number"),
        (_, [_, ..]) => return bad("it has both Transfer-Encoding and Content-Length"),
        _ if minor == 0 => return bad("HTTP/1.0 has no Transfer-Encoding"),
        ([coding], []) if coding.eq_ignore_ascii_case("chunked") => true,
        _ => return bad("its Transfer-Encoding isn't chunked"),
    };
    Ok(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        length: head.len(),
        has_body,
    })
}

/// The values of all fields with this name; case doesn't matter.
fn values<'a>(fields: &[httparse::Header<'a>], name: &str) -> Vec<&'a str> {
    fields
        .iter()
        .filter(|field| field.name.eq_ignore_ascii_case(name))
        // Bytes that aren't UTF-8 become a value that is refused.
        .map(|field| str::from_utf8(field.value).unwrap_or("\u{fffd}"))
        .collect()
}

/// The path that a target names, if it has a form that the method allows: RFC 9112, section 3.2.
fn path_of<'a>(method: &str, target: &'a str) -> Option<&'a str> {
    // Two forms have no path. CONNECT needs a port: RFC 9110, section 9.3.6.
    if method == "CONNECT" {
        let (_, port) = host_and_port(target)?;
        return (!port.is_empty()).then_some("/");
    }
    if target == "*" {
        return (method == "OPTIONS").then_some("/");
    }
    let rest = if target.starts_with('/') {
        target
    } else {
        let (scheme, rest) = target.split_once("://")?;
        let (host, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // RFC 9110, sections 4.2.1 and 4.2.4: there must be a host, and no user before it.
        if !is_scheme(scheme) || host_and_port(host).is_none() {
            return None;
        }
        rest
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    // A browser encodes less in a query than RFC 3986, section 3.4, asks for: `/?a[]=1` (URL
    // Standard, "query percent-encode set", https://url.spec.whatwg.org/).
    if !has_only(path, ":@/") || !has_only(query, ":@/?[]{}|^`\\") {
        return None;
    }
    Some(if path.is_empty() { "/" } else { path })
}

/// RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_part)
}

/// The two parts of `uri-host [":" port]`, RFC 9110, section 7.2; a missing port is empty.
///
/// `None` if the text has another form. The host may not be empty. An IPv6 address is in brackets:
/// RFC 3986, section 3.2.2.
fn host_and_port(authority: &str) -> Option<(&str, &str)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, ""),
    };
    let is_host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && has_only(host, ""),
    };
    let is_port = port.is_empty() || is_number(port) && port.parse::<u16>().is_ok();
    (is_host && is_port).then_some((host, port))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether text has only unreserved characters, sub-delims, percent-encoded bytes (RFC 3986,
/// section 2), and the characters of `also`.
fn has_only(text: &str, also: &str) -> bool {
    let is_allowed =
        |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=%".contains(c) || also.contains(c);
    let is_hex = |b: u8| b.is_ascii_hexdigit();
    let is_byte = |code: &str| code.len() >= 2 && code.bytes().take(2).all(is_hex);
    text.chars().all(is_allowed) && text.split('%').skip(1).all(is_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status with which a request is refused, or the path that it asks for.
    fn outcome(head: &str) -> String {
        match read(head.as_bytes()) {
            Ok(request) => request.path,
            Err((status, _)) => status.to_owned(),
        }
    }

    /// The outcome of a request with a `Host` that ends with these fields.
    fn with(fields: &str) -> String {
        outcome(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n"))
    }

    #[test]
    fn a_target_has_a_path_in_each_form_that_its_method_may_have() {
        for (method, target, path) in [
            ("GET", "/", "/"),
            ("GET", "/?q=a/b?c", "/"),
            ("GET", "/a/b?c", "/a/b"),
            ("GET", "//a", "//a"),
            ("GET", "/?u=http://a/b", "/"),
            ("GET", "/?", "/"),
            (
                "GET",
                "/-._~!$&'()*+,;=:@%c3%A9",
                "/-._~!$&'()*+,;=:@%c3%A9",
            ),
            ("GET", "/?a[]=1&b={|^`\\}", "/"),
            ("GET", "http://127.0.0.1:8080", "/"),
            ("GET", "http://127.0.0.1:8080?q", "/"),
            ("GET", "http://127.0.0.1:8080/a?q", "/a"),
            ("GET", "HTTPS://[::1]:/", "/"),
            ("GET", "coap+tcp://a/", "/"),
            ("OPTIONS", "*", "/"),
            ("CONNECT", "example.com:443", "/"),
            ("CONNECT", "[::1]:443", "/"),
        ] {
            assert_eq!(path_of(method, target), Some(path), "{method} {target}");
        }
    }

    #[test]
    fn every_other_target_is_refused() {
        for target in [
            "://x",
            "?x",
            "http://",
            "http:///",
            "http://?x",
            "http://:80/",
            "http://u@a/",
            "http://a:b/",
            "http://a:65536/",
            "http://[::1/",
            "http://::1/",
            "http://a b/",
            "http:/a",
            "http:a",
            "1a://b/",
            "a_b://c/",
            "/#",
            "/a#b",
            "/?a#b",
            "http://a/#b",
            "#",
            "*",
            "a",
            "a/b",
            "a:443",
            "[::1]:443",
            "/%",
            "/%4",
            "/%zz",
            "/?%4g",
            "/<",
            "/\"",
            "/\\",
            "/{",
            "/a|b",
            "/^",
            "/`",
            "/[",
            "/?<",
            "/?\"",
            "/?>",
            "/é",
            "/?é",
        ] {
            assert_eq!(path_of("GET", target), None, "{target}");
        }
        for target in [
            "/",
            "*",
            "a",
            "a:",
            ":443",
            "a:b",
            "a:+1",
            "http://a:1",
            "a:1/",
            "[a]:1",
        ] {
            assert_eq!(path_of("CONNECT", target), None, "{target}");
        }
        assert_eq!(outcome("GET /#a HTTP/1.0\r\n\r\n"), BAD_REQUEST);
    }

    #[test]
    fn the_host_is_one_host_or_empty() {
        for host in [
            "",
            "a",
            "a.example",
            "a_b",
            "a:80",
            "a:",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:80",
            "%41",
            "a,b",
            "xn--fsq.example",
        ] {
            let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(outcome(&head), "/", "{host}");
        }
        for host in [
            "a b",
            "a, b",
            "a\tb",
            "u@a",
            "a/",
            "a?b",
            "a#b",
            "http://a",
            ":80",
            "a:b",
            "a:-1",
            "a:+1",
            "a:80:80",
            "a:65536",
            "a:99999999999999999999",
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[::1]a",
            "[::1]:b",
            "[1.2.3.4]",
            "[::1%25lo]",
            "a%",
            "a%4g",
            "é",
            "<a>",
            "a\\b",
        ] {
            for version in ["1.1", "1.0"] {
                let head = format!("GET / HTTP/{version}\r\nHost: {host}\r\n\r\n");
                assert_eq!(outcome(&head), BAD_REQUEST, "{host} {version}");
            }
        }
        assert_eq!(outcome("GET / HTTP/1.0\r\n\r\n"), "/");
        assert_eq!(outcome("GET / HTTP/1.1\r\n\r\n"), BAD_REQUEST);
        for version in ["1.1", "1.0"] {
            let head = format!("GET / HTTP/{version}\r\nHost: a\r\nhost: a\r\n\r\n");
            assert_eq!(outcome(&head), BAD_REQUEST);
        }
    }

    #[test]
    fn a_body_is_announced_by_its_length_or_its_encoding() {
        let huge = format!("Content-Length: 1{}", "0".repeat(400));
        for (fields, has_body) in [
            ("Content-Length: 5", true),
            ("content-length: \t0 ", false),
            ("Content-Length: 00", false),
            (&huge, true),
            ("Transfer-Encoding: chunked", true),
            ("transfer-encoding: Chunked", true),
            ("Accept: */*", false),
        ] {
            let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
            assert_eq!(
                read(head.as_bytes()).unwrap().has_body,
                has_body,
                "{fields}"
            );
        }
    }

    #[test]
    fn a_body_whose_end_is_in_doubt_is_refused() {
        for length in [
            "-5", "+5", "", "5 5", "5,5", "5, 6", "5a", "0x5", "5.0", "1e3", "é",
        ] {
            assert_eq!(
                with(&format!("Content-Length: {length}")),
                BAD_REQUEST,
                "{length}"
            );
        }
        for fields in [
            "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: 5\r\ncontent-length: 5",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Transfer-Encoding:",
            "Transfer-Encoding: gzip",
            "Transfer-Encoding: chunked, gzip",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        ] {
            assert_eq!(with(fields), BAD_REQUEST, "{fields}");
        }
        let head = "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(outcome(head), BAD_REQUEST);
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        for (fields, word) in [
            (
                "HTTP/1.1\r\nHost: a\r\nContent-Length: x",
                "must be one number",
            ),
            (
                "HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
                "both",
            ),
            ("HTTP/1.0\r\nTransfer-Encoding: chunked", "HTTP/1.0"),
            (
                "HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip",
                "isn't chunked",
            ),
            ("HTTP/1.1\r\nX: y", "needs a Host"),
            ("HTTP/1.1\r\nHost: a\r\nHost: a", "must be one host"),
            ("HTTP/2.0\r\nHost: a", "version"),
        ] {
            let (_, why) = read(format!("GET / {fields}\r\n\r\n").as_bytes()).unwrap_err();
            assert!(why.contains(word), "{fields}: {why}");
        }
    }

    #[test]
    fn a_field_is_a_name_a_colon_and_a_value_on_one_line() {
        for fields in [
            "X : y",
            "X",
            ": y",
            "X y: z",
            "X: y\r\n z",
            "X: y\r\n\tz",
            "X: y\rz: w",
            "X: y\r",
            "X: \0",
            "X: \x1b",
        ] {
            assert_eq!(with(fields), BAD_REQUEST, "{fields:?}");
        }
        assert_eq!(outcome("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), BAD_REQUEST);
        assert_eq!(outcome("GET / HTTP/1.1\rHost: a\r\n\r\n"), BAD_REQUEST);
        assert_eq!(outcome("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), BAD_REQUEST);
        // RFC 9112, section 2.2: LF alone may end a line. Any value may have any visible byte.
        assert_eq!(outcome("GET / HTTP/1.1\nHost:a\nX: \u{e9}\nY:\n\n"), "/");
        assert_eq!(with(&"X: y\r\n".repeat(MAX_FIELDS - 2)), "/");
        assert_eq!(with(&"X: y\r\n".repeat(MAX_FIELDS + 1)), TOO_LARGE);
    }
}
