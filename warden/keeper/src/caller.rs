//! The caller: the credentials of the peer process of a connection, as the kernel reports them.

use bulkhead_error::Attempt;

use bulkhead_error::{Code, Error};
use bulkhead_order::Caller;
use rustix::fd::AsFd;

/// The kernel recorded them when the peer connected; nobody can change or forge them afterwards.
pub fn of(socket: impl AsFd) -> Result<Caller, Error> {
    let peer = rustix::net::sockopt::socket_peercred(&socket).attempt(Code::CallerRefused, "SO_PEERCRED")?;
    let groups = bulkhead_sys::peer_groups(&socket).attempt(Code::CallerRefused, "SO_PEERGROUPS")?;
    Ok(Caller { uid: peer.uid.as_raw(), gid: peer.gid.as_raw(), groups })
}
