//! v2: the unified hierarchy.

use super::files::{exceeded, read_keyed, read_number, write};
use super::kinds::{Group, controller_name};
use crate::read;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Controller, Limits};
use bulkhead_protocol::{Counters, InForce, pids_max};
use bulkhead_setup::View;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use std::path::Path;

/// Period of the cpu limit in microseconds; the quota is in the same unit.
const PERIOD_US: u64 = 100_000;

/// Enables these controllers for the groups below `home`.
pub fn enable(home: &Path, controllers: &[Controller]) -> Result<(), Error> {
    for controller in controllers {
        write(&home.join("cgroup.subtree_control"), &format!("+{}", controller_name(*controller)))?;
    }
    Ok(())
}

pub fn limit(group: &Group, controller: Controller, limits: &Limits) -> Result<(), Error> {
    let path = path(group);
    match controller {
        Controller::Memory => {
            write(&path.join("memory.max"), &limits.memory_bytes.to_string())?;
            // Missing without swap accounting, and then there is no swap to limit.
            let swap = path.join("memory.swap.max");
            if swap.exists() { write(&swap, "0") } else { Ok(()) }
        }
        Controller::Pids => write(&path.join("pids.max"), &pids_max(limits).to_string()),
        Controller::Cpu => {
            write(&path.join("cpu.max"), &format!("{} {PERIOD_US}", limits.milli_cpus * PERIOD_US / 1000))
        }
    }
}

/// A group without one of the controllers lacks its file, and no file can be added to it.
pub fn view(group: &Group) -> View {
    let path = path(group).to_owned();
    let complete = ["memory.max", "cpu.max", "pids.max"].iter().all(|name| path.join(name).exists());
    if complete { View::V2(path) } else { View::Texts { around: Some(path) } }
}

fn path(group: &Group) -> &Path {
    group.directories.first().map_or(Path::new("/nonexistent"), |(_, path)| path)
}

pub fn descriptor(group: &Group) -> Result<OwnedFd, Error> {
    let path = path(group);
    let opened = rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    opened.attempt_on(Code::CgroupUnavailable, "open", &path.to_string_lossy())
}

pub fn counters(group: &Group) -> Counters {
    let path = path(group);
    Counters {
        memory_bytes: read_number(&path.join("memory.current")),
        memory_peak_bytes: read_number(&path.join("memory.peak")),
        cpu_us: read_keyed(&path.join("cpu.stat"), "usage_usec"),
        pids: read_number(&path.join("pids.current")),
        oom_kills: read_keyed(&path.join("memory.events"), "oom_kill"),
        pids_exceeded: exceeded(path),
    }
}

pub fn in_force(group: &Group) -> InForce {
    let path = path(group);
    let cpu = read::text(path.join("cpu.max")).ok();
    let cpu = cpu.as_deref().and_then(|text| text.trim().split_once(' '));
    let cpu =
        cpu.and_then(|(quota, period)| quota.parse::<u64>().ok()?.checked_mul(1000)?.checked_div(period.parse().ok()?));
    InForce {
        version: 2,
        memory_max: read_number(&path.join("memory.max")),
        pids_max: read_number(&path.join("pids.max")),
        cpu_max: cpu,
    }
}

pub fn freeze(group: &Group, frozen: bool) -> Result<(), Error> {
    write(&path(group).join("cgroup.freeze"), if frozen { "1" } else { "0" })
}

pub fn is_frozen(group: &Group) -> bool {
    read_keyed(&path(group).join("cgroup.events"), "frozen") == Some(1)
}

pub fn kill(group: &Group) {
    // Since Linux 5.14; on older kernels init's own death must do it, as on v1.
    let _ = write(&path(group).join("cgroup.kill"), "1");
}
