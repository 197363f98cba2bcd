//! What init is told: the part of a plan that still has to be done for each process it starts.

use crate::model::User;
use serde::{Deserialize, Serialize};

/// Passed as one JSON argument; holds nothing secret, since `/proc/1/cmdline` is readable inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InnerPlan {
    /// The workload's ids.
    pub user: User,
    /// True: init has an id of its own and CAP_SETUID, CAP_SETGID, CAP_KILL, CAP_SETPCAP in the sandbox's user namespace.
    /// False: init is the workload's user already and holds nothing.
    pub switches_user: bool,
    /// Left to the workload, without `CAP_`.
    pub capabilities: Vec<String>,
    /// RLIMIT_NOFILE of the workload.
    pub open_files: u64,
    /// The kernel that init runs on is gVisor's Sentry, which has no securebits to lock and whose pipes have no mode to change.
    #[serde(default)]
    pub sentry: bool,
}
