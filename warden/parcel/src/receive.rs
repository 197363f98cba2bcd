//! Reassembles a parcel from its pieces.

use crate::pieces::{HEADER, MESSAGE_FDS, PIECE};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags};
use std::io::IoSliceMut;

#[derive(Debug, Default)]
pub struct Parcel {
    pub bytes: Vec<u8>,
    pub descriptors: Vec<OwnedFd>,
}

/// The maximum size of a parcel.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub bytes: usize,
    pub descriptors: usize,
}

pub enum Read {
    Parcel(Parcel),
    /// No more data for now.
    Later,
    /// The sender is gone, or violated the protocol.
    End,
}

/// The parcel that is arriving.
pub struct Inbox {
    limits: Limits,
    parcel: Parcel,
    /// Total bytes and descriptors of the parcel; `None` before its first piece.
    expected: Option<(usize, usize)>,
    buffer: Vec<u8>,
}

impl Inbox {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, parcel: Parcel::default(), expected: None, buffer: vec![0; HEADER + PIECE] }
    }

    /// Reads one parcel, or its pieces that have arrived.
    pub fn read(&mut self, socket: impl AsFd, flags: RecvFlags) -> Read {
        loop {
            match self.piece(&socket, flags) {
                Ok(true) => {
                    self.expected = None;
                    return Read::Parcel(std::mem::take(&mut self.parcel));
                }
                Ok(false) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Read::Later,
                Err(_) => return Read::End,
            }
        }
    }

    /// Reads one piece; returns whether it completes the parcel.
    fn piece(&mut self, socket: impl AsFd, flags: RecvFlags) -> Result<bool, Errno> {
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MESSAGE_FDS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = flags | RecvFlags::CMSG_CLOEXEC;
        let message = rustix::net::recvmsg(socket, &mut [IoSliceMut::new(&mut self.buffer)], &mut control, flags)?;
        let arrived = control.drain().filter_map(|one| match one {
            RecvAncillaryMessage::ScmRights(fds) => Some(fds),
            _ => None,
        });
        self.parcel.descriptors.extend(arrived.flatten());
        if message.flags.intersects(ReturnFlags::CTRUNC | ReturnFlags::TRUNC) {
            return Err(Errno::BADMSG);
        }
        let piece = self.buffer.get(..message.bytes).ok_or(Errno::BADMSG)?;
        let (piece, (length, count)) = match self.expected {
            Some(expected) => (piece, expected),
            None => start(piece, self.limits)?,
        };
        self.expected = Some((length, count));
        self.parcel.bytes.extend_from_slice(piece);
        let (bytes, descriptors) = (self.parcel.bytes.len(), self.parcel.descriptors.len());
        // A piece without bytes would be end-of-file, or could repeat for ever.
        if piece.is_empty() || bytes > length || descriptors > count || bytes == length && descriptors < count {
            return Err(Errno::BADMSG);
        }
        Ok(bytes == length)
    }
}

fn start(piece: &[u8], limits: Limits) -> Result<(&[u8], (usize, usize)), Errno> {
    let (length, rest) = piece.split_first_chunk().ok_or(Errno::BADMSG)?;
    let (count, rest) = rest.split_first_chunk().ok_or(Errno::BADMSG)?;
    let (length, count) = (u32::from_le_bytes(*length) as usize, usize::from(u16::from_le_bytes(*count)));
    let fits = length <= limits.bytes && count <= limits.descriptors;
    if fits { Ok((rest, (length, count))) } else { Err(Errno::BADMSG) }
}
