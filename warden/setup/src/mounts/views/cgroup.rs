//! /sys/fs/cgroup: the sandbox's own group and none above or beside it, read-only, in the host's format.
//!
//! On v2 that is the group itself. On v1, programs look for one hierarchy per controller, as /proc/self/cgroup lists
//! them, and that file cannot be changed. So each hierarchy is present, and beside them the files of v2, for programs
//! that look for these. If the sandbox has no group, there are only text files.

use super::texts::list;
use super::view_request::View;
use super::workshop::{FAILED, Workshop, of_host, put};
use bulkhead_error::{Attempt, Error};
use bulkhead_order::Advertised;
use bulkhead_order::advertised::{CONTROLLER_DIRECTORIES, CONTROLLERS, number};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// Path in /sys.
const PLACE: &str = "fs/cgroup";
/// The same path in the workshop.
const OURS: &str = "sys/fs/cgroup";
/// v1 files with the same content and format in v2, by both names.
const SAME: [(&str, &str); 5] = [
    ("memory.max", "memory/memory.limit_in_bytes"),
    ("memory.current", "memory/memory.usage_in_bytes"),
    ("memory.peak", "memory/memory.max_usage_in_bytes"),
    ("pids.max", "pids/pids.max"),
    ("pids.current", "pids/pids.current"),
];

/// Mounts the group's views on `sys`, and returns the mounts.
pub fn show(workshop: &Workshop, sys: &OwnedFd, view: &View) -> Result<Vec<OwnedFd>, Error> {
    workshop.make_directory("sys/fs")?;
    workshop.make_directory(OURS)?;
    match view {
        View::V2(group) => {
            let mount = show_group(group, sys, PLACE)?;
            own_number_of_pids(workshop, &mount)?;
            Ok(vec![mount])
        }
        View::V1 { groups, cpuset, .. } => show_v1(workshop, sys, groups, cpuset.as_deref()),
        View::Texts { around } => {
            for name in CONTROLLER_DIRECTORIES {
                workshop.make_directory(&format!("{OURS}/{name}"))?;
            }
            let Some(around) = around else { return Ok(Vec::new()) };
            // Java and Go look for a mount of this type, not at its content. It shows more than the sandbox, so cover
            // it at once.
            let mount = show_group(around, sys, PLACE)?;
            cover(workshop, OURS, &mount, "")?;
            Ok(vec![mount])
        }
    }
}

fn show_v1(
    workshop: &Workshop,
    sys: &OwnedFd,
    groups: &[(String, PathBuf)],
    cpuset: Option<&Path>,
) -> Result<Vec<OwnedFd>, Error> {
    let mut mounts = Vec::new();
    let shown = |name: &str| ["memory", "cpu", "cpuacct", "pids"].contains(&name);
    for (name, path) in groups.iter().filter(|(name, _)| shown(name)) {
        workshop.make_directory(&format!("{OURS}/{name}"))?;
        let mount = show_group(path, sys, &format!("{PLACE}/{name}"))?;
        if name == "pids" {
            own_number_of_pids(workshop, &mount)?;
        }
        mounts.push(mount);
    }
    if !groups.iter().any(|(name, _)| name == "cpuacct") {
        workshop.link(&format!("{OURS}/cpuacct"), "cpu")?;
    }
    if let Some(cpuset) = cpuset {
        // Java recognizes v1 only if this is one of the mounts. It is the broker's group, so cover it at once.
        workshop.make_directory(&format!("{OURS}/cpuset"))?;
        workshop.make_directory("cpuset")?;
        let mount = show_group(cpuset, sys, &format!("{PLACE}/cpuset"))?;
        cover(workshop, "cpuset", &mount, "")?;
        mounts.push(mount);
    }
    for (name, same) in SAME {
        workshop.link(&format!("{OURS}/{name}"), same)?;
    }
    Ok(mounts)
}

fn show_group(directory: &Path, sys: &OwnedFd, at: &str) -> Result<OwnedFd, Error> {
    let mount = of_host(directory)?;
    put(&mount, sys, at).attempt_on(FAILED, "move_mount", at)?;
    Ok(mount)
}

/// The kernel's number includes init, so it is one more than the policy's limit.
fn own_number_of_pids(workshop: &Workshop, group: &OwnedFd) -> Result<(), Error> {
    workshop.make_file("pids.max", "")?;
    cover(workshop, "pids.max", group, "pids.max")
}

fn cover(workshop: &Workshop, with: &str, at: &OwnedFd, path: &str) -> Result<(), Error> {
    let covered = workshop.copy(with).and_then(|copy| put(copy, at, path));
    match covered {
        Err(Errno::NOENT) if !path.is_empty() => Ok(()),
        covered => covered.attempt_on(FAILED, "cover", with),
    }
}

/// Writes the numbers into the files that do not have them from the kernel.
pub fn tell(workshop: &Workshop, view: &View, advertised: &Advertised, processors: &[u32]) -> Result<(), Error> {
    let file = |name: &str, text: &str| workshop.make_file(&format!("{OURS}/{name}"), text);
    match view {
        View::V2(_) => workshop.fill("pids.max", &number(advertised.pids)),
        View::V1 { groups, cpuset, .. } => {
            if groups.iter().any(|(name, _)| name == "pids") {
                workshop.fill("pids.max", &number(advertised.pids))?;
            }
            if cpuset.is_some() {
                workshop.make_file("cpuset/cpuset.cpus", &list(processors))?;
            }
            file("cgroup.controllers", CONTROLLERS)?;
            file("cpu.max", &advertised.cpu_max())
        }
        View::Texts { .. } => {
            for (name, text) in advertised.group() {
                file(name, &text)?;
            }
            Ok(())
        }
    }
}
