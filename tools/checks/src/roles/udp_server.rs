//! Section 5.1: a server that converts degrees Celsius to Fahrenheit, a datagram each way.
//!
//! A server may say what it likes around the number, with any decimals: an answer is right if a
//! number in it is within half a degree of the right one. To a request that is no temperature it
//! may answer a reason or nothing, but not a conversion: the words of a good answer with another
//! number in them.

use bstr::ByteSlice;
use socket2::Type;

use crate::check::{Check, Lesson, Level};
use crate::datagram::Asker;
use crate::lab::{ESCAPES, Lab, SILENCE};
use crate::run::{Advise, Told};

const PAGE: Lesson = Lesson::page("docs/5.1-udp-server.md");

/// What to change in a server that answers something else.
const FORMULA: &str = "Convert the text to a number, multiply it by 1.8, and add 32. (Where integers \
    are divided without a remainder, 9 / 5 is 1. In Python the str of bytes is b'20', which is no \
    number: decode them.)";

/// The same, in one that converted the first number correctly.
const BYTES: &str = "Convert the sign, too, and only the bytes of this datagram: after them the \
    buffer may still hold the end of an earlier, longer one.";

/// All checks of the role.
pub const CHECKS: &[Check] = &[
    Check {
        id: "udp-server/binds",
        title: "Receives on its port",
        level: Level::Basic,
        about: "The program binds a UDP socket to 127.0.0.1, or to all addresses, and the port. It \
                still runs 500 ms later. (On Linux the check looks this up in /proc/net; elsewhere \
                it tries the port until it is taken. It sends no datagram, as a simple server ends \
                after the first.)",
        advice: "Bind a UDP socket to 127.0.0.1 and the port that the program is given, and wait \
                 for a datagram. The program must not end by itself.",
        lesson: PAGE,
        run: |lab| {
            lab.asks()?;
            lab.expects_to_live()
        },
    },
    Check {
        id: "udp-server/converts",
        title: "Converts a temperature",
        level: Level::Basic,
        about: "A client asks \"20\"; the answer has the number 68.",
        advice: "Receive a datagram, convert its text to a number, multiply by 1.8, add 32, and \
                 send the result as text, with the same socket, to the address that the request \
                 came from.",
        lesson: PAGE,
        // Other checks begin with the same request. If a server doesn't answer it, they fail at the
        // same step, and aren't tried again.
        run: |lab| {
            let told = converts(&mut lab.asks()?, "20", 68.0);
            let is_wrong = is_answered(&told);
            if is_wrong { told.advise(FORMULA) } else { told }
        },
    },
    Check {
        id: "udp-server/serves-again",
        title: "Answers a second request",
        level: Level::Basic,
        about: "A client asks twice. Nobody asks for 6.5 s. Then another client does.",
        advice: "Put receiving and sending into a loop, on one socket that stays open, without a \
                 time limit: the next request may come much later.",
        lesson: PAGE,
        run: |lab| {
            let mut first = lab.asks()?;
            converts(&mut first, "100", 212.0)?;
            converts(&mut first, "0", 32.0)?;
            lab.expects_to_live_for(SILENCE)?;
            let told = converts(&mut lab.asks()?, "25", 77.0);
            let is_wrong = is_answered(&told);
            told.advise(if is_wrong {
                BYTES
            } else {
                "Send each answer to the address that came with its request: the first client \
                 isn't the only one. Don't connect the server's socket to a client."
            })
        },
    },
    Check {
        id: "udp-server/numbers",
        title: "Converts fractions, signs and white space",
        level: Level::Basic,
        about: "A client sends \"36.6\", \"-40\", \"-273.15\" and \" 37.5\" with a line end. The \
                answers may be rounded, but at most to whole degrees.",
        advice: "Convert the text as a floating-point number, with its sign and its fraction.",
        lesson: PAGE,
        run: |lab| {
            let mut client = lab.asks()?;
            converts(&mut client, "36.6", 97.88).advise(
                "Convert the text as a floating-point number, with its fraction, and calculate \
                 with one. Round the result, or print its fraction: cutting it off is too coarse.",
            )?;
            converts(&mut client, "-40", -40.0).advise(BYTES)?;
            converts(&mut client, "-273.15", -459.67).advise(
                "Absolute zero, -273.15, is a temperature: refuse only what is below it. Keep the \
                 fraction, too.",
            )?;
            converts(&mut client, " 37.5\n", 99.5).advise(
                "Trim the text before you convert it: what is typed may have white space. And \
                     receive all of it, in a larger buffer.",
            )
        },
    },
    Check {
        id: "udp-server/two-clients",
        title: "Answers two clients at once",
        level: Level::Basic,
        about: "Two clients ask before either has its answer; each gets its own.",
        advice: "Receive again after each answer, and send each answer to the address that came \
                 with its request, not to the first client's.",
        lesson: PAGE,
        run: |lab| {
            let (mut one, mut two) = (lab.asks()?, lab.asks()?);
            one.sends("100");
            two.sends("0");
            // First client 1: a server that converts wrongly fails at the same step as before.
            one.expects("an answer with the number 212", |answer| has(answer, 212.0))?;
            two.expects("an answer with the number 32", |answer| has(answer, 32.0))
                .map(drop)
        },
    },
    Check {
        id: "udp-server/no-number",
        title: "Survives a request that isn't a number",
        level: Level::Solid,
        about: "A client sends \"warm\", and another one is answered. 500 ms later no conversion of \
                \"warm\" has come. Then \"37,5\", \"0x25\", \"1_000\" and full-width digits, which \
                languages read differently, are sent, and \"100\".",
        advice: "Handle the error of the conversion: answer with a reason, and go on. If your \
                 language returns 0 or NaN instead of an error, check that all of the text was a \
                 number.",
        lesson: Lesson::pitfall("Text that is not a number"),
        run: |lab| {
            refuses(lab, &["warm"])?;
            survives(lab, &["37,5", "0x25", "1_000", "３７"])
        },
    },
    Check {
        id: "udp-server/empty",
        title: "Survives an empty datagram",
        level: Level::Solid,
        about: "A client sends an empty datagram, and one with only a line end. Another one sends \
                \"100\" and is answered. 500 ms later no conversion has come to the first.",
        advice: "A datagram may be empty; that isn't the end of anything. Its text isn't a number, \
                 so don't take it for 0.",
        lesson: Lesson::pitfall("An empty message is not a message"),
        run: |lab| refuses(lab, &["", "\n"]),
    },
    Check {
        id: "udp-server/not-utf8",
        title: "Survives bytes that aren't text",
        level: Level::Solid,
        about: "A client sends a byte that isn't UTF-8, and a NUL; then \"100\".",
        advice: "Don't let a decoding error end the server: handle it like text that isn't a \
                 number.",
        lesson: Lesson::pitfall("Bytes that are not text"),
        run: |lab| survives(lab, &[&b"\xff37"[..], b"37\0"]),
    },
    Check {
        id: "udp-server/nan",
        title: "Doesn't convert \"nan\"",
        level: Level::Solid,
        about: "A client sends \"nan\", and another one is answered. 500 ms later no conversion has \
                come to the first.",
        advice: "A language may accept text such as nan as a number: refuse whatever isn't finite.",
        lesson: Lesson::pitfall("Text that is not a number"),
        run: |lab| refuses(lab, &["nan"]),
    },
    Check {
        id: "udp-server/infinity",
        title: "Doesn't convert what is infinite",
        level: Level::Solid,
        about: "A client sends \"inf\", \"-Infinity\", \"1e400\" and \"1e308\", and another one is \
                answered. 500 ms later no conversion has come to the first.",
        advice: "Refuse what isn't finite, before and after the conversion.",
        lesson: Lesson::pitfall("Text that is not a number"),
        run: |lab| refuses(lab, &["inf", "-Infinity", "1e400", "1e308"]),
    },
    Check {
        id: "udp-server/absolute-zero",
        title: "Doesn't convert what is below absolute zero",
        level: Level::Solid,
        about: "A client sends \"-300\", and another one is answered. 500 ms later no conversion has \
                come to the first.",
        advice: "Nothing is colder than -273.15 degrees Celsius: refuse it.",
        lesson: Lesson::pitfall("Text that is not a number"),
        run: |lab| refuses(lab, &["-300"]),
    },
    Check {
        id: "udp-server/cut-datagram",
        title: "Doesn't convert half a datagram",
        level: Level::Expert,
        about: "A client sends 1,100 zeros and \"100\" in one datagram, and another one is answered. \
                If a conversion has come to the first 500 ms later, its number is 212.",
        advice: "Give the receiving call a larger buffer than any request may be, and refuse what \
                 fills it: what doesn't fit is silently cut off.",
        lesson: Lesson::pitfall("A truncated datagram"),
        run: |lab| {
            let request = "0".repeat(1100) + "100";
            gets_no(
                lab,
                &[&request],
                "other conversion than 212",
                |good, answer| is_worded(good, &[], answer) && !has(answer, 212.0),
            )
        },
    },
    Check {
        id: "udp-server/too-long",
        title: "Survives the longest datagram",
        level: Level::Expert,
        about: "A client sends 65,507 bytes of text, and 2,000 digits; then \"100\".",
        advice: "A request may have any length up to 65,507 bytes, and need not be a number. \
                 Handle the error of the conversion, and the one that some systems report for a \
                 datagram that doesn't fit, and go on.",
        lesson: Lesson::pitfall("Input without a limit"),
        run: |lab| survives(lab, &["x".repeat(65_507), "7".repeat(2000)]),
    },
    Check {
        id: "udp-server/sender-gone",
        title: "Survives a sender that is gone",
        level: Level::Expert,
        about: "A client is answered twice. Three others ask, and close their sockets at once; \
                then another one asks.",
        advice: "Sending to a client that is gone, or the next receive, may report an error. The \
                 error is about that client only: go on.",
        lesson: Lesson::pitfall("One client's error ends the server"),
        run: |lab| {
            let mut stays = lab.asks()?;
            converts(&mut stays, "100", 212.0)?;
            converts(&mut stays, "0", 32.0)?;
            for _ in 0..3 {
                let mut client = lab.asks()?;
                client.sends("100");
                client.leaves();
            }
            goes_on(lab)
        },
    },
    Check {
        id: "udp-server/terminal-escapes",
        title: "Prints nothing that a terminal would obey",
        level: Level::Expert,
        about: "A client sends a terminal's escape sequences, then \"100\". They must not come out \
                unchanged: after the answer the input ends, and the check looks for 500 ms more.",
        advice: "Escape control characters before you print a request (escape_debug, repr), or \
                 don't print it.",
        lesson: Lesson::pitfall("Bytes that your terminal obeys"),
        run: |lab| {
            // It stays until the end: one that is gone is for another check.
            let mut client = lab.asks()?;
            client.sends(ESCAPES);
            goes_on(lab)
                .advise("This is no number: handle the error of the conversion, and go on.")?;
            lab.expects_no_escapes()
        },
    },
    Check {
        id: "udp-server/port-taken",
        title: "Says so if its port is taken",
        level: Level::Solid,
        about: "The server is started once when all is well, and again when somebody has the port. \
                Anything that it shows only the second time counts as its message.",
        advice: "Handle the error of bind: say which port is taken and what to do, and end. Don't \
                 show a stack trace.",
        lesson: Lesson::pitfall("Address already in use"),
        run: |lab| {
            lab.rehearses(Lab::asks)?;
            let _owner = lab.takes_the_port(Type::DGRAM)?;
            lab.starts()?;
            lab.expects_a_message_and_the_end()
        },
    },
];

