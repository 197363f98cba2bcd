//! `cargo run -p bulkhead-order --example fuzz -- SECONDS [SEED]`: hostile bytes for the decoder of orders, without a nightly toolchain.
//! Mutates orders that are in order. Asserts that nothing panics, and that what was decoded has no other encoding.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../channel/examples/support/random.rs"]
mod random;
#[path = "../tests/support/mod.rs"]
mod support;

use bulkhead_order::{Given, Order, decode_error, encode_error};
use random::Random;
use std::time::Instant;

fn main() {
    let (end, mut random) = random::begin();
    let corpus = [support::workload(), support::program(), support::directory()].map(|order| order.encode());
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
