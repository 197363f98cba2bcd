//! The parts of a tree that are the same for every plan, made while nobody waits for them and attached to nothing yet.

use super::{Ids, device};
use bulkhead_error::Error;
use rustix::fd::OwnedFd;

/// Only as root: without it the ids that these file systems need are not there before the plan is.
pub struct Prepared {
    pub dev: OwnedFd,
    pub terminals: OwnedFd,
}

impl Prepared {
    pub fn make(ids: Ids) -> Result<Self, Error> {
        Ok(Self { dev: device::make(true)?, terminals: device::make_terminals(Some(ids))? })
    }
}
