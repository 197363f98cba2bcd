//! `cargo run -p bulkhead-channel --example fuzz -- SECONDS [SEED]`: feeds hostile bytes to the decoder, without a
//! nightly toolchain. Mutates the golden vectors and generates frames of its own, split arbitrarily. Asserts that
//! nothing panics, that memory stays bounded, that the split does not matter, and that decoded frames survive encoding.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/random.rs"]
mod random;

use bulkhead_channel::{Decoder, Frame, Order, Request, Side, Violation, encode};
use random::Random;
use std::time::Instant;

/// The largest frame, the read-ahead, and rounding when a vector grows.
const MEMORY_MAX: usize = (1 << 20) + 64 * 1024;

fn main() {
    let (end, mut random) = random::begin();
    let corpus = corpus();
    let (mut rounds, mut frames, mut refused) = (0_u64, 0_u64, 0_u64);
    while Instant::now() < end {
        let input = input(&corpus, &mut random);
        let side = if random.below(2) == 0 { Side::Host } else { Side::Init };
        let (decoded, violation) = decode(side, &input, || input.len());
        let again = decode(side, &input, || 1 + random.below(40));
        assert_eq!((&decoded, violation), (&again.0, again.1), "the split changed the meaning");
        let reencoded = decode(side, &decoded, || decoded.len());
        assert_eq!((&decoded, None), (&reencoded.0, reencoded.1), "encoding changed the meaning");
        rounds += 1;
        frames += u64::from(!decoded.is_empty());
        refused += u64::from(violation.is_some());
    }
    println!("{rounds} inputs, {frames} with frames in them, {refused} refused; nothing broke");
}

/// The decoded frames, encoded again, and why decoding stopped.
fn decode(side: Side, input: &[u8], mut piece: impl FnMut() -> usize) -> (Vec<u8>, Option<Violation>) {
    let (mut decoder, mut order, mut out) = (Decoder::new(side), Order::new(side), Vec::new());
    let mut rest = input;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(piece().min(rest.len()));
        rest = later;
        decoder.push(now);
        loop {
            assert!(decoder.capacity() <= MEMORY_MAX + now.len(), "memory {}", decoder.capacity());
            match decoder.next() {
                Ok(None) => break,
                Err(violation) => return (out, Some(violation)),
                Ok(Some(frame)) => {
                    let _ = order.admit(&frame);
                    if let Frame::Request { fields, .. } = &frame {
                        let _ = Request::read(fields.clone());
                    }
                    encode::frame(&mut out, &frame).expect("what was decoded can be encoded");
                }
            }
        }
    }
    (out, None)
}

fn corpus() -> Vec<Vec<u8>> {
    let mut corpus = Vec::new();
    for name in ["accepted", "refused"] {
        let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let vectors: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for vector in vectors["vectors"].as_array().unwrap() {
            let hex = vector["hex"].as_str().unwrap();
            corpus
                .push((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect());
        }
    }
    corpus
}

fn input(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = Vec::new();
    for _ in 0..=random.below(4) {
        match random.below(4) {
            0 => made_up_frame(&mut input, random),
            _ => input.extend_from_slice(&corpus[random.below(corpus.len())]),
        }
    }
    for _ in 0..random.below(4) {
        mutate(&mut input, random);
    }
    input
}

/// A plausible header followed by random bytes: purely random bytes rarely pass the length check.
fn made_up_frame(input: &mut Vec<u8>, random: &mut Random) {
    let payload = if random.below(8) == 0 { random.below(70_000) } else { random.below(24) };
    let length = u32::try_from(payload + 5).unwrap();
    input.extend_from_slice(&length.to_be_bytes());
    input.push(u8::try_from(random.below(11)).unwrap());
    input.extend_from_slice(&u32::try_from(random.below(5)).unwrap().to_be_bytes());
    for at in 0..payload {
        input.push(if at == 0 { u8::try_from(random.below(4)).unwrap() } else { random.byte() });
    }
}

fn mutate(input: &mut Vec<u8>, random: &mut Random) {
    if input.is_empty() {
        return;
    }
    let at = random.below(input.len());
    match random.below(6) {
        0 => input[at] = random.byte(),
        1 => input[at] ^= 1 << random.below(8),
        2 => input.truncate(at),
        3 => input.insert(at, random.byte()),
        4 => {
            input.remove(at);
        }
        _ => {
            let until = (at + random.below(32)).min(input.len());
            let piece = input[at..until].to_vec();
            input.splice(at..at, piece);
        }
    }
}
