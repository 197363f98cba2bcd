//! /sys/fs/cgroup: the sandbox's own group and nothing above or beside it, read-only, in the form that the host has.
//!
//! On v2 that is the group itself. On v1, programs ask for a hierarchy for each controller, by what /proc/self/cgroup says, and that file
//! nobody can change; so each is there, and beside them the files of v2, for programs that look for these. Where the sandbox has no
//! group, there are only texts.

use super::texts::list;
use super::wanted::View;
use super::workshop::{FAILED, Workshop, of_host, put};
use bulkhead_error::{Attempt, Error};
use bulkhead_order::Advertised;
use bulkhead_order::advertised::{CONTROLLER_DIRECTORIES, CONTROLLERS, number};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// In /sys.
const PLACE: &str = "fs/cgroup";
/// The same in the workshop.
const OURS: &str = "sys/fs/cgroup";
/// What v2 calls a file of v1 that says the same in the same form.
const SAME: [(&str, &str); 5] = [
    ("memory.max", "memory/memory.limit_in_bytes"),
    ("memory.current", "memory/memory.usage_in_bytes"),
    ("memory.peak", "memory/memory.max_usage_in_bytes"),
    ("pids.max", "pids/pids.max"),
    ("pids.current", "pids/pids.current"),
];

/// Mounts on `sys` what there is to mount, and returns that.
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
            // Java and Go look for a mount of this type, not at what is in it. It shows more than the sandbox, so it is covered at once.
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
        // Java takes v1 for what it is only where this is one of the mounts. It is the group of the broker, so it is covered at once.
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

/// Init is one more than the policy says; the kernel's own number would be wrong by it.
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

/// The numbers, in what cannot say them by itself.
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
