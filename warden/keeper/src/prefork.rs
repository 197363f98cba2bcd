//! A prefork pool: child processes created ahead of time, in their namespaces and their cgroup, that wait for their
//! order.
//!
//! A launch then need not wait for work that is the same for every plan. If no child waits, the same code creates one
//! on the spot.

use crate::cgroup::{Group, Home};
use crate::idmap::{self, Mapping};
use crate::processors::Processors;
use crate::uid_range::{UidRange, UidRanges};
use bulkhead_error::Attempt;
use bulkhead_error::{Code, Error};
use bulkhead_order::{Namespace, STORE_RANGE};
use bulkhead_setup::SpawnContext;
use bulkhead_setup::ViewRequest;
use bulkhead_sys::Fork;
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{Signal, WaitId, WaitIdOptions};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Waiting children of each kind, and in all.
const MAX_OF_A_KIND: usize = 2;
const MAX_WAITING: usize = 4;
/// The pool only holds children of a kind that was requested this often: most programs run one command.
const MIN_REQUESTS: u32 = 2;

/// The facts needed before a child is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    pub namespaces: Vec<Namespace>,
    /// Has a cgroup of its own.
    pub grouped: bool,
    /// Its plan mounts trees of an image store, whose ids must be mapped to those of its range. Any child can serve
    /// such a plan; this one has the mapping in advance.
    pub stored: bool,
    pub views: ViewRequest,
}

impl Kind {
    /// Sorts the lists, so that plans that differ only in their order share a kind.
    pub fn new(namespaces: &[Namespace], grouped: bool, stored: bool, views: ViewRequest) -> Self {
        let mut namespaces = namespaces.to_vec();
        namespaces.sort_unstable();
        Self { namespaces, grouped, stored, views }
    }

    /// Whether a child of the other kind can serve a plan of this one.
    fn fits(&self, other: &Self) -> bool {
        self.namespaces == other.namespaces && self.grouped == other.grouped && self.views.include(&other.views)
    }
}

/// A child that waits for its order.
pub struct Preforked {
    kind: Kind,
    pub pid: i32,
    pub pidfd: OwnedFd,
    pub status: OwnedFd,
    pub group: Option<Group>,
    /// `None` without root.
    pub range: Option<UidRange>,
    /// If its kind mounts stored trees, the mapping of the store's ids to those of its range.
    stored: Option<(Mapping, Rc<OwnedFd>)>,
}

/// The resources from which children are created.
pub struct Resources<'a> {
    pub home: &'a mut Home,
    /// `None` without root.
    pub ranges: &'a mut Option<UidRanges>,
    pub processors: &'a Processors,
    pub program: &'a OwnedFd,
}

#[derive(Default)]
pub struct PreforkPool {
    ready: Vec<Preforked>,
    asked: Vec<(Kind, u32)>,
    /// A kind to create before the first request.
    expected: Option<Kind>,
}

impl PreforkPool {
    /// The first launch will probably be of this kind: its child can be created while the caller is still preparing.
    pub fn expect(&mut self, kind: Kind) {
        self.expected = Some(kind);
    }

    /// A waiting child, or a new one.
    pub fn take(&mut self, kind: &Kind, resources: &mut Resources) -> Result<Preforked, Error> {
        self.expected = None;
        // Only a few kinds exist; a caller that invents more gets no preforked child.
        if self.asked.len() < MAX_WAITING && !self.asked.iter().any(|(known, _)| known == kind) {
            self.asked.push((kind.clone(), 0));
        }
        if let Some((_, times)) = self.asked.iter_mut().find(|(known, _)| known == kind) {
            *times = times.saturating_add(1);
        }
        while let Some(index) = self.position(kind) {
            let child = self.ready.remove(index);
            if child.is_alive() {
                return Ok(child);
            }
            // Killed while it waited, by an administrator or for lack of memory.
            UidRanges::give_back_to(resources.ranges, child.discard());
        }
        make(kind, resources)
    }

    fn position(&self, kind: &Kind) -> Option<usize> {
        let exact = self.ready.iter().position(|child| child.kind == *kind);
        exact.or_else(|| self.ready.iter().position(|child| kind.fits(&child.kind)))
    }

    /// The kind of which the next child should be created.
    pub fn lacking(&self) -> Option<Kind> {
        let few = |kind: &Kind| self.ready.iter().filter(|child| child.kind == *kind).count() < MAX_OF_A_KIND;
        let often = self.asked.iter().find(|(kind, times)| *times >= MIN_REQUESTS && few(kind)).map(|(kind, _)| kind);
        self.expected.as_ref().or(often).filter(|_| self.ready.len() < MAX_WAITING).cloned()
    }

    pub fn refill(&mut self, resources: &mut Resources) {
        let Some(kind) = self.lacking() else { return };
        self.expected = None;
        match make(&kind, resources) {
            Ok(child) => self.ready.push(child),
            // The next launch will meet the same error and report it; do not retry until then.
            Err(_) => self.asked.retain(|(known, _)| *known != kind),
        }
    }
}

impl Drop for PreforkPool {
    fn drop(&mut self) {
        for child in self.ready.drain(..) {
            child.discard(); // its range is free when the broker ends
        }
    }
}

