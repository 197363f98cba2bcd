//! Frames queued for the host.

use bulkhead_channel::Kind;
use bulkhead_channel::encode::{self, DATA_HEAD};
use bulkhead_channel::frame::DATA_MAX;
use rustix::io::Errno;
use serde::Serialize;
use std::os::fd::AsFd;

/// Above this size nothing more is read, neither from the workload nor from the host.
const FULL: usize = 1 << 20;
/// Memory that an emptied outbox keeps.
const KEEP_MAX: usize = 128 * 1024;

/// A queue of bytes, so that output goes from a pipe to the channel with one copy less.
#[derive(Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    pub fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    pub fn is_full(&self) -> bool {
        self.bytes.len() - self.sent >= FULL
    }

    /// Above this size, frames that are numerous and not urgent make room for the rest.
    pub fn is_half_full(&self) -> bool {
        self.bytes.len() - self.sent >= FULL / 2
    }

    pub fn json(&mut self, kind: Kind, stream: u32, payload: &impl Serialize) {
        // Init's messages always have a JSON form; without one, sending nothing is the safe answer.
        let _ = encode::json(&mut self.bytes, kind, stream, payload);
    }

    pub fn credit(&mut self, stream: u32, fd: u8, bytes: u32) {
        encode::credit(&mut self.bytes, stream, fd, bytes);
    }

    pub fn end(&mut self, stream: u32, fd: u8) {
        encode::end(&mut self.bytes, stream, fd);
    }

    /// A frame with these bytes: 1 to [`DATA_MAX`].
    pub fn data(&mut self, stream: u32, fd: u8, bytes: &[u8]) {
        self.bytes.extend_from_slice(&encode::data_head(stream, fd, bytes.len()));
        self.bytes.extend_from_slice(bytes);
    }

    /// One read from `source`, of at most `limit` bytes, straight into a data frame. Returns the count; zero is the
    /// end.
    pub fn data_from(&mut self, source: impl AsFd, stream: u32, fd: u8, limit: usize) -> Result<usize, Errno> {
        let limit = limit.min(DATA_MAX);
        let start = self.bytes.len();
        self.bytes.reserve(DATA_HEAD + limit);
        self.bytes.extend_from_slice(&[0; DATA_HEAD]);
        let count = match rustix::io::read(source, &mut self.bytes.spare_capacity_mut()[..limit]) {
            Ok((data, _)) => data.len(),
            Err(error) => {
                self.bytes.truncate(start);
                return Err(error);
            }
        };
        if count == 0 {
            self.bytes.truncate(start);
            return Ok(0);
        }
        self.bytes[start..].copy_from_slice(&encode::data_head(stream, fd, count));
        // SAFETY: `read` initialised the first `count` bytes of the spare capacity, which begins at the length.
        unsafe { self.bytes.set_len(start + DATA_HEAD + count) };
        Ok(count)
    }

    /// Sends as much as the channel takes without waiting. An error means that the host is gone.
    pub fn flush(&mut self, wire: impl AsFd) -> Result<(), Errno> {
        while !self.is_empty() {
            match rustix::io::write(&wire, &self.bytes[self.sent..]) {
                Ok(0) => return Err(Errno::PIPE),
                Ok(count) => self.sent += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.compact();
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        self.sent = 0;
        if self.bytes.capacity() > KEEP_MAX {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        Ok(())
    }

    /// Moves the rest to the front, if it is smaller than the part already sent.
    fn compact(&mut self) {
        if self.sent >= self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}
