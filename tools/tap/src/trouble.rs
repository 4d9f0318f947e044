//! The trouble that the tap makes, on purpose.

use std::time::Duration;

use clap::{Args, ValueEnum, builder::RangedU64ValueParser};
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::transcript::Side;

/// With `--split`, the time between the first pieces of each read. Without it one `recv` would get
/// several of them.
const APART: Duration = Duration::from_millis(1);

/// How many pieces of a read are apart. The others follow as fast as they can, so large transfers end,
/// too.
const PIECES_APART: usize = 64;

/// With `--rate`, how many pieces the tap sends each second.
const PIECES_PER_SECOND: usize = 20;

/// Direction of the trouble.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum To {
    /// What the server sends
    Client,
    /// What the client sends
    Server,
    /// What both send
    #[default]
    Both,
}

/// What happens to what passes. By default nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Trouble")]
pub struct Trouble {
    /// Direction of the trouble
    #[arg(long, value_enum, default_value_t)]
    pub to: To,

    /// Pass on everything this much later: 200, 200ms, 1.5s
    #[arg(long, value_name = "MS", value_parser = time)]
    pub delay: Option<Duration>,

    /// TCP: pass on pieces of N bytes, each in its own segment; the first 64 of a read 1 ms apart
    #[arg(long, value_name = "N", value_parser = positive(), conflicts_with = "udp")]
    pub split: Option<usize>,

    /// TCP: pass on at most this many bytes each second
    #[arg(long, value_name = "BYTES_PER_S", value_parser = positive(), conflicts_with = "udp")]
    pub rate: Option<usize>,

    /// TCP: reset the connection after N bytes
    #[arg(long, value_name = "N", value_parser = positive(), conflicts_with = "udp")]
    pub reset_after: Option<usize>,

    /// TCP: close the connection after N bytes
    #[arg(long, value_name = "N", value_parser = positive(), conflicts_with_all = ["udp", "reset_after"])]
    pub close_after: Option<usize>,

    /// UDP: percentage of datagrams to lose
    #[arg(long, value_name = "PCT", value_parser = 0..=100, default_value_t, requires = "udp")]
    pub drop: i64,

    /// UDP: percentage of datagrams to pass on twice
    #[arg(long, value_name = "PCT", value_parser = 0..=100, default_value_t, requires = "udp")]
    pub duplicate: i64,

    /// UDP: percentage of datagrams that the next one overtakes
    #[arg(long, value_name = "PCT", value_parser = 0..=100, default_value_t, requires = "udp")]
    pub reorder: i64,

    /// UDP: number that decides which datagrams are affected; the same seed repeats the same run
    #[arg(long, value_name = "N", default_value_t, requires = "udp")]
    pub seed: u64,
}

fn positive() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

impl Trouble {
    /// What happens to what `from` sends.
    pub(crate) fn of(&self, from: Side) -> Self {
        // What a side sends isn't on the way to it.
        let is_spared = self.to == [To::Client, To::Server][from as usize];
        [*self, Self::default()][usize::from(is_spared)]
    }

    /// How many bytes the tap sends at once.
    pub fn piece(&self) -> usize {
        let by_rate = self.rate.map(|rate| rate.div_ceil(PIECES_PER_SECOND));
        self.split.or(by_rate).unwrap_or(usize::MAX)
    }

    /// How long the next piece waits after the one with this number in its read, and this size.
    pub fn pause(&self, number: usize, size: usize) -> Duration {
        match self.rate {
            Some(rate) => Duration::from_nanos(size as u64 * 1_000_000_000 / rate as u64),
            None if self.split.is_some() && number + 1 < PIECES_APART => APART,
            None => Duration::ZERO,
        }
    }

    /// Decides the fate of one datagram after the other that `from` sends on the connection with this
    /// number: how many copies of it go on their way, whether the next one that isn't lost overtakes
    /// it, and what its line says of that.
    ///
    /// The generator is written down in a paper (Steele, Lea and Flood, "Fast splittable
    /// pseudorandom number generators", OOPSLA 2014), so a seed always means the same. Each direction
    /// of each connection has its own numbers, which don't depend on what others send. It draws three
    /// for each datagram, whatever is asked for, so the same ones are lost with and without
    /// `--duplicate`.
    pub fn fates(&self, connection: u64, from: Side) -> impl FnMut() -> (u8, bool, String) + use<> {
        let it = self.of(from);
        let late = |delay: Duration| format!(", {} ms late", delay.as_millis());
        let late = it.delay.map(late).unwrap_or_default();
        let first = |seed| SplitMix64::seed_from_u64(seed).next_u64();
        let seed = first(self.seed) ^ first(connection * 2 + from as u64);
        let (mut random, mut held) = (SplitMix64::seed_from_u64(seed), false);
        move || {
            let [dropped, twice, wanted] = [it.drop, it.duplicate, it.reorder]
                .map(|percent| (random.next_u64() % 100).cast_signed() < percent);
            if dropped {
                return (0, false, ", dropped".to_owned());
            }
            // One that overtakes another isn't held itself.
            held = wanted && !held;
            let copied = if twice { ", passed on twice" } else { "" };
            let order = if held { ", overtaken by the next" } else { "" };
            (1 + u8::from(twice), held, format!("{copied}{order}{late}"))
        }
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
    let seconds = number.parse().map_or(f64::NAN, |number: f64| number * unit);
    let time = Duration::try_from_secs_f64(seconds).ok();
    time.filter(|time| *time <= Duration::from_hours(1))
        .ok_or("expected a time of at most an hour, such as 200, 200ms or 1.5s")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the authors' own program, for the seed 1234567.
    #[test]
    fn it_draws_what_the_published_generator_draws() {
        let mut random = SplitMix64::seed_from_u64(1_234_567);
        let drawn = [(); 3].map(|()| random.next_u64());
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    /// How many copies go on their way, and whether the next one overtakes it.
    fn fates(trouble: Trouble, connection: u64, from: Side) -> Vec<(u8, bool)> {
        let mut fates = trouble.fates(connection, from);
        let decide = |_| {
            let (copies, held, _) = fates();
            (copies, held)
        };
        (0..1_000).map(decide).collect()
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
        let count =
            |is: fn(u8, bool) -> bool| some.iter().filter(|fate| is(fate.0, fate.1)).count();
        assert!((160..240).contains(&count(|copies, _| copies == 0)));
        // Of the 800 that aren't lost.
        assert!((120..200).contains(&count(|copies, _| copies == 2)));
        assert!((100..180).contains(&count(|_, held| held)));
        let none = fates(Trouble::default(), 1, Side::Client);
        assert!(none.iter().all(|fate| *fate == (1, false)));
        let all = fates(
            Trouble {
                drop: 100,
                ..some_trouble()
            },
            1,
            Side::Client,
        );
        assert!(all.iter().all(|(copies, _)| *copies == 0));
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
            .filter(|(copies, _)| *copies > 0)
            .map(|(_, held)| *held)
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
                .map(|(copies, _)| *copies == 0)
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
    fn the_first_pieces_of_a_read_are_apart() {
        let split = Trouble {
            split: Some(1),
            ..Trouble::default()
        };
        let pauses = [0, 62, 63, 1_000].map(|number| split.pause(number, 1));
        assert_eq!(pauses, [APART, APART, Duration::ZERO, Duration::ZERO]);
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
