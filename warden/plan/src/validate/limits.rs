//! Limits: wide enough for any machine, narrow enough that no arithmetic on them overflows, in Rust or in JavaScript.

use super::{Checked, distinct, need};
use crate::model::{Advertised, Cgroup, Controller, Limits};
use std::ops::RangeInclusive;

const MIB: u64 = 1 << 20;

/// 1 PiB: below 2^53, so a JavaScript number holds it exactly.
pub const MAX_SIZE: u64 = 1 << 50;

/// PID_MAX_LIMIT of a 64-bit kernel.
const MAX_PIDS: u64 = 4_194_304;

pub fn all(limits: &Limits, cgroup: &Cgroup) -> Checked {
    within(limits.memory_bytes, MIB..=MAX_SIZE, "limits.memoryBytes")?;
    within(limits.pids, 2..=MAX_PIDS, "limits.pids")?;
    // Below a hundredth of a processor the kernel refuses the quota.
    within(limits.milli_cpus, 10..=1_024_000, "limits.milliCpus")?;
    within(limits.open_files, 16..=1 << 20, "limits.openFiles")?;
    within(limits.file_bytes.unwrap_or(0), 0..=MAX_SIZE, "limits.fileBytes")?;
    within(limits.locked_bytes, 0..=MAX_SIZE, "limits.lockedBytes")?;
    within(limits.address_space_bytes.unwrap_or(MIB), MIB..=MAX_SIZE, "limits.addressSpaceBytes")?;
    within(limits.processes.unwrap_or(2), 2..=MAX_PIDS, "limits.processes")?;
    need(cgroup.version <= 2, "cgroup.version")?;
    let none = cgroup.version == 0 && !cgroup.controllers.is_empty();
    need(!none && distinct(&cgroup.controllers), "cgroup.controllers")?;
    // A resource that no cgroup limits needs an rlimit.
    let limited = |controller| cgroup.controllers.contains(&controller);
    need(limited(Controller::Memory) || limits.address_space_bytes.is_some(), "limits.addressSpaceBytes")?;
    need(limited(Controller::Pids) || limits.processes.is_some(), "limits.processes")
}

pub fn advertised(advertised: &Advertised) -> Checked {
    within(advertised.memory_bytes, MIB..=MAX_SIZE, "advertised.memoryBytes")?;
    within(advertised.pids, 2..=MAX_PIDS, "advertised.pids")?;
    within(advertised.milli_cpus, 10..=1_024_000, "advertised.milliCpus")
}

pub fn within(value: u64, range: RangeInclusive<u64>, field: &str) -> Checked {
    need(range.contains(&value), field)
}
