//! `cargo run -p bulkhead-order --example fuzz -- SECONDS [SEED]`: hostile bytes for the decoder of orders, without a
//! nightly toolchain. Mutates valid orders. Asserts that nothing panics, and that a decoded order has no other
//! encoding.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/mutate.rs"]
mod mutate;
#[path = "../../channel/examples/support/random.rs"]
mod random;
#[path = "../tests/support/mod.rs"]
mod support;

use bulkhead_order::wire::{Bytes, encode};
use bulkhead_order::{Assignment, Order, decode_error, encode_error};
use std::time::Instant;

fn main() {
    let (end, mut random) = random::begin();
    let orders = [support::workload(), support::program(), support::directory()].map(|order| order.encode());
    let assigned = Assignment { terms: support::terms(), order: Bytes(orders[2].clone()) };
    let corpus: Vec<Vec<u8>> = orders.into_iter().chain([encode(&assigned)]).collect();
    let (mut rounds, mut decoded) = (0_u64, 0_u64);
    while Instant::now() < end {
        let mut input = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(3) {
            mutate::mutate(&mut input, &mut random);
        }
        if let Ok(order) = Order::decode(&input) {
            assert_eq!(order.encode(), input, "another encoding");
            decoded += 1;
        }
        if let Ok((terms, order)) = Assignment::decode(&input) {
            assert_eq!(encode(&Assignment { terms, order: Bytes(order.encode()) }), input, "another encoding");
            decoded += 1;
        }
        let piece = &input[..random.below(64).min(input.len())];
        if let Some(error) = decode_error(piece) {
            assert_eq!(encode_error(&error), piece);
        }
        rounds += 1;
    }
    println!("{rounds} inputs, {decoded} of them orders; nothing broke");
}
