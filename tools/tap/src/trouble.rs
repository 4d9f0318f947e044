//! The trouble that the tap makes, on purpose.

use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use crate::transcript::Side;

/// Which way the trouble is on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum To {
    /// What the server sends
    Client,
    /// What the client sends
    Server,
    /// All that is sent
    #[default]
    Both,
}

/// What happens to what passes. By default nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Trouble")]
pub struct Trouble {
    /// Which way the trouble is on
    #[arg(long, value_enum, default_value_t)]
    pub to: To,

    /// Pass on everything so much later: 200, 200ms, 1.5s
    #[arg(long, value_name = "MS", value_parser = time, default_value = "0")]
    pub delay: Duration,

    /// TCP: pass on pieces of N bytes, each in its own segment; the first 64 of a read 1 ms apart
    #[arg(long, value_name = "N", value_parser = positive(), conflicts_with = "udp")]
    pub split: Option<usize>,

    /// TCP: pass on at most that many bytes each second
    #[arg(long, value_name = "BYTES_PER_S", value_parser = positive(), conflicts_with = "udp")]
    pub rate: Option<usize>,

    /// TCP: reset the connection after N bytes
    #[arg(long, value_name = "N", value_parser = positive(), conflicts_with = "udp")]
    pub reset_after: Option<usize>,

    /// TCP: close the connection after N bytes
    #[arg(long, value_name = "N", value_parser = positive(), conflicts_with_all = ["udp", "reset_after"])]
    pub close_after: Option<usize>,

    /// UDP: lose that many of 100 datagrams
    #[arg(long, value_name = "PCT", value_parser = percent(), default_value_t, requires = "udp")]
    pub drop: u8,

    /// UDP: pass on twice that many of 100 datagrams
    #[arg(long, value_name = "PCT", value_parser = percent(), default_value_t, requires = "udp")]
    pub duplicate: u8,

    /// UDP: let the next datagram overtake that many of 100 datagrams
    #[arg(long, value_name = "PCT", value_parser = percent(), default_value_t, requires = "udp")]
    pub reorder: u8,

    /// UDP: where chance begins; the same seed and the same datagrams have the same fate
    #[arg(long, value_name = "N", default_value_t, requires = "udp")]
    pub seed: u64,
}

fn positive() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

fn percent() -> RangedU64ValueParser<u8> {
    RangedU64ValueParser::new().range(..=100)
}

impl Trouble {
    /// What happens to what `from` sends.
    #[must_use]
    pub fn of(&self, from: Side) -> Self {
        match (self.to, from) {
            (To::Client, Side::Client) | (To::Server, Side::Server) => Self::default(),
            _ => *self,
        }
    }

    /// What happens to a read of so many bytes, behind them in their line.
    #[must_use]
    pub fn remark(&self, bytes: usize) -> String {
        let pieces = self.split.map(|size| bytes.div_ceil(size));
        let pieces = pieces.map_or_else(String::new, |count| {
            let unit = if count == 1 { "piece" } else { "pieces" };
            format!(", in {count} {unit}")
        });
        pieces + &self.late()
    }

    /// How late it arrives.
    fn late(&self) -> String {
        match self.delay.as_millis() {
            0 => String::new(),
            milliseconds => format!(", {milliseconds} ms late"),
        }
    }

    /// The fates of what `from` sends on the connection with this number.
    #[must_use]
    pub fn fates(&self, connection: u64, from: Side) -> Fates {
        // Each direction of each connection has its own numbers. So they don't depend on what
        // others send.
        let stream = connection * 2 + from as u64;
        Fates {
            trouble: self.of(from),
            random: Random(Random(self.seed).draw() ^ Random(stream).draw()),
            holding: false,
        }
    }
}

/// What is to become of one datagram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate {
    /// How many of it go on their way: none, one or two.
    pub copies: u8,
    /// The next one that isn't lost overtakes it.
    pub held: bool,
}

/// Decides the fate of one datagram after the other.
#[derive(Debug, Clone)]
pub struct Fates {
    trouble: Trouble,
    random: Random,
    /// The next datagram overtakes one, so it isn't held itself.
    holding: bool,
}

impl Fates {
    /// The fate of the next datagram, and what its line says of it. Three numbers are drawn for each,
    /// whatever is asked for. So the same ones are lost with and without `--duplicate`.
    pub fn decide(&mut self) -> (Fate, String) {
        let it = &self.trouble;
        let [dropped, twice, held] = [it.drop, it.duplicate, it.reorder]
            .map(|percent| self.random.draw() % 100 < u64::from(percent));
        if dropped {
            return (Fate::default(), ", dropped".to_owned());
        }
        self.holding = held && !self.holding;
        let fate = Fate {
            copies: 1 + u8::from(twice),
            held: self.holding,
        };
        let twice = if twice { ", passed on twice" } else { "" };
        let held = if fate.held {
            ", overtaken by the next"
        } else {
            ""
        };
        (fate, format!("{twice}{held}{}", it.late()))
    }
}

