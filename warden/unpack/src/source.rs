//! From the compressed bytes on stdin to the archive's own bytes: counted, hashed and bounded on the way.

use crate::failure::Failure;
use crate::limits::{Limits, RATIO_FREE_BYTES};
use crate::zstd::ZstdFrames;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::io::{BufReader, Read};
use std::rc::Rc;

const BUFFER_BYTES: usize = 128 << 10;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The decompressed archive. Every byte that it returns counts in [`Source::diff_id`] and against the budget.
pub struct Source<'a> {
    decoder: Box<dyn Read + 'a>,
    compressed: Rc<Cell<u64>>,
    hash: Sha256,
    bytes: u64,
    /// Bytes of files for which the archive has no data.
    holes: u64,
    limits: Limits,
}

impl<'a> Source<'a> {
    /// Determines the compression from the first bytes: the media type is only a claim.
    ///
    /// # Errors
    ///
    /// The input cannot be read, or its decompressor refuses the start of it.
    pub fn open(input: impl Read + 'a, limits: &Limits) -> Result<Self, Failure> {
        let compressed = Rc::new(Cell::new(0));
        let counted = Counted { input, count: Rc::clone(&compressed) };
        let mut buffered = BufReader::with_capacity(BUFFER_BYTES, counted);
        // A pipe may give one byte at a time: without all four the choice would depend on timing.
        let mut magic = Vec::with_capacity(ZSTD_MAGIC.len());
        buffered.by_ref().take(4).read_to_end(&mut magic).map_err(|error| read_failure(&error))?;
        let plain = magic.clone();
        let whole = std::io::Cursor::new(plain).chain(buffered);
        let decoder: Box<dyn Read + 'a> = if magic.starts_with(&GZIP_MAGIC) {
            Box::new(MultiGzDecoder::new(whole))
        } else if magic.starts_with(&ZSTD_MAGIC) {
            Box::new(ZstdFrames::new(whole))
        } else {
            Box::new(whole)
        };
        Ok(Self { decoder, compressed, hash: Sha256::new(), bytes: 0, holes: 0, limits: limits.clone() })
    }

    /// Fills `buffer` as far as the archive goes; fewer bytes mean that it has ended.
    ///
    /// # Errors
    ///
    /// The compressed stream is broken or cut short, or a budget is exhausted.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let count = match self.decoder.read(rest) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(read_failure(&error)),
            };
            self.hash.update(rest.get(..count).unwrap_or_default());
            self.pay(count)?;
            filled += count;
        }
        Ok(filled)
    }

    /// Takes the size that the archive *claims* from the budget before anything is written: a header that claims an
    /// exabyte is refused at once.
    ///
    /// # Errors
    ///
    /// The rest of the budget is smaller.
    pub fn afford(&self, bytes: u64) -> Result<(), Failure> {
        if bytes > self.limits.bytes.saturating_sub(self.bytes()) {
            return Err(Failure::limit("read entry size", "max-bytes"));
        }
        Ok(())
    }

    /// Pays for holes of sparse files as if they were data. They do not count in the ratio, because nothing was
    /// compressed into them.
    ///
    /// # Errors
    ///
    /// The rest of the budget is smaller.
    pub fn pay_holes(&mut self, bytes: u64) -> Result<(), Failure> {
        self.afford(bytes)?;
        self.holes = self.holes.saturating_add(bytes);
        Ok(())
    }

    fn pay(&mut self, count: usize) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(count as u64);
        if self.bytes() > self.limits.bytes {
            return Err(Failure::limit("decompress layer", "max-bytes"));
        }
        let allowed = self.compressed.get().saturating_mul(self.limits.ratio);
        if self.bytes > RATIO_FREE_BYTES && self.bytes > allowed {
            return Err(Failure::limit("decompress layer", "max-ratio"));
        }
        Ok(())
    }

    /// Decompressed bytes so far, including holes.
    pub fn bytes(&self) -> u64 {
        self.bytes.saturating_add(self.holes)
    }

    /// SHA-256 of everything read, in hex.
    pub fn diff_id(self) -> String {
        self.hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            for nibble in [byte >> 4, byte & 15] {
                hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
            hex
        })
    }
}

fn read_failure(error: &std::io::Error) -> Failure {
    match error.raw_os_error() {
        Some(errno) => Failure::system("read layer", rustix::io::Errno::from_raw_os_error(errno)),
        None if error.kind() == std::io::ErrorKind::UnexpectedEof => Failure::invalid("decompress layer", "truncated"),
        None => Failure::invalid("decompress layer", "corrupt"),
    }
}

/// Counts compressed bytes, for the ratio.
struct Counted<R> {
    input: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.count.set(self.count.get().saturating_add(count as u64));
        Ok(count)
    }
}
