//! A range of 65,536 uids and gids for each sandbox, which no other live sandbox on this machine has.

use bulkhead_error::{Attempt, Code, Error};
use bulkhead_sys::helper_ids;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use std::collections::BTreeSet;

/// systemd's registry of uids (its `UIDS-GIDS` document) assigns the ids from 0x7000_0000 up to the "foreign" range at
/// 0x7FFE_0000 to no user.
pub const FIRST: u32 = 0x7000_0000;
pub const SIZE: u32 = 0x1_0000;
/// The ranges end where the helpers' ids start.
const COUNT: u32 = (helper_ids::FIRST - FIRST) / SIZE;

const DIRECTORY: &str = "/run/bulkhead";
use helper_ids::LOCKS;

/// The process that uses range n locks byte n of one file. The kernel releases the lock when the broker dies, for any
/// reason. Its sandboxes die with it, and the search starts at a random place, so a new broker does not take the range
/// over while they are still dying.
pub struct UidRanges {
    locks: OwnedFd,
    mine: BTreeSet<u32>,
    next: u32,
}

/// One sandbox's ids, as the host sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UidRange {
    index: u32,
}

impl UidRange {
    pub fn base(self) -> u32 {
        FIRST + self.index * SIZE
    }
}

impl UidRanges {
    pub fn open() -> Result<Self, Error> {
        let failed = Code::UidRangeExhausted;
        match rustix::fs::mkdir(DIRECTORY, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(errno) => return Err(errno).attempt_on(failed, "mkdir", DIRECTORY),
        }
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let locks = rustix::fs::open(LOCKS, flags, Mode::from_raw_mode(0o600)).attempt_on(failed, "open", LOCKS)?;
        let owner = rustix::fs::fstat(&locks).attempt_on(failed, "stat", LOCKS)?.st_uid;
        if owner != 0 {
            return Err(Error::new(failed, "stat").path(LOCKS).detail("not root's"));
        }
        let mut random = [0; 4];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty()).attempt(failed, "getrandom")?;
        Ok(Self { locks, mine: BTreeSet::new(), next: u32::from_ne_bytes(random) % COUNT })
    }

    pub fn take(&mut self) -> Result<UidRange, Error> {
        for _ in 0..COUNT {
            let index = self.next;
            self.next = (self.next + 1) % COUNT;
            // Locks of one open file description never conflict with each other, so `mine` lists our own.
            if self.mine.contains(&index) {
                continue;
            }
            if bulkhead_sys::lock_byte(&self.locks, i64::from(index), true).attempt_on(
                Code::UidRangeExhausted,
                "lock",
                LOCKS,
            )? {
                self.mine.insert(index);
                return Ok(UidRange { index });
            }
        }
        Err(Error::new(Code::UidRangeExhausted, "lock").path(LOCKS).detail(format!("{COUNT} ranges in use")))
    }

    /// Releases the range, if there are ranges: without root there are none.
    pub fn give_back_to(ranges: &mut Option<Self>, range: Option<UidRange>) {
        if let (Some(ranges), Some(range)) = (ranges, range) {
            ranges.give_back(range);
        }
    }

    fn give_back(&mut self, range: UidRange) {
        if self.mine.remove(&range.index) {
            // A failed unlock leaves the range unused until this broker ends, which is safe.
            let _ = bulkhead_sys::lock_byte(&self.locks, i64::from(range.index), false);
        }
    }
}
