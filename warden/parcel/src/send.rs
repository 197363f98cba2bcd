//! Splits a parcel into pieces.

use crate::pieces::{MESSAGE_FDS, PIECE};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use std::collections::VecDeque;
use std::io::IoSlice;

/// Sends a whole parcel, and waits for the receiver if necessary. It has at least a byte, and a byte for every 250
/// descriptors.
///
/// # Errors
/// As `sendmsg`; EMSGSIZE if a parcel cannot hold it.
pub fn send(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd]) -> Result<(), Errno> {
    for (piece, fds) in pieces(bytes, descriptors.len())? {
        message(&socket, &piece, descriptors.get(fds).unwrap_or_default(), SendFlags::empty())?;
    }
    Ok(())
}

type Piece = (Vec<u8>, std::ops::Range<usize>);

/// The bytes of each message, the first with the header in front, and the range of its descriptors.
fn pieces(bytes: &[u8], descriptors: usize) -> Result<Vec<Piece>, Errno> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length > 0).ok_or(Errno::MSGSIZE)?;
    let count = u16::try_from(descriptors).map_err(|_| Errno::MSGSIZE)?;
    let messages = bytes.len().div_ceil(PIECE).max(descriptors.div_ceil(MESSAGE_FDS));
    if bytes.len() < messages {
        return Err(Errno::MSGSIZE);
    }
    let (mut rest, mut taken) = (bytes, 0);
    let mut header = [&length.to_le_bytes()[..], &count.to_le_bytes()].concat();
    let mut pieces = Vec::with_capacity(messages);
    for left in (1..=messages).rev() {
        let (piece, after) = rest.split_at(rest.len().div_ceil(left));
        let until = (taken + MESSAGE_FDS).min(descriptors);
        pieces.push(([std::mem::take(&mut header).as_slice(), piece].concat(), taken..until));
        (rest, taken) = (after, until);
    }
    Ok(pieces)
}

fn message(socket: impl AsFd, bytes: &[u8], fds: &[BorrowedFd], flags: SendFlags) -> Result<(), Errno> {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MESSAGE_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(Errno::MSGSIZE);
    }
    loop {
        match rustix::net::sendmsg(&socket, &[IoSlice::new(bytes)], &mut control, flags | SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            done => return done.map(drop),
        }
    }
}

/// Parcels for a receiver that may not be reading.
#[derive(Default)]
pub struct Outbox {
    waiting: VecDeque<(Vec<u8>, Vec<OwnedFd>)>,
    bytes: usize,
}

/// A receiver with this much unread data has stopped reading.
const MAX_WAITING: usize = 4 << 20;

impl Outbox {
    /// Never waits. False: the receiver is lost.
    pub fn send(&mut self, socket: impl AsFd, bytes: &[u8], mut descriptors: Vec<OwnedFd>) -> bool {
        let Ok(pieces) = pieces(bytes, descriptors.len()) else { return false };
        self.bytes += bytes.len();
        for (piece, fds) in pieces {
            self.waiting.push_back((piece, descriptors.drain(..fds.len()).collect()));
        }
        self.bytes <= MAX_WAITING && self.flush(socket)
    }

    pub fn flush(&mut self, socket: impl AsFd) -> bool {
        while let Some((piece, fds)) = self.waiting.pop_front() {
            let borrowed: Vec<BorrowedFd> = fds.iter().map(AsFd::as_fd).collect();
            match message(&socket, &piece, &borrowed, SendFlags::DONTWAIT) {
                Ok(()) => self.bytes = self.bytes.saturating_sub(piece.len()),
                Err(Errno::AGAIN) => {
                    self.waiting.push_front((piece, fds));
                    return true;
                }
                Err(_) => return false,
            }
        }
        true
    }

    /// Number of descriptors that wait.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        self.waiting.iter().map(|(_, fds)| fds.len()).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
