//! The broker's own directories: all groups of one broker lie in one, `bulkhead-<random>`, which the broker holds a lock on for as long as it
//! lives. A directory of that name that can be locked belongs to a broker that died: the next one empties and removes it.

use super::discover::discover;
use super::files::make_directory;
use super::kinds::{Around, Group, Hierarchy};
use super::{stale, v2};
use bulkhead_error::{Code, Error};
use bulkhead_protocol::facts::CgroupFacts;
use bulkhead_setup::View;
use rustix::fd::OwnedFd;

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
