//! The conversion, text to text: no socket, no terminal.

/// Maximum length of a request in bytes: as much as the tutorial's server receives.
pub const MAX_REQUEST: usize = 1024;

/// Maximum length of a reply in bytes. With a forged sender, an attacker can make a server send its
/// replies to a victim ("reflection"). That is worth little if they are short.
pub const MAX_REPLY: usize = 80;

/// How an answer begins, in the tutorial's words.
const CONVERTED: &str = "Converted temperature (degrees Fahrenheit):";

/// How a refusal begins.
pub const REFUSED: &str = "Can't convert:";

const ABSOLUTE_ZERO: f64 = -273.15;

/// The reply to a request: the temperature in degrees Fahrenheit, or why there is none.
///
/// It has at most [`MAX_REPLY`] bytes and no control characters, whatever the request has. It
/// ends in a number only if that is the temperature.
pub fn reply(request: &[u8]) -> String {
    match fahrenheit(request) {
        Ok(degrees) => format!("{CONVERTED} {}", rounded(degrees)),
        Err(reason) => format!("{REFUSED} {reason}"),
    }
}

/// Whether these bytes begin as a [`reply`] does.
pub fn is_reply(datagram: &[u8]) -> bool {
    datagram.starts_with(CONVERTED.as_bytes()) || datagram.starts_with(REFUSED.as_bytes())
}

fn fahrenheit(request: &[u8]) -> Result<f64, &'static str> {
    if request.len() > MAX_REQUEST {
        return Err("the request is longer than 1024 bytes");
    }
    let text = str::from_utf8(request).map_err(|_| "the request isn't text in UTF-8")?;
    let text = text.trim();
    // Rust's idea of a number is stricter than Python's `float`: no `1_000`, no full-width digits.
    // But "nan" and "inf" parse too, and a number that is too large becomes infinity.
    let number = text.parse().ok().filter(|number: &f64| !number.is_nan());
    let celsius = number.ok_or_else(|| why_not_a_number(text))?;
    if celsius < ABSOLUTE_ZERO {
        return Err("it is below absolute zero, which is -273.15 degrees Celsius");
    }
    let fahrenheit = celsius * 1.8 + 32.0;
    // "inf" and 1e400 are infinite already; 1e308 has become so by the conversion.
    if fahrenheit.is_infinite() {
        return Err("it is infinite or too large");
    }
    Ok(fahrenheit)
}

fn why_not_a_number(text: &str) -> &'static str {
    if text.is_empty() {
        "the request is empty"
    } else if text.contains(',') && text.replacen(',', ".", 1).parse::<f64>().is_ok() {
        "write a decimal point, not a comma"
    } else if !text.is_ascii() {
        "that isn't a number in plain ASCII digits"
    } else {
        "that isn't a number"
    }
}

/// At most two decimals; from 1e15 up scientific, with 15 digits. More digits would show only the
/// rounding error of an `f64`: 36.6 would give 97.88000000000001.
fn rounded(degrees: f64) -> String {
    if degrees.abs() < 1e15 {
        // -0.004 is rounded to -0; adding zero makes it 0.
        let degrees = (degrees * 100.0).round() / 100.0 + 0.0;
        return degrees.to_string();
    }
    let scientific = format!("{degrees:.14e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{digits}e{exponent}")
}

#[cfg(test)]
mod tests {
    use console::safe;
    use proptest::prelude::*;

    use super::*;

