//! Finds where the broker can create groups: from /proc/self/cgroup, /proc/self/mountinfo and by trying.

use super::files::{make_directory, write};
use super::kinds::{CgroupEnvironment, Hierarchy, controller_name};
use crate::read;
use bulkhead_order::Controller;
use bulkhead_protocol::facts::CgroupFacts;
use std::path::{Path, PathBuf};

const WANTED: [Controller; 3] = [Controller::Memory, Controller::Pids, Controller::Cpu];

/// A mounted hierarchy: its mount point, the mounted subtree, and its controllers (v1).
struct Mounted {
    point: PathBuf,
    root: String,
    options: String,
}

pub fn discover() -> (Hierarchy, CgroupFacts, CgroupEnvironment) {
    let own = read::text("/proc/self/cgroup").unwrap_or_default();
    let mounts = read::text("/proc/self/mountinfo").unwrap_or_default();
    let unified = mounted(&mounts, "cgroup2");
    let legacy = mounted(&mounts, "cgroup");
    let layout = match (unified.is_empty(), legacy.is_empty()) {
        (false, true) => "v2",
        (false, false) => "hybrid",
        (true, false) => "v1",
        (true, true) => "none",
    };
    let (hierarchy, why) = match find_v2(&own, &unified) {
        Ok(found) => (found, None),
        Err(why_not_v2) => match find_v1(&own, &legacy) {
            Some(found) => (found, None),
            None => (Hierarchy::None, Some(why_not_v2)),
        },
    };
    let facts = facts(&hierarchy, layout, why);
    let around = CgroupEnvironment {
        unified: unified.first().zip(unified_path(&own)).and_then(|(mount, path)| own_directory(mount, path)),
        cpuset: legacy_of(&own, &legacy, "cpuset"),
        hierarchies: read::text("/proc/cgroups").unwrap_or_default(),
    };
    (hierarchy, facts, around)
}

fn facts(hierarchy: &Hierarchy, layout: &str, why: Option<String>) -> CgroupFacts {
    let (version, controllers, parent) = match hierarchy {
        Hierarchy::V2 { parent, controllers } => {
            let names = controllers.iter().map(|one| controller_name(*one)).chain(["freezer"]); // every v2 group can be frozen
            (2, names.map(str::to_owned).collect(), Some(parent))
        }
        Hierarchy::V1 { parents } => {
            let names = parents.iter().map(|(name, _)| name.clone()).filter(|name| name != "cpuacct");
            (1, names.collect(), parents.iter().find(|(name, _)| name == "pids").map(|(_, path)| path))
        }
        Hierarchy::None => (0, Vec::new(), None),
    };
    CgroupFacts {
        layout: layout.to_owned(),
        version,
        controllers,
        parent: parent.map(|path| path.to_string_lossy().into_owned()),
        why,
    }
}

/// Lines of mountinfo whose file system type is `kind`.
fn mounted(mountinfo: &str, kind: &str) -> Vec<Mounted> {
    let parse = |line: &str| {
        let (left, right) = line.split_once(" - ")?;
        let mut right = right.split(' ');
        if right.next()? != kind {
            return None;
        }
        let mut left = left.split(' ').skip(3);
        let (root, point) = (left.next()?, left.next()?);
        Some(Mounted { point: PathBuf::from(point), root: root.to_owned(), options: right.nth(1)?.to_owned() })
    };
    mountinfo.lines().filter_map(parse).collect()
}

/// The broker's own group below a mount point, if the mount shows it.
fn own_directory(mount: &Mounted, own: &str) -> Option<PathBuf> {
    let below = if mount.root == "/" { own } else { own.strip_prefix(mount.root.as_str())? };
    Some(mount.point.join(below.trim_start_matches('/')))
}

