//! Limits for one layer. The caller sets each of them; the defaults fit a large but real image.

use std::ffi::OsString;

/// Bounds of one run.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Entries of the archive, without extension headers.
    pub entries: u64,
    /// Bytes of the archive after decompression: headers, data, padding, and everything after the end marker.
    pub bytes: u64,
    /// Decompressed bytes for each compressed one, checked after `RATIO_FREE_BYTES`.
    pub ratio: u64,
    /// Components of one path.
    pub depth: usize,
    /// Bytes of all names that this process must keep: of directories, and of whiteouts.
    pub name_bytes: u64,
}

/// A small archive of zeros compresses a thousandfold and does no harm.
pub const RATIO_FREE_BYTES: u64 = 64 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1_000_000, bytes: 16 << 30, ratio: 200, depth: 128, name_bytes: 128 << 20 }
    }
}

/// What was asked for on the command line.
#[derive(Debug)]
pub struct Options {
    /// The directory to unpack into.
    pub dest: OsString,
    /// The directory for whiteouts whose place this layer's own files take; only it and `dest` are ever written to.
    pub hidden: OsString,
    /// No layer is below this one: its whiteouts hide nothing.
    pub lowest: bool,
    /// Files get the owners and directories the exact permissions in the archive: this process may change owners.
    pub owners: bool,
    /// Bounds.
    pub limits: Limits,
}

/// Reads `--dest DIR --hidden DIR [--lowest] [--owners] [--max-entries N] [--max-bytes N] [--max-ratio N]
/// [--max-depth N] [--max-name-bytes N]`.
///
/// # Errors
///
/// The argument that is unknown, incomplete or no number.
pub fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Options, OsString> {
    let (mut dest, mut hidden) = (None, None);
    let (mut lowest, mut owners) = (false, false);
    let mut limits = Limits::default();
    while let Some(name) = arguments.next() {
        let flag = match name.to_str() {
            Some("--lowest") => Some(&mut lowest),
            Some("--owners") => Some(&mut owners),
            _ => None,
        };
        if let Some(flag) = flag {
            *flag = true;
            continue;
        }
        let Some(value) = arguments.next() else { return Err(name) };
        let number = value.to_str().and_then(|text| text.parse::<u64>().ok());
        match (name.to_str(), number) {
            (Some("--dest"), _) => dest = Some(value),
            (Some("--hidden"), _) => hidden = Some(value),
            (Some("--max-entries"), Some(number)) => limits.entries = number,
            (Some("--max-bytes"), Some(number)) => limits.bytes = number,
            (Some("--max-ratio"), Some(number)) => limits.ratio = number,
            (Some("--max-depth"), Some(number)) => limits.depth = usize::try_from(number).map_err(|_| value)?,
            (Some("--max-name-bytes"), Some(number)) => limits.name_bytes = number,
            _ => return Err(name),
        }
    }
    let missing = |name: &str| OsString::from(name);
    let (dest, hidden) = (dest.ok_or_else(|| missing("--dest"))?, hidden.ok_or_else(|| missing("--hidden"))?);
    Ok(Options { dest, hidden, lowest, owners, limits })
}