/// How long an answer is waited for that need not come.
const NEEDLESS: std::time::Duration = std::time::Duration::from_millis(500);

fn converts(client: &mut Asker, celsius: &str, fahrenheit: f64) -> Told {
    conversion(client, celsius, fahrenheit).map(drop)
}

fn conversion(client: &mut Asker, celsius: &str, fahrenheit: f64) -> Told<Vec<u8>> {
    client.sends(celsius);
    let what = format!("an answer with the number {fahrenheit}");
    client.expects(&what, |answer| has(answer, fahrenheit))
}

/// The server still runs 500 ms later, and answers another client.
fn goes_on(lab: &mut Lab) -> Told {
    lab.expects_to_live()?;
    let told = converts(&mut lab.asks()?, "100", 212.0);
    if is_answered(&told) {
        return told.advise(
            "Convert only the bytes of this datagram: after them the buffer may still hold the end \
             of an earlier, longer one.",
        );
    }
    told
}

/// Whether an answer came, and not the right one.
fn is_answered(told: &Told) -> bool {
    matches!(told, Err(stop) if !stop.is_silence)
}

fn survives(lab: &mut Lab, requests: &[impl AsRef<[u8]>]) -> Told {
    let mut client = lab.asks()?;
    for request in requests {
        client.sends(request);
    }
    goes_on(lab)
}

