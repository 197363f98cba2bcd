//! The keeper's side of a launch: from an order to a child process that sets itself up.

use crate::cgroup;
use crate::fill::Fill;
use crate::idmap::Mapping;
use crate::prefork::{Kind, PreforkPool, Preforked, Resources};
use crate::processors::Processors;
use crate::sandbox::{Phase, Sandbox};
use crate::uid_range::{UidRange, UidRanges};
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::wire::{self, Bytes};
use bulkhead_order::{Assignment, Caller, Level, Mount, Namespace, Order, Owner, Terms};
use bulkhead_protocol::{Cause, filters_of};
use bulkhead_setup::{ViewRequest, source};
use bulkhead_sys::monotonic_us;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A path on a dead network file system must not delay a launch for ever.
const LIMIT: Duration = Duration::from_secs(10);

/// The parts of the broker that a launch uses. Fields are dropped in this order: children before their cgroups.
pub struct Launcher {
    pool: PreforkPool,
    pub home: cgroup::Home,
    /// `None` without root.
    ranges: Option<UidRanges>,
    program: OwnedFd,
    pub processors: Processors,
}

/// The descriptors that came with the order.
pub struct Connections<'a> {
    pub channel: &'a OwnedFd,
    /// The connections that the program names, in its order.
    pub attached: &'a [OwnedFd],
    /// The opened sources, by the order's numbers; none without root.
    pub sources: &'a [OwnedFd],
}

/// The caller of a launch, and its request.
pub struct LaunchRequest<'a> {
    pub caller: &'a Caller,
    pub caller_pid: i32,
    pub front: u64,
}

impl Launcher {
    pub fn new(home: cgroup::Home, privileged: bool) -> Result<Self, Error> {
        let ranges = if privileged { Some(UidRanges::open()?) } else { None };
        let program = crate::self_image::sealed()?;
        Ok(Self { pool: PreforkPool::default(), home, ranges, program, processors: Processors::find() })
    }

    /// Prepares for a sandbox of this level with defaults otherwise.
    pub fn expect(&mut self, level: Level) {
        use Namespace::{Cgroup, Ipc, Mount, Net, Pid, User, Uts};
        let grouped = self.home.facts().version != 0;
        let mut namespaces = vec![Mount, Pid, Ipc, Net];
        namespaces.extend((level != Level::Chroot || self.ranges.is_none()).then_some(User));
        namespaces.extend((level != Level::Chroot).then_some(Uts));
        namespaces.extend(grouped.then_some(Cgroup));
        self.pool.expect(Kind::new(&namespaces, grouped, false, ViewRequest::usual()));
    }

    /// When this returns, the sandbox is launching; a failure leaves nothing behind. `bytes`: the encoded order as it
    /// was checked.
    pub fn launch(
        &mut self,
        mut order: Order,
        bytes: Vec<u8>,
        asked: &LaunchRequest,
        connections: &Connections,
    ) -> Result<Sandbox, Error> {
        let mut marks = vec![monotonic_us()];
        let child = self.instruct(&order, bytes, asked.caller, connections)?;
        marks.push(monotonic_us());
        let filters = filters_of(&order);
        order.mounts.retain(|mount| matches!(mount, Mount::Bind(_)));
        order.filters.base = Vec::new();
        order.filters.workload = None;
        Ok(Sandbox {
            order,
            filters,
            front: asked.front,
            caller_uid: asked.caller.uid,
            caller_pid: asked.caller_pid,
            started: Instant::now(),
            pid: child.pid,
            pidfd: child.pidfd,
            group: child.group,
            range: child.range,
            share: None,
            status: Some(child.status),
            phase: Phase::Launching { until: Instant::now() + LIMIT },
            marks,
            evidence: None,
            fill: Fill::default(),
            frozen: None,
            cause: Cause::Exited,
            error: None,
        })
    }

    pub fn give_back(&mut self, range: Option<UidRange>) {
        UidRanges::give_back_to(&mut self.ranges, range);
    }

