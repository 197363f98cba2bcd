//! Hierarchies and groups.

use super::guard::Guard;
use bulkhead_order::Controller;
use std::path::{Path, PathBuf};

/// Where a broker may create groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hierarchy {
    /// One directory for all controllers.
    V2 {
        parent: PathBuf,
        controllers: Vec<Controller>,
    },
    /// A directory per controller: those of `memory pids cpu cpuacct freezer` that exist and are writable.
    V1 {
        parents: Vec<(String, PathBuf)>,
    },
    None,
}

/// Other facts about control groups in the broker's environment.
pub struct CgroupEnvironment {
    /// The broker's own group.
    pub unified: Option<PathBuf>,
    pub cpuset: Option<PathBuf>,
    /// /proc/cgroups of the host.
    pub hierarchies: String,
}

/// One sandbox's group.
pub struct Group {
    pub version: u8,
    /// v2: one; v1: one per controller, named by it.
    pub directories: Vec<(String, PathBuf)>,
}

/// A paused group.
pub enum Frozen {
    /// Killing a frozen process works without thawing.
    V2,
    V1(Guard),
}

impl Hierarchy {
    pub fn parents(&self) -> Vec<&Path> {
        match self {
            Self::V2 { parent, .. } => vec![parent],
            Self::V1 { parents } => parents.iter().map(|(_, path)| path.as_path()).collect(),
            Self::None => Vec::new(),
        }
    }
}

impl Group {
    pub fn directory(&self, controller: &str) -> Option<&Path> {
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
