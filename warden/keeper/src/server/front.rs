//! The keeper's state of one front.

use bulkhead_order::{Caller, MAX_BYTES};
use bulkhead_parcel::{Inbox, Limits, Outbox};
use rustix::fd::{AsFd, OwnedFd};
use rustix::process::{WaitId, WaitIdOptions};

/// An order, and the rest of a launch message.
pub const LIMITS: Limits = Limits { bytes: MAX_BYTES + 64, descriptors: bulkhead_setup::LIMITS.descriptors };

/// The process that speaks to one caller.
pub struct Front {
    pub socket: OwnedFd,
    pub pidfd: OwnedFd,
    pub caller: Caller,
    pub allowed: bool,
    /// A private broker ends with this front.
    pub owner: bool,
    pub inbox: Inbox,
    pub outbox: Outbox,
    /// Answers wait for it; it must read them before the keeper reads from it again.
    pub unread: bool,
    /// Number of connections handed over to it.
    pub handed: u64,
}

/// Reaps a front that has ended.
pub fn reap(pidfd: &OwnedFd) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    let _ = rustix::process::waitid(WaitId::PidFd(pidfd.as_fd()), options);
}