impl Preforked {
    /// A user namespace that describes this mapping.
    pub fn idmap(&self, mapping: &Mapping) -> Result<Rc<OwnedFd>, Error> {
        match &self.stored {
            Some((ready, namespace)) if ready == mapping => Ok(Rc::clone(namespace)),
            _ => Ok(Rc::new(idmap::user_namespace(mapping, Code::MountIdmapUnsupported)?)),
        }
    }

    fn is_alive(&self) -> bool {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(rustix::process::waitid(WaitId::PidFd(rustix::fd::AsFd::as_fd(&self.pidfd)), ended), Ok(None))
    }

    /// Ends the child and cleans up. Returns its range, which the caller must release.
    pub fn discard(self) -> Option<UidRange> {
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
        let _ = rustix::process::waitid(WaitId::PidFd(rustix::fd::AsFd::as_fd(&self.pidfd)), WaitIdOptions::EXITED);
        let deadline = Instant::now() + Duration::from_millis(200);
        while self.group.as_ref().is_some_and(|group| group.remove().is_err()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.range
    }
}

/// The parts of a child; undone again when the child cannot be created.
struct Parts {
    group: Option<Group>,
    range: Option<UidRange>,
}

impl Parts {
    fn gather(kind: &Kind, resources: &mut Resources) -> Result<Self, Error> {
        let range = resources.ranges.as_mut().map(UidRanges::take).transpose()?;
        let group = if kind.grouped { resources.home.make().map(Some) } else { Ok(None) };
        group.map(|group| Self { group, range }).inspect_err(|_| UidRanges::give_back_to(resources.ranges, range))
    }

    fn release(self, resources: &mut Resources) {
        if let Some(group) = self.group {
            let _ = group.remove();
        }
        UidRanges::give_back_to(resources.ranges, self.range);
    }
}

fn make(kind: &Kind, resources: &mut Resources) -> Result<Preforked, Error> {
    let parts = Parts::gather(kind, resources)?;
    match fork(kind, resources, &parts) {
        Ok((pid, pidfd, status)) => Ok(Preforked {
            kind: kind.clone(),
            pid,
            pidfd,
            status,
            stored: parts.range.filter(|_| kind.stored).and_then(stored),
            group: parts.group,
            range: parts.range,
        }),
        Err(error) => {
            parts.release(resources);
            Err(error)
        }
    }
}

fn fork(kind: &Kind, resources: &Resources, parts: &Parts) -> Result<(i32, OwnedFd, OwnedFd), Error> {
    let failed = Code::LaunchFailed;
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
        .attempt(failed, "socketpair")?;
    let program = rustix::io::fcntl_dupfd_cloexec(resources.program, 4).attempt(failed, "dup")?;
    let group_fd = parts.group.as_ref().map(Group::descriptor).transpose()?.flatten();
    let own_user = kind.namespaces.contains(&Namespace::User);
    let user_namespace = parts.range.filter(|_| own_user).map(own_user_namespace).transpose()?;
    let privileged = parts.range.is_some();
    // Read here, once for all children.
    resources.processors.described();
    let fork = bulkhead_sys::fork(clone_flags(&kind.namespaces, privileged), group_fd.as_ref());
    match fork.map_err(|errno| refused(errno, privileged))? {
        Fork::Parent { pid, pidfd } => Ok((pid, pidfd, ours)),
        Fork::Child => bulkhead_setup::run(&SpawnContext {
            base: parts.range.map(UidRange::base),
            user_namespace,
            own_network: kind.namespaces.contains(&Namespace::Net),
            own_cgroups: kind.namespaces.contains(&Namespace::Cgroup),
            groups: parts.group.as_ref().map(Group::entrances).unwrap_or_default(),
            status: theirs,
            program,
            wanted: &kind.views,
            cgroup: &resources.home.view(parts.group.as_ref()),
            processors: resources.processors.described(),
        }),
    }
}

/// The whole range, 0 to 65,535 inside. Only the broker can write such a map; written in advance, no launch waits for
/// it.
fn own_user_namespace(range: UidRange) -> Result<OwnedFd, Error> {
    idmap::user_namespace(&Mapping::whole(0, range.base()), Code::UsernsRefused)
}

/// If the kernel refuses it, the launch will try again and report why.
fn stored(range: UidRange) -> Option<(Mapping, Rc<OwnedFd>)> {
    let mapping = Mapping::whole(STORE_RANGE, range.base());
    let namespace = idmap::user_namespace(&mapping, Code::MountIdmapUnsupported).ok()?;
    Some((mapping, Rc::new(namespace)))
}

/// The child enters its cgroup namespace later, inside the cgroup; as root, its user namespace last of all.
fn clone_flags(namespaces: &[Namespace], privileged: bool) -> u64 {
    let flag = |namespace: &Namespace| match namespace {
        Namespace::Mount => libc::CLONE_NEWNS,
        Namespace::Pid => libc::CLONE_NEWPID,
        Namespace::Ipc => libc::CLONE_NEWIPC,
        Namespace::Net => libc::CLONE_NEWNET,
        Namespace::Uts => libc::CLONE_NEWUTS,
        Namespace::User if !privileged => libc::CLONE_NEWUSER,
        Namespace::User | Namespace::Cgroup => 0,
    };
    namespaces.iter().map(flag).fold(0, |all, one| all | u64::from(one.cast_unsigned()))
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
