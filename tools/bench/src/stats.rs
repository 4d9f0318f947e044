//! From rounds to figures.

use serde::Serialize;

/// The middle of several rounds, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Half of the rounds are below, half above.
    pub median: f64,
    /// The lowest round.
    pub min: f64,
    /// The highest round.
    pub max: f64,
}

impl Spread {
    /// The spread of these rounds; `None` without any.
    pub fn of(rounds: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = rounds.into_iter().filter(|it| it.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(*sorted.get(middle - 1)?, upper)
        } else {
            upper
        };
        Some(Self { median, min, max })
    }

    /// The spread of the ratios, round by round: neighbours in time had the same machine.
    pub fn of_ratios(rounds: &[f64], others: &[f64]) -> Option<Self> {
        Self::of(rounds.iter().zip(others).map(|(one, other)| one / other))
    }
}

/// A count as a number to reckon with. (Exact up to 2^53, which no load here comes near.)
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_between_two_their_mean() {
        let spread = |rounds: &[f64]| {
            let spread = Spread::of(rounds.iter().copied())?;
            Some((spread.median, spread.min, spread.max))
        };
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[f64::NAN, f64::INFINITY]), None);
        assert_eq!(spread(&[3.0]), Some((3.0, 3.0, 3.0)));
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some((2.0, 1.0, 9.0)));
        assert_eq!(spread(&[9.0, 1.0, 2.0, 4.0]), Some((3.0, 1.0, 9.0)));
    }

    /// A machine that is twice as slow in one round is so for both, and no ratio tells.
    #[test]
    fn a_ratio_compares_neighbours() {
        let (rounds, others) = ([90.0, 45.0, 91.0], [100.0, 50.0, 100.0]);
        let ratio = Spread::of_ratios(&rounds, &others).unwrap();
        assert_eq!((ratio.median, ratio.min, ratio.max), (0.9, 0.9, 0.91));
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        assert_eq!(Spread::of_ratios(&[1.0], &[0.0]), None);
    }
}
