//! Compiled filters of the most recent plans. They are the same for almost every plan.

use bulkhead_error::Error;
use bulkhead_order::Filters;
use bulkhead_plan::model::Seccomp;
use std::rc::Rc;

#[derive(Default)]
pub struct FilterCache {
    cached: Vec<(Seccomp, Vec<String>, Rc<Filters>)>,
}

impl FilterCache {
    const LIMIT: usize = 16;

    fn find(&self, seccomp: &Seccomp, capabilities: &[String]) -> Option<Rc<Filters>> {
        let same = |one: &&(Seccomp, Vec<String>, Rc<Filters>)| one.0 == *seccomp && one.1 == capabilities;
        self.cached.iter().find(same).map(|(_, _, filters)| Rc::clone(filters))
    }

    /// Compiles these filters unless they are cached, so that a faulty profile is refused before anything is created.
    pub fn prepare(&mut self, seccomp: &Seccomp, capabilities: &[String]) -> Result<Rc<Filters>, Error> {
        if let Some(known) = self.find(seccomp, capabilities) {
            return Ok(known);
        }
        let filters = Rc::new(bulkhead_filters::compile(seccomp, capabilities)?);
        if self.cached.len() == Self::LIMIT {
            self.cached.remove(0);
        }
        self.cached.push((seccomp.clone(), capabilities.to_vec(), Rc::clone(&filters)));
        Ok(filters)
    }

    /// For a sandbox with defaults. An error here occurs again at the launch, which reports it.
    pub fn prepare_default(&mut self) {
        let seccomp =
            Seccomp { profile: "default".into(), deny_setid: false, unix_sockets_only: false, whiteouts: false };
        let _ = self.prepare(&seccomp, &[]);
    }
}
