//! From a plan to a child that sets itself up: the broker's side.

use crate::cgroup;
use crate::compile::{self, Compiler};
use crate::fill::Fill;
use crate::message::Cause;
use crate::nursery::{Blank, Kind, Nursery, Parents};
use crate::orders;
use crate::processors::Processors;
use crate::sandbox::{Phase, Sandbox};
use crate::uid_range::{UidRange, UidRanges};
use bulkhead_order::Caller;
use bulkhead_order::Filters;
use bulkhead_plan::Error;
use bulkhead_plan::model::{Level, Namespace, Owner, Plan, Seccomp};
use bulkhead_setup::Wanted;
use rustix::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A path on a dead network file system must not hold a launch up for ever.
const LIMIT: Duration = Duration::from_secs(10);

/// What launching uses of the broker. Fields are dropped in this order: children before the cgroups that they are in.
pub struct Launcher {
    nursery: Nursery,
    pub home: cgroup::Home,
    /// None without root.
    ranges: Option<UidRanges>,
    program: OwnedFd,
    filters: FilterCache,
    pub processors: Processors,
}

/// What the library opened for this launch.
pub struct Connections<'a> {
    pub channel: &'a OwnedFd,
    /// Those that the payload names, in its order.
    pub attached: &'a [OwnedFd],
}

impl Launcher {
    pub fn new(home: cgroup::Home, privileged: bool) -> Result<Self, Error> {
        let ranges = if privileged { Some(UidRanges::open()?) } else { None };
        Ok(Self {
            nursery: Nursery::default(),
            home,
            ranges,
            program: crate::self_image::sealed()?,
            filters: FilterCache::default(),
            processors: Processors::find(),
        })
    }

    /// Gets ready for a sandbox of this level with defaults for all else.
    pub fn expect(&mut self, level: Level) {
        use Namespace::{Cgroup, Ipc, Mount, Net, Pid, User, Uts};
        let grouped = self.home.facts().version != 0;
        let mut namespaces = vec![Mount, Pid, Ipc, Net];
        namespaces.extend((level != Level::Chroot || self.ranges.is_none()).then_some(User));
        namespaces.extend((level != Level::Chroot).then_some(Uts));
        namespaces.extend(grouped.then_some(Cgroup));
        let seccomp =
            Seccomp { profile: "default".into(), deny_setid: false, unix_sockets_only: false, whiteouts: false };
        // What fails here will fail again at the launch, and be reported there.
        let _ = self.filters.prepare(&seccomp, &[]);
        self.nursery.expect(Kind::new(&namespaces, grouped, false, Wanted::usual()));
    }

    /// The sandbox is launching when this returns; nothing is left when it fails.
    pub fn launch(
        &mut self,
        plan: Plan,
        caller: &Caller,
        session: u64,
        connections: &Connections,
    ) -> Result<Sandbox, Error> {
        let filters = self.filters.prepare(&plan.seccomp, &plan.capabilities)?;
        let blank = self.instruct(&plan, &filters, caller, connections)?;
        Ok(Sandbox {
            plan,
            session,
            caller_uid: caller.uid,
            started: Instant::now(),
            pid: blank.pid,
            pidfd: blank.pidfd,
            group: blank.group,
            range: blank.range,
            share: None,
            status: Some(blank.status),
            phase: Phase::Launching { until: Instant::now() + LIMIT },
            evidence: None,
            counted: cgroup::Counters::default(),
            fill: Fill::default(),
            frozen: None,
            cause: Cause::Exited,
            error: None,
        })
    }

    pub fn give_back(&mut self, range: Option<UidRange>) {
        UidRanges::give_back_to(&mut self.ranges, range);
    }

    /// Whether `refill` has something to do. It should be called when nothing else waits.
    pub fn wants_refill(&self) -> bool {
        self.nursery.lacking().is_some()
    }

    pub fn refill(&mut self) {
        let (nursery, mut parents) = self.split();
        nursery.refill(&mut parents);
    }

    fn split(&mut self) -> (&mut Nursery, Parents<'_>) {
        let parents = Parents {
            home: &mut self.home,
            ranges: &mut self.ranges,
            processors: &self.processors,
            program: &self.program,
        };
        (&mut self.nursery, parents)
    }

    /// A child with its limits set and its order on the way.
    fn instruct(
        &mut self,
        plan: &Plan,
        filters: &Filters,
        caller: &Caller,
        connections: &Connections,
    ) -> Result<Blank, Error> {
        let stored = compile::owners(plan).any(|owner| matches!(owner, Owner::Store(_)));
        let kind = Kind::new(&plan.namespaces, plan.cgroup.version != 0, stored, compile::wanted(plan));
        let (nursery, mut parents) = self.split();
        let blank = nursery.take(&kind, &mut parents)?;
        let offer = plan.advertised.map(|told| self.processors.offer(told.milli_cpus)).unwrap_or_default();
        let limited = blank.group.as_ref().map_or(Ok(()), |group| group.limit(&plan.cgroup.controllers, &plan.limits));
        let compiler = Compiler::new(plan, caller, filters, blank.range.map(UidRange::base), offer);
        match limited.and_then(|()| send_order(&blank, plan, compiler, connections)) {
            Ok(()) => Ok(blank),
            Err(error) => {
                self.give_back(blank.discard());
                Err(error)
            }
        }
    }
}

fn send_order(blank: &Blank, plan: &Plan, compiler: Compiler, connections: &Connections) -> Result<(), Error> {
    let idmaps = compiler.mappings.iter().map(|mapping| blank.idmap(mapping)).collect::<Result<Vec<_>, _>>()?;
    orders::send(&blank.status, &compiler.compile(plan)?, connections, &idmaps)
}

/// Compiled filters of the plans seen last. They are the same for almost every plan.
#[derive(Default)]
pub struct FilterCache {
    kept: Vec<(Seccomp, Vec<String>, Rc<Filters>)>,
}

impl FilterCache {
    const LIMIT: usize = 16;

    fn find(&self, seccomp: &Seccomp, capabilities: &[String]) -> Option<Rc<Filters>> {
        let same = |one: &&(Seccomp, Vec<String>, Rc<Filters>)| one.0 == *seccomp && one.1 == capabilities;
        self.kept.iter().find(same).map(|(_, _, filters)| Rc::clone(filters))
    }

    /// Compiles these filters unless they are known: a faulty profile is refused before anything is made.
    fn prepare(&mut self, seccomp: &Seccomp, capabilities: &[String]) -> Result<Rc<Filters>, Error> {
        if let Some(known) = self.find(seccomp, capabilities) {
            return Ok(known);
        }
        let filters = Rc::new(bulkhead_filters::compile(seccomp, capabilities)?);
        if self.kept.len() == Self::LIMIT {
            self.kept.remove(0);
        }
        self.kept.push((seccomp.clone(), capabilities.to_vec(), Rc::clone(&filters)));
        Ok(filters)
    }
}
