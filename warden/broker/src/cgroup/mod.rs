//! Control groups: limits set and events read from outside the sandbox, on v2 or v1.
//!
//! All groups of one broker lie in one directory, `bulkhead-<random>`, which the broker holds a lock on for as long as it
//! lives. A directory of that name that can be locked belongs to a broker that died: the next one empties and removes it.

mod discover;
mod guard;
mod stale;
mod v1;
mod v2;

use crate::read;
use bulkhead_plan::facts::CgroupFacts;
use bulkhead_plan::model::{Controller, Limits};
use bulkhead_plan::{Code, Error};
use bulkhead_setup::View;
use rustix::fd::OwnedFd;
use serde::Serialize;
use std::path::{Path, PathBuf};

pub use discover::discover;

/// Where a broker may make groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hierarchy {
    /// One directory for all controllers.
    V2 {
        parent: PathBuf,
        controllers: Vec<Controller>,
    },
    /// A directory per controller: of `memory pids cpu cpuacct freezer`, those that are there and writable.
    V1 {
        parents: Vec<(String, PathBuf)>,
    },
    None,
}

/// The broker's own directories.
pub struct Home {
    hierarchy: Hierarchy,
    facts: CgroupFacts,
    around: Around,
    name: String,
    /// Held locked while we live.
    locks: Vec<OwnedFd>,
    /// How many groups were made: numbers name them.
    made: u64,
}

/// What else there is of control groups where the broker is.
pub struct Around {
    /// The broker's own group.
    unified: Option<PathBuf>,
    cpuset: Option<PathBuf>,
    /// /proc/cgroups of the host.
    hierarchies: String,
}

/// One sandbox's group.
pub struct Group {
    version: u8,
    /// v2: one; v1: one per controller, named by it.
    directories: Vec<(String, PathBuf)>,
}

/// A pause.
pub enum Frozen {
    /// What is killed dies all the same.
    V2,
    V1(guard::Guard),
}

/// What was counted; `None` where nothing counts it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    pub memory_bytes: Option<u64>,
    pub memory_peak_bytes: Option<u64>,
    pub cpu_us: Option<u64>,
    pub pids: Option<u64>,
    pub oom_kills: Option<u64>,
    pub pids_exceeded: Option<u64>,
}

impl Counters {
    /// These, and of what is not there any more what was read before.
    #[must_use]
    pub fn after(self, before: &Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.or(before.memory_bytes),
            memory_peak_bytes: self.memory_peak_bytes.or(before.memory_peak_bytes),
            cpu_us: self.cpu_us.or(before.cpu_us),
            pids: self.pids.or(before.pids),
            oom_kills: self.oom_kills.or(before.oom_kills),
            pids_exceeded: self.pids_exceeded.or(before.pids_exceeded),
        }
    }
}

/// The limits as the kernel gives them back; `None` where there is no such controller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InForce {
    pub version: u8,
    pub memory_max: Option<u64>,
    pub pids_max: Option<u64>,
    /// Thousandths of a processor.
    pub cpu_max: Option<u64>,
}

impl Home {
    /// Finds where groups can be made and cleans up after brokers that died. Makes nothing yet.
    pub fn find() -> Self {
        let (hierarchy, facts, around) = discover();
        for parent in hierarchy.parents() {
            stale::remove_below(parent);
        }
        let mut random = [0_u8; 8];
        // Without randomness the name is only guessable, and making the directory fails if it is taken.
        let _ = rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty());
        let name = format!("{}{:016x}", stale::PREFIX, u64::from_ne_bytes(random));
        Self { hierarchy, facts, around, name, locks: Vec::new(), made: 0 }
    }

    pub fn facts(&self) -> &CgroupFacts {
        &self.facts
    }

    /// An empty group, without limits yet. On failure nothing is left.
    pub fn make(&mut self) -> Result<Group, Error> {
        if self.locks.is_empty() {
            self.settle()?;
        }
        self.made += 1;
        let name = self.made.to_string();
        let directories = match &self.hierarchy {
            Hierarchy::V2 { parent, .. } => vec![("unified".to_owned(), parent.join(&self.name).join(name))],
            Hierarchy::V1 { parents } => parents
                .iter()
                .map(|(controller, parent)| (controller.clone(), parent.join(&self.name).join(&name)))
                .collect(),
            Hierarchy::None => return Err(Error::new(Code::CgroupUnavailable, "make cgroup")),
        };
        let group = Group { version: self.facts.version, directories };
        let made = group.directories.iter().try_for_each(|(_, path)| make_directory(path));
        made.inspect_err(|_| {
            let _ = group.remove();
        })?;
        Ok(group)
    }

    /// What a sandbox in this group may see of it.
    pub fn view(&self, group: Option<&Group>) -> View {
        match group {
            Some(group) if group.version == 1 => View::V1 {
                groups: group.directories.clone(),
                cpuset: self.around.cpuset.clone(),
                hierarchies: self.around.hierarchies.clone(),
            },
            Some(group) => v2::view(group),
            None => View::Texts { around: self.around.unified.clone() },
        }
    }

    fn settle(&mut self) -> Result<(), Error> {
        for parent in self.hierarchy.parents() {
            let home = parent.join(&self.name);
            self.locks.push(stale::make_locked(&home)?);
        }
        if let Hierarchy::V2 { parent, controllers } = &self.hierarchy {
            v2::enable(&parent.join(&self.name), controllers)?;
        }
        Ok(())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.locks.is_empty() {
            for parent in self.hierarchy.parents() {
                let _ = std::fs::remove_dir(parent.join(&self.name));
            }
        }
    }
}

