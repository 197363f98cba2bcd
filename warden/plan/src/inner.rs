//! What init is told: the part of a plan that still has to be done for each process it starts.

use crate::model::{Advertised, Seccomp, User};
use serde::{Deserialize, Serialize};

/// Passed as one JSON argument or as a file; holds nothing secret, since both are readable inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InnerPlan {
    /// The workload's ids.
    pub user: User,
    /// True: init has an id of its own and CAP_SETUID, CAP_SETGID, CAP_KILL, CAP_SETPCAP in the sandbox's user
    /// namespace. False: init is the workload's user already and holds nothing.
    pub switches_user: bool,
    /// Left to the workload, without `CAP_`.
    pub capabilities: Vec<String>,
    /// RLIMIT_NOFILE of the workload.
    pub open_files: u64,
    /// The kernel that init runs on is gVisor's Sentry.
    #[serde(default)]
    pub sentry: Option<Sentry>,
}

/// What the broker does before init where the kernel is the host's, and init does itself where it is the Sentry. That
/// one has no securebits to lock, and its pipes have no mode to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sentry {
    /// For init and all that it starts.
    pub seccomp: Seccomp,
    /// Processes and threads, init among them.
    pub pids: u64,
    /// By what they are counted.
    pub counting: Counting,
    /// What control groups inside say.
    #[serde(default)]
    pub advertised: Option<Advertised>,
}

/// What a Sentry counts processes with; which one works differs from release to release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Counting {
    /// A control group of version 2.
    Cgroup2,
    /// One of version 1, in the only hierarchy there is.
    Cgroup,
    /// RLIMIT_NPROC alone: with several hierarchies of version 1, a new process is charged to any one of them.
    Rlimit,
}
