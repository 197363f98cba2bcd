//! Resource limits that need no cgroup.

use bulkhead_plan::{Error, model::Limits};

/// Sets every rlimit of the plan.
pub fn apply(limits: &Limits) -> Result<(), Error> {
    let _ = limits;
    todo!()
}
