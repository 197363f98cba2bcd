//! The privileges that a front drops right after the fork, permanently.

use bulkhead_confine as confine;
use bulkhead_confine::host_files::HostFiles;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Caller, DEVICES};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::process::Signal;
use rustix::thread::{CapabilitySet, CapabilitySets};

const FAILED: Code = Code::LaunchFailed;

/// `kept`: the descriptors that stay open, besides 0, 1 and 2.
pub fn everything(caller: &Caller, privileged: bool, kept: [Option<&OwnedFd>; 2]) -> Result<(), Error> {
    bulkhead_sys::close_all_but(3, kept.into_iter().flatten().map(AsRawFd::as_raw_fd).collect());
    // Root may mount files that belong to other users; Landlock and the filter leave no other use for this capability.
    let files = CapabilitySet::DAC_OVERRIDE;
    let rights = if caller.is_root() { files } else { CapabilitySet::empty() };
    if privileged {
        // Otherwise the change of uid would remove them, and with them the right to empty the bounding set.
        rustix::thread::set_keep_capabilities(true).attempt(FAILED, "PR_SET_KEEPCAPS")?;
        bulkhead_sys::become_for_good(caller.uid, caller.gid, Some(&caller.groups)).attempt(FAILED, "setresuid")?;
        confine::capabilities::keep_set(rights.bits(), false)?;
    } else {
        // This process may lack the right to change its bounding set; with no-new-privs that does no harm.
        rustix::thread::clear_ambient_capability_set().attempt(FAILED, "PR_CAP_AMBIENT_CLEAR_ALL")?;
        let none = CapabilitySet::empty();
        let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
        rustix::thread::set_capabilities(None, sets).attempt(FAILED, "capset")?;
    }
    confine::process::no_new_privs()?;
    // Its memory is a copy of the keeper's.
    confine::process::dumpable(false)?;
    // A change of uid clears this setting. If the keeper has died already, the socket shows end-of-file.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).attempt(FAILED, "PR_SET_PDEATHSIG")?;
    // Allow naming files, and opening the devices that a plan may name. `doctor` reports a kernel without Landlock.
    if confine::landlock::abi() > 0 {
        confine::host_files::restrict(&HostFiles {
            read: Vec::new(),
            execute: Vec::new(),
            write: DEVICES.iter().map(|(path, _, _)| (*path).to_owned()).collect(),
            connect: false,
        })?;
    }
    confine::seccomp::install_front()
}
