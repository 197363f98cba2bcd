//! The inputs of building a tree besides its mounts, and the rights that building acts with.

use super::ids::Ids;
use super::source;
use bulkhead_error::{Code, Error};
use bulkhead_order::{Caller, Source, SourceNumber, User};
use rustix::fd::OwnedFd;
use std::cell::RefCell;

/// The parts of a tree that are the same for every order, made in advance and not attached yet. Only as root: without
/// it, the ids that these file systems need do not exist before the order.
pub struct Prepared {
    pub dev: OwnedFd,
    pub terminals: OwnedFd,
}

/// The inputs of building a tree besides its mounts.
pub struct Context<'a> {
    pub caller: &'a Caller,
    pub ids: Ids,
    /// The owner of files created for the workload.
    pub user: &'a User,
    /// We are root: device nodes can be created, and host files keep owners other than ours.
    pub privileged: bool,
    pub prepared: Option<Prepared>,
    /// The host sources of the order, and the detached mount of each, which is attached once.
    pub described: &'a [Source],
    pub sources: RefCell<Vec<Option<OwnedFd>>>,
}

impl Context<'_> {
    /// The mount, and whether it is read-only.
    pub fn source(&self, number: SourceNumber, at: &str) -> Result<(OwnedFd, bool), Error> {
        let number = usize::from(number);
        let mount = self.sources.borrow_mut().get_mut(number).and_then(Option::take);
        let read_only = self.described.get(number).map(|one| one.read_only);
        mount.zip(read_only).ok_or_else(|| Error::new(Code::LaunchFailed, "take source").path(at))
    }

    /// The mounts of directories, as the layers of a tree.
    pub fn directories(&self, numbers: &[SourceNumber], failed: Code, at: &str) -> Result<Vec<OwnedFd>, Error> {
        let one = |number: &SourceNumber| {
            let (mount, _) = self.source(*number, at)?;
            let path = self.described.get(usize::from(*number)).map_or(at, |one| &one.path);
            let directory = source::is_directory(&mount, failed, path)?;
            if directory { Ok(mount) } else { Err(Error::new(failed, "open").path(path).errno(libc::ENOTDIR)) }
        };
        numbers.iter().map(one).collect()
    }
}
