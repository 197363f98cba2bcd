//! Frequency of this processor's time-stamp counter. An emulated machine reads the host's, and has nothing to compare
//! it with.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Long enough for an error of a few millionths, and short enough to wait for.
const APART: Duration = Duration::from_millis(100);
/// An interruption between two readings spoils a try; the quickest pair is the best.
const TRIES: usize = 32;

/// Thousands of counts per second, by the host's monotonic clock.
pub fn khz() -> u64 {
    let (began, first) = look();
    sleep(APART);
    let (ended, last) = look();
    let nanoseconds = ended.duration_since(began).as_nanos().max(1);
    let counts = u128::from(last.saturating_sub(first));
    u64::try_from((counts * 1_000_000 + nanoseconds / 2) / nanoseconds).unwrap_or(0)
}

/// The counter, and the time of the reading.
fn look() -> (Instant, u64) {
    let mut best: Option<(Duration, Instant, u64)> = None;
    for _ in 0..TRIES {
        let before = Instant::now();
        let counter = counter();
        let took = before.elapsed();
        if best.as_ref().is_none_or(|(least, ..)| took < *least) {
            best = Some((took, before + took / 2, counter));
        }
    }
    best.map_or_else(|| (Instant::now(), 0), |(_, at, counter)| (at, counter))
}

#[cfg(target_arch = "x86_64")]
fn counter() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and it touches no memory.
    unsafe { std::arch::x86_64::_rdtsc() }
}

/// Other processors have none: it then never counts.
#[cfg(not(target_arch = "x86_64"))]
fn counter() -> u64 {
    0
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    #[test]
    fn counts_alike_twice() {
        let (one, other) = (super::khz(), super::khz());
        assert!(one > 100_000 && one < 20_000_000, "{one}");
        assert!(one.abs_diff(other) * 500 < one, "{one} {other}");
    }
}
