//! Reads small files of /proc and of cgroups with one open and as few reads as possible. The standard library first
//! asks for the size, which these files do not have, and then reads in small pieces.

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use std::path::Path;

/// Larger than any of them: a mountinfo of a few hundred mounts.
const LARGEST: usize = 1 << 20;
const PIECE: usize = 16 << 10;

/// The whole file as text; bytes that are not UTF-8 are replaced.
pub fn text(path: impl AsRef<Path>) -> Result<String, Errno> {
    let file = rustix::fs::openat(CWD, path.as_ref(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = vec![0; PIECE];
    let mut filled = 0;
    loop {
        let count = rustix::io::read(&file, &mut bytes[filled..])?;
        filled += count;
        if count == 0 || filled == LARGEST {
            bytes.truncate(filled);
            return Ok(
                String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
            );
        }
        if filled == bytes.len() {
            bytes.resize((2 * filled).min(LARGEST), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_comes_whole() {
        let status = super::text("/proc/self/status").unwrap();
        assert!(status.starts_with("Name:") && status.contains("\nSeccomp:"));
        assert_eq!(super::text("/proc/self/no-such-file"), Err(rustix::io::Errno::NOENT));
    }

    #[test]
    fn a_file_larger_than_a_piece_comes_whole() {
        let path = std::env::temp_dir().join(format!("bulkhead-read-{}", std::process::id()));
        let long = "0123456789".repeat(super::PIECE / 4);
        std::fs::write(&path, &long).unwrap();
        let read = super::text(&path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read.as_deref(), Ok(long.as_str()));
    }
}
