//! From the broker to a child that waits: what it is to become. Between two processes of our own, over their socket pair.

use crate::caller::Caller;
use crate::child::Orders;
use crate::launch::Connections;
use crate::processors::Offer;
use bulkhead_error::Attempt;
use bulkhead_plan::payload::MAX_ATTACHED;
use bulkhead_plan::{Code, Error, Plan};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use serde::{Deserialize, Serialize};
use std::io::{IoSlice, IoSliceMut};
use std::rc::Rc;

/// More idmapped mounts than this in one plan are refused: their descriptors travel in one message.
pub const MAX_IDMAPS: usize = 64;
/// The channel, what is attached, and the mappings.
const MAX_FDS: usize = 1 + MAX_ATTACHED + MAX_IDMAPS;
/// A plan's text is cut into messages of this size.
const PIECE: usize = 32 * 1024;
const FAILED: Code = Code::LaunchFailed;

#[derive(Serialize, Deserialize)]
struct Header {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
    plan_bytes: usize,
    attached: usize,
    offer: Offer,
}

/// What is sent: like `Orders`, with the plan as the text that it came as.
pub struct Outgoing<'a> {
    pub plan: &'a str,
    pub caller: &'a Caller,
    pub connections: &'a Connections<'a>,
    pub idmaps: &'a [Rc<OwnedFd>],
    pub offer: &'a Offer,
}

pub fn send(status: &OwnedFd, orders: &Outgoing) -> Result<(), Error> {
    let Caller { uid, gid, groups } = orders.caller.clone();
    let Connections { channel, attached } = orders.connections;
    let plan_bytes = orders.plan.len();
    let header = Header { uid, gid, groups, plan_bytes, attached: attached.len(), offer: orders.offer.clone() };
    let header = serde_json::to_vec(&header).map_err(|_| Error::new(FAILED, "encode orders"))?;
    let fds: Vec<BorrowedFd> = std::iter::once(*channel)
        .chain(attached.iter())
        .chain(orders.idmaps.iter().map(Rc::as_ref))
        .map(AsFd::as_fd)
        .collect();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&fds));
    rustix::net::sendmsg(status, &[IoSlice::new(&header)], &mut control, SendFlags::NOSIGNAL)
        .attempt(FAILED, "send orders")?;
    for piece in orders.plan.as_bytes().chunks(PIECE) {
        rustix::net::send(status, piece, SendFlags::NOSIGNAL).attempt(FAILED, "send orders")?;
    }
    Ok(())
}

/// Waits for them; the broker's death ends the wait, since it ends this process.
pub fn receive(status: &OwnedFd) -> Result<Orders, Error> {
    let mut text = vec![0; 4 * PIECE];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let message =
        rustix::net::recvmsg(status, &mut [IoSliceMut::new(&mut text)], &mut control, RecvFlags::CMSG_CLOEXEC)
            .attempt(FAILED, "receive orders")?;
    let fds = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => Some(fds),
        _ => None,
    });
    let mut fds = fds.flatten();
    let header: Header =
        serde_json::from_slice(&text[..message.bytes]).map_err(|_| Error::new(FAILED, "receive orders"))?;
    let channel = fds.next().ok_or_else(|| Error::new(FAILED, "receive orders"))?;
    let attached = fds.by_ref().take(header.attached).collect();
    let idmaps = fds.collect();
    let plan = receive_plan(status, header.plan_bytes)?;
    let caller = Caller { uid: header.uid, gid: header.gid, groups: header.groups };
    Ok(Orders { plan, caller, channel, attached, idmaps, offer: header.offer })
}

fn receive_plan(status: &OwnedFd, length: usize) -> Result<Plan, Error> {
    let mut text = vec![0; length];
    let mut filled = 0;
    while filled < length {
        let (count, _) =
            rustix::net::recv(status, &mut text[filled..], RecvFlags::empty()).attempt(FAILED, "receive orders")?;
        if count == 0 {
            return Err(Error::new(FAILED, "receive orders"));
        }
        filled += count;
    }
    Plan::parse(&text)
}
