//! Setup's state before it receives its order.

use crate::mounts::{Sources, View, ViewRequest};
use rustix::fd::OwnedFd;
use std::path::PathBuf;

/// The initial state of a child. It does not know its order yet: a pool of such processes waits.
pub struct SpawnContext<'a> {
    /// First host id of the sandbox's range; `None` without root, where ids are those inside.
    pub base: Option<u32>,
    /// Entered last of all namespaces; only as root.
    pub user_namespace: Option<OwnedFd>,
    /// The child was created in a network namespace of its own.
    pub own_network: bool,
    /// Whether the child enters a cgroup namespace of its own once it is in its groups.
    pub own_cgroups: bool,
    /// v1: the files through which it enters its groups.
    pub groups: Vec<PathBuf>,
    /// The socket for orders in, progress and errors out.
    pub status: OwnedFd,
    /// The sealed warden.
    pub program: OwnedFd,
    /// The views of /proc and /sys to prepare.
    pub wanted: &'a ViewRequest,
    pub cgroup: &'a View,
    pub processors: &'a [(u32, String)],
}

impl SpawnContext<'_> {
    pub fn sources(&self) -> Sources<'_> {
        Sources { wanted: self.wanted, cgroup: self.cgroup, processors: self.processors }
    }
}
