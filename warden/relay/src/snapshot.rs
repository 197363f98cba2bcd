//! Firecracker writes a snapshot to its own files, in memory. They leave the jail over a connection, so that it needs
//! no writable host directory.

use rustix::io::Errno;
use rustix::net::RecvFlags;
use std::fs::File;
use std::io::{Read, Result, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// In the order in which they are sent.
const FILES: [&str; 2] = ["/scratch/state", "/scratch/memory"];
/// The library's command to send them.
const SEND: u8 = b's';

pub struct Snapshots {
    connection: OwnedFd,
}

impl Snapshots {
    pub fn new(connection: OwnedFd) -> Self {
        Self { connection }
    }

    pub fn requests(&self) -> &OwnedFd {
        &self.connection
    }

    /// Sends each file as `u64` big-endian length and content, and removes it. Blocks everything else, because the
    /// machine stands still anyway. Returns whether it was asked to.
    pub fn serve(&mut self) -> Result<bool> {
        let mut word = [0; 1];
        match rustix::net::recv(&self.connection, &mut word, RecvFlags::DONTWAIT) {
            Ok((1, _)) if word == [SEND] => self.send().map(|()| true),
            Ok((0, _)) => Err(Errno::PIPE.into()),
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    fn send(&self) -> Result<()> {
        let mut to = UnixStream::from(self.connection.try_clone()?);
        for path in FILES {
            let mut file = File::open(path)?;
            std::fs::remove_file(path)?;
            let length = file.metadata()?.len();
            to.write_all(&length.to_be_bytes())?;
            let mut piece = vec![0; 256 * 1024];
            let mut left = length;
            while left > 0 {
                let length = file.read(&mut piece)?;
                if length == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                to.write_all(piece.get(..length).unwrap_or_default())?;
                left = left.saturating_sub(length as u64);
            }
        }
        Ok(())
    }
}
