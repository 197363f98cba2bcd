//! From a plan to a child that sets itself up: the broker's side.

use crate::attempt::Attempt;
use crate::authorize;
use crate::caller::Caller;
use crate::cgroup::{self, Group};
use crate::child::{self, Setup};
use crate::idmap;
use crate::kernel::{self, Fork};
use crate::message::Cause;
use crate::sandbox::{Phase, Sandbox};
use crate::uid_range::{UidRange, UidRanges};
use bulkhead_confine::seccomp::{self, Filters};
use bulkhead_plan::model::{Namespace, Plan, Seccomp};
use bulkhead_plan::{Code, Error};
use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A path on a dead network file system must not hold a launch up for ever.
const LIMIT: Duration = Duration::from_secs(10);

/// What launching uses of the broker.
pub struct Launcher {
    pub home: cgroup::Home,
    /// None without root.
    pub ranges: Option<UidRanges>,
    program: OwnedFd,
    filters: Vec<(Seccomp, Vec<String>, Rc<Filters>)>,
}

/// Filters are the same for almost every plan; more kinds than this are compiled anew.
const FILTERS_KEPT: usize = 16;

impl Launcher {
    pub fn new(home: cgroup::Home, privileged: bool) -> Result<Self, Error> {
        let ranges = if privileged { Some(UidRanges::open()?) } else { None };
        Ok(Self { home, ranges, program: crate::self_image::sealed()?, filters: Vec::new() })
    }

    /// The sandbox is launching when this returns; nothing is left when it fails.
    pub fn launch(&mut self, plan: Plan, caller: &Caller, session: u64, channel: OwnedFd) -> Result<Sandbox, Error> {
        let filters = self.filters(&plan)?;
        let range = self.ranges.as_mut().map(UidRanges::take).transpose()?;
        let launched = self.make_group(&plan).and_then(|group| {
            let made = self.fork(&plan, caller, range, group.as_ref(), &filters, channel);
            if let (Err(_), Some(group)) = (&made, &group) {
                let _ = group.remove();
            }
            made.map(|child| (child, group))
        });
        match launched {
            Ok((child, group)) => Ok(Sandbox {
                plan,
                session,
                caller_uid: caller.uid,
                pid: child.pid,
                pidfd: child.pidfd,
                group,
                range,
                status: Some(child.status),
                phase: Phase::Launching { until: Instant::now() + LIMIT, ready: false },
                watched: Vec::new(),
                cause: Cause::Exited,
                error: None,
            }),
            Err(error) => {
                self.give_back(range);
                Err(error)
            }
        }
    }

    pub fn give_back(&mut self, range: Option<UidRange>) {
        if let (Some(ranges), Some(range)) = (&mut self.ranges, range) {
            ranges.give_back(range);
        }
    }

    fn make_group(&mut self, plan: &Plan) -> Result<Option<Group>, Error> {
        if plan.cgroup.version == 0 {
            return Ok(None);
        }
        self.home.make(&plan.id, &plan.cgroup.controllers, &plan.limits).map(Some)
    }

    fn filters(&mut self, plan: &Plan) -> Result<Rc<Filters>, Error> {
        let known = self
            .filters
            .iter()
            .find(|(seccomp, capabilities, _)| *seccomp == plan.seccomp && *capabilities == plan.capabilities);
        if let Some((_, _, filters)) = known {
            return Ok(Rc::clone(filters));
        }
        let filters = Rc::new(seccomp::compile(&plan.seccomp, &plan.capabilities)?);
        if self.filters.len() == FILTERS_KEPT {
            self.filters.remove(0);
        }
        self.filters.push((plan.seccomp.clone(), plan.capabilities.clone(), Rc::clone(&filters)));
        Ok(filters)
    }

    fn fork(
        &self,
        plan: &Plan,
        caller: &Caller,
        range: Option<UidRange>,
        group: Option<&Group>,
        filters: &Filters,
        channel: OwnedFd,
    ) -> Result<Child, Error> {
        let failed = Code::LaunchFailed;
        let base = range.map_or(0, UidRange::base);
        let idmaps =
            authorize::mappings(plan, base).iter().map(idmap::user_namespace).collect::<Result<Vec<_>, _>>()?;
        let flags = SocketFlags::CLOEXEC;
        let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
            .attempt(failed, "socketpair")?;
        let group_fd = group.map(Group::descriptor).transpose()?.flatten();
        // SAFETY: the broker has one thread.
        let fork = unsafe { kernel::fork(clone_flags(plan, range.is_some()), group_fd.as_ref()) };
        match fork.map_err(|errno| refused(errno, range.is_some()))? {
            Fork::Parent { pid, pidfd } => Ok(Child { pid, pidfd, status: ours }),
            Fork::Child => child::run(Setup {
                plan,
                caller,
                privileged: range.is_some(),
                base,
                group,
                filters,
                idmaps,
                channel,
                status: theirs,
                program: self.program.as_fd(),
            }),
        }
    }
}

struct Child {
    pid: i32,
    pidfd: OwnedFd,
    status: OwnedFd,
}

/// The cgroup namespace is made later, inside the cgroup; as root the user namespace last of all.
fn clone_flags(plan: &Plan, privileged: bool) -> u64 {
    let flag = |namespace: &Namespace| match namespace {
        Namespace::Mount => libc::CLONE_NEWNS,
        Namespace::Pid => libc::CLONE_NEWPID,
        Namespace::Ipc => libc::CLONE_NEWIPC,
        Namespace::Net => libc::CLONE_NEWNET,
        Namespace::Uts => libc::CLONE_NEWUTS,
        Namespace::User if !privileged => libc::CLONE_NEWUSER,
        Namespace::User | Namespace::Cgroup => 0,
    };
    plan.namespaces.iter().map(flag).fold(0, |all, one| all | u64::from(one.cast_unsigned()))
}

fn refused(errno: rustix::io::Errno, privileged: bool) -> Error {
    use rustix::io::Errno;
    let code = match errno {
        Errno::PERM | Errno::NOSPC | Errno::USERS if !privileged => Code::UsernsRefused,
        Errno::PERM | Errno::NOSPC | Errno::INVAL => Code::NamespaceRefused,
        _ => Code::LaunchFailed,
    };
    Error::new(code, "clone3").errno(errno.raw_os_error())
}

/// Gives the new user namespace its ids: the whole range, 0 to 65,535 inside.
pub fn write_maps(pid: i32, range: UidRange) -> Result<(), Error> {
    for file in ["uid_map", "gid_map"] {
        let path = format!("/proc/{pid}/{file}");
        std::fs::write(&path, format!("0 {} 65536\n", range.base())).attempt_on(Code::UsernsRefused, "write", &path)?;
    }
    Ok(())
}
