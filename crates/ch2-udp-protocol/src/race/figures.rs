//! Sums up the measured times: medians, a bar for each, and conclusions.

use std::time::Duration;

use console::Style;

/// Up to this ratio, two medians count as about the same, because a second run may reverse them.
const ABOUT_THE_SAME: f64 = 1.25;

/// Width of the columns beside a bar.
const BESIDE_THE_BAR: usize = 47;

/// The figures of a race.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// A datagram there, and one back.
    pub udp: Figure,
    /// The same over a TCP connection that stays open.
    pub kept: Figure,
    /// The same over TCP with a new connection each time: connect, exchange, close.
    pub new: Figure,
    /// How many datagrams got no answer in time.
    pub udp_lost: usize,
}

/// The figures of a contestant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figure {
    /// Half of the exchanges took no longer than this.
    pub median: Duration,
    /// 99 of 100 took no longer than this.
    pub percentile_99: Duration,
}

impl Figures {
    /// Compares UDP with a new connection each time.
    pub fn against_new(&self) -> String {
        match compare(self.udp.median, self.new.median) {
            Ratio::Quicker(times) => {
                format!("UDP was {times:.1} times as fast as TCP with a new connection each time.")
            }
            Ratio::Same => {
                "UDP was about as fast as TCP with a new connection each time. Measure again."
                    .to_owned()
            }
            Ratio::Slower(times) => format!(
                "TCP with a new connection each time was {times:.1} times as fast as UDP. \
                 Measure again."
            ),
        }
    }

    /// Compares UDP with an open connection.
    pub fn against_kept(&self) -> String {
        match compare(self.udp.median, self.kept.median) {
            Ratio::Quicker(times) => {
                format!("UDP was {times:.1} times as fast as TCP on an open connection.")
            }
            Ratio::Same => "UDP and TCP on an open connection were about equally fast.".to_owned(),
            Ratio::Slower(times) => {
                format!("TCP on an open connection was {times:.1} times as fast as UDP.")
            }
        }
    }
}

/// How one median compares to another.
enum Ratio {
    Quicker(f64),
    Same,
    Slower(f64),
}

fn compare(one: Duration, other: Duration) -> Ratio {
    let (one, other) = (one.as_secs_f64(), other.as_secs_f64());
    // With a clock so coarse that an exchange takes no time, there is nothing to compare.
    if one <= 0.0 || other <= 0.0 {
        return Ratio::Same;
    }
    let ratio = other / one;
    if ratio > ABOUT_THE_SAME {
        Ratio::Quicker(ratio)
    } else if ratio * ABOUT_THE_SAME < 1.0 {
        Ratio::Slower(1.0 / ratio)
    } else {
        Ratio::Same
    }
}

impl Figure {
    /// The figures of these times.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        // The nearest rank: the smallest time that this percentage of all doesn't exceed.
        let rank = |percent: usize| {
            let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
            times.get(place).copied().unwrap_or_default()
        };
        Self {
            median: rank(50),
            percentile_99: rank(99),
        }
    }
}

/// The figures of a race as text, in a terminal of `width` columns.
pub fn chart(figures: &Figures, width: usize) -> String {
    let rows = [
        ("UDP", figures.udp),
        ("TCP, one connection", figures.kept),
        ("TCP, a new one each time", figures.new),
    ];
    let slowest = rows.iter().map(|(_, figure)| figure.median).max();
    let slowest = slowest.unwrap_or_default();
    let mut lines = vec![format!("{:<24} {:>10} {:>10}", "", "median", "99 % under")];
    for (name, figure) in rows {
        let bar = Style::Event.paint(bar(figure.median, slowest, width));
        let (median, most) = (shown(figure.median), shown(figure.percentile_99));
        lines.push(format!("{name:<24} {median:>10} {most:>10} {bar}"));
    }
    if figures.udp_lost > 0 {
        let lost = figures.udp_lost;
        lines.push(format!(
            "{lost} datagrams got no answer in time; they don't count."
        ));
    }
    lines.push(format!(
        "\n{}\n{}\n\
         Loopback has no distance. On a network, each round trip takes time, and a new\n\
         connection needs one more before the client can send anything.\n",
        figures.against_new(),
        figures.against_kept()
    ));
    lines.join("\n")
}

