//! Messages of a child before it becomes init: trusted code, in another process.

use crate::evidence;
use crate::sandbox::Sandbox;
use crate::uid_range::UidRange;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::decode_error;
use bulkhead_order::wire::decode;
use bulkhead_protocol::judge;
use bulkhead_setup::{GO, MAX_WATCHED, READY};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags};
use std::io::IoSliceMut;

pub enum Received {
    Later,
    /// All protections are in force, and the child waits for inspection. The moments of its work.
    Ready(Vec<u64>),
    End,
    Failed(Error),
}

/// One message. The descriptors that come with it are the sandbox's writable file systems.
pub fn receive(sandbox: &mut Sandbox) -> Received {
    let Some(status) = &sandbox.status else { return Received::End };
    let mut text = [0_u8; 8192];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_WATCHED))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let length = match rustix::net::recvmsg(status, &mut [IoSliceMut::new(&mut text)], &mut control, flags) {
        Ok(message) => message.bytes,
        Err(rustix::io::Errno::AGAIN) => return Received::Later,
        Err(_) => 0,
    };
    let fds = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => Some(fds),
        _ => None,
    });
    sandbox.fill.watch(fds.flatten());
    let failed = || Error::new(Code::LaunchFailed, "set up");
    match (&text[..length], text[..length].strip_prefix(READY)) {
        ([], _) => Received::End,
        (_, Some(marks)) => Received::Ready(decode(marks).unwrap_or_default()),
        (message, None) => Received::Failed(decode_error(message).unwrap_or_else(failed)),
    }
}

/// Fails closed: tells the child to continue only when the state seen from outside matches the order.
pub fn look_at(sandbox: &mut Sandbox) -> Result<(), Error> {
    let seen = evidence::collect(sandbox.pid, sandbox.group.as_ref(), false)?;
    let user = &sandbox.order.user;
    let ids = match sandbox.range.map(UidRange::base) {
        Some(base) => [base + user.uid, base + user.gid],
        None => [rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()],
    };
    evidence::require(&judge(&seen, &sandbox.order, sandbox.filters, ids))?;
    sandbox.evidence = Some(seen);
    let status = sandbox.status.as_ref().ok_or_else(|| Error::new(Code::LaunchFailed, "answer child"))?;
    rustix::net::send(status, GO, SendFlags::NOSIGNAL).attempt(Code::LaunchFailed, "answer child").map(|_| ())
}