fn refuses(lab: &mut Lab, requests: &[&str]) -> Told {
    let celsius = |request: &&str| request.parse::<f64>().ok();
    let colder: Vec<f64> = requests.iter().filter_map(celsius).collect();
    gets_no(lab, requests, "conversion", |good, answer| {
        let is_colder = |celsius: &f64| has(answer, celsius * 1.8 + 32.0);
        is_worded(good, requests, answer) || colder.iter().any(is_colder)
    })
}

/// None of the answers to these requests is wrong, given the words of good ones. A slow server has
/// sent them all when it has answered a later request of another client.
fn gets_no(
    lab: &mut Lab,
    requests: &[&str],
    what: &str,
    is_wrong: impl Fn(&[String], &[u8]) -> bool,
) -> Told {
    let good = good_words(&mut lab.asks()?)?;
    // A socket of its own: a server may answer twice, or late.
    let mut client = lab.asks()?;
    for request in requests {
        client.sends(request);
    }
    goes_on(lab)?;
    let limit = lab.pause(NEEDLESS);
    client.expects_no(what, limit, |answer| is_wrong(&good, answer))
}

/// Learns the words of conversions: there may be others for the cold, and for what is neither. (No
/// request is shorter than the one before it, whose end a faulty server may still have. None is the
/// same in both units: a server may first say what it was asked.)
fn good_words(client: &mut Asker) -> Told<Vec<String>> {
    [("20", 68.0), ("100", 212.0), ("-50", -58.0)]
        .into_iter()
        .map(|(celsius, fahrenheit)| {
            let answer = conversion(client, celsius, fahrenheit)?;
            Ok([words(&answer), words(&answer.replace(celsius, ""))])
        })
        .collect::<Told<Vec<_>>>()
        .map(|good| good.concat())
}

