//! Input of an operation: from the channel, through at most one window of memory, into a pipe or a terminal.

use bulkhead_channel::{Credit, Violation};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Credit is returned in pieces of this size, not with every write.
const GRANT: u32 = 65_536;
/// A terminal's end-of-input character.
const VEOF: u8 = 4;

enum Sink {
    /// A terminal that the child has not sent yet.
    Expected,
    Pipe(OwnedFd),
    Terminal(OwnedFd),
    /// There never was one, it was closed, or its reader is gone: data is discarded, and credit returned for it.
    Nowhere,
}

pub struct Input {
    sink: Sink,
    /// Data that the sink has not taken yet: at most one window, because the host has no credit for more.
    pending: Vec<u8>,
    written: usize,
    ended: bool,
    window: Credit,
    consumed: u32,
}

impl Input {
    fn new(sink: Sink) -> Self {
        Self { sink, pending: Vec::new(), written: 0, ended: false, window: Credit::default(), consumed: 0 }
    }

    pub fn pipe(fd: Option<OwnedFd>) -> Self {
        Self::new(fd.map_or(Sink::Nowhere, Sink::Pipe))
    }

    /// Keeps data until [`Input::terminal`] is called.
    pub fn expected() -> Self {
        Self::new(Sink::Expected)
    }

    pub fn terminal(&mut self, fd: OwnedFd) {
        self.sink = Sink::Terminal(fd);
        self.drain();
    }

    /// Data from the host. More than the window is a violation.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.window.spend(bytes.len())?;
        if self.ended {
            return Ok(());
        }
        self.pending.extend_from_slice(bytes);
        self.drain();
        Ok(())
    }

    /// No more data will come.
    pub fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            if matches!(self.sink, Sink::Terminal(_) | Sink::Expected) {
                self.pending.push(VEOF);
            }
            self.drain();
        }
    }

    /// What to wait for until more can be written, if there is data to write.
    pub fn waits_on(&self) -> Option<BorrowedFd<'_>> {
        match &self.sink {
            Sink::Pipe(fd) | Sink::Terminal(fd) if !self.pending.is_empty() => Some(fd.as_fd()),
            _ => None,
        }
    }

    /// Writes as much as possible without waiting.
    pub fn drain(&mut self) {
        while self.written < self.pending.len() {
            let fd = match &self.sink {
                Sink::Expected => return,
                Sink::Nowhere => break,
                Sink::Pipe(fd) | Sink::Terminal(fd) => fd,
            };
            match rustix::io::write(fd, &self.pending[self.written..]) {
                Ok(count) => self.written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                // EPIPE, or EIO of a terminal without a process: the workload no longer reads, which is no fault.
                Err(_) => self.sink = Sink::Nowhere,
            }
        }
        // The host did not pay for the end-of-input character, but it counts as a byte of the last window: harmless.
        self.consumed = self.consumed.saturating_add(u32::try_from(self.pending.len()).unwrap_or(u32::MAX));
        self.pending.clear();
        self.written = 0;
        if self.ended && matches!(self.sink, Sink::Pipe(_)) {
            self.sink = Sink::Nowhere;
        }
    }

    /// Credit to return to the host now, if it is worth a frame.
    pub fn grant(&mut self) -> Option<u32> {
        if self.consumed < GRANT || self.ended {
            return None;
        }
        let bytes = std::mem::take(&mut self.consumed);
        // Never more than was spent, so never beyond the maximum.
        self.window.grant(bytes).ok()?;
        Some(bytes)
    }
}
