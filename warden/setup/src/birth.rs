//! What setup has before it is told anything.

use crate::mounts::{Sources, View, Wanted};
use rustix::fd::OwnedFd;
use std::path::PathBuf;

/// What the process is born with. It does not know yet what it will be: a few such processes are kept ready.
pub struct Birth<'a> {
    /// First of the sandbox's range as the host counts it; none without root, where ids are those inside.
    pub base: Option<u32>,
    /// To be entered last of all namespaces; only as root.
    pub user_namespace: Option<OwnedFd>,
    /// It was made in a network namespace of its own.
    pub own_network: bool,
    /// To be left for a cgroup namespace of its own, once in its groups.
    pub own_cgroups: bool,
    /// v1: the files through which it enters its groups.
    pub groups: Vec<PathBuf>,
    /// Orders in, progress and errors out.
    pub status: OwnedFd,
    /// The sealed warden.
    pub program: OwnedFd,
    /// What /proc and /sys are to show.
    pub wanted: &'a Wanted,
    pub cgroup: &'a View,
    pub processors: &'a [(u32, String)],
}

impl Birth<'_> {
    pub fn sources(&self) -> Sources<'_> {
        Sources { wanted: self.wanted, cgroup: self.cgroup, processors: self.processors }
    }
}
