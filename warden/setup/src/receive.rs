//! Receives the order, with the keeper's terms and the descriptors that belong to it.

use bulkhead_error::{Code, Error};
use bulkhead_order::{Assignment, MAX_ATTACHED, MAX_BYTES, MAX_SOURCES, Order, Terms};
use bulkhead_parcel::{Inbox, Limits, Read};
use rustix::fd::OwnedFd;
use rustix::net::RecvFlags;

/// Enough for an order, and a caller with the maximum number of groups.
pub const LIMITS: Limits = Limits { bytes: MAX_BYTES + (512 << 10), descriptors: 1 + MAX_ATTACHED + MAX_SOURCES };

pub struct Received {
    pub order: Order,
    pub terms: Terms,
    /// The launch connection.
    pub channel: OwnedFd,
    /// The connections that the program names, in its order.
    pub attached: Vec<OwnedFd>,
    /// Detached mounts of the order's sources; without root there are none.
    pub sources: Vec<OwnedFd>,
}

/// Waits for the order; the keeper's death ends the wait, since it also ends this process.
pub fn order(status: &OwnedFd, privileged: bool) -> Result<Received, Error> {
    let refused = |field: &str| Error::new(Code::LaunchFailed, "receive order").detail(field);
    let Read::Parcel(parcel) = Inbox::new(LIMITS).read(status, RecvFlags::empty()) else {
        return Err(refused("parcel"));
    };
    let (terms, order) = Assignment::decode(&parcel.bytes)?;
    let (mut fds, attached) = (parcel.descriptors, order.attached());
    let sources = if privileged { order.sources.len() } else { 0 };
    if fds.len() != 1 + attached + sources {
        return Err(refused("descriptors"));
    }
    let sources = fds.split_off(1 + attached);
    let attached = fds.split_off(1);
    let channel = fds.pop().ok_or_else(|| refused("channel"))?;
    Ok(Received { order, terms, channel, attached, sources })
}