/// The nearest ancestor of our own group, or that group itself, that can have limited groups below it. Our own cannot
/// while it contains processes (the "no internal processes" rule), unless it is the root or we are alone in it.
fn find_v2(own: &str, mounts: &[Mounted]) -> Result<Hierarchy, String> {
    let mount = mounts.first().ok_or("no cgroup2 file system is mounted")?;
    let path = unified_path(own).ok_or("not in a v2 cgroup")?;
    let start = own_directory(mount, path).ok_or("the mounted hierarchy does not show our own cgroup")?;
    let mut why = String::from("no cgroup from ours upwards is writable and has controllers for those below it");
    if writable(&start) {
        match enable_own(&start) {
            Ok(controllers) => return Ok(Hierarchy::V2 { parent: start, controllers }),
            Err(reason) => why = reason,
        }
    }
    for directory in
        start.ancestors().skip(1).take_while(|one| one.starts_with(&mount.point)).filter(|one| writable(one))
    {
        // Another owner's group: which controllers it enables for its children is their decision, so leave it
        // unchanged.
        let controllers = listed(&directory.join("cgroup.subtree_control"));
        if !controllers.is_empty() {
            return Ok(Hierarchy::V2 { parent: directory.to_owned(), controllers });
        }
    }
    Err(why)
}

fn writable(directory: &Path) -> bool {
    rustix::fs::access(directory, rustix::fs::Access::WRITE_OK).is_ok()
}

fn listed(file: &Path) -> Vec<Controller> {
    let text = read::text(file).unwrap_or_default();
    WANTED.into_iter().filter(|one| text.split_whitespace().any(|name| name == controller_name(*one))).collect()
}

/// Enables all available controllers for the groups below our own.
fn enable_own(own: &Path) -> Result<Vec<Controller>, String> {
    let controllers = listed(&own.join("cgroup.controllers"));
    if controllers.is_empty() {
        return Err(format!("{}: no controllers are delegated to it", own.display()));
    }
    let enable = || {
        controllers
            .iter()
            .try_for_each(|one| write(&own.join("cgroup.subtree_control"), &format!("+{}", controller_name(*one))))
    };
    enable().or_else(|_| step_down(own).and_then(|()| enable())).map_err(|error| error.to_string())?;
    Ok(controllers)
}

/// As a service with `Delegate=yes` we are alone in our group: then we move into a child group, and our group can have
/// others.
fn step_down(own: &Path) -> Result<(), bulkhead_error::Error> {
    let busy = bulkhead_error::Error::new(bulkhead_error::Code::CgroupUnavailable, "enable controllers")
        .path(&own.to_string_lossy())
        .errno(libc::EBUSY);
    let list = read::text(own.join("cgroup.procs")).unwrap_or_default();
    if list.trim() != std::process::id().to_string() {
        return Err(busy.detail("it has processes of its own"));
    }
    let below = own.join("supervisor");
    if !below.exists() {
        make_directory(&below)?;
    }
    write(&below.join("cgroup.procs"), "0")
}

fn unified_path(own: &str) -> Option<&str> {
    own.lines().find_map(|line| line.strip_prefix("0::"))
}

/// Our own group in the v1 hierarchy of this controller.
fn legacy_of(own: &str, mounts: &[Mounted], controller: &str) -> Option<PathBuf> {
    let found = mounts.iter().find(|mount| mount.options.split(',').any(|one| one == controller))?;
    let path = own.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        controllers.split(',').any(|one| one == controller).then_some(path)
    })?;
    own_directory(found, path)
}

fn find_v1(own: &str, mounts: &[Mounted]) -> Option<Hierarchy> {
    let mut parents = Vec::new();
    for controller in ["memory", "pids", "cpu", "cpuacct", "freezer"] {
        let Some(directory) = legacy_of(own, mounts, controller) else { continue };
        let writable = rustix::fs::access(&directory, rustix::fs::Access::WRITE_OK).is_ok();
        // cpu and cpuacct are often one hierarchy under two names: use one directory.
        let known = parents.iter().any(|(_, one): &(String, PathBuf)| same_hierarchy(one, &directory));
        if writable && !known {
            parents.push((controller.to_owned(), directory));
        }
    }
    let limiting = parents.iter().any(|(name, _)| ["memory", "pids", "cpu"].contains(&name.as_str()));
    limiting.then_some(Hierarchy::V1 { parents })
}

fn same_hierarchy(one: &Path, other: &Path) -> bool {
    let device = |path: &Path| rustix::fs::stat(path).map(|stat| (stat.st_dev, stat.st_ino)).ok();
    device(one).is_some() && device(one) == device(other)
}
