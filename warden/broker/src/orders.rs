//! An order on its way to the process that waits for it, with the descriptors that belong to it.

use crate::launch::Connections;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{MAX_ATTACHED, MAX_BYTES, MAX_IDMAPS, Order};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use std::io::IoSlice;
use std::rc::Rc;

/// The channel, what is attached, and the mappings.
const MAX_FDS: usize = 1 + MAX_ATTACHED + MAX_IDMAPS;
/// An order is cut into messages of this size.
const PIECE: usize = 32 * 1024;
const FAILED: Code = Code::LaunchFailed;

pub fn send(status: &OwnedFd, order: &Order, connections: &Connections, idmaps: &[Rc<OwnedFd>]) -> Result<(), Error> {
    let refused = |field| Error::new(FAILED, "send order").detail(field);
    let bytes = order.encode();
    let length =
        u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= MAX_BYTES).ok_or_else(|| refused("length"))?;
    let attached = u8::try_from(connections.attached.len()).map_err(|_| refused("attached"))?;
    let header = [&length.to_le_bytes()[..], &[attached]].concat();
    let fds: Vec<BorrowedFd> = std::iter::once(connections.channel)
        .chain(connections.attached.iter())
        .chain(idmaps.iter().map(Rc::as_ref))
        .map(AsFd::as_fd)
        .collect();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(refused("descriptors"));
    }
    rustix::net::sendmsg(status, &[IoSlice::new(&header)], &mut control, SendFlags::NOSIGNAL)
        .attempt(FAILED, "send order")?;
    for piece in bytes.chunks(PIECE) {
        rustix::net::send(status, piece, SendFlags::NOSIGNAL).attempt(FAILED, "send order")?;
    }
    Ok(())
}
