//! Zstandard as layers use it (RFC 8878): any number of consecutive frames, some of which are skippable (zstd:chunked
//! keeps its table of contents in such frames).

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{BufRead, Error, Read, Result};

/// The largest window that a frame may request: the most that zstd itself accepts by default
/// (`ZSTD_WINDOWLOG_LIMIT_DEFAULT`, 27).
const WINDOW_BYTES: u64 = 128 << 20;

/// The frames' content, joined.
pub struct ZstdFrames<R> {
    input: R,
    decoder: FrameDecoder,
    inside_frame: bool,
}

impl<R: BufRead> ZstdFrames<R> {
    /// Reads nothing yet.
    pub fn new(input: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW_BYTES);
        Self { input, decoder, inside_frame: false }
    }

    /// Starts the next frame; false if there is none.
    fn next_frame(&mut self) -> Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if std::io::copy(&mut self.input.by_ref().take(length), &mut std::io::sink())? < length {
                        return Err(std::io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if !self.inside_frame {
                self.inside_frame = self.next_frame()?;
                if !self.inside_frame {
                    return Ok(0);
                }
            }
            // One block at a time (at most 128 KiB), so that little decoded data is buffered.
            if self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(Error::other)?;
                continue;
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.inside_frame = false;
        }
    }
}