/// Whether an answer has the words of a good one, with or without the text of its request: a server
/// may repeat that, which is no number then.
fn is_worded(good: &[String], requests: &[&str], answer: &[u8]) -> bool {
    let texts = requests.iter().map(|it| it.trim());
    let texts = texts.filter(|it| !it.is_empty());
    let mut without = texts.map(|it| words(&answer.replace(it, "")));
    good.contains(&words(answer)) || without.any(|it| good.contains(&it))
}

/// What an answer says apart from its numbers, and from what passes for one: "NaN", "inf". Each of
/// them becomes a `#`, so that all conversions of a program are the same. Columns, and a buffer
/// that is sent whole, make no difference.
fn words(answer: &[u8]) -> String {
    let answer = answer.split(|&byte| byte == 0).next().unwrap_or_default();
    let mut text = String::from_utf8_lossy(answer).to_lowercase();
    text.retain(|c| !c.is_whitespace());
    text = text.replace('\u{2212}', "-");
    for number in ["infinity", "inf", "∞", "nan"] {
        text = text.replace(number, "0");
    }
    let mut words = String::new();
    let mut rest = text.as_str();
    while let Some(number) = numbers(rest).next() {
        let Some((before, after)) = rest.split_once(number) else {
            break;
        };
        words.push_str(before);
        words.push('#');
        rest = after;
    }
    words.push_str(rest);
    // Thousands, or decimals, may be divided by a comma.
    while words.contains("#,#") {
        words = words.replace("#,#", "#");
    }
    words
}

fn has(answer: &[u8], fahrenheit: f64) -> bool {
    // Some languages write a minus sign of their own (U+2212), by their locale.
    let answer = String::from_utf8_lossy(answer).replace('\u{2212}', "-");
    let with_commas = answer.replace(',', ".");
    let mut numbers = numbers(&answer).chain(numbers(&with_commas));
    numbers.any(|number| is(number, fahrenheit))
}

/// What may be a number in an answer. What is none doesn't parse.
fn numbers(answer: &str) -> impl Iterator<Item = &str> {
    answer
        .split(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c)))
        .filter(|part| part.contains(|c: char| c.is_ascii_digit()))
}