/// A bar for this time. The slowest one's bar fills the line.
fn bar(time: Duration, slowest: Duration, width: usize) -> String {
    let room = width.clamp(80, 160) - BESIDE_THE_BAR;
    let cells = time.as_nanos() * room as u128;
    let length = cells.checked_div(slowest.as_nanos()).unwrap_or(0);
    "█".repeat(usize::try_from(length).unwrap_or(room).clamp(1, room))
}

/// A time with three digits or more: `12.3 µs`.
fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1e3 {
        format!("{micros:.1} µs")
    } else if micros < 1e6 {
        format!("{:.1} ms", micros / 1e3)
    } else {
        format!("{:.1} s", micros / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(udp: u64, kept: u64, new: u64) -> Figures {
        let figure = |micros| Figure {
            median: Duration::from_micros(micros),
            percentile_99: Duration::from_micros(micros * 3),
        };
        Figures {
            udp: figure(udp),
            kept: figure(kept),
            new: figure(new),
            udp_lost: 0,
        }
    }

    #[test]
    fn the_median_and_the_99th_percentile_are_times_that_were_measured() {
        let micros = |numbers: &[u64]| {
            let times = numbers.iter().copied().map(Duration::from_micros).collect();
            let figure = Figure::of(times);
            (figure.median.as_micros(), figure.percentile_99.as_micros())
        };
        assert_eq!(micros(&[]), (0, 0));
        assert_eq!(micros(&[7]), (7, 7));
        assert_eq!(micros(&[3, 1, 2]), (2, 3));
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(micros(&hundred), (50, 99));
        let thousand: Vec<u64> = (1..=1000).collect();
        assert_eq!(micros(&thousand), (500, 990));
    }

    #[test]
    fn the_sentences_say_what_the_figures_say() {
        let say = |udp, kept, new| {
            let figures = figures(udp, kept, new);
            format!("{}\n{}", figures.against_new(), figures.against_kept())
        };
        insta::assert_snapshot!(say(20, 22, 60), @"
        UDP was 3.0 times as fast as TCP with a new connection each time.
        UDP and TCP on an open connection were about equally fast.
        ");
        insta::assert_snapshot!(say(20, 40, 21), @"
        UDP was about as fast as TCP with a new connection each time. Measure again.
        UDP was 2.0 times as fast as TCP on an open connection.
        ");
        insta::assert_snapshot!(say(60, 20, 20), @"
        TCP with a new connection each time was 3.0 times as fast as UDP. Measure again.
        TCP on an open connection was 3.0 times as fast as UDP.
        ");
        insta::assert_snapshot!(say(0, 0, 0), @"
        UDP was about as fast as TCP with a new connection each time. Measure again.
        UDP and TCP on an open connection were about equally fast.
        ");
    }

    #[test]
    fn a_chart() {
        testkit::plain();
        let mut measured = figures(20, 25, 1600);
        measured.udp_lost = 2;
        for width in [80, 200] {
            let chart = chart(&measured, width);
            let longest = chart.lines().map(|line| line.chars().count()).max();
            assert_eq!(longest, Some(width.min(160)));
        }
        insta::assert_snapshot!(chart(&measured, 80), @"
                                     median 99 % under
        UDP                         20.0 µs    60.0 µs █
        TCP, one connection         25.0 µs    75.0 µs █
        TCP, a new one each time     1.6 ms     4.8 ms █████████████████████████████████
        2 datagrams got no answer in time; they don't count.

        UDP was 80.0 times as fast as TCP with a new connection each time.
        UDP and TCP on an open connection were about equally fast.
        Loopback has no distance. On a network, each round trip takes time, and a new
        connection needs one more before the client can send anything.
        ");
    }
}
