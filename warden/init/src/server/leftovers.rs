//! Pipes whose operation is over but that a background process still writes to. Init reads them and discards the data:
//! closing them would kill the process at its next line of output, and leaving them would stop it once the pipe is
//! full.

use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Above this number the oldest are closed: descriptors limit everything else here.
const MAX: usize = 128;
const READ_SIZE: usize = 4096;

#[derive(Default)]
pub struct Leftovers(Vec<OwnedFd>);

impl Leftovers {
    pub fn add(&mut self, pipe: OwnedFd) {
        if self.0.len() == MAX {
            self.0.remove(0);
        }
        self.0.push(pipe);
    }

    pub fn fds(&self) -> impl Iterator<Item = RawFd> {
        self.0.iter().map(AsRawFd::as_raw_fd)
    }

    /// Reads once from the pipe that poll reported ready, if it is still here.
    pub fn drain(&mut self, fd: RawFd) {
        let Some(at) = self.0.iter().position(|pipe| pipe.as_raw_fd() == fd) else { return };
        let mut buffer = [MaybeUninit::uninit(); READ_SIZE];
        match rustix::io::read(&self.0[at], &mut buffer) {
            Ok((data, _)) if !data.is_empty() => {}
            Err(Errno::AGAIN | Errno::INTR) => {}
            _ => {
                self.0.remove(at);
            }
        }
    }
}
