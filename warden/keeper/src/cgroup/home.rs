//! The broker's own directories: all groups of one broker are in one directory, `bulkhead-<random>`, on which the
//! broker holds a lock for its lifetime. If a directory of that name is not locked, its broker has died: the next
//! broker empties and removes it.

use super::discover::discover;
use super::files::make_directory;
use super::kinds::{CgroupEnvironment, Group, Hierarchy};
use super::{stale, v2};
use bulkhead_error::{Code, Error};
use bulkhead_protocol::facts::CgroupFacts;
use bulkhead_setup::View;
use rustix::fd::OwnedFd;

/// The broker's own directories.
pub struct Home {
    hierarchy: Hierarchy,
    facts: CgroupFacts,
    around: CgroupEnvironment,
    name: String,
    /// Locks held for our lifetime.
    locks: Vec<OwnedFd>,
    /// Groups created so far; the next group's name is this number.
    made: u64,
}

impl Home {
    /// Finds where groups can be created and cleans up after brokers that died. Creates nothing yet.
    pub fn find() -> Self {
        let (hierarchy, facts, around) = discover();
        for parent in hierarchy.parents() {
            stale::remove_below(parent);
        }
        let mut random = [0_u8; 8];
        // Without randomness the name is only guessable, and if it is taken, creating the directory fails.
        let _ = rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty());
        let name = format!("{}{:016x}", stale::PREFIX, u64::from_ne_bytes(random));
        Self { hierarchy, facts, around, name, locks: Vec::new(), made: 0 }
    }

    pub fn facts(&self) -> &CgroupFacts {
        &self.facts
    }

    /// An empty group, without limits yet. A failure leaves nothing behind.
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

    /// The cgroup view of a sandbox in this group.
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
