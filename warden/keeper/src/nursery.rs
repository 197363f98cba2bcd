//! Children made ahead of time: in their namespaces and their cgroup already, waiting to be told what to become.
//!
//! A launch does not have to wait for what is the same for every plan. Where none is ready, one is made on the spot: the same
//! code either way, only earlier or later.

use crate::cgroup::{Group, Home};
use crate::idmap::{self, Mapping};
use crate::processors::Processors;
use crate::uid_range::{UidRange, UidRanges};
use bulkhead_error::Attempt;
use bulkhead_error::{Code, Error};
use bulkhead_order::{Namespace, STORE_RANGE};
use bulkhead_setup::Birth;
use bulkhead_setup::Wanted;
use bulkhead_sys::Fork;
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{Signal, WaitId, WaitIdOptions};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Ready at once for each kind, and in all.
const KEPT_OF_A_KIND: usize = 2;
const KEPT: usize = 4;
/// Children are made ahead only for a kind that was asked for this often: most programs run one command.
const WORTH_IT: u32 = 2;

/// What must be known before a child is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    pub namespaces: Vec<Namespace>,
    /// In a cgroup of its own.
    pub grouped: bool,
    /// Its plan mounts trees of an image store, whose ids must be told as those of its range. Any child can be of such a plan; this
    /// one has the mapping beforehand.
    pub stored: bool,
    pub views: Wanted,
}

impl Kind {
    /// In one order, so that plans which say the same in another do not make another kind.
    pub fn new(namespaces: &[Namespace], grouped: bool, stored: bool, views: Wanted) -> Self {
        let mut namespaces = namespaces.to_vec();
        namespaces.sort_unstable();
        Self { namespaces, grouped, stored, views }
    }

    /// Whether a child of the other kind can become what this one is for.
    fn fits(&self, other: &Self) -> bool {
        self.namespaces == other.namespaces && self.grouped == other.grouped && self.views.include(&other.views)
    }
}

/// A child that waits.
pub struct Blank {
    kind: Kind,
    pub pid: i32,
    pub pidfd: OwnedFd,
    pub status: OwnedFd,
    pub group: Option<Group>,
    /// None without root.
    pub range: Option<UidRange>,
    /// Of a kind that mounts stored trees, the ids of the store as those of its range.
    stored: Option<(Mapping, Rc<OwnedFd>)>,
}

/// What children are made from.
pub struct Parents<'a> {
    pub home: &'a mut Home,
    /// None without root.
    pub ranges: &'a mut Option<UidRanges>,
    pub processors: &'a Processors,
    pub program: &'a OwnedFd,
}

#[derive(Default)]
pub struct Nursery {
    ready: Vec<Blank>,
    asked: Vec<(Kind, u32)>,
    /// One to be made before anybody has asked.
    expected: Option<Kind>,
}

impl Nursery {
    /// The first launch will probably be of this kind: its child can be made while the caller still gets ready.
    pub fn expect(&mut self, kind: Kind) {
        self.expected = Some(kind);
    }

    /// One that was ready, or a new one.
    pub fn take(&mut self, kind: &Kind, parents: &mut Parents) -> Result<Blank, Error> {
        self.expected = None;
        // Only a few kinds exist; whoever makes up more gets no child ahead of time.
        if self.asked.len() < KEPT && !self.asked.iter().any(|(known, _)| known == kind) {
            self.asked.push((kind.clone(), 0));
        }
        if let Some((_, times)) = self.asked.iter_mut().find(|(known, _)| known == kind) {
            *times = times.saturating_add(1);
        }
        while let Some(index) = self.position(kind) {
            let blank = self.ready.remove(index);
            if blank.is_alive() {
                return Ok(blank);
            }
            // Killed while it waited, by an administrator or for want of memory.
            UidRanges::give_back_to(parents.ranges, blank.discard());
        }
        make(kind, parents)
    }

    fn position(&self, kind: &Kind) -> Option<usize> {
        let exact = self.ready.iter().position(|blank| blank.kind == *kind);
        exact.or_else(|| self.ready.iter().position(|blank| kind.fits(&blank.kind)))
    }

    /// The kind that the next child should be made of.
    pub fn lacking(&self) -> Option<Kind> {
        let few = |kind: &Kind| self.ready.iter().filter(|blank| blank.kind == *kind).count() < KEPT_OF_A_KIND;
        let often = self.asked.iter().find(|(kind, times)| *times >= WORTH_IT && few(kind)).map(|(kind, _)| kind);
        self.expected.as_ref().or(often).filter(|_| self.ready.len() < KEPT).cloned()
    }

