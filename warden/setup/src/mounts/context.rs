//! What building needs to know beyond the mounts, and whose rights it acts with.

use super::ids::Ids;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Caller, Owner, User};
use rustix::fd::OwnedFd;

/// The parts of a tree that are the same for every order, made while nobody waits for them and attached to nothing yet. Only as root:
/// without it the ids that these file systems need are not there before the order is.
pub struct Prepared {
    pub dev: OwnedFd,
    pub terminals: OwnedFd,
}

/// What building needs to know beyond the mounts.
pub struct Context<'a> {
    pub caller: &'a Caller,
    pub ids: Ids,
    /// Whose the files are that are made for the workload.
    pub user: &'a User,
    /// We are root: device nodes can be made, and host files keep their owners apart from ours.
    pub privileged: bool,
    pub prepared: Option<Prepared>,
    /// The user namespaces of idmapped mounts, which name theirs.
    pub idmaps: &'a [OwnedFd],
}

impl Context<'_> {
    pub fn idmap(&self, owner: Owner, path: &str) -> Result<&OwnedFd, Error> {
        self.idmaps.get(usize::from(owner.idmap)).ok_or_else(|| Error::new(Code::LaunchFailed, "idmap").path(path))
    }
}

/// Runs `work` with the caller's rights over files and without root's: no caller gets a file that they could not open themselves. Only as root,
/// in a process that has one thread.
pub fn act_as<T>(caller: &Caller, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    if caller.is_root() {
        return work(); // same rights, nothing to lend
    }
    bulkhead_sys::become_for_files(caller.uid, caller.gid, &caller.groups).attempt(Code::CallerRefused, "setfsuid")?;
    let done = work();
    // The way back must not fail half way: everything after it would run with the wrong rights.
    bulkhead_sys::become_for_files(0, 0, &[]).attempt(Code::LaunchFailed, "setfsuid")?;
    done
}
