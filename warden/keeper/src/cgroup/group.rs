//! One sandbox's group, in either hierarchy.

use super::kinds::{Frozen, Group};
use super::{v1, v2};
use crate::read;
use bulkhead_error::Error;
use bulkhead_order::{Controller, Limits};
use bulkhead_protocol::{Counters, InForce};
use rustix::fd::OwnedFd;
use std::path::PathBuf;

impl Group {
    /// Sets the limits of these controllers; a missing controller is an error.
    pub fn limit(&self, controllers: &[Controller], limits: &Limits) -> Result<(), Error> {
        controllers.iter().try_for_each(|one| {
            if self.version == 2 { v2::limit(self, *one, limits) } else { v1::limit(self, *one, limits) }
        })
    }

    /// v2: the directory, for CLONE_INTO_CGROUP.
    pub fn descriptor(&self) -> Result<Option<OwnedFd>, Error> {
        if self.version == 2 { v2::descriptor(self).map(Some) } else { Ok(None) }
    }

    /// v1: the files through which a process moves itself into the group, while it still has the right.
    pub fn entrances(&self) -> Vec<PathBuf> {
        let v1 = if self.version == 1 { self.directories.as_slice() } else { &[] };
        v1.iter().map(|(_, path)| path.join("cgroup.procs")).collect()
    }

    pub fn counters(&self) -> Counters {
        if self.version == 2 { v2::counters(self) } else { v1::counters(self) }
    }

    pub fn in_force(&self) -> InForce {
        if self.version == 2 { v2::in_force(self) } else { v1::in_force(self) }
    }

    /// Freezes all processes of the group until the caller passes the returned value to `thaw`.
    pub fn freeze(&self) -> Result<Frozen, Error> {
        if self.version == 2 { v2::freeze(self, true).map(|()| Frozen::V2) } else { v1::freeze(self).map(Frozen::V1) }
    }

    /// Freezing takes until each process has left the kernel.
    pub fn is_frozen(&self) -> bool {
        match self.version {
            2 => v2::is_frozen(self),
            _ => true, // v1: the kernel freezes the rest on its own
        }
    }

    pub fn thaw(&self, frozen: Frozen) -> Result<(), Error> {
        match frozen {
            Frozen::V2 => v2::freeze(self, false),
            Frozen::V1(guard) => {
                drop(guard);
                Ok(())
            }
        }
    }

    /// Kills all processes of the group; on v1 init's own death must do that (it ends the pid namespace). A frozen
    /// group must thaw first.
    pub fn kill(&self) {
        if self.version == 2 {
            v2::kill(self);
        }
    }

    /// Its processes, as the broker's pid namespace numbers them.
    pub fn processes(&self) -> Vec<i32> {
        let list = self.directories.first().map(|(_, path)| path.join("cgroup.procs"));
        let text = list.and_then(|path| read::text(path).ok()).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Fails with EBUSY until the last process is reaped: the caller tries again.
    pub fn remove(&self) -> Result<(), rustix::io::Errno> {
        for (_, path) in &self.directories {
            match rustix::fs::unlinkat(rustix::fs::CWD, path, rustix::fs::AtFlags::REMOVEDIR) {
                Ok(()) | Err(rustix::io::Errno::NOENT) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}
