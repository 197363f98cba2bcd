//! A uid and gid that no other live process has: helpers can neither signal nor inspect each other, nor any other
//! process.

use crate::failed;
use bulkhead_confine::capabilities;
use bulkhead_error::{Code, Error};
use bulkhead_sys::{self as sys, helper_ids};
use rustix::fd::OwnedFd;
use rustix::thread::{CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities};

pub struct Own {
    id: u32,
}

impl Own {
    /// `None` for a caller that cannot change ids: the helper then keeps the caller's, and everything else is as
    /// strict. `locks` is a descriptor of the lock file; the library shares its open file description, so the lock
    /// outlives the exec.
    pub fn choose(locks: Option<&OwnedFd>) -> Result<Option<Self>, Error> {
        let rights = rustix::thread::capabilities(None).map_err(failed("capget"))?.effective;
        let change = CapabilitySet::SETUID | CapabilitySet::SETGID | CapabilitySet::SETPCAP;
        let Some(locks) = locks else {
            // Never as root by mistake: a process that may change ids must do so.
            return if rights.contains(change) { Err(Self::no_locks("missing")) } else { Ok(None) };
        };
        if !rights.contains(change) {
            return Ok(None);
        }
        let [given, known] =
            [rustix::fs::fstat(locks), rustix::fs::lstat(helper_ids::LOCKS)].map(|stat| stat.map_err(failed("stat")));
        let (given, known) = (given?, known?);
        if (given.st_dev, given.st_ino) != (known.st_dev, known.st_ino) || given.st_uid != 0 {
            return Err(Self::no_locks("another file"));
        }
        let start = random()? % helper_ids::COUNT;
        for n in 0..helper_ids::COUNT {
            let n = (start + n) % helper_ids::COUNT;
            let byte = helper_ids::FIRST_LOCK + i64::from(n);
            if sys::lock_byte(locks, byte, true).map_err(failed("fcntl F_OFD_SETLK"))? {
                return Ok(Some(Self { id: helper_ids::FIRST + n }));
            }
        }
        Err(Self::no_locks("all in use"))
    }

    /// Keeps the capabilities until the caller drops them: the bounding set could not be emptied without them.
    pub fn assume(&self) -> Result<(), Error> {
        rustix::thread::set_keep_capabilities(true).map_err(failed("prctl PR_SET_KEEPCAPS"))?;
        sys::become_for_good(self.id, self.id, Some(&[])).map_err(failed("setresuid"))
    }

    fn no_locks(detail: &str) -> Error {
        Error::new(Code::UidRangeExhausted, "lock").path(helper_ids::LOCKS).detail(detail)
    }
}

/// Drops all of them. Only the bounding set stays if this process may not change it: with no-new-privs it has no
/// effect.
pub fn give_up_capabilities() -> Result<(), Error> {
    if rustix::thread::capabilities(None).map_err(failed("capget"))?.permitted.contains(CapabilitySet::SETPCAP) {
        return capabilities::keep_only(&[]);
    }
    clear_ambient_capability_set().map_err(failed("prctl PR_CAP_AMBIENT_CLEAR_ALL"))?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .map_err(failed("capset"))
}

fn random() -> Result<u32, Error> {
    let mut bytes = [0; 4];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).map_err(failed("getrandom"))?;
    Ok(u32::from_ne_bytes(bytes))
}