/// The generator `SplitMix64`: Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014. It is written out here, because a seed has to mean the same with each
/// version of a library.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// A time: `200` and `200ms` are milliseconds, `1.5s` seconds.
///
/// # Errors
///
/// It isn't one, or it is longer than an hour.
pub fn time(text: &str) -> Result<Duration, &'static str> {
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (None, Some(seconds)) => (seconds, 1.0),
        (milliseconds, _) => (milliseconds.unwrap_or(text), 0.001),
    };
    let time = number.parse().map(|number: f64| number * unit);
    let time = time.ok().filter(|seconds| *seconds <= 3600.0);
    time.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or("expected a time of at most an hour, such as 200, 200ms or 1.5s")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the authors' own program, for the seed 1234567.
    #[test]
    fn it_draws_what_the_published_generator_draws() {
        let mut random = Random(1_234_567);
        let drawn = [(); 3].map(|()| random.draw());
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    fn fates(trouble: Trouble, connection: u64, from: Side) -> Vec<Fate> {
        let mut fates = trouble.fates(connection, from);
        (0..1_000).map(|_| fates.decide().0).collect()
    }

    fn some_trouble() -> Trouble {
        Trouble {
            drop: 20,
            duplicate: 20,
            reorder: 20,
            seed: 1,
            ..Trouble::default()
        }
    }

    #[test]
    fn the_seed_decides_for_each_direction_of_each_connection() {
        let some = fates(some_trouble(), 1, Side::Client);
        assert_eq!(fates(some_trouble(), 1, Side::Client), some);
        assert_ne!(fates(some_trouble(), 1, Side::Server), some);
        assert_ne!(fates(some_trouble(), 2, Side::Client), some);
        assert_ne!(
            fates(
                Trouble {
                    seed: 2,
                    ..some_trouble()
                },
                1,
                Side::Client
            ),
            some
        );
    }

    #[test]
    fn as_many_have_each_fate_as_were_asked_for() {
        let some = fates(some_trouble(), 1, Side::Client);
        let count = |is: fn(&Fate) -> bool| some.iter().filter(|fate| is(fate)).count();
        assert!((160..240).contains(&count(|fate| fate.copies == 0)));
        // Of the 800 that aren't lost.
        assert!((120..200).contains(&count(|fate| fate.copies == 2)));
        assert!((100..180).contains(&count(|fate| fate.held)));
        let none = fates(Trouble::default(), 1, Side::Client);
        assert!(none.iter().all(|fate| fate.copies == 1 && !fate.held));
        let all = fates(
            Trouble {
                drop: 100,
                ..some_trouble()
            },
            1,
            Side::Client,
        );
        assert!(all.iter().all(|fate| fate.copies == 0));
    }

    #[test]
    fn one_is_overtaken_by_one_that_is_not_lost_and_not_held() {
        let all = Trouble {
            reorder: 100,
            ..some_trouble()
        };
        let fates = fates(all, 1, Side::Client);
        let kept: Vec<bool> = fates
            .iter()
            .filter(|it| it.copies > 0)
            .map(|it| it.held)
            .collect();
        assert!(
            kept.chunks(2)
                .all(|pair| matches!(pair, [true, false] | [true]))
        );
    }

    #[test]
    fn the_same_are_lost_whatever_else_is_asked_for() {
        let dropped = |trouble| {
            let fates = fates(trouble, 1, Side::Client);
            fates
                .iter()
                .map(|fate| fate.copies == 0)
                .collect::<Vec<_>>()
        };
        let only = Trouble {
            duplicate: 0,
            reorder: 0,
            ..some_trouble()
        };
        assert_eq!(dropped(only), dropped(some_trouble()));
    }

    #[test]
    fn a_time_has_a_unit_or_is_in_milliseconds() {
        for (text, milliseconds) in [
            ("200", 200),
            ("200ms", 200),
            ("1s", 1000),
            ("0.5s", 500),
            ("0", 0),
        ] {
            assert_eq!(time(text), Ok(Duration::from_millis(milliseconds)));
        }
        for text in ["", "s", "ms", "-1", "1m", "nan", "inf", "3601s", "1e300"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn trouble_is_on_one_way_or_on_both() {
        for (to, ways) in [
            (To::Server, [true, false]),
            (To::Client, [false, true]),
            (To::Both, [true, true]),
        ] {
            let trouble = Trouble {
                to,
                ..some_trouble()
            };
            let has_trouble = |from| trouble.of(from).drop > 0;
            assert_eq!([Side::Client, Side::Server].map(has_trouble), ways);
        }
    }
}
