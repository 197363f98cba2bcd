//! One sandbox, created and supervised by the calling process: the part of a broker that process 1 of a virtual machine
//! needs. It has no socket, no session and no other caller; all other code is shared with the broker.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use bulkhead_error::{Attempt, Code, Error};
pub use bulkhead_front::Judged;
use bulkhead_front::{Expected, FilterCache, compile};
use bulkhead_keeper::{
    Broker, Connections, Group, Home, HostFacts, LaunchRequest, Launcher, Phase, Received, Sandbox, UidRange, evidence,
    look_at, occupy_low_descriptors, receive,
};
use bulkhead_order::{Caller, Level, Namespace};
use bulkhead_plan::Plan;
pub use bulkhead_protocol::Stats;
use bulkhead_protocol::facts::{Facts, Maxima};
use bulkhead_setup::source;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::process::{WaitId, WaitIdOptions};
use rustix::thread::{LinkNameSpaceType, ThreadNameSpaceType};
use std::time::{Duration, Instant};

const FAILED: Code = Code::LaunchFailed;
/// On a busy host an emulated machine takes seconds for a launch that takes milliseconds elsewhere.
const LIMIT: Duration = Duration::from_mins(1);
const ROOT: Caller = Caller { uid: 0, gid: 0, groups: Vec::new() };

/// This system, and the means of launching sandboxes on it.
pub struct Host {
    facts: HostFacts,
    launcher: Launcher,
}

impl Host {
    pub fn find() -> Result<Self, Error> {
        occupy_low_descriptors()?;
        let home = Home::find();
        let facts = HostFacts::probe(home.facts());
        let launcher = Launcher::new(home, facts.privileged())?;
        Ok(Self { facts, launcher })
    }

    pub fn facts(&self) -> Facts {
        self.facts.told_to(&ROOT)
    }

    /// Launches a sandbox from this plan and passes init these connections: the channel, and the others that the plan
    /// names. `set_up` runs last, before init is executed.
    pub fn launch(
        mut self,
        text: &str,
        channel: &OwnedFd,
        attached: &[OwnedFd],
        set_up: impl FnOnce(&Inside) -> Result<(), Error>,
    ) -> Result<Alone, Error> {
        let plan = Plan::parse(text.as_bytes())?;
        if plan.level != Level::Container {
            return Err(Error::new(Code::PlanInvalid, "check").detail("inner.level"));
        }
        if plan.payload.attached().count() != attached.len() {
            return Err(Error::new(Code::PlanInvalid, "check").detail("inner.payload"));
        }
        let maxima = Maxima::default();
        let privileged = self.facts.privileged();
        let cgroup_version = self.launcher.home.facts().version;
        let filters = FilterCache::default().prepare(&plan.seccomp, &plan.capabilities)?;
        let order = compile(&plan, &filters, privileged)?;
        order.check()?;
        Broker { privileged, cgroup_version, maxima: &maxima, guest: true }.authorize(&order, &ROOT)?;
        let sources = (0..).zip(&order.sources).filter(|_| privileged);
        let sources: Vec<OwnedFd> =
            sources.map(|(number, one)| source::open(&order, number, one)).collect::<Result<_, Error>>()?;
        let asked = LaunchRequest { caller: &ROOT, caller_pid: 0, front: 0 };
        let bytes = order.encode();
        let connections = Connections { channel, attached, sources: &sources };
        let mut expected = Expected::of(&plan, order.clone());
        let mut sandbox = self.launcher.launch(order, bytes, &asked, &connections)?;
        expected.base = sandbox.range.map(UidRange::base);
        let started = start(&mut sandbox, set_up);
        let alone = Alone { _launcher: self.launcher, sandbox, expected };
        started.map(|()| alone)
    }
}

/// Follows the child until it executes init.
fn start(sandbox: &mut Sandbox, set_up: impl FnOnce(&Inside) -> Result<(), Error>) -> Result<(), Error> {
    let until = Instant::now() + LIMIT;
    let mut set_up = Some(set_up);
    loop {
        wait(sandbox, until)?;
        match receive(sandbox) {
            Received::Later => {}
            Received::Ready(_) => {
                if let Some(set_up) = set_up.take() {
                    set_up(&Inside { sandbox })?;
                }
                look_at(sandbox)?;
            }
            Received::End => break,
            Received::Failed(error) => return Err(error),
        }
    }
    sandbox.status = None;
    let now = Instant::now();
    sandbox.phase = Phase::Running { since: now };
    sandbox.fill.start(now);
    let Some(evidence) = &mut sandbox.evidence else {
        return Err(Error::new(FAILED, "set up").detail("the child ended early"));
    };
    evidence::check_label(evidence, &sandbox.order)
}

