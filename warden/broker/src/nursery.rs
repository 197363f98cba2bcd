//! Children made ahead of time: in their namespaces and their cgroup already, waiting to be told what to become.
//!
//! A launch does not have to wait for what is the same for every plan. Where none is ready, one is made on the spot: the same
//! code either way, only earlier or later.

use crate::attempt::Attempt;
use crate::cgroup::{Group, Home};
use crate::child::{self, Birth};
use crate::kernel::{self, Fork};
use crate::launch::FilterCache;
use bulkhead_plan::model::Namespace;
use bulkhead_plan::{Code, Error};
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{Signal, WaitId, WaitIdOptions};
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
}

/// A child that waits.
pub struct Blank {
    kind: Kind,
    pub pid: i32,
    pub pidfd: OwnedFd,
    pub status: OwnedFd,
    pub group: Option<Group>,
}

/// What children are made from.
pub struct Parents<'a> {
    pub home: &'a mut Home,
    pub filters: &'a FilterCache,
    pub program: &'a OwnedFd,
    pub privileged: bool,
}

#[derive(Default)]
pub struct Nursery {
    ready: Vec<Blank>,
    asked: Vec<(Kind, u32)>,
}

impl Nursery {
    /// One that was ready, or a new one.
    pub fn take(&mut self, kind: &Kind, parents: &mut Parents) -> Result<Blank, Error> {
        // Only a few kinds exist; whoever makes up more gets no child ahead of time.
        if self.asked.len() < KEPT && !self.asked.iter().any(|(known, _)| known == kind) {
            self.asked.push((kind.clone(), 0));
        }
        if let Some((_, times)) = self.asked.iter_mut().find(|(known, _)| known == kind) {
            *times = times.saturating_add(1);
        }
        let found = self.ready.iter().position(|blank| blank.kind == *kind);
        found.map_or_else(|| make(kind, parents), |index| Ok(self.ready.remove(index)))
    }

    /// The kind that the next child should be made of.
    pub fn lacking(&self) -> Option<Kind> {
        let few = |kind: &Kind| self.ready.iter().filter(|blank| blank.kind == *kind).count() < KEPT_OF_A_KIND;
        let wanted = self.asked.iter().find(|(kind, times)| *times >= WORTH_IT && few(kind));
        wanted.filter(|_| self.ready.len() < KEPT).map(|(kind, _)| kind.clone())
    }

    pub fn refill(&mut self, parents: &mut Parents) {
        let Some(kind) = self.lacking() else { return };
        match make(&kind, parents) {
            Ok(blank) => self.ready.push(blank),
            // The next launch will meet the same fault and report it; until then this is not tried over and over.
            Err(_) => self.asked.retain(|(known, _)| *known != kind),
        }
    }
}

impl Drop for Nursery {
    fn drop(&mut self) {
        self.ready.drain(..).for_each(Blank::discard);
    }
}

impl Blank {
    /// Ends it and leaves nothing.
    pub fn discard(self) {
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
        let _ = rustix::process::waitid(WaitId::PidFd(rustix::fd::AsFd::as_fd(&self.pidfd)), WaitIdOptions::EXITED);
        let deadline = Instant::now() + Duration::from_millis(200);
        while self.group.as_ref().is_some_and(|group| group.remove().is_err()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn make(kind: &Kind, parents: &mut Parents) -> Result<Blank, Error> {
    let group = if kind.grouped { Some(parents.home.make()?) } else { None };
    match fork(kind, parents, group.as_ref()) {
        Ok((pid, pidfd, status)) => Ok(Blank { kind: kind.clone(), pid, pidfd, status, group }),
        Err(error) => {
            if let Some(group) = group {
                let _ = group.remove();
            }
            Err(error)
        }
    }
}

fn fork(kind: &Kind, parents: &Parents, group: Option<&Group>) -> Result<(i32, OwnedFd, OwnedFd), Error> {
    let failed = Code::LaunchFailed;
    let (ours, theirs) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .attempt(failed, "socketpair")?;
    let program = rustix::io::fcntl_dupfd_cloexec(parents.program, 4).attempt(failed, "dup")?;
    let group_fd = group.map(Group::descriptor).transpose()?.flatten();
    // SAFETY: the broker has one thread.
    let fork = unsafe { kernel::fork(clone_flags(&kind.namespaces, parents.privileged), group_fd.as_ref()) };
    match fork.map_err(|errno| refused(errno, parents.privileged))? {
        Fork::Parent { pid, pidfd } => Ok((pid, pidfd, ours)),
        Fork::Child => child::run(&Birth {
            namespaces: &kind.namespaces,
            privileged: parents.privileged,
            group,
            status: theirs,
            program,
            filters: parents.filters,
        }),
    }
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
