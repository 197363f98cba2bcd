//! How full a sandbox's writable file systems are, and whether one was ever full.
//!
//! No kernel reports that a file system ran full, and a program that gets ENOSPC often removes its files before it
//! ends. So the broker polls: seldom while nothing changes, and more often the sooner the last byte could be used.

use rustix::fd::OwnedFd;
use std::time::{Duration, Instant};

const SHORTEST: Duration = Duration::from_micros(100);
/// For a sandbox that writes nothing: ten polls a second, of a microsecond each.
const LONGEST: Duration = Duration::from_millis(100);
/// About the most that a program can write: 4 GB/s.
const BYTES_PER_US: u64 = 4096;

#[derive(Default)]
pub struct Fill {
    filesystems: Vec<OwnedFd>,
    /// One of them was full at some time.
    full: bool,
    /// Free bytes in all of them together.
    free: u64,
    pause: Duration,
    next: Option<Instant>,
}

impl Fill {
    pub fn watch(&mut self, filesystems: impl Iterator<Item = OwnedFd>) {
        self.filesystems.extend(filesystems);
    }

    /// After this, `due` returns the time of the next poll.
    pub fn start(&mut self, now: Instant) {
        self.pause = LONGEST;
        self.look(now);
    }

    /// Time of the next poll; `None`: never, since nothing can change any more.
    pub fn due(&self) -> Option<Instant> {
        self.next
    }

    /// Whether one of them is or was full; `None` if none is watched.
    pub fn look(&mut self, now: Instant) -> Option<bool> {
        if self.filesystems.is_empty() {
            return None;
        }
        if !self.full {
            self.read(now);
        }
        Some(self.full)
    }

    fn read(&mut self, now: Instant) {
        let mut all = 0_u64;
        let mut least = u64::MAX;
        for filesystem in &self.filesystems {
            let Ok(stat) = rustix::fs::fstatfs(filesystem) else { continue };
            // Some have no inode table and count no files. Blocks reserved for root are not available to a workload.
            self.full |= stat.f_bavail == 0 || stat.f_files > 0 && stat.f_ffree == 0;
            let free = stat.f_bavail.saturating_mul(stat.f_bsize.unsigned_abs());
            least = least.min(free);
            all = all.wrapping_add(free).wrapping_add(stat.f_ffree);
        }
        let still = all == self.free;
        self.free = all;
        let soon = Duration::from_micros(least / BYTES_PER_US);
        let wanted = if still { self.pause * 2 } else { soon };
        self.pause = wanted.clamp(SHORTEST, LONGEST);
        self.next = (!self.full).then_some(now + self.pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> OwnedFd {
        std::fs::File::open(std::env::temp_dir()).unwrap().into()
    }

    #[test]
    fn nothing_watched_is_nothing_known() {
        let mut fill = Fill::default();
        fill.start(Instant::now());
        assert_eq!((fill.look(Instant::now()), fill.due()), (None, None));
    }

    #[test]
    fn looks_again_in_time() {
        let mut fill = Fill::default();
        fill.watch([directory()].into_iter());
        let now = Instant::now();
        fill.start(now);
        assert!(fill.due().is_some_and(|due| due >= now + SHORTEST && due <= now + LONGEST));
        assert_eq!(fill.look(now), Some(false));
    }

    #[test]
    fn once_full_stays_full() {
        let mut fill = Fill { full: true, ..Fill::default() };
        fill.watch([directory()].into_iter());
        let now = Instant::now();
        fill.start(now);
        assert_eq!((fill.look(now), fill.due()), (Some(true), None));
    }
}
