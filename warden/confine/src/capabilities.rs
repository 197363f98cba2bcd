//! Capabilities by their kernel names, without `CAP_`.

use crate::failed::failed;
use bulkhead_error::{Code, Error};
use rustix::thread::{
    CapabilitiesSecureBits as SecureBits, CapabilitySet, CapabilitySets, capabilities, capabilities_secure_bits,
    capability_is_in_ambient_set, clear_ambient_capability_set, configure_capability_in_ambient_set, set_capabilities,
    set_capabilities_secure_bits,
};

/// Locked permanently by [`keep_only`]: uid 0 gains nothing by `execve`, capabilities are not kept over a change from
/// uid 0, and none becomes ambient later. `NO_SETUID_FIXUP` stays off and is locked that way: a daemon inside that
/// starts as uid 0 and switches away must lose its capabilities.
const LOCKED: SecureBits = SecureBits::NO_ROOT
    .union(SecureBits::NO_ROOT_LOCKED)
    .union(SecureBits::NO_SETUID_FIXUP_LOCKED)
    .union(SecureBits::KEEP_CAPS_LOCKED)
    .union(SecureBits::NO_CAP_AMBIENT_RAISE)
    .union(SecureBits::NO_CAP_AMBIENT_RAISE_LOCKED);

/// All names that this program knows, in the order of their numbers.
pub fn names() -> impl Iterator<Item = &'static str> {
    CapabilitySet::all().iter_names().map(|(name, _)| name)
}

/// The set of these names.
///
/// # Errors
/// `PLAN_INVALID`; `detail` is the unknown name.
pub fn parse(names: &[String]) -> Result<CapabilitySet, Error> {
    names.iter().try_fold(CapabilitySet::empty(), |set, name| match CapabilitySet::from_name(name) {
        Some(capability) => Ok(set | capability),
        None => Err(Error::new(Code::PlanInvalid, "capability").detail(name)),
    })
}

/// Reduces the calling thread to `names`: bounding = permitted = effective = inheritable = ambient. Ambient, so that
/// they survive `execve` by a uid other than 0. A second call can only reduce further.
///
/// Needs `SETPCAP`, unless all this already holds. Allocates nothing, so it may be called between fork and exec. If the
/// uid later changes from 0 to another, the kernel removes the capabilities: change it first, with `PR_SET_KEEPCAPS`.
///
/// # Errors
/// `PLAN_INVALID` for an unknown name, `LAUNCH_FAILED` if the kernel refuses, as for names that the thread does not
/// have.
pub fn keep_only(names: &[String]) -> Result<(), Error> {
    keep(parse(names)?, true)
}

/// As [`keep_only`], but the thread and its children may still make their own capabilities ambient or drop them with an
/// id: `runsc` confines its own processes that way. The bounding set is as small.
///
/// # Errors
/// As [`keep_only`].
pub fn keep_to_hand_on(names: &[String]) -> Result<(), Error> {
    keep(parse(names)?, false)
}

/// As [`keep_only`], or as [`keep_to_hand_on`], for a set of bits as the kernel numbers them.
///
/// # Errors
/// As [`keep_only`]; a bit that this program knows no name for is refused.
pub fn keep_set(bits: u64, hands_on: bool) -> Result<(), Error> {
    let known = CapabilitySet::from_bits(bits).filter(|set| CapabilitySet::all().contains(*set));
    let unknown = || Error::new(Code::PlanInvalid, "capability").detail(format!("{bits:#x}"));
    keep(known.ok_or_else(unknown)?, !hands_on)
}

/// Removes `names` from the calling thread and its future children, and leaves the rest unchanged. Needs `SETPCAP`.
///
/// # Errors
/// `PLAN_INVALID` for an unknown name, `LAUNCH_FAILED` if the kernel refuses.
pub fn give_up(names: &[String]) -> Result<(), Error> {
    let rest = CapabilitySet::from_bits_retain(!parse(names)?.bits());
    drop_bounding(rest)?;
    let now = capabilities(None).map_err(failed("capget"))?;
    // A capability that is not permitted and inheritable is not ambient either.
    let left = CapabilitySets {
        permitted: now.permitted & rest,
        effective: now.effective & rest,
        inheritable: now.inheritable & rest,
    };
    set_capabilities(None, left).map_err(failed("capset"))
}

fn keep(keep: CapabilitySet, lock: bool) -> Result<(), Error> {
    let now = capabilities(None).map_err(failed("capget"))?;
    // The remaining steps need SETPCAP to the end, but not effective (after a change of uid nothing is).
    let rest = CapabilitySets {
        permitted: now.permitted & (keep | CapabilitySet::SETPCAP),
        effective: now.permitted & (keep | CapabilitySet::SETPCAP),
        inheritable: now.inheritable & keep,
    };
    set_capabilities(None, rest).map_err(failed("capset"))?;
    drop_bounding(keep)?;
    set_capabilities(None, CapabilitySets { inheritable: keep, ..rest }).map_err(failed("capset"))?;
    set_ambient(keep)?;
    // Without SETPCAP the bounding set already contained only `keep`: these bits could admit nothing more.
    if lock
        && capabilities_secure_bits().map_err(failed("prctl PR_GET_SECUREBITS"))? != LOCKED
        && now.permitted.contains(CapabilitySet::SETPCAP)
    {
        set_capabilities_secure_bits(LOCKED).map_err(failed("prctl PR_SET_SECUREBITS"))?;
    }
    set_capabilities(None, CapabilitySets { permitted: keep, effective: keep, inheritable: keep })
        .map_err(failed("capset"))
}

/// Drops by number, not by name: a newer kernel has capabilities that this program cannot name.
fn drop_bounding(keep: CapabilitySet) -> Result<(), Error> {
    for number in 0..64 {
        if keep.bits() & (1 << number) != 0 {
            continue;
        }
        match bulkhead_sys::bounding_set_has(number) {
            Ok(false) => {}
            Ok(true) => bulkhead_sys::bounding_set_drop(number).map_err(failed("prctl PR_CAPBSET_DROP"))?,
            // Beyond the kernel's last one.
            Err(_) => break,
        }
    }
    Ok(())
}

fn set_ambient(keep: CapabilitySet) -> Result<(), Error> {
    if keep.is_empty() {
        return match clear_ambient_capability_set() {
            // A kernel without ambient capabilities (before Linux 4.3, and old gVisor) cannot have any in force.
            Err(rustix::io::Errno::INVAL) if capability_is_in_ambient_set(CapabilitySet::CHOWN).is_err() => Ok(()),
            cleared => cleared.map_err(failed("prctl PR_CAP_AMBIENT_CLEAR_ALL")),
        };
    }
    for capability in CapabilitySet::all() {
        let wanted = keep.contains(capability);
        // Check first: raising is locked after the first call, and numbers beyond the kernel's last one are an error
        // only when set.
        if capability_is_in_ambient_set(capability).unwrap_or(false) != wanted {
            configure_capability_in_ambient_set(capability, wanted).map_err(failed("prctl PR_CAP_AMBIENT"))?;
        }
    }
    Ok(())
}