    /// Whether `refill` has work to do. Call it when no other work waits.
    pub fn wants_refill(&self) -> bool {
        self.pool.lacking().is_some()
    }

    pub fn refill(&mut self) {
        let (pool, mut resources) = self.split();
        pool.refill(&mut resources);
    }

    fn split(&mut self) -> (&mut PreforkPool, Resources<'_>) {
        let resources = Resources {
            home: &mut self.home,
            ranges: &mut self.ranges,
            processors: &self.processors,
            program: &self.program,
        };
        (&mut self.pool, resources)
    }

    /// A child with its limits set, and its order sent.
    fn instruct(
        &mut self,
        order: &Order,
        bytes: Vec<u8>,
        caller: &Caller,
        connections: &Connections,
    ) -> Result<Preforked, Error> {
        let stored = order.sources.iter().any(|source| matches!(source.owner, Some(Owner::Store(_))));
        let kind = Kind::new(&order.namespaces, order.cgroup_version != 0, stored, wanted(order));
        let (pool, mut resources) = self.split();
        let child = pool.take(&kind, &mut resources)?;
        let offer = order.advertised.map(|told| self.processors.offer(told.milli_cpus)).unwrap_or_default();
        let limited = child.group.as_ref().map_or(Ok(()), |group| group.limit(&order.controllers, &order.limits));
        let assignment = Assignment { terms: Terms { caller: caller.clone(), offer }, order: Bytes(bytes) };
        match limited.and_then(|()| assign(&child, order, &assignment, connections)) {
            Ok(()) => Ok(child),
            Err(error) => {
                self.give_back(child.discard());
                Err(error)
            }
        }
    }
}

/// The views that an order asks for, as far as they can be made in advance.
fn wanted(order: &Order) -> ViewRequest {
    let below_proc = |mount: &Mount| match mount {
        Mount::Mask(at) => at.at.strip_prefix("/proc/").filter(|name| !name.contains('/')).map(str::to_owned),
        _ => None,
    };
    ViewRequest {
        writable: order.mounts.iter().any(|mount| matches!(mount, Mount::Proc(proc) if proc.writable)),
        sys: order.mounts.iter().any(|mount| matches!(mount, Mount::Sys(_))),
        advertised: order.advertised.is_some(),
        masks: order.mounts.iter().filter_map(below_proc).collect(),
    }
}

fn assign(child: &Preforked, order: &Order, assignment: &Assignment, connections: &Connections) -> Result<(), Error> {
    let mounts = clone_sources(child, order, &assignment.terms.caller, connections.sources)?;
    let fds: Vec<BorrowedFd> =
        std::iter::once(connections.channel).chain(connections.attached).chain(&mounts).map(AsFd::as_fd).collect();
    bulkhead_parcel::send(&child.status, &wire::encode(assignment), &fds).attempt(Code::LaunchFailed, "send order")
}

/// Detached mounts of the sources that the front opened, each with its restrictions and id mapping.
fn clone_sources(child: &Preforked, order: &Order, caller: &Caller, opened: &[OwnedFd]) -> Result<Vec<OwnedFd>, Error> {
    let base = child.range.map_or(0, UidRange::base);
    let mut idmaps: Vec<(Mapping, Rc<OwnedFd>)> = Vec::new();
    let mut idmap = |owner: Owner| {
        let mapping = Mapping::of(owner, base);
        if let Some((_, known)) = idmaps.iter().find(|(known, _)| *known == mapping) {
            return Ok(Rc::clone(known));
        }
        let made = child.idmap(&mapping)?;
        idmaps.push((mapping, Rc::clone(&made)));
        Ok(made)
    };
    let clones = (0..).zip(&order.sources).zip(opened).map(|((number, source), opened)| {
        let idmap = source.owner.map(&mut idmap).transpose()?;
        source::clone(order, number, source, opened, caller, idmap.as_deref())
    });
    clones.collect()
}
