//! What is appended to this program: each file compressed by itself, an index as JSON, and a trailer.
//!
//! The trailer is the index's offset (`u64`, little-endian), its SHA-256, and a mark. The index has the digest of every
//! file. So damage shows; trust in the file itself is its user's decision.

use crate::failure::Failure;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};

const MARK: &[u8; 8] = b"BULKHEAD";
const TRAILER_BYTES: u64 = 8 + 32 + 8;
/// More than any index has.
const MOST_INDEX_BYTES: u64 = 4 * 1024 * 1024;
/// Hexadecimal digits of a directory's name, as for packages of npm.
const ID_DIGITS: usize = 32;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Parents first, with their modes.
    pub directories: Vec<(PathBuf, u32)>,
    pub files: Vec<Entry>,
    /// Path and target.
    pub links: Vec<(PathBuf, PathBuf)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub path: PathBuf,
    pub mode: u32,
    pub bytes: u64,
    pub sha256: String,
    /// Where its gzip stream lies in the file, and how long that is.
    pub at: u64,
    pub packed: u64,
}

#[derive(Debug)]
pub struct Archive {
    pub file: File,
    pub path: PathBuf,
    pub index: Index,
    /// Derived from every digest: each build is unpacked into a directory of its own.
    pub id: String,
}

impl Archive {
    /// Of the file that the kernel executes, whatever its path holds by now.
    pub fn of_this_file() -> Result<Self, Failure> {
        let link = Path::new("/proc/self/exe");
        let path = std::fs::read_link(link).map_err(|error| Failure::missing("read link", link, &error))?;
        let file = File::open(link).map_err(|error| Failure::missing("open", &path, &error))?;
        Self::read(file, path)
    }

    pub fn read(file: File, path: PathBuf) -> Result<Self, Failure> {
        let broken = |detail: &str| Failure::altered(&path, detail);
        let length = file.metadata().map_err(|error| Failure::missing("stat", &path, &error))?.len();
        let index_end = length.checked_sub(TRAILER_BYTES).ok_or_else(|| broken("nothing is appended to it"))?;
        let trailer = read_at(&file, &path, index_end, TRAILER_BYTES)?;
        let (offset, rest) = trailer.split_at(8);
        let (expected, mark) = rest.split_at(32);
        if mark != MARK {
            return Err(broken("its end is missing"));
        }
        let start = u64::from_le_bytes(offset.try_into().map_err(|_| broken("trailer"))?);
        let size =
            index_end.checked_sub(start).filter(|size| *size <= MOST_INDEX_BYTES).ok_or_else(|| broken("index"))?;
        let text = read_at(&file, &path, start, size)?;
        let digest = Sha256::digest(&text);
        if digest.as_slice() != expected {
            return Err(broken("its index has another digest"));
        }
        let index: Index = serde_json::from_slice(&text).map_err(|error| broken(&error.to_string()))?;
        if !index.paths().all(is_below) {
            return Err(broken("a path of its index"));
        }
        Ok(Self { id: hexadecimal(&digest).chars().take(ID_DIGITS).collect(), file, path, index })
    }
}

impl Index {
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let directories = self.directories.iter().map(|(path, _)| path);
        let files = self.files.iter().map(|file| &file.path);
        directories.chain(files).chain(self.links.iter().map(|(path, _)| path)).map(PathBuf::as_path)
    }
}

/// Names only, and at least one: it stays below the directory that it is joined to.
fn is_below(path: &Path) -> bool {
    let mut components = path.components().peekable();
    components.peek().is_some() && components.all(|each| matches!(each, Component::Normal(_)))
}

fn read_at(file: &File, path: &Path, at: u64, length: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| Failure::altered(path, "index"))?];
    file.read_exact_at(&mut bytes, at).map_err(|error| Failure::missing("read", path, &error))?;
    Ok(bytes)
}

pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::is_below;
    use std::path::Path;

    #[test]
    fn keeps_paths_below_the_directory() {
        for path in ["bin/node", "a"] {
            assert!(is_below(Path::new(path)), "{path}");
        }
        for path in ["", "/bin/node", "../a", "a/../../b"] {
            assert!(!is_below(Path::new(path)), "{path}");
        }
    }
}
