//! Flow control: bytes that one side may still send on one (stream, fd).

use crate::violation::Violation;

/// Initial credit of each (stream, fd).
pub const INITIAL: u32 = 262_144;
/// Upper limit of a credit sum.
pub const MAXIMUM: u32 = 1 << 31;

/// The sender uses it to know how much it may send, the receiver to know how much it must accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit(u32);

impl Default for Credit {
    fn default() -> Self {
        Self(INITIAL)
    }
}

impl Credit {
    /// Bytes that may still be sent.
    #[must_use]
    pub const fn available(self) -> usize {
        self.0 as usize
    }

    /// The receiver allows `bytes` more.
    pub fn grant(&mut self, bytes: u32) -> Result<(), Violation> {
        match self.0.checked_add(bytes) {
            Some(sum) if sum <= MAXIMUM => {
                self.0 = sum;
                Ok(())
            }
            _ => Err(Violation::CreditOverflow),
        }
    }

    /// `bytes` of data were sent or received.
    pub fn spend(&mut self, bytes: usize) -> Result<(), Violation> {
        let bytes = u32::try_from(bytes).map_err(|_| Violation::CreditExceeded)?;
        self.0 = self.0.checked_sub(bytes).ok_or(Violation::CreditExceeded)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spends_exactly_what_was_granted() {
        let mut credit = Credit::default();
        assert_eq!(credit.spend(INITIAL as usize), Ok(()));
        assert_eq!(credit.spend(1), Err(Violation::CreditExceeded));
        assert_eq!(credit.grant(1), Ok(()));
        assert_eq!(credit.spend(1), Ok(()));
        assert_eq!(credit.available(), 0);
    }

    #[test]
    fn refuses_a_sum_that_would_wrap() {
        let mut credit = Credit::default();
        assert_eq!(credit.grant(u32::MAX), Err(Violation::CreditOverflow));
        assert_eq!(credit.grant(MAXIMUM - INITIAL), Ok(()));
        assert_eq!(credit.grant(1), Err(Violation::CreditOverflow));
        assert_eq!(credit.available(), MAXIMUM as usize);
    }
}
