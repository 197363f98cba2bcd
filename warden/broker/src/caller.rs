//! Who asked: the credentials of the process at the other end of a connection, as the kernel tells them.

use bulkhead_error::Attempt;

use bulkhead_plan::{Code, Error};
use rustix::fd::AsFd;

/// Taken when the peer connected; it cannot be changed or forged afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}

impl Caller {
    pub fn of(socket: impl AsFd) -> Result<Self, Error> {
        let peer = rustix::net::sockopt::socket_peercred(&socket).attempt(Code::CallerRefused, "SO_PEERCRED")?;
        let groups = bulkhead_sys::peer_groups(&socket).attempt(Code::CallerRefused, "SO_PEERGROUPS")?;
        Ok(Self { uid: peer.uid.as_raw(), gid: peer.gid.as_raw(), groups })
    }

    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    pub fn has_group(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }

    /// Runs `work` with the caller's rights over files and none of ours: the broker must never open for somebody
    /// what they could not open themselves. Only as root, in a process that has one thread.
    pub fn act<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        if self.is_root() {
            return work(); // same rights, nothing to lend
        }
        bulkhead_sys::become_for_files(self.uid, self.gid, &self.groups).attempt(Code::CallerRefused, "setfsuid")?;
        let done = work();
        // The way back must not fail half way: everything after it would run with the wrong rights.
        bulkhead_sys::become_for_files(0, 0, &[]).attempt(Code::LaunchFailed, "setfsuid")?;
        done
    }
}
