//! Init's input: the part of a plan to apply to each process that it starts.

use crate::model::{Advertised, Seccomp, User};
use serde::{Deserialize, Serialize};

/// Passed as one JSON argument or as a file; contains no secrets, since both are readable inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InnerPlan {
    /// The workload's ids.
    pub user: User,
    /// True: init has an id of its own and CAP_SETUID, CAP_SETGID, CAP_KILL, CAP_SETPCAP in the sandbox's user
    /// namespace. False: init is the workload's user already and has no capabilities.
    pub switches_user: bool,
    /// Left to the workload, without `CAP_`.
    pub capabilities: Vec<String>,
    /// RLIMIT_NOFILE of the workload.
    pub open_files: u64,
    /// The kernel that init runs on is gVisor's Sentry.
    #[serde(default)]
    pub sentry: Option<Sentry>,
}

/// The steps that the broker does before init on the host's kernel, and that init does itself on the Sentry. The Sentry
/// has no securebits to lock, and its pipes have no mode to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sentry {
    /// For init and all processes that it starts.
    pub seccomp: Seccomp,
    /// Processes and threads, including init.
    pub pids: u64,
    /// The mechanism that counts them.
    pub counting: Counting,
    /// The limits that control groups inside show.
    #[serde(default)]
    pub advertised: Option<Advertised>,
}

/// The mechanism with which a Sentry counts processes; which one works differs between releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Counting {
    /// A control group of version 2.
    Cgroup2,
    /// A control group of version 1, in the only hierarchy.
    Cgroup,
    /// RLIMIT_NPROC alone: with several v1 hierarchies, the Sentry charges a new process to an arbitrary one.
    Rlimit,
}
