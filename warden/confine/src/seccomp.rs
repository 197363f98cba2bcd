//! Seccomp filters from the plan and the profile.

use bulkhead_plan::{Error, model::Seccomp};

/// Compiled filters, ready to install in any number of processes.
#[derive(Debug, Clone)]
pub struct Filters {
    programs: Vec<Vec<libc::sock_filter>>,
}

impl Filters {
    /// How many filters `install` adds: what `Seccomp_filters` in `/proc/<pid>/status` must say.
    pub fn count(&self) -> usize {
        self.programs.len()
    }
}

/// Pure: the same arguments give the same filters, so results may be cached.
pub fn compile(seccomp: &Seccomp, capabilities: &[String]) -> Result<Filters, Error> {
    let _ = (seccomp, capabilities);
    todo!()
}

/// Puts the filters in force for the calling thread and all it will start. Needs no-new-privs. Never to be undone.
pub fn install(filters: &Filters) -> Result<(), Error> {
    let _ = filters;
    todo!()
}
