//! How full a sandbox's writable file systems are, and whether one of them ever was.
//!
//! No kernel tells that a file system ran full, and a program that meets ENOSPC often removes what it wrote before it ends. So the broker
//! looks again and again: seldom while nothing changes, and the more often the sooner the last byte could be gone.

use rustix::fd::OwnedFd;
use std::time::{Duration, Instant};

const SHORTEST: Duration = Duration::from_micros(100);
/// Of a sandbox that writes nothing: ten looks of a microsecond each second.
const LONGEST: Duration = Duration::from_millis(100);
/// What a program can write at most, about: 4 GB/s.
const BYTES_PER_US: u64 = 4096;

#[derive(Default)]
pub struct Fill {
    filesystems: Vec<OwnedFd>,
    /// One of them was, at some time.
    full: bool,
    /// What was free in all of them together.
    free: u64,
    pause: Duration,
    next: Option<Instant>,
}

impl Fill {
    pub fn watch(&mut self, filesystems: impl Iterator<Item = OwnedFd>) {
        self.filesystems.extend(filesystems);
    }

    /// From here on `due` says when to look.
    pub fn start(&mut self, now: Instant) {
        self.pause = LONGEST;
        self.look(now);
    }

    /// When to look again; `None`: never, nothing can change any more.
    pub fn due(&self) -> Option<Instant> {
        self.next
    }

    /// Whether one of them is, or was full; `None` where none is watched.
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
            // Some have no table of files, and count none. What is kept for root is nothing that a workload can have.
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
