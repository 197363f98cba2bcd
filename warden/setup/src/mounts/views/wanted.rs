//! What the views are to show, and what they are made from.

use std::path::PathBuf;

/// Which views a plan asks for, as far as they can be made before it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// /proc, as a whole.
    pub writable: bool,
    pub sys: bool,
    pub advertised: bool,
    /// Below /proc.
    pub masks: Vec<String>,
}

impl Wanted {
    /// Of a policy that asks for nothing special; what is masked is seen with the first plan.
    pub fn usual() -> Self {
        Self { writable: false, sys: true, advertised: true, masks: Vec::new() }
    }

    /// Whether views made for the other can be completed to these.
    pub fn include(&self, other: &Self) -> bool {
        let same = (self.writable, self.sys, self.advertised) == (other.writable, other.sys, other.advertised);
        same && other.masks.iter().all(|name| self.masks.contains(name))
    }
}

/// What the views are made from.
pub struct Sources<'a> {
    pub wanted: &'a Wanted,
    pub cgroup: &'a View,
    /// What /proc/cpuinfo of the host says of each processor.
    pub processors: &'a [(u32, String)],
}

/// What is shown of control groups inside.
pub enum View {
    /// The sandbox's group.
    V2(PathBuf),
    V1 {
        /// The sandbox's, by controller.
        groups: Vec<(String, PathBuf)>,
        /// The broker's own: a sandbox has none there.
        cpuset: Option<PathBuf>,
        hierarchies: String,
    },
    /// No group limits all that the plan does; `around` is the v2 group that the sandbox is in, if any.
    Texts { around: Option<PathBuf> },
}

impl View {
    /// /proc/cgroups of a host with v1, from which programs see that it is one.
    pub fn hierarchies(&self) -> Option<&str> {
        match self {
            Self::V1 { hierarchies, .. } => Some(hierarchies),
            Self::V2(_) | Self::Texts { .. } => None,
        }
    }
}