impl Hierarchy {
    fn parents(&self) -> Vec<&Path> {
        match self {
            Self::V2 { parent, .. } => vec![parent],
            Self::V1 { parents } => parents.iter().map(|(_, path)| path.as_path()).collect(),
            Self::None => Vec::new(),
        }
    }
}

impl Group {
    /// Sets the limits of these controllers; a missing controller is an error.
    pub fn limit(&self, controllers: &[Controller], limits: &Limits) -> Result<(), Error> {
        controllers.iter().try_for_each(|one| {
            if self.version == 2 { v2::limit(self, *one, limits) } else { v1::limit(self, *one, limits) }
        })
    }

    /// v2: the directory, for CLONE_INTO_CGROUP.
    pub fn descriptor(&self) -> Result<Option<OwnedFd>, Error> {
        if self.version == 2 { v2::descriptor(self).map(Some) } else { Ok(None) }
    }

    /// v1: the files through which a process moves itself into it, while it still may.
    pub fn entrances(&self) -> Vec<PathBuf> {
        let v1 = if self.version == 1 { self.directories.as_slice() } else { &[] };
        v1.iter().map(|(_, path)| path.join("cgroup.procs")).collect()
    }

    pub fn counters(&self) -> Counters {
        if self.version == 2 { v2::counters(self) } else { v1::counters(self) }
    }

    pub fn in_force(&self) -> InForce {
        if self.version == 2 { v2::in_force(self) } else { v1::in_force(self) }
    }

    /// Stops every process of the group until what is returned is given to `thaw`.
    pub fn freeze(&self) -> Result<Frozen, Error> {
        if self.version == 2 { v2::freeze(self, true).map(|()| Frozen::V2) } else { v1::freeze(self).map(Frozen::V1) }
    }

    /// Freezing takes the time that the processes need to get out of the kernel.
    pub fn is_frozen(&self) -> bool {
        match self.version {
            2 => v2::is_frozen(self),
            _ => true, // v1: the guard goes on until it is
        }
    }

    pub fn thaw(&self, frozen: Frozen) -> Result<(), Error> {
        match frozen {
            Frozen::V2 => v2::freeze(self, false),
            Frozen::V1(guard) => {
                drop(guard);
                Ok(())
            }
        }
    }

    /// Kills what is in it; on v1 init's own death has to do (a pid namespace does not outlive it). What is frozen must thaw first.
    pub fn kill(&self) {
        if self.version == 2 {
            v2::kill(self);
        }
    }

