//! What the server answers: a greeting, as a page or as a line of text, or what was wrong.

use std::time::SystemTime;

use console::safe;
use html_escape::encode_text;

use super::head::Request;
use super::request::Message;

/// An answer, ready to be sent.
pub struct Answer {
    /// What the console calls it: `200 OK`, or `plain text`.
    pub title: &'static str,
    /// How many bytes of it come before the page.
    head_length: usize,
    /// All bytes of it.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The answer to a client that sent `bytes`, recognised as `message`: a greeting to `name`, or
    /// what is wrong.
    pub fn new(message: &Message, bytes: &[u8], name: &str) -> Self {
        let mut answer = match message {
            Message::Request(request) => answer_request(request, bytes, name),
            Message::Refused((status, why)) => refusal(status, "", why),
            Message::LineTooLong => {
                let limit = bytes.len();
                let line = format!("Your line is too long: the limit is {limit} bytes.");
                return plain_text(line);
            }
            // For a peer that doesn't speak HTTP, such as section 4.2's client.
            _ => return plain_text(format!("Hello World, {name}!")),
        };
        if bytes.trim_ascii_start().starts_with(b"HEAD ") {
            // RFC 9110, section 9.3.2: the answer to GET, without its page. So is a refusal.
            answer.bytes.truncate(answer.head_length);
        }
        answer
    }
}

fn answer_request(request: &Request, bytes: &[u8], name: &str) -> Answer {
    match (request.path.as_str(), request.method.as_str()) {
        ("/", "GET" | "HEAD") => {
            let sent = what_was_sent(&bytes[..request.length]);
            page("200 OK", "", &format!("Hello World, {name}!"), &sent)
        }
        ("/", _) => {
            // RFC 9110, section 15.5.6: this status comes with an Allow field.
            let (status, fields) = ("405 Method Not Allowed", "Allow: GET, HEAD\r\n");
            refusal(status, fields, "the page is for GET and HEAD only")
        }
        _ => refusal("404 Not Found", "", "the only page here is /, the root"),
    }
}

fn refusal(status: &'static str, fields: &str, why: &str) -> Answer {
    let why = format!("<p>The server refuses this request: {why}.");
    page(status, fields, status, &why)
}

fn plain_text(line: String) -> Answer {
    Answer {
        title: "plain text",
        head_length: 0,
        bytes: (line + "\n").into_bytes(),
    }
}

/// An HTTP response (RFC 9112, section 2.1) with a page in it: `heading` is text, `rest` is HTML.
///
/// `Content-Length` tells a whole answer from a cut one. `Connection: close` says that no other
/// follows (RFC 9112, section 9.6). The charset keeps "你好" readable.
fn page(status: &'static str, fields: &str, heading: &str, rest: &str) -> Answer {
    let heading = encode_text(heading);
    let body = format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{heading}</title>\n\
         <style>{STYLE}</style>\n\
         <h1>{heading}</h1>\n\
         {rest}\n"
    );
    let date = httpdate::HttpDate::from(SystemTime::now());
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n\
         Date: {date}\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Length: {length}\r\n\
         {fields}\
         Connection: close\r\n\
         \r\n"
    );
    Answer {
        title: status,
        head_length: head.len(),
        bytes: [head, body].concat().into_bytes(),
    }
}

/// Colours follow the reader's choice of light or dark.
const STYLE: &str = "\
:root{color-scheme:light dark;font:1.1rem/1.6 system-ui,sans-serif}\
body{max-width:46rem;margin:4rem auto;padding:0 1.5rem}\
h1{font-size:2rem;line-height:1.2;overflow-wrap:anywhere}\
pre{padding:1rem;border:1px solid #8886;border-radius:.5rem;background:#8881;\
font-size:.85rem;white-space:pre-wrap;overflow-wrap:anywhere}";

/// The page's second part: the request as it arrived, line by line.
fn what_was_sent(head: &[u8]) -> String {
    let mut html = "<p>Your browser sent this to say that it wants the page:</p>\n<pre>".to_owned();
    for line in String::from_utf8_lossy(head).lines() {
        html += &encode_text(&safe::escape(line));
        html += "\n";
    }
    html + "</pre>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_stay_text() {
        let head = b"GET / HTTP/1.0\r\nX: </pre><script>\xff\x1b[2J\r\n\r\n";
        let request = Request {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            length: head.len(),
            has_body: false,
        };
        let bytes = [head, &b"body"[..]].concat();
        let answer = answer_request(&request, &bytes, "<b>\"&\"");
        let page = String::from_utf8_lossy(answer.bytes.split_at(answer.head_length).1);
        insta::assert_snapshot!(page.replace(STYLE, "[style]"), @r#"
        <!DOCTYPE html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Hello World, &lt;b&gt;"&amp;"!</title>
        <style>[style]</style>
        <h1>Hello World, &lt;b&gt;"&amp;"!</h1>
        <p>Your browser sent this to say that it wants the page:</p>
        <pre>GET / HTTP/1.0
        X: &lt;/pre&gt;&lt;script&gt;�\u{1b}[2J

        </pre>
        "#);
    }
}
