//! Files of cgroup file systems.

use crate::read;
use bulkhead_error::{Attempt, Code, Error};
use std::path::Path;

/// Never creates a file: a missing one is an error.
pub fn write(path: &Path, value: &str) -> Result<(), Error> {
    let opened = std::fs::OpenOptions::new().write(true).open(path);
    let written = opened.and_then(|mut file| std::io::Write::write_all(&mut file, value.as_bytes()));
    written.attempt_on(Code::CgroupUnavailable, "write", &path.to_string_lossy()).map_err(|error| error.detail(value))
}

pub fn read_number(path: &Path) -> Option<u64> {
    read::text(path).ok()?.trim().parse().ok()
}

/// The number after `key` in a file of `key number` lines.
pub fn read_keyed(path: &Path, key: &str) -> Option<u64> {
    let text = read::text(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

/// How often the process limit of the group at `path` refused a fork.
pub fn exceeded(path: &Path) -> Option<u64> {
    let refused = read_keyed(&path.join("pids.events"), "max");
    by_own_limit(refused, read_number(&path.join("pids.peak")), read_number(&path.join("pids.max")))
}

/// Before Linux 6.11, and still on v1, a group counts each refusal of a fork by its own processes, also by the limit of
/// a group above it, which is the host's and not the sandbox's. A limit that was never reached has refused nothing;
/// `pids.peak` exists since 6.1.
fn by_own_limit(refused: Option<u64>, peak: Option<u64>, max: Option<u64>) -> Option<u64> {
    let reached = peak.zip(max).is_none_or(|(peak, max)| peak >= max);
    if reached { refused } else { refused.map(|_| 0) }
}

pub fn make_directory(path: &Path) -> Result<(), Error> {
    std::fs::create_dir(path).attempt_on(Code::CgroupUnavailable, "mkdir", &path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_limit_that_was_reached_has_refused() {
        assert_eq!(by_own_limit(Some(3), Some(13), Some(13)), Some(3));
        assert_eq!(by_own_limit(Some(3), Some(12), Some(13)), Some(0), "of a group above");
        assert_eq!(by_own_limit(Some(3), None, Some(13)), Some(3), "before 6.1 nobody can tell");
        assert_eq!(by_own_limit(None, Some(1), Some(13)), None);
    }
}
