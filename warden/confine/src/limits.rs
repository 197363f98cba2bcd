//! Resource limits that need no cgroup. Each is set soft and hard, and every process inside inherits it.

use crate::failed::failed;
use bulkhead_error::Error;
use bulkhead_order::Limits;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Init holds pipes and terminals for up to 64 processes; it sets the workload's own limit for each process it starts.
const INIT_OPEN_FILES: u64 = 4096;

/// The kernel's defaults, whatever the caller's limits were: POSIX message queues in bytes, stack in bytes.
const QUEUE_BYTES: u64 = 819_200;
const STACK_BYTES: u64 = 8 * 1024 * 1024;

/// Queued signals and POSIX timers pin kernel memory.
const SIGNALS: u64 = 4096;

/// Sets every rlimit of the plan, and those that no plan can raise. `runs_init`: the program is init, which needs files
/// of its own.
///
/// # Errors
/// `LAUNCH_FAILED`; `detail` names the resource.
pub fn apply(limits: &Limits, runs_init: bool) -> Result<(), Error> {
    let least = if runs_init { INIT_OPEN_FILES } else { 0 };
    // A core dump would go to the host's core_pattern, which may be a program that runs as root on the host. The kernel
    // opens such a pipe even with a limit of 0, because it writes no file; 1 is the only value at which it opens none,
    // and too little for any file (core(5)).
    set(Resource::Core, 1, "CORE")?;
    set(Resource::Nofile, limits.open_files.max(least), "NOFILE")?;
    match limits.file_bytes {
        Some(bytes) => set(Resource::Fsize, bytes, "FSIZE")?,
        None => unlimited(Resource::Fsize, "FSIZE")?,
    }
    set(Resource::Memlock, limits.locked_bytes, "MEMLOCK")?;
    set(Resource::Sigpending, SIGNALS, "SIGPENDING")?;
    set(Resource::Msgqueue, QUEUE_BYTES, "MSGQUEUE")?;
    set(Resource::Rtprio, 0, "RTPRIO")?;
    set(Resource::Nice, 0, "NICE")?;
    if let Some(bytes) = limits.address_space_bytes {
        set(Resource::As, bytes, "AS")?;
    }
    if let Some(processes) = limits.processes {
        set(Resource::Nproc, processes, "NPROC")?;
    }
    // Soft only, because compilers raise it. An unlimited one would turn off the randomisation of mappings.
    let hard = getrlimit(Resource::Stack).maximum;
    let soft = hard.map_or(STACK_BYTES, |hard| hard.min(STACK_BYTES));
    setrlimit(Resource::Stack, Rlimit { current: Some(soft), maximum: hard })
        .map_err(|error| failed("setrlimit")(error).detail("STACK"))
}

fn set(resource: Resource, wanted: u64, name: &'static str) -> Result<(), Error> {
    match setrlimit(resource, both(wanted)) {
        // Without privileges, a caller's hard limit below the plan's stays in force.
        Err(Errno::PERM) => {
            let hard = getrlimit(resource).maximum.map_or(wanted, |hard| hard.min(wanted));
            setrlimit(resource, both(hard))
        }
        other => other,
    }
    .map_err(|error| failed("setrlimit")(error).detail(name))
}

/// Raises it to unlimited, whatever the caller's limit was; without privileges, to the caller's hard limit.
fn unlimited(resource: Resource, name: &'static str) -> Result<(), Error> {
    let none = Rlimit { current: None, maximum: None };
    if getrlimit(resource) == none {
        return Ok(());
    }
    match setrlimit(resource, none) {
        Err(Errno::PERM) => {
            let hard = getrlimit(resource).maximum;
            setrlimit(resource, Rlimit { current: hard, maximum: hard })
        }
        other => other,
    }
    .map_err(|error| failed("setrlimit")(error).detail(name))
}

fn both(limit: u64) -> Rlimit {
    Rlimit { current: Some(limit), maximum: Some(limit) }
}
