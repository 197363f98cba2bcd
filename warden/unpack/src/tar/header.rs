//! One 512-byte header block (POSIX.1-1988 ustar, and GNU's variant).

use crate::failure::Failure;

/// Every size in a tar is a multiple of this.
pub const BLOCK_BYTES: usize = 512;

/// A block that may be a header.
pub type Block = [u8; BLOCK_BYTES];

/// The fields that a layer needs. Owner names are not among them: they mean something only where the archive was
/// written.
#[derive(Debug)]
pub struct Header {
    pub kind: u8,
    pub name: Vec<u8>,
    pub link: Vec<u8>,
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub size: u64,
    pub mtime: i64,
}

const OPERATION: &str = "read header";

impl Header {
    /// # Errors
    ///
    /// The checksum is wrong or a number is invalid.
    pub fn parse(block: &Block) -> Result<Self, Failure> {
        if checksum(block) != number(field(block, 148, 8))? {
            return Err(Failure::invalid(OPERATION, "checksum"));
        }
        let mut name = text(field(block, 0, 100)).to_vec();
        // Only POSIX's own magic promises a prefix: GNU keeps times where ustar has it.
        if field(block, 257, 6) == b"ustar\0" {
            let prefix = text(field(block, 345, 155));
            if !prefix.is_empty() {
                name = [prefix, b"/", &name].concat();
            }
        }
        Ok(Self {
            kind: block[156],
            name,
            link: text(field(block, 157, 100)).to_vec(),
            mode: u32::try_from(number(field(block, 100, 8))? & 0o7777).unwrap_or(0),
            uid: number(field(block, 108, 8))?,
            gid: number(field(block, 116, 8))?,
            size: number(field(block, 124, 12))?,
            mtime: time(field(block, 136, 12))?,
        })
    }
}

pub fn field(block: &Block, start: usize, length: usize) -> &[u8] {
    block.get(start..start + length).unwrap_or_default()
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The sum of all bytes, with the checksum's own field taken as spaces.
fn checksum(block: &Block) -> u64 {
    let all: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    let own: u64 = field(block, 148, 8).iter().map(|byte| u64::from(*byte)).sum();
    all - own + 8 * u64::from(b' ')
}

/// Octal digits between spaces and NULs, or GNU's base 256: a first byte of 0x80, then a big-endian number.
pub fn number(field: &[u8]) -> Result<u64, Failure> {
    let bad = || Failure::invalid(OPERATION, "number");
    if let [0x80, rest @ ..] = field {
        return rest
            .iter()
            .try_fold(0_u64, |value, byte| Some(value.checked_mul(256)? | u64::from(*byte)))
            .filter(|value| i64::try_from(*value).is_ok())
            .ok_or_else(bad);
    }
    let digits = field.trim_ascii_start();
    let end = digits.iter().position(|byte| matches!(byte, 0 | b' ')).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if rest.iter().any(|byte| !matches!(byte, 0 | b' ')) {
        return Err(bad());
    }
    digits.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'7' => value.checked_mul(8).and_then(|value| value.checked_add(u64::from(byte - b'0'))).ok_or_else(bad),
        _ => Err(bad()),
    })
}

/// Times before 1970 are written in base 256 with a first byte of 0xff; no file needs one, so they become 1970.
fn time(field: &[u8]) -> Result<i64, Failure> {
    if field.first() == Some(&0xff) {
        return Ok(0);
    }
    Ok(i64::try_from(number(field)?).unwrap_or(0))
}