fn is(number: &str, fahrenheit: f64) -> bool {
    let number = number.trim_matches(|c: char| !(c.is_ascii_digit() || "+-".contains(c)));
    number
        .parse::<f64>()
        // A little more than a half, as binary fractions aren't exact.
        .is_ok_and(|number| (number - fahrenheit).abs() < 0.500_001)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    #[cfg(unix)]
    use std::net::{Ipv4Addr, UdpSocket};
    #[cfg(unix)]
    use std::thread;
    #[cfg(unix)]
    use std::time::Duration;

    #[cfg(unix)]
    use supervise::Command;

    use super::*;
    #[cfg(unix)]
    use crate::run::Kind;
    #[cfg(unix)]
    use crate::run::Patience;
    #[cfg(unix)]
    use crate::run::tests::kind;

    #[cfg(unix)]
    const PATIENCE: Duration = Duration::from_secs(20);

    /// What comes of this if the test is the server, and the program only runs. It converts what
    /// every server does, and says `other` to the rest, or is gone.
    #[cfg(unix)]
    fn comes_of(
        act: impl FnOnce(&mut Lab) -> Told,
        answer: Duration,
        other: Option<&str>,
    ) -> Option<Kind> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let port = socket.local_addr().unwrap().port();
        let command = Command::new("cat", [""; 0]);
        let patience = Patience {
            answer,
            speed: 2,
            ..Patience::short()
        };
        let mut lab = Lab::new(&command, Some(port), &patience);
        lab.starts().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut request = [0; 8];
                // An empty request is the last one.
                while let Ok((count @ 1.., client)) = socket.recv_from(&mut request) {
                    let answer = match &request[..count] {
                        b"20" => "68 F",
                        b"100" => "212 F",
                        b"-50" => "-58 F",
                        _ => match other {
                            Some(other) => other,
                            None => break,
                        },
                    };
                    socket.send_to(answer.as_bytes(), client).unwrap();
                }
            });
            let told = act(&mut lab);
            lab.asks().unwrap().sends("");
            kind(told)
        })
    }

    /// It may have its own words for the cold.
    #[cfg(unix)]
    #[test]
    fn a_conversion_of_the_cold_is_one_in_any_words() {
        let refused = |lab: &mut Lab| refuses(lab, &["-300"]);
        let converted = comes_of(refused, PATIENCE, Some("brr, -508 F"));
        assert_eq!(converted, Some(Kind::Wrong));
        let told_why = comes_of(refused, PATIENCE, Some("-300 is below -273.15"));
        assert_eq!(told_why, None);
    }

    /// It may repeat its request.
    #[test]
    fn a_conversion_is_one_whatever_was_converted() {
        let good = [words(b"20 C is 68.0 F"), words(b" C is 68.0 F")];
        for (request, answer) in [("warm", "warm C is 32.0 F"), ("\n", "\n C is 32.0 F")] {
            assert!(is_worded(&good, &["", request], answer.as_bytes()));
        }
        for reason in ["warm is no number", "warm", "", "C", "32.0 F"] {
            assert!(!is_worded(&good, &["warm"], reason.as_bytes()), "{reason}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_server_has_not_survived_what_it_answers_nobody_after() {
        let survived = |lab: &mut Lab| {
            let told = survives(lab, &["0x25"]);
            // What to change in a wrong answer doesn't help who has sent none.
            assert!(told.as_ref().err().is_none_or(|stop| stop.advice.is_none()));
            told
        };
        let gone = comes_of(survived, Duration::from_millis(50), None);
        assert_eq!(gone, Some(Kind::Missing));
        let there = comes_of(survived, PATIENCE, Some("that is no number"));
        assert_eq!(there, None);
    }

    #[test]
    fn a_number_is_found_whatever_is_around_it() {
        for answer in [
            "212",
            "212.0",
            "100 C = 212.00 F.",
            "转换后的温度(华氏温度):212.0",
            "that's 2.12e2 degrees",
            "212.",
            "212,00 F",
        ] {
            assert!(has(answer.as_bytes(), 212.0), "{answer}");
        }
        for rounded in ["97.88000000000001", "97.9", "98", "36,6 C, 97,88 F"] {
            assert!(has(rounded.as_bytes(), 97.88), "{rounded}");
        }
        assert!(has("\u{2212}459,67 °F".as_bytes(), -459.67));
        for answer in ["", "warm", "21.2", "2120", "-212", "211", "e-.+"] {
            assert!(!has(answer.as_bytes(), 212.0), "{answer}");
        }
    }

    #[test]
    fn a_conversion_is_known_by_the_words_of_a_good_one() {
        for (good, conversions, reasons) in [
            (
                "212.0",
                &["nan", "NaN", "-inf", "-508.0", " -508\n"][..],
                &["", "no number: nan", "-300 is below -273.15"][..],
            ),
            (
                "100 C = 212 F",
                &["nan C = nan F", "1e400 C = Infinity F", "-300 C = -508 F"],
                &["error: nan", "-300 C is too cold"],
            ),
            // In columns, and in a buffer of C that is sent whole.
            (
                "Fahrenheit:     212.00",
                &["Fahrenheit:        nan", "Fahrenheit:    -508.00"],
                &["Fahrenheit: none"],
            ),
            (
                "212.0 F\0\0\0\0",
                &["-nan F\0\0\0\0\0x", "\u{221e} F", "\u{2212}508 F"],
                &["no\0"],
            ),
            // The question, as a program prints the number that it has made of it.
            (
                "100.0C is 212.0F.",
                &["nanC is nanF."],
                &["nan is no number."],
            ),
        ] {
            for answer in conversions {
                assert_eq!(words(answer.as_bytes()), words(good.as_bytes()));
            }
            for answer in reasons {
                assert_ne!(words(answer.as_bytes()), words(good.as_bytes()));
            }
        }
    }
}