    fn converted(request: &str) -> String {
        let reply = reply(request.as_bytes());
        let number = reply.strip_prefix("Converted temperature (degrees Fahrenheit): ");
        number.unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    #[test]
    fn numbers_have_at_most_two_decimals() {
        for (celsius, fahrenheit) in [
            ("100", "212"),
            ("36.6", "97.88"),
            ("37.8", "100.04"),
            (" 37.5\n", "99.5"),
            ("\u{3000}+.5\r\n", "32.9"),
            ("-40", "-40"),
            ("-1e2", "-148"),
            ("-273.15", "-459.67"),
            ("0.001", "32"),
            // -0.004 degrees Fahrenheit, and the zeros that have a sign.
            ("-17.78", "0"),
            ("-17.7777777777777777", "0"),
            ("-0", "32"),
        ] {
            assert_eq!(converted(celsius), fahrenheit, "{celsius:?}");
        }
    }

    #[test]
    fn large_numbers_are_scientific() {
        for (celsius, fahrenheit) in [
            ("5e14", "900000000000032"),
            ("555555555555537.75", "1e15"),
            ("1e15", "1.80000000000003e15"),
            // Neither 1.7999999999999998e23 nor 180000000000000000000000.
            ("1e23", "1.8e23"),
            ("9e307", "1.62e308"),
        ] {
            assert_eq!(converted(celsius), fahrenheit, "{celsius}");
        }
    }

    #[test]
    fn each_reason_says_what_is_wrong() {
        let long = "1".repeat(MAX_REQUEST + 1);
        let requests: [&[u8]; 10] = [
            b"",
            b" \n",
            b"warm",
            b"nan",
            b"37,5",
            "３７".as_bytes(),
            b"\xff",
            b"-273.16",
            b"1e400",
            long.as_bytes(),
        ];
        let reasons: String = requests
            .iter()
            .map(|request| reply(request) + "\n")
            .collect();
        insta::assert_snapshot!(reasons, @"
        Can't convert: the request is empty
        Can't convert: the request is empty
        Can't convert: that isn't a number
        Can't convert: that isn't a number
        Can't convert: write a decimal point, not a comma
        Can't convert: that isn't a number in plain ASCII digits
        Can't convert: the request isn't text in UTF-8
        Can't convert: it is below absolute zero, which is -273.15 degrees Celsius
        Can't convert: it is infinite or too large
        Can't convert: the request is longer than 1024 bytes
        ");
        assert!(reasons.contains(&format!("longer than {MAX_REQUEST} bytes")));
        // The longest request that is looked at.
        assert_eq!(converted(&format!("{:0>MAX_REQUEST$}", "100")), "212");
    }

    #[test]
    fn a_reply_is_told_from_a_request() {
        for request in [&b"36.6"[..], b"warm", b"-300"] {
            assert!(!is_reply(request));
            assert!(is_reply(reply(request).as_bytes()));
        }
    }

    /// Bytes as they come from peers: anything, and what is nearly a number.
    fn requests() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..2000),
            "[-+0-9eE.,_ infa\u{0}\u{1b}３]{0,40}".prop_map(String::into_bytes),
            any::<f64>().prop_map(|number| number.to_string().into_bytes()),
            any::<f64>().prop_map(|number| format!("{number:e}").into_bytes()),
        ]
    }

    proptest! {
        #[test]
        fn whatever_comes_the_reply_is_short_and_harmless(request in requests()) {
            let reply = reply(&request);
            prop_assert!(reply.len() <= MAX_REPLY, "{reply:?}");
            prop_assert!(reply.chars().all(safe::is_harmless), "{reply:?}");
            // It ends in a number if it is an answer, else it doesn't.
            let last = reply.rsplit(' ').next().unwrap().parse::<f64>();
            prop_assert_eq!(last.is_ok(), reply.starts_with(CONVERTED), "{}", reply);
        }

        #[test]
        fn the_number_is_the_right_one(
            celsius in prop_oneof![ABSOLUTE_ZERO..1e4, ABSOLUTE_ZERO..1e16, ABSOLUTE_ZERO..9e307],
        ) {
            let number: f64 = converted(&celsius.to_string()).parse().unwrap();
            let right = celsius * 1.8 + 32.0;
            let tolerance = f64::max(0.005_000_1, right.abs() * 1e-14);
            prop_assert!((number - right).abs() <= tolerance, "{number} instead of {right}");
        }
    }
}
