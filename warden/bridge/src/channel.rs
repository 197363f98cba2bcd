//! The limits of one channel, for all its connections together.

use crate::calls::{Limits, Reason};
use std::time::{Duration, Instant};

pub struct Channel {
    rate: Option<u64>,
    left: Option<u64>,
    /// For each direction: when its data so far will have been sent at the allowed rate.
    free: [Option<Instant>; 2],
}

impl Channel {
    pub const fn new(limits: Limits) -> Self {
        Self { rate: limits.bytes_per_second, left: limits.bytes, free: [None; 2] }
    }

    /// Counts data. Returns when it may be sent, if that is later than now.
    pub fn spend(&mut self, way: usize, length: usize, now: Instant) -> Result<Option<Instant>, Reason> {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if let Some(left) = &mut self.left {
            let Some(rest) = left.checked_sub(length) else {
                *left = 0;
                return Err(Reason::Bytes);
            };
            *left = rest;
        }
        let (Some(rate), Some(free)) = (self.rate, self.free.get_mut(way)) else { return Ok(None) };
        let start = free.map_or(now, |free| free.max(now));
        let nanoseconds = u128::from(length) * 1_000_000_000 / u128::from(rate.max(1));
        *free = start.checked_add(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)));
        Ok((start > now).then_some(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(bytes_per_second: Option<u64>, bytes: Option<u64>) -> Channel {
        Channel::new(Limits { bytes_per_second, bytes, idle_ms: None })
    }

    #[test]
    fn bytes_count_in_both_directions() {
        let (mut channel, now) = (channel(None, Some(10)), Instant::now());
        assert_eq!(channel.spend(0, 6, now), Ok(None));
        assert_eq!(channel.spend(1, 4, now), Ok(None));
        assert_eq!(channel.spend(0, 1, now), Err(Reason::Bytes));
    }

    #[test]
    fn each_direction_has_the_rate_to_itself() {
        let (mut channel, now) = (channel(Some(100), None), Instant::now());
        assert_eq!(channel.spend(0, 50, now), Ok(None));
        assert_eq!(channel.spend(0, 50, now), Ok(Some(now + Duration::from_millis(500))));
        assert_eq!(channel.spend(1, 50, now), Ok(None));
        assert_eq!(channel.spend(0, 1, now + Duration::from_secs(2)), Ok(None), "nothing is saved up or owed");
    }
}
