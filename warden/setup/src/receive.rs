//! The order, with the descriptors that belong to it: one message that says how long it is and what came along, then its bytes.

use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Given, MAX_ATTACHED, MAX_BYTES, MAX_IDMAPS, Order};
use rustix::fd::OwnedFd;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags};
use std::io::IoSliceMut;

const FAILED: Code = Code::LaunchFailed;

/// The channel, what is attached, and the mappings.
const MAX_FDS: usize = 1 + MAX_ATTACHED + MAX_IDMAPS;
/// Its length in 32 bits, then how many connections are attached.
const HEADER: usize = 5;

pub struct Received {
    pub order: Order,
    /// The launch connection.
    pub channel: OwnedFd,
    /// The connections that the program names, in its order.
    pub attached: Vec<OwnedFd>,
    /// The user namespaces of idmapped mounts.
    pub idmaps: Vec<OwnedFd>,
}

/// Waits for it; the broker's death ends the wait, since it ends this process.
pub fn order(status: &OwnedFd) -> Result<Received, Error> {
    let refused = |field: &str| Error::new(FAILED, "receive order").detail(field);
    let (header, mut fds) = start(status)?;
    let [a, b, c, d, attached] = header;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length == 0 || length > MAX_BYTES {
        return Err(refused("length"));
    }
    let attached = usize::from(attached);
    if attached > MAX_ATTACHED || fds.len() < 1 + attached || fds.len() > MAX_FDS {
        return Err(refused("descriptors"));
    }
    let idmaps = fds.split_off(1 + attached);
    let attached = fds.split_off(1);
    let channel = fds.pop().ok_or_else(|| refused("channel"))?;
    let given = Given { attached: attached.len(), idmaps: idmaps.len() };
    let order = Order::decode(&body(status, length)?, given)?;
    Ok(Received { order, channel, attached, idmaps })
}

fn start(status: &OwnedFd) -> Result<([u8; HEADER], Vec<OwnedFd>), Error> {
    // One more than it may have: a longer message must not pass for one.
    let mut bytes = [0; HEADER + 1];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let message =
        rustix::net::recvmsg(status, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC)
            .attempt(FAILED, "receive order")?;
    let fds = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => Some(fds),
        _ => None,
    });
    let fds = fds.flatten().collect();
    let whole = message.bytes == HEADER && !message.flags.contains(ReturnFlags::CTRUNC);
    match bytes.first_chunk() {
        Some(header) if whole => Ok((*header, fds)),
        _ => Err(Error::new(FAILED, "receive order").detail("header")),
    }
}

fn body(status: &OwnedFd, length: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        // A message that is longer than what is left is cut, and then does not decode.
        let (count, _) =
            rustix::net::recv(status, &mut bytes[filled..], RecvFlags::empty()).attempt(FAILED, "receive order")?;
        if count == 0 {
            return Err(Error::new(FAILED, "receive order").detail("end"));
        }
        filled += count;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fd::{AsFd, BorrowedFd};
    use rustix::net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, send, sendmsg,
        socketpair,
    };
    use std::io::IoSlice;

    /// What a hostile sender sends, then its end.
    fn received(header: &[u8], descriptors: usize, bodies: &[&[u8]]) -> String {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        let fds: Vec<BorrowedFd> = (0..descriptors).map(|_| file.as_fd()).collect();
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(250))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(&fds));
        }
        sendmsg(&ours, &[IoSlice::new(header)], &mut control, SendFlags::NOSIGNAL).unwrap();
        for body in bodies {
            send(&ours, body, SendFlags::NOSIGNAL).unwrap();
        }
        drop(ours);
        order(&theirs).map(|_| String::new()).unwrap_err().detail.unwrap()
    }

    #[test]
    fn a_hostile_sender_gets_no_further() {
        let header = |length: u32, attached: u8| [&length.to_le_bytes()[..], &[attached]].concat();
        for (header, descriptors, detail) in [
            (vec![], 1, "header"),
            (vec![1], 1, "header"),
            (vec![1, 0, 0, 0, 0, 0], 1, "header"),
            (vec![0; 64], 1, "header"),
            (header(0, 0), 1, "length"),
            (header(u32::MAX, 0), 1, "length"),
            (header(1, 0), 0, "descriptors"),
            (header(1, 1), 1, "descriptors"),
            (header(1, 255), 250, "header"),
            (header(1, 6), 10, "descriptors"),
            (header(1, 0), 1, "end"),
        ] {
            assert_eq!(received(&header, descriptors, &[]), detail, "{header:?} {descriptors}");
        }
        assert_eq!(received(&header(3, 0), 1, &[b"a"]), "end", "truncated");
        assert_eq!(received(&header(3, 0), 1, &[b"abc"]), "Caller.uid", "no order");
        assert_eq!(received(&header(2, 0), 1, &[b"abcdef"]), "Caller.uid", "longer than it said");
    }
}
