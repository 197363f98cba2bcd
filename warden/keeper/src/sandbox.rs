//! The broker's state of one sandbox, from the fork to the removal of its cgroup.

use crate::cgroup::{Frozen, Group};
use crate::fill::Fill;
use crate::processors::Share;
use crate::uid_range::UidRange;
use bulkhead_error::{Code, Error};
use bulkhead_order::Order;
use bulkhead_protocol::{Cause, Evidence, State, Stats};
use rustix::fd::OwnedFd;
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// A sandbox that has run this long will probably continue to run. Before that, the keeper waits for its end and starts
/// no other work, which would take a processor from a launch: the whole of one takes about 6 ms.
pub const SETTLED: Duration = Duration::from_millis(10);

pub struct Sandbox {
    /// Without its filters and most mounts, which are not needed any more.
    pub order: Order,
    /// Number of filters on init.
    pub filters: usize,
    /// The front whose end also ends this sandbox.
    pub front: u64,
    pub caller_uid: u32,
    /// Pid of the peer of the control connection, as the front reports it.
    pub caller_pid: i32,
    pub started: Instant,
    pub pid: i32,
    pub pidfd: OwnedFd,
    pub group: Option<Group>,
    pub range: Option<UidRange>,
    /// The processors that it occupies until it ends.
    pub share: Option<Share>,
    /// Status socket to the child, until init is executed.
    pub status: Option<OwnedFd>,
    pub phase: Phase,
    /// The moments of its launch, in microseconds of the monotonic clock: see docs/control.md.
    pub marks: Vec<u64>,
    /// The protections seen in force before init was executed.
    pub evidence: Option<Evidence>,
    /// The writable file systems.
    pub fill: Fill,
    pub frozen: Option<Frozen>,
    pub cause: Cause,
    pub error: Option<Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The child sets itself up; the keeper kills it after this deadline.
    Launching {
        until: Instant,
    },
    Running {
        since: Instant,
    },
    /// All its processes are dead, and its caller knows. The cgroup may need a moment.
    Removing {
        until: Instant,
    },
}

impl Sandbox {
    pub fn kill(&mut self, cause: Cause) {
        if self.cause == Cause::Exited {
            self.cause = cause;
        }
        // Kill init first: that ends the whole pid namespace. The group kill catches any process that a bug left
        // outside it.
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
        let _ = self.resume(); // on v1 a frozen process does not die
        if let Some(group) = &self.group {
            group.kill();
        }
    }

    /// Ends it because of an error in Bulkhead; the first error is the one reported.
    pub fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
        self.kill(Cause::Failed);
    }

    pub fn pause(&mut self) -> Result<(), Error> {
        let group = self.group.as_ref().ok_or_else(|| Error::new(Code::CgroupUnavailable, "freeze"))?;
        if self.frozen.is_none() {
            self.frozen = Some(group.freeze()?);
        }
        Ok(())
    }

    pub fn resume(&mut self) -> Result<(), Error> {
        match (&self.group, self.frozen.take()) {
            (Some(group), Some(frozen)) => group.thaw(frozen),
            _ => Ok(()),
        }
    }

    pub fn state(&self) -> State {
        match self.phase {
            Phase::Launching { .. } => State::Launching,
            Phase::Running { .. } if self.frozen.is_some() => State::Paused,
            Phase::Running { .. } => State::Running,
            Phase::Removing { .. } => State::Ending,
        }
    }

    pub fn is_dead(&self) -> bool {
        matches!(self.phase, Phase::Removing { .. })
    }

    pub fn is_overdue(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Launching { until } if until < now) && self.error.is_none()
    }

    pub fn is_settled(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Running { since } if now.duration_since(since) >= SETTLED)
    }

    pub fn stats(&mut self) -> Stats {
        let counters = self.group.as_ref().map(Group::counters).unwrap_or_default();
        Stats { counters, disk_full: self.fill.look(Instant::now()) }
    }

    /// When to poll its file systems next; nothing else waits for that.
    pub fn look_due(&self) -> Option<Instant> {
        matches!(self.phase, Phase::Running { .. }).then(|| self.fill.due()).flatten()
    }
}