    pub fn refill(&mut self, parents: &mut Parents) {
        let Some(kind) = self.lacking() else { return };
        self.expected = None;
        match make(&kind, parents) {
            Ok(blank) => self.ready.push(blank),
            // The next launch will meet the same fault and report it; until then this is not tried over and over.
            Err(_) => self.asked.retain(|(known, _)| *known != kind),
        }
    }
}

impl Drop for Nursery {
    fn drop(&mut self) {
        for blank in self.ready.drain(..) {
            blank.discard(); // its range is free with the end of the broker
        }
    }
}

impl Blank {
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

    /// Ends it and leaves nothing but its range, which is to be given back.
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

/// What a child is made of; taken apart again when it cannot be made.
struct Parts {
    group: Option<Group>,
    range: Option<UidRange>,
}

impl Parts {
    fn gather(kind: &Kind, parents: &mut Parents) -> Result<Self, Error> {
        let range = parents.ranges.as_mut().map(UidRanges::take).transpose()?;
        let group = if kind.grouped { parents.home.make().map(Some) } else { Ok(None) };
        group.map(|group| Self { group, range }).inspect_err(|_| UidRanges::give_back_to(parents.ranges, range))
    }

    fn scatter(self, parents: &mut Parents) {
        if let Some(group) = self.group {
            let _ = group.remove();
        }
        UidRanges::give_back_to(parents.ranges, self.range);
    }
}

fn make(kind: &Kind, parents: &mut Parents) -> Result<Blank, Error> {
    let parts = Parts::gather(kind, parents)?;
    match fork(kind, parents, &parts) {
        Ok((pid, pidfd, status)) => Ok(Blank {
            kind: kind.clone(),
            pid,
            pidfd,
            status,
            stored: parts.range.filter(|_| kind.stored).and_then(stored),
            group: parts.group,
            range: parts.range,
        }),
        Err(error) => {
            parts.scatter(parents);
            Err(error)
        }
    }
}

fn fork(kind: &Kind, parents: &Parents, parts: &Parts) -> Result<(i32, OwnedFd, OwnedFd), Error> {
    let failed = Code::LaunchFailed;
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
        .attempt(failed, "socketpair")?;
    let program = rustix::io::fcntl_dupfd_cloexec(parents.program, 4).attempt(failed, "dup")?;
    let group_fd = parts.group.as_ref().map(Group::descriptor).transpose()?.flatten();
    let own_user = kind.namespaces.contains(&Namespace::User);
    let user_namespace = parts.range.filter(|_| own_user).map(own_user_namespace).transpose()?;
    let privileged = parts.range.is_some();
    // Read here, once for all of them.
    parents.processors.described();
    let fork = bulkhead_sys::fork(clone_flags(&kind.namespaces, privileged), group_fd.as_ref());
    match fork.map_err(|errno| refused(errno, privileged))? {
        Fork::Parent { pid, pidfd } => Ok((pid, pidfd, ours)),
        Fork::Child => bulkhead_setup::run(&Birth {
            base: parts.range.map(UidRange::base),
            user_namespace,
            own_network: kind.namespaces.contains(&Namespace::Net),
            own_cgroups: kind.namespaces.contains(&Namespace::Cgroup),
            groups: parts.group.as_ref().map(Group::entrances).unwrap_or_default(),
            status: theirs,
            program,
            wanted: &kind.views,
            cgroup: &parents.home.view(parts.group.as_ref()),
            processors: parents.processors.described(),
        }),
    }
}

/// The whole range, 0 to 65,535 inside. Only the broker can write such a map; made beforehand, nobody has to wait for it.
fn own_user_namespace(range: UidRange) -> Result<OwnedFd, Error> {
    idmap::user_namespace(&Mapping::whole(0, range.base()), Code::UsernsRefused)
}

/// Where a kernel refuses it, the launch will try again and tell why.
fn stored(range: UidRange) -> Option<(Mapping, Rc<OwnedFd>)> {
    let mapping = Mapping::whole(STORE_RANGE, range.base());
    let namespace = idmap::user_namespace(&mapping, Code::MountIdmapUnsupported).ok()?;
    Some((mapping, Rc::new(namespace)))
}

/// The cgroup namespace is made later, inside the cgroup; as root the user namespace last of all.
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
