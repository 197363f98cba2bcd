//! What the keeper knows of one front.

use bulkhead_order::{Caller, MAX_BYTES};
use bulkhead_parcel::{Inbox, Limits, Outbox};
use rustix::fd::{AsFd, OwnedFd};
use rustix::process::{WaitId, WaitIdOptions};

/// An order, and what a launch says beside it.
pub const LIMITS: Limits = Limits { bytes: MAX_BYTES + 64, descriptors: bulkhead_setup::LIMITS.descriptors };

/// The process that speaks to one caller.
pub struct Front {
    pub socket: OwnedFd,
    pub pidfd: OwnedFd,
    pub caller: Caller,
    pub allowed: bool,
    /// A private broker lives as long as this one.
    pub owner: bool,
    pub inbox: Inbox,
    pub outbox: Outbox,
    /// Something waits for it to read, which it has to before it is read from.
    pub unread: bool,
    /// Connections that it was given.
    pub handed: u64,
}

/// Of one that has ended.
pub fn reap(pidfd: &OwnedFd) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    let _ = rustix::process::waitid(WaitId::PidFd(pidfd.as_fd()), options);
}