    /// The processes in it, as the broker's pid namespace numbers them.
    pub fn processes(&self) -> Vec<i32> {
        let list = self.directories.first().map(|(_, path)| path.join("cgroup.procs"));
        let text = list.and_then(|path| read::text(path).ok()).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Busy until the last process is reaped: the caller tries again.
    pub fn remove(&self) -> Result<(), rustix::io::Errno> {
        for (_, path) in &self.directories {
            match rustix::fs::unlinkat(rustix::fs::CWD, path, rustix::fs::AtFlags::REMOVEDIR) {
                Ok(()) | Err(rustix::io::Errno::NOENT) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    fn directory(&self, controller: &str) -> Option<&Path> {
        self.directories.iter().find(|(name, _)| name == controller).map(|(_, path)| path.as_path())
    }
}

pub fn controller_name(controller: Controller) -> &'static str {
    match controller {
        Controller::Memory => "memory",
        Controller::Pids => "pids",
        Controller::Cpu => "cpu",
    }
}

/// Init is one of them and not the workload's. The kernel takes no more than it can have processes.
pub fn pids_max(limits: &Limits) -> u64 {
    const PID_MAX_LIMIT: u64 = 4_194_304;
    (limits.pids + 1).min(PID_MAX_LIMIT)
}

/// The kernel's files are never made by us: a missing one is an error, not a new file.
fn write(path: &Path, value: &str) -> Result<(), Error> {
    use std::io::Write;
    let failed = |error: &std::io::Error| {
        let described =
            Error::new(Code::CgroupUnavailable, "write").path(&path.to_string_lossy()).detail(value.to_owned());
        error.raw_os_error().map_or(described.clone(), |errno| described.errno(errno))
    };
    let mut file = std::fs::OpenOptions::new().write(true).open(path).map_err(|error| failed(&error))?;
    file.write_all(value.as_bytes()).map_err(|error| failed(&error))
}

fn read_number(path: &Path) -> Option<u64> {
    read::text(path).ok()?.trim().parse().ok()
}

/// The number behind `key` in a file of `key number` lines.
fn read_keyed(path: &Path, key: &str) -> Option<u64> {
    let text = read::text(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

/// How often the limit of processes of the group in `path` refused one.
fn exceeded(path: &Path) -> Option<u64> {
    let refused = read_keyed(&path.join("pids.events"), "max");
    by_own_limit(refused, read_number(&path.join("pids.peak")), read_number(&path.join("pids.max")))
}

/// Before Linux 6.11, and on v1 ever since, a group counts whatever was refused to a process of its own, also by the limit of a group
/// above it, which is the host's and not the sandbox's. A limit that was never reached has refused nothing; `pids.peak` is there since 6.1.
fn by_own_limit(refused: Option<u64>, peak: Option<u64>, max: Option<u64>) -> Option<u64> {
    let reached = peak.zip(max).is_none_or(|(peak, max)| peak >= max);
    if reached { refused } else { refused.map(|_| 0) }
}

fn make_directory(path: &Path) -> Result<(), Error> {
    std::fs::create_dir(path).map_err(|error| {
        let described = Error::new(Code::CgroupUnavailable, "mkdir").path(&path.to_string_lossy());
        error.raw_os_error().map_or(described.clone(), |errno| described.errno(errno))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_limit_that_was_reached_has_refused() {
        assert_eq!(by_own_limit(Some(3), Some(13), Some(13)), Some(3));
        assert_eq!(by_own_limit(Some(3), Some(12), Some(13)), Some(0), "of a group above");
        assert_eq!(by_own_limit(Some(3), None, Some(13)), Some(3), "before 6.1 nobody can tell");
        assert_eq!(by_own_limit(None, Some(1), Some(13)), None);
    }

    /// On v1 there is a directory for each controller, and the one that is removed first has counted the kills.
    #[test]
    fn what_a_removed_directory_counted_is_kept() {
        let top = std::env::temp_dir().join(format!("bulkhead-counters-{}", std::process::id()));
        let at = |name: &str| top.join(name);
        for (name, file, text) in [
            ("memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"),
            ("pids", "pids.events", "max 2\n"),
        ] {
            std::fs::create_dir_all(at(name)).unwrap();
            std::fs::write(at(name).join(file), text).unwrap();
        }
        let directories = ["memory", "pids"].map(|name| (name.to_owned(), at(name))).to_vec();
        let group = Group { version: 1, directories };
        let first = group.counters().after(&Counters::default());
        std::fs::remove_dir_all(at("memory")).unwrap();
        std::fs::write(at("pids").join("pids.events"), "max 3\n").unwrap();
        let second = group.counters().after(&first);
        std::fs::remove_dir_all(&top).unwrap();
        assert_eq!((first.oom_kills, second.oom_kills), (Some(1), Some(1)));
        assert_eq!((first.pids_exceeded, second.pids_exceeded), (Some(2), Some(3)));
    }
}
