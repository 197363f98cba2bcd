//! Start-up of every fuzzer: its duration, and random numbers that depend only on the seed.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// xorshift64*: good enough to choose mutations, and the same everywhere for the same seed.
pub struct Random(u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    pub fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}

/// Reads `SECONDS [SEED]` and prints the seed; returns the end time and the generator.
pub fn begin() -> (Instant, Random) {
    let mut args = std::env::args().skip(1);
    let seconds: u64 = args.next().map_or(10, |text| text.parse().expect("SECONDS is a number"));
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| u64::from(time.subsec_nanos()));
    let seed: u64 = args.next().map_or(clock | 1, |text| text.parse().expect("SEED is a number"));
    println!("seed {seed}");
    (Instant::now() + Duration::from_secs(seconds), Random(seed.max(1)))
}
