//! The channel's descriptors, never waited on.

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// One socket, or one descriptor for each direction.
pub struct Wire {
    input: OwnedFd,
    output: Option<OwnedFd>,
}

impl Wire {
    /// `output` is `None` when `input` is a socket that serves both.
    pub fn new(input: OwnedFd, output: Option<OwnedFd>) -> Result<Self, Errno> {
        for fd in std::iter::once(&input).chain(output.as_ref()) {
            fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)?;
        }
        Ok(Self { input, output })
    }

    pub fn input(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }

    pub fn output(&self) -> BorrowedFd<'_> {
        self.output.as_ref().unwrap_or(&self.input).as_fd()
    }

    /// The numbers of all its descriptors.
    pub fn raw(&self) -> impl Iterator<Item = RawFd> {
        std::iter::once(&self.input).chain(self.output.as_ref()).map(AsRawFd::as_raw_fd)
    }
}
