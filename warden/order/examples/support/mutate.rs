//! Small changes to a message: flipped bits, changed lengths, removed or duplicated pieces.

use crate::random::Random;

pub fn mutate(input: &mut Vec<u8>, random: &mut Random) {
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
            // Replaces a length.
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
