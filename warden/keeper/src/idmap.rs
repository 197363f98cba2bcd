//! User namespaces created in advance: to describe an idmapped mount, or for a sandbox to enter.

use crate::uid_range;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::Owner;
use bulkhead_sys::Fork;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::process::Signal;

/// Maps `count` ids starting at `inside_*` to host ids starting at `host_*`. For a mount, the inside ids are those on
/// disk; no other id is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    pub inside_uid: u32,
    pub inside_gid: u32,
    pub host_uid: u32,
    pub host_gid: u32,
    pub count: u32,
    /// A host uid and a host gid that map to themselves, in addition.
    pub same_uid: Option<u32>,
    pub same_gid: Option<u32>,
}

impl Mapping {
    /// For an idmapped mount, with the first id of the sandbox's range added.
    pub fn of(owner: Owner, base: u32) -> Self {
        match owner {
            Owner::One(owner) => Self {
                inside_uid: owner.host_uid,
                inside_gid: owner.host_gid,
                host_uid: base + owner.uid,
                host_gid: base + owner.gid,
                count: 1,
                same_uid: (owner.maker && owner.uid != 0).then_some(base),
                same_gid: (owner.maker && owner.gid != 0).then_some(base),
            },
            Owner::Store(owner) => Self::whole(owner.range, base),
        }
    }

    /// All ids of a sandbox, starting at `inside`.
    pub fn whole(inside: u32, base: u32) -> Self {
        Self {
            inside_uid: inside,
            inside_gid: inside,
            host_uid: base,
            host_gid: base,
            count: uid_range::SIZE,
            same_uid: None,
            same_gid: None,
        }
    }
}

/// The descriptor, or a mount made with it, keeps the namespace alive. The process that creates it ends before this
/// returns.
pub fn user_namespace(mapping: &Mapping, failed: Code) -> Result<OwnedFd, Error> {
    let broker = rustix::process::getpid();
    let fork = bulkhead_sys::fork(libc::CLONE_NEWUSER as u64, None).attempt(failed, "clone")?;
    let Fork::Parent { pid, pidfd } = fork else { wait_for_death(broker) };
    let opened = describe(pid, mapping, failed);
    let _ = rustix::process::pidfd_send_signal(&pidfd, Signal::KILL);
    let _ = rustix::process::waitid(
        rustix::process::WaitId::PidFd(rustix::fd::AsFd::as_fd(&pidfd)),
        rustix::process::WaitIdOptions::EXITED,
    );
    opened
}

/// This process holds copies of all of the broker's descriptors, so it must not outlive the broker.
fn wait_for_death(broker: rustix::process::Pid) -> ! {
    let asked = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    // The call above does not report a broker that died before it.
    while asked.is_ok() && rustix::process::getppid() == Some(broker) {
        bulkhead_sys::pause();
    }
    bulkhead_sys::exit_now(0)
}

fn describe(pid: i32, mapping: &Mapping, failed: Code) -> Result<OwnedFd, Error> {
    for (file, inside, host, same) in [
        (format!("/proc/{pid}/uid_map"), mapping.inside_uid, mapping.host_uid, mapping.same_uid),
        (format!("/proc/{pid}/gid_map"), mapping.inside_gid, mapping.host_gid, mapping.same_gid),
    ] {
        let same = same.map_or_else(String::new, |id| format!("{id} {id} 1\n"));
        // The kernel accepts a map only as one write.
        std::fs::write(&file, format!("{inside} {host} {}\n{same}", mapping.count))
            .attempt_on(failed, "write", &file)?;
    }
    let path = format!("/proc/{pid}/ns/user");
    rustix::fs::open(&*path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).attempt_on(failed, "open", &path)
}
