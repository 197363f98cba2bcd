//! Who asked: the credentials of the process at the other end of a connection, as the kernel tells them.

use bulkhead_error::Attempt;

use bulkhead_error::{Code, Error};
use bulkhead_order::Caller;
use rustix::fd::AsFd;

/// Taken when the peer connected; it cannot be changed or forged afterwards.
pub fn of(socket: impl AsFd) -> Result<Caller, Error> {
    let peer = rustix::net::sockopt::socket_peercred(&socket).attempt(Code::CallerRefused, "SO_PEERCRED")?;
    let groups = bulkhead_sys::peer_groups(&socket).attempt(Code::CallerRefused, "SO_PEERGROUPS")?;
    Ok(Caller { uid: peer.uid.as_raw(), gid: peer.gid.as_raw(), groups })
}
