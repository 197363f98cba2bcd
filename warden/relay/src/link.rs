//! Two connections with bytes carried both ways, and a bounded buffer.

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use std::io::{Error, Result};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Maximum buffered for a side that does not read; until it reads, the other side is not read either.
const MOST_HELD: usize = 64 * 1024;

/// One direction.
#[derive(Default)]
pub struct Flow {
    held: Vec<u8>,
    ended: bool,
}

impl Flow {
    pub fn wants_to_read(&self) -> bool {
        !self.ended && self.held.len() < MOST_HELD
    }

    pub fn wants_to_write(&self) -> bool {
        !self.held.is_empty()
    }

    pub fn held(&self) -> &[u8] {
        &self.held
    }

    /// No more will come, and nothing is left.
    pub fn is_over(&self) -> bool {
        self.ended && self.held.is_empty()
    }

    /// Reads the available data.
    pub fn read(&mut self, from: &OwnedFd) -> Result<()> {
        let mut bytes = [0; 16 * 1024];
        match rustix::net::recv(from, &mut bytes, RecvFlags::DONTWAIT) {
            Ok((0, _)) | Err(Errno::CONNRESET) => self.ended = true,
            Ok((length, _)) => self.held.extend_from_slice(bytes.get(..length).unwrap_or_default()),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        Ok(())
    }

    /// Writes as much as possible of the first `most` bytes.
    pub fn write(&mut self, to: &OwnedFd, most: usize) -> Result<()> {
        let bytes = self.held.get(..most.min(self.held.len())).unwrap_or_default();
        match rustix::net::send(to, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(length) => drop(self.held.drain(..length)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::PIPE | Errno::CONNRESET) => {
                self.held.clear();
                self.ended = true;
            }
            Err(errno) => return Err(errno.into()),
        }
        Ok(())
    }

    /// Drops data that was passed on another way.
    pub fn drop_first(&mut self, length: usize) {
        self.held.drain(..length.min(self.held.len()));
    }
}

/// Both directions between the library's connection and one inside.
pub struct Link {
    pub outside: OwnedFd,
    /// None: not connected yet.
    pub inside: Option<OwnedFd>,
    pub inward: Flow,
    pub outward: Flow,
}

impl Link {
    pub fn new(outside: OwnedFd) -> Self {
        Self { outside, inside: None, inward: Flow::default(), outward: Flow::default() }
    }

    /// Drops the inside connection and its partial data; another may replace it.
    pub fn cut(&mut self) {
        self.inside = None;
        self.outward = Flow::default();
    }

    /// What to wait for.
    pub fn interests(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let flags = |read: bool, write: bool| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, read);
            flags.set(PollFlags::OUT, write);
            flags
        };
        let mut all = vec![(self.outside.as_fd(), flags(self.inward.wants_to_read(), self.outward.wants_to_write()))];
        if let Some(inside) = &self.inside {
            all.push((inside.as_fd(), flags(self.outward.wants_to_read(), self.inward.wants_to_write())));
        }
        all
    }

    /// Carries as much as possible without waiting.
    pub fn carry(&mut self) -> Result<()> {
        if self.inward.wants_to_read() {
            self.inward.read(&self.outside)?;
        }
        if let Some(inside) = &self.inside {
            if self.inward.wants_to_write() {
                self.inward.write(inside, usize::MAX)?;
            }
            if self.outward.wants_to_read() {
                self.outward.read(inside)?;
            }
        }
        if self.outward.wants_to_write() {
            self.outward.write(&self.outside, usize::MAX)?;
        }
        Ok(())
    }
}

/// Waits until one of them is ready, at most `milliseconds`.
pub fn wait(interests: &[(BorrowedFd<'_>, PollFlags)], milliseconds: Option<i64>) -> Result<()> {
    // An unneeded descriptor would still report its end, again and again.
    let mut fds: Vec<PollFd<'_>> = interests
        .iter()
        .filter(|(_, flags)| !flags.is_empty())
        .map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
        .collect();
    let limit = milliseconds
        .map(|number| rustix::event::Timespec { tv_sec: number / 1000, tv_nsec: number % 1000 * 1_000_000 });
    match rustix::event::poll(&mut fds, limit.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(Error::from(errno)),
    }
}
