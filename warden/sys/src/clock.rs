//! The clock of traces.

use rustix::time::{ClockId, clock_gettime};

/// Microseconds of CLOCK_MONOTONIC, which all processes of the host share, Node among them. The vDSO answers, without a
/// system call.
pub fn monotonic_us() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000 + now.tv_nsec.unsigned_abs() / 1000
}
