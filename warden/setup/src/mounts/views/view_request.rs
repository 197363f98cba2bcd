//! The content of the views, and the sources that they are made from.

use std::path::PathBuf;

/// The views that a plan asks for, as far as they can be made in advance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRequest {
    /// Whether /proc as a whole is writable.
    pub writable: bool,
    pub sys: bool,
    pub advertised: bool,
    /// Paths below /proc.
    pub masks: Vec<String>,
}

impl ViewRequest {
    /// The views of a policy without special requests; the first plan adds the masks.
    pub fn usual() -> Self {
        Self { writable: false, sys: true, advertised: true, masks: Vec::new() }
    }

    /// Whether views made for `other` can be completed to these.
    pub fn include(&self, other: &Self) -> bool {
        let same = (self.writable, self.sys, self.advertised) == (other.writable, other.sys, other.advertised);
        same && other.masks.iter().all(|name| self.masks.contains(name))
    }
}

/// The sources of the views.
pub struct Sources<'a> {
    pub wanted: &'a ViewRequest,
    pub cgroup: &'a View,
    /// Each processor's block of the host's /proc/cpuinfo.
    pub processors: &'a [(u32, String)],
}

/// The control groups shown inside.
pub enum View {
    /// The sandbox's group.
    V2(PathBuf),
    V1 {
        /// The sandbox's groups, by controller.
        groups: Vec<(String, PathBuf)>,
        /// The broker's own cpuset group: a sandbox has none.
        cpuset: Option<PathBuf>,
        hierarchies: String,
    },
    /// No group has all of the plan's limits; `around` is the v2 group that the sandbox is in, if any.
    Texts { around: Option<PathBuf> },
}

impl View {
    /// /proc/cgroups of a host with v1, by which programs recognize v1.
    pub fn hierarchies(&self) -> Option<&str> {
        match self {
            Self::V1 { hierarchies, .. } => Some(hierarchies),
            Self::V2(_) | Self::Texts { .. } => None,
        }
    }
}
