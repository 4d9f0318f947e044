//! The bytes of a PART, as you write it on the command line.

use console::safe::escape_bytes;
use rustc_literal_escaper::{EscapeError, MixedUnit, unescape_c_str};

/// The bytes that a text with Rust's escapes stands for
/// ([Rust reference, "Tokens"](https://doc.rust-lang.org/reference/tokens.html)): `\n`, `\r`,
/// `\t`, `\0`, `\\`, `\'`, `\"`, `\xff` for any byte, `\u{4f60}` for any character. It reads what
/// [`escape_bytes`] writes, so you can send a line again that the tap has printed.
///
/// # Errors
///
/// An escape that Rust doesn't have: which one, and which there are.
pub fn parse(text: &str) -> Result<Vec<u8>, String> {
    let (mut bytes, mut bad) = (Vec::with_capacity(text.len()), None);
    unescape_c_str(text, |range, unit| match (unit, &text[range]) {
        (Ok(MixedUnit::Char(it)), _) => bytes.extend(it.get().to_string().bytes()),
        (Ok(MixedUnit::HighByte(it)), _) => bytes.push(it.get()),
        // A string of C ends there, ours doesn't.
        (Err(EscapeError::NulInCStr), _) => bytes.push(0),
        (Err(_), escape) if escape.starts_with('\\') => bad = bad.or(Some(escape)),
        // What Rust wants escaped, and the command line doesn't.
        (Err(_), character) => bytes.extend(character.bytes()),
    });
    bad.map_or(Ok(bytes), |bad| {
        let known = r#"\n \r \t \0 \\ \' \" \xff and \u{4f60}"#;
        let shown = escape_bytes(bad.as_bytes()).replace(r"\\", r"\");
        Err(format!("no such escape: {shown}; there are {known}"))
    })
}

#[cfg(test)]
mod tests {
    use console::safe::is_harmless;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_escapes_are_rusts() {
        for (text, bytes) in [
            ("", &b""[..]),
            (r"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n"),
            (r#"\n\r\t\0\\\'\""#, b"\n\r\t\0\\'\""),
            (r"\x00\x7f\xff\xFFx", b"\x00\x7f\xff\xffx"),
            (r"\u{41}\u{4f60}好", "A你好".as_bytes()),
            (r"\\x41", br"\x41"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn another_escape_is_an_error_that_names_it() {
        for (text, named) in [
            (r"a\xg", r"\xg"),
            (r"\x", r"\x"),
            (r"\x4", r"\x4"),
            (r"\x+1", r"\x+"),
            (r"\x4你", r"\x4你"),
            (r"a\", r"\"),
            (r"\q \p", r"\q"),
            (r"\u", r"\u"),
            (r"\u{", r"\u{"),
            (r"\u{}", r"\u{}"),
            (r"\u{d800}", r"\u{d800}"),
            (r"\u{0000041}", r"\u{0000041}"),
            ("\\\u{1b}[2J", r"\\x1b"),
        ] {
            let error = parse(text).unwrap_err();
            let begin = format!("no such escape: {named};");
            assert!(error.starts_with(&begin), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_sent_again(bytes: Vec<u8>, text: String) {
            for bytes in [bytes, text.into_bytes()] {
                let shown = escape_bytes(&bytes);
                prop_assert!(shown.chars().all(is_harmless), "{}", shown);
                prop_assert_eq!(parse(&shown), Ok(bytes));
            }
        }
    }
}
