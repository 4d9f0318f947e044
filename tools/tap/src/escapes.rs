//! Bytes as text with escapes, and back.
//!
//! [`show`] writes what [`parse`] reads, so a line that the tap has printed can be sent again.

use console::safe::is_harmless;
use rustc_literal_escaper::{EscapeError, MixedUnit, unescape_c_str};

/// The bytes that a text with Rust's escapes stands for
/// ([Rust reference, "Tokens"](https://doc.rust-lang.org/reference/tokens.html)): `\n`, `\r`,
/// `\t`, `\0`, `\\`, `\'`, `\"`, `\xff` for any byte, `\u{4f60}` for any character.
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
        let shown = show(bad.as_bytes()).replace(r"\\", r"\");
        Err(format!("no such escape: {shown}; there are {known}"))
    })
}

/// The bytes as text, without quotes. A terminal shows it as one line and obeys none of it:
/// a character that it would obey, or that can't be seen, comes out escaped, and so does a byte
/// that isn't UTF-8.
pub fn show(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\'' => shown.push(character),
                '\0' => shown.push_str(r"\0"),
                '\x01'..='\x7f' => shown += &(character as u8).escape_ascii().to_string(),
                _ if is_harmless(character) => shown.push(character),
                _ => shown.extend(character.escape_unicode()),
            }
        }
        shown.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    shown
}

/// Rows of 16 bytes: where the row begins, the bytes in hexadecimal, and as ASCII.
pub fn show_hex(bytes: &[u8]) -> String {
    let visible = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    };
    let row = |(number, row): (usize, &[u8])| {
        let hex: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = row.iter().map(visible).collect();
        format!("{:04x}  {:47}  {text}", number * 16, hex.join(" "))
    };
    let rows: Vec<_> = bytes.chunks(16).enumerate().map(row).collect();
    rows.join("\n")
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let bytes = "你好 \"\\\r\n\t\0\x1b[2J\u{202e}\u{200d}\u{9b}".as_bytes();
        assert_eq!(
            show(&[bytes, b"\xff\xe4\xbd"].concat()),
            r#"你好 \"\\\r\n\t\0\x1b[2J\u{202e}\u{200d}\u{9b}\xff\xe4\xbd"#
        );
    }

    #[test]
    fn hex_has_rows_of_16_bytes() {
        insta::assert_snapshot!(show_hex(b"GET / HTTP/1.1\r\n\xff\x1b[2J~"), @r"
            0000  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..
            0010  ff 1b 5b 32 4a 7e                                ..[2J~
        ");
        assert_eq!(show_hex(b""), "");
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_sent_again(bytes: Vec<u8>, text: String) {
            for bytes in [bytes, text.into_bytes()] {
                let shown = show(&bytes);
                prop_assert!(shown.chars().all(is_harmless), "{}", shown);
                prop_assert_eq!(parse(&shown), Ok(bytes));
            }
        }
    }
}