fn wait(sandbox: &Sandbox, until: Instant) -> Result<(), Error> {
    let Some(status) = &sandbox.status else { return Ok(()) };
    let left = until.checked_duration_since(Instant::now()).ok_or_else(|| Error::new(Code::LaunchTimeout, "set up"))?;
    let timeout = rustix::event::Timespec::try_from(left).ok();
    match rustix::event::poll(&mut [PollFd::new(status, PollFlags::IN)], timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        failed => failed.map(drop).attempt(FAILED, "poll"),
    }
}

/// A sandbox whose protections are in force and whose init is not running yet.
pub struct Inside<'a> {
    sandbox: &'a Sandbox,
}

impl Inside<'_> {
    /// Mounts `mount`, read-only, over an existing file or directory.
    pub fn cover(&self, mount: &OwnedFd, at: &str) -> Result<(), Error> {
        use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY, MountAttr};
        use rustix::mount::{MoveMountFlags, move_mount};
        let quiet = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
        bulkhead_sys::mount_setattr(mount, false, &MountAttr { attr_set: quiet, ..MountAttr::default() }).attempt_on(
            Code::MountFailed,
            "mount_setattr",
            at,
        )?;
        visit(self.sandbox, ThreadNameSpaceType::MOUNT, LinkNameSpaceType::Mount, "mnt", || {
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            move_mount(mount, "", rustix::fs::CWD, at, flags).attempt_on(Code::MountFailed, "move_mount", at)
        })
    }
}

/// Runs a function in one of the sandbox's namespaces and returns. A failure to return is fatal, since all later code
/// would run in that namespace.
fn visit(
    sandbox: &Sandbox,
    kind: ThreadNameSpaceType,
    link: LinkNameSpaceType,
    name: &str,
    work: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let path = format!("/proc/self/ns/{name}");
    let home = std::fs::File::open(&path).attempt_on(FAILED, "open", &path)?;
    rustix::thread::move_into_thread_name_spaces(sandbox.pidfd.as_fd(), kind).attempt(FAILED, "setns")?;
    let done = work();
    if rustix::thread::move_into_link_name_space(home.as_fd(), Some(link)).is_err() {
        std::process::abort();
    }
    done
}

/// A running sandbox, and the sources of its control groups and uid range.
pub struct Alone {
    _launcher: Launcher,
    sandbox: Sandbox,
    expected: Expected,
}

impl Alone {
    pub fn hostname(&self) -> &str {
        self.sandbox.order.hostname.as_deref().unwrap_or_default()
    }

    /// Readable when init has ended.
    pub fn exit_fd(&self) -> BorrowedFd<'_> {
        self.sandbox.pidfd.as_fd()
    }

    /// Reads the evidence again; with `everyone`, that of each process inside too.
    pub fn evidence(&self, everyone: bool) -> Result<Judged, Error> {
        evidence::collect(self.sandbox.pid, self.sandbox.group.as_ref(), everyone).map(|seen| self.expected.judge(seen))
    }

    /// Checks whether a file system is full now: it may have space again later.
    pub fn look(&mut self) {
        self.sandbox.fill.look(Instant::now());
    }

    /// Time until the next check of its file systems.
    pub fn look_in(&self) -> Option<Duration> {
        self.sandbox.look_due().map(|due| due.saturating_duration_since(Instant::now()))
    }

    pub fn stats(&mut self) -> Stats {
        self.sandbox.stats()
    }

    /// Returns once the last process of the sandbox has stopped.
    pub fn freeze(&mut self) -> Result<(), Error> {
        self.sandbox.pause()?;
        let until = Instant::now() + LIMIT;
        while !self.sandbox.group.as_ref().is_some_and(Group::is_frozen) {
            if Instant::now() > until {
                self.thaw()?;
                return Err(Error::new(Code::CgroupUnavailable, "freeze").detail("not frozen in time"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    pub fn thaw(&mut self) -> Result<(), Error> {
        self.sandbox.resume()
    }

    /// Changes the sandbox's host name.
    pub fn rename(&self, hostname: &str) -> Result<(), Error> {
        if !self.sandbox.order.has(Namespace::Uts) {
            return Ok(());
        }
        visit(
            &self.sandbox,
            ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME,
            LinkNameSpaceType::HostNameAndNISDomainName,
            "uts",
            || rustix::system::sethostname(hostname.as_bytes()).attempt(FAILED, "sethostname"),
        )
    }

    /// Call after init has ended. Returns its exit code (128 + signal) and the counters.
    pub fn end(&mut self) -> (i32, Stats) {
        let status = rustix::process::waitid(WaitId::PidFd(self.sandbox.pidfd.as_fd()), WaitIdOptions::EXITED);
        let code = status.ok().flatten().map_or(125, |status| {
            status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(125)
        });
        (code, self.stats())
    }
}
