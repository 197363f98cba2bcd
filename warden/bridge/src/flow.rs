//! One direction of a connection.

use crate::calls::Reason;
use crate::channel::Channel;
use crate::closer::Closer;
use crate::handed::{Got, receive};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{SendFlags, Shutdown, send, shutdown};
use std::time::Instant;

/// Reads of one direction in one turn, after which others have theirs.
const TURN: usize = 16;

#[derive(Default)]
pub struct Flow {
    /// Read and not yet written: one read at most, or the beginning of the connection.
    pending: Vec<u8>,
    written: usize,
    /// The rate of the channel allows the pending data from then on.
    due: Option<Instant>,
    /// The source has ended.
    ended: bool,
    /// The sink gets no more.
    pub done: bool,
    pub moved: u64,
}

/// Where a direction stands after its turn.
pub enum Turn {
    /// It waits for the kernel to report one of its ends.
    Waits,
    /// It could have gone on.
    Again,
    /// It waits for the rate.
    Until(Instant),
}

/// Why a connection ends before both its directions have.
pub enum Broken {
    Reset,
    By(Reason),
}

/// What a turn works with.
pub struct Around<'a> {
    pub channel: &'a mut Channel,
    pub closer: &'a Closer,
    pub buffer: &'a mut [u8],
    pub now: Instant,
    /// 0: from the consumer to the provider.
    pub way: usize,
}

impl Flow {
    /// Data to send before everything else, of which `counted` bytes at the end count.
    pub fn begin(&mut self, data: Vec<u8>, counted: usize, around: &mut Around<'_>) -> Result<(), Reason> {
        self.pending = data;
        self.moved = u64::try_from(counted).unwrap_or(u64::MAX);
        self.due = around.channel.spend(around.way, counted, around.now)?;
        Ok(())
    }

    /// Moves data until it would have to wait. Returns also whether anything moved.
    pub fn turn(&mut self, from: &OwnedFd, to: &OwnedFd, around: &mut Around<'_>) -> Result<(Turn, bool), Broken> {
        let mut moved = false;
        for _ in 0..TURN {
            if self.done {
                return Ok((Turn::Waits, moved));
            }
            if let Some(due) = self.due.filter(|due| *due > around.now) {
                return Ok((Turn::Until(due), moved));
            }
            self.due = None;
            if !self.pending.is_empty() {
                match write(to, self.pending.get(self.written..).unwrap_or_default()) {
                    Some(count) => {
                        moved |= count > 0;
                        self.written += count;
                    }
                    None => self.stop(from),
                }
                if self.written < self.pending.len() {
                    return Ok((Turn::Waits, moved));
                }
                self.pending.clear();
                self.written = 0;
                continue;
            }
            if self.ended {
                // It fails if the other end is gone.
                let _ = shutdown(to, Shutdown::Write);
                self.done = true;
                return Ok((Turn::Waits, moved));
            }
            match receive(from, around.buffer) {
                Got::Later => return Ok((Turn::Waits, moved)),
                Got::End => return Err(Broken::Reset),
                Got::Some(_, descriptors) if !descriptors.is_empty() => {
                    for one in descriptors {
                        around.closer.close(one);
                    }
                    return Err(Broken::By(Reason::Descriptor));
                }
                Got::Some(0, _) => self.ended = true,
                Got::Some(count, _) => {
                    moved = true;
                    self.forward(from, to, count, around)?;
                }
            }
        }
        Ok((Turn::Again, moved))
    }

    /// Sends what was just read, and keeps what does not fit or must wait.
    fn forward(&mut self, from: &OwnedFd, to: &OwnedFd, count: usize, around: &mut Around<'_>) -> Result<(), Broken> {
        self.moved += u64::try_from(count).unwrap_or(0);
        self.due = around.channel.spend(around.way, count, around.now).map_err(Broken::By)?;
        let data = around.buffer.get(..count).unwrap_or_default();
        match if self.due.is_some() { Some(0) } else { write(to, data) } {
            Some(sent) => self.pending.extend_from_slice(data.get(sent..).unwrap_or_default()),
            None => self.stop(from),
        }
        Ok(())
    }

    /// The sink takes no more, so the source must not send more. The other direction continues.
    fn stop(&mut self, from: &OwnedFd) {
        let _ = shutdown(from, Shutdown::Read);
        self.pending.clear();
        self.written = 0;
        self.done = true;
    }
}

/// One write without waiting; 0: not now. `None`: the sink takes no more.
fn write(to: &OwnedFd, data: &[u8]) -> Option<usize> {
    loop {
        match send(to, data, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(count) => return Some(count),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Some(0),
            Err(_) => return None,
        }
    }
}
