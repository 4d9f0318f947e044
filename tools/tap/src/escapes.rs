//! Bytes as text with escapes, and back.
//!
//! [`show`] writes what [`parse`] reads, so a line that the tap has printed can be sent again.

use std::ascii;

use console::safe::is_harmless;

/// The bytes that a text with Rust's escapes stands for
/// ([Rust reference, "Tokens"](https://doc.rust-lang.org/reference/tokens.html)): `\n`, `\r`,
/// `\t`, `\0`, `\\`, `\'`, `\"`, `\xff` for any byte, `\u{4f60}` for any character.
///
/// # Errors
///
/// An escape that Rust doesn't have: which one, and which there are.
pub fn parse(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend(before.as_bytes());
        rest = unescape(escape, &mut bytes).ok_or_else(|| bad_escape(escape))?;
    }
    bytes.extend(rest.as_bytes());
    Ok(bytes)
}

/// Adds the bytes of one escape, whose backslash is gone. Returns what follows it.
fn unescape<'a>(escape: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let kind = escape.chars().next()?;
    let (_, mut rest) = escape.split_at(kind.len_utf8());
    let character = match kind {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        '\\' | '\'' | '"' => kind,
        'x' => {
            let (digits, rest) = rest.split_at_checked(2)?;
            bytes.push(u8::try_from(hexadecimal(digits)?).ok()?);
            return Some(rest);
        }
        'u' => {
            let (digits, after) = rest.strip_prefix('{')?.split_once('}')?;
            rest = after;
            char::from_u32(hexadecimal(digits).filter(|_| digits.len() <= 6)?)?
        }
        _ => return None,
    };
    bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(rest)
}

/// The number with these digits. (`from_str_radix` alone would take a sign, too.)
fn hexadecimal(digits: &str) -> Option<u32> {
    let only_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| only_digits)
}

fn bad_escape(escape: &str) -> String {
    let shown: String = escape.chars().take(3).collect();
    format!(
        r#"no such escape: \{}; there are \n \r \t \0 \\ \' \" \xff and \u{{4f60}}"#,
        shown.escape_default()
    )
}

/// The bytes as text, without quotes. A terminal shows it as one line and obeys none of it:
/// a character that it would obey, or that can't be seen, comes out escaped, and so does a byte
/// that isn't UTF-8.
#[must_use]
pub fn show(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\'' => shown.push(character),
                '\0' => shown.push_str(r"\0"),
                '\x01'..='\x7f' => {
                    shown.extend(ascii::escape_default(character as u8).map(char::from));
                }
                _ if is_harmless(character) => shown.push(character),
                _ => shown.extend(character.escape_unicode()),
            }
        }
        shown.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    shown
}

/// Rows of 16 bytes: where the row begins, the bytes in hexadecimal, and as ASCII.
#[must_use]
pub fn show_hex(bytes: &[u8]) -> String {
    let row = |(number, row): (usize, &[u8])| {
        let hex: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = row.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        });
        let (hex, text) = (hex.join(" "), text.collect::<String>());
        format!("{:04x}  {hex:47}  {text}", number * 16)
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
            (r"\xg", r"\xg"),
            (r"\x", r"\x"),
            (r"\x4", r"\x4"),
            (r"\x+1", r"\x+1"),
            (r"\x4你", r"\x4\u{4f60}"),
            (r"a\", r"\"),
            (r"\q", r"\q"),
            (r"\u", r"\u"),
            (r"\u{", r"\u{"),
            (r"\u{}", r"\u{}"),
            (r"\u{d800}", r"\u{d"),
            (r"\u{0000041}", r"\u{0"),
            ("\\\u{1b}[2J", r"\\u{1b}[2"),
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
