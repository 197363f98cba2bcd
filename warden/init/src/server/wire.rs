//! The channel's descriptors, never blocking.

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::net::SocketFlags;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// One socket, or one descriptor for each direction.
pub struct Wire {
    input: OwnedFd,
    output: Option<OwnedFd>,
    /// Source of the next connection, in a virtual machine whose connections do not survive a restore.
    listener: Option<OwnedFd>,
}

impl Wire {
    /// `output` is `None` if `input` is a socket for both directions.
    pub fn new(input: OwnedFd, output: Option<OwnedFd>) -> Result<Self, Errno> {
        for fd in std::iter::once(&input).chain(output.as_ref()) {
            fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)?;
        }
        Ok(Self { input, output, listener: None })
    }

    /// Waits for the first connection to a listening socket.
    pub fn accept(listener: OwnedFd) -> Result<Self, Errno> {
        let connection = rustix::net::accept_with(&listener, SocketFlags::CLOEXEC)?;
        Ok(Self { listener: Some(listener), ..Self::new(connection, None)? })
    }

    /// Waits for a connection that replaces a lost one; false if there can be none.
    pub fn accept_next(&mut self) -> Result<bool, Errno> {
        let Some(listener) = self.listener.take() else { return Ok(false) };
        *self = Self::accept(listener)?;
        Ok(true)
    }

    pub fn input(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }

    pub fn output(&self) -> BorrowedFd<'_> {
        self.output.as_ref().unwrap_or(&self.input).as_fd()
    }

    /// The numbers of all its descriptors.
    pub fn raw(&self) -> impl Iterator<Item = RawFd> {
        std::iter::once(&self.input).chain(&self.output).chain(&self.listener).map(AsRawFd::as_raw_fd)
    }
}
