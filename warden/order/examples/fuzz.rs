//! `cargo run -p bulkhead-order --example fuzz -- SECONDS [SEED]`: hostile bytes for the decoder of orders, without a nightly toolchain.
//! Mutates orders that are in order. Asserts that nothing panics, and that what was decoded has no other encoding.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/support/mod.rs"]
mod support;

use bulkhead_order::{Given, Order, decode_error, encode_error};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// xorshift64*: enough to choose mutations, and the same for the same seed everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let seconds: u64 = args.next().map_or(10, |text| text.parse().expect("SECONDS is a number"));
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| u64::from(time.subsec_nanos()));
    let seed: u64 = args.next().map_or(clock | 1, |text| text.parse().expect("SEED is a number"));
    println!("seed {seed}");
    let corpus = [support::workload(), support::program(), support::directory()].map(|order| order.encode());
    let mut random = Random(seed.max(1));
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut rounds, mut decoded) = (0_u64, 0_u64);
    while Instant::now() < end {
        let mut input = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(3) {
            mutate(&mut input, &mut random);
        }
        let other = Given { attached: random.below(3), idmaps: random.below(4) };
        let given = if random.below(4) == 0 { other } else { support::GIVEN };
        if let Ok(order) = Order::decode(&input, given) {
            assert_eq!(order.encode(), input, "another encoding");
            decoded += 1;
        }
        let piece = &input[..random.below(64).min(input.len())];
        if let Some(error) = decode_error(piece) {
            assert_eq!(encode_error(error), piece);
        }
        rounds += 1;
    }
    println!("{rounds} inputs, {decoded} of them orders; nothing broke");
}

fn mutate(input: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(input.len());
    match random.below(7) {
        0 => input[at] = random.byte(),
        1 => input[at] ^= 1 << random.below(8),
        2 => input.truncate(at.max(1)),
        3 => input.insert(at, random.byte()),
        4 if input.len() > 1 => {
            input.remove(at);
        }
        5 => {
            // A length of its own.
            let bytes = u32::try_from(random.next() >> (32 + random.below(32))).unwrap().to_le_bytes();
            for (to, from) in input[at..].iter_mut().zip(bytes) {
                *to = from;
            }
        }
        _ => {
            let until = (at + random.below(64)).min(input.len());
            let piece = input[at..until].to_vec();
            input.splice(at..at, piece);
        }
    }
}
