//! Random numbers that are the same each time.

/// The generator `SplitMix64`: Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014.
///
/// It is written out here because a library's next version may draw other numbers. A seed has to
/// give every student the same packets, on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The seed decides all numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number; all 2^64 are equally likely.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the authors' own program, for the seed 1234567.
    #[test]
    fn it_draws_what_the_published_generator_draws() {
        let mut random = Random::new(1_234_567);
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
}
