//! v1: one hierarchy per controller.

use super::files::{exceeded, read_keyed, read_number, write};
use super::guard::Guard;
use super::kinds::{Group, controller_name};
use bulkhead_error::{Code, Error};
use bulkhead_order::{Controller, Limits};
use bulkhead_protocol::{Counters, InForce, pids_max};
use std::path::Path;

const PERIOD_US: u64 = 100_000;

pub fn limit(group: &Group, controller: Controller, limits: &Limits) -> Result<(), Error> {
    let name = controller_name(controller);
    let path = group.directory(name).ok_or_else(|| Error::new(Code::CgroupUnavailable, "set limit").detail(name))?;
    match controller {
        Controller::Memory => {
            let bytes = limits.memory_bytes.to_string();
            write(&path.join("memory.limit_in_bytes"), &bytes)?;
            // Memory and swap together; exists only with swap accounting, and is never below the memory limit.
            let both = path.join("memory.memsw.limit_in_bytes");
            if both.exists() { write(&both, &bytes) } else { Ok(()) }
        }
        Controller::Pids => write(&path.join("pids.max"), &pids_max(limits).to_string()),
        Controller::Cpu => {
            write(&path.join("cpu.cfs_period_us"), &PERIOD_US.to_string())?;
            let quota = limits.milli_cpus * PERIOD_US / 1000;
            // The kernel refuses a quota above the parent group's; the sandbox could not use more anyway.
            let most = path.ancestors().skip(1).filter_map(quota_of).min();
            write(&path.join("cpu.cfs_quota_us"), &most.map_or(quota, |most| quota.min(most)).to_string())
        }
    }
}

/// The part of `PERIOD_US` that a group may use; `None` if there is no limit, or `group` is not a group. -1 is no
/// limit.
fn quota_of(group: &Path) -> Option<u64> {
    let quota = read_number(&group.join("cpu.cfs_quota_us"))?;
    quota.checked_mul(PERIOD_US)?.checked_div(read_number(&group.join("cpu.cfs_period_us"))?)
}

pub fn counters(group: &Group) -> Counters {
    let number = |controller, file| read_number(&group.directory(controller)?.join(file));
    let keyed = |controller, file, key| read_keyed(&group.directory(controller)?.join(file), key);
    Counters {
        memory_bytes: number("memory", "memory.usage_in_bytes"),
        memory_peak_bytes: number("memory", "memory.max_usage_in_bytes"),
        // Often one hierarchy under both names.
        cpu_us: number("cpuacct", "cpuacct.usage")
            .or_else(|| number("cpu", "cpuacct.usage"))
            .map(|nanoseconds| nanoseconds / 1000),
        pids: number("pids", "pids.current"),
        oom_kills: keyed("memory", "memory.oom_control", "oom_kill"),
        pids_exceeded: group.directory("pids").and_then(exceeded),
    }
}

pub fn in_force(group: &Group) -> InForce {
    let number = |controller, file| read_number(&group.directory(controller)?.join(file));
    let quota = number("cpu", "cpu.cfs_quota_us");
    let period = number("cpu", "cpu.cfs_period_us");
    InForce {
        version: 1,
        // "No limit" is the largest number of whole pages here: reported as it is, it would look like a limit.
        memory_max: number("memory", "memory.limit_in_bytes").filter(|&max| max < 1 << 60),
        pids_max: number("pids", "pids.max"),
        cpu_max: quota.zip(period).and_then(|(quota, period)| quota.checked_mul(1000)?.checked_div(period)),
    }
}

pub fn freeze(group: &Group) -> Result<Guard, Error> {
    let missing = || Error::new(Code::CgroupUnavailable, "freeze").detail("freezer");
    let state = group.directory("freezer").ok_or_else(missing)?.join("freezer.state");
    // Start the guard first, so that the group is never frozen without one. If freezing fails half way, dropping the
    // guard thaws it.
    let guard = Guard::post(&state)?;
    write(&state, "FROZEN")?;
    Ok(guard)
}
