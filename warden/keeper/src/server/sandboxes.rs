//! The life of a sandbox: launched, running, ended, removed.

use super::state::{Keeper, Source};
use crate::authorize::Broker;
use crate::evidence;
use crate::launch::{Connections, LaunchRequest};
use crate::sandbox::Phase;
use crate::status::{Received, look_at, receive};
use crate::uid_range::UidRange;
use bulkhead_error::{Code, Error};
use bulkhead_order::wire::Bytes;
use bulkhead_order::{Caller, Order};
use bulkhead_protocol::{Ended, Launch, Launched, Refused, ToFront};
use bulkhead_sys::monotonic_us;
use rustix::event::epoll;
use rustix::fd::{AsFd, OwnedFd};
use rustix::process::{WaitId, WaitIdOptions};
use std::time::{Duration, Instant};

/// If a cgroup is still busy after this time, the next broker removes it.
const REMOVAL_LIMIT: Duration = Duration::from_secs(2);

impl Keeper {
    pub(super) fn launch(&mut self, token: u64, launch: Launch, descriptors: Vec<OwnedFd>) {
        let Some(caller) = self.fronts.get(&token).map(|front| front.caller.clone()) else { return };
        let Launch { caller_pid, order: Bytes(bytes) } = launch;
        // A front checks its orders, so this one no longer acts for its caller.
        let Ok(order) = Order::decode(&bytes) else {
            bulkhead_sys::impatiently(|| drop(descriptors));
            return self.lose(token);
        };
        let asked = LaunchRequest { caller: &caller, caller_pid, front: token };
        let id = order.id.clone();
        let launched = self.try_launch(order, bytes, &asked, &descriptors);
        bulkhead_sys::impatiently(|| drop(descriptors));
        if let Err(error) = launched {
            self.log.refused(&id, caller.uid, &error);
            self.tell(token, &ToFront::Refused(Refused { id, error }), Vec::new());
        }
    }

    fn try_launch(
        &mut self,
        order: Order,
        bytes: Vec<u8>,
        asked: &LaunchRequest,
        descriptors: &[OwnedFd],
    ) -> Result<(), Error> {
        let failed = |detail: &str| Error::new(Code::LaunchFailed, "launch").detail(detail);
        if self.closing {
            return Err(failed("the broker is ending"));
        }
        self.check_room(&order.id, asked.caller)?;
        let privileged = self.host.privileged();
        let broker = Broker {
            privileged,
            cgroup_version: self.launcher.home.facts().version,
            maxima: &self.settings.maxima,
            guest: false,
        };
        broker.authorize(&order, asked.caller)?;
        let attached = order.attached();
        if descriptors.len() != 1 + attached + if privileged { order.sources.len() } else { 0 } {
            return Err(failed("descriptors"));
        }
        let (channel, rest) = descriptors.split_first().ok_or_else(|| failed("channel"))?;
        let (attached, sources) = rest.split_at(attached);
        let connections = Connections { channel, attached, sources };
        let id = order.id.clone();
        let sandbox = self.launcher.launch(order, bytes, asked, &connections)?;
        self.sandboxes.insert(id.clone(), sandbox);
        self.unsettled.push(id.clone());
        let watched = self.watch(Source::Exit(id.clone())).and_then(|_| self.watch(Source::Status(id.clone())));
        if let (Err(error), Some(sandbox)) = (watched, self.sandboxes.get_mut(&id)) {
            sandbox.fail(error);
        }
        Ok(())
    }

    fn check_room(&self, id: &str, caller: &Caller) -> Result<(), Error> {
        if self.sandboxes.contains_key(id) {
            return Err(Error::new(Code::IdTaken, "launch").detail(id));
        }
        let alive = self.sandboxes.values().filter(|one| one.caller_uid == caller.uid && !one.is_dead()).count();
        if self.settings.maxima.sandboxes.is_some_and(|maximum| alive as u64 >= maximum) {
            return Err(Error::new(Code::TooManySandboxes, "launch").detail(alive.to_string()));
        }
        Ok(())
    }

    /// Messages of the child before it becomes init: trusted code, in another process.
    pub(super) fn read_status(&mut self, token: u64, id: String) {
        let Some(sandbox) = self.sandboxes.get_mut(&id) else { return };
        match receive(sandbox) {
            Received::Later => {}
            Received::Ready(marks) => {
                sandbox.marks.extend(marks.into_iter().chain([monotonic_us()]));
                if let Err(error) = look_at(sandbox) {
                    return sandbox.fail(error);
                }
                sandbox.marks.push(monotonic_us());
                sandbox.share = self.launcher.processors.settled(sandbox.pid);
            }
            Received::End => return self.launched(&id),
            Received::Failed(error) => return sandbox.fail(error),
        }
        self.sources.insert(token, Source::Status(id));
    }

    /// The status socket has closed: init runs, if the child was told to continue.
    fn launched(&mut self, id: &str) {
        let Some(sandbox) = self.sandboxes.get_mut(id) else { return };
        sandbox.status = None;
        // Without evidence, the sandbox's death follows and is reported as a refusal.
        let Some(mut evidence) = sandbox.evidence.take() else { return };
        let now = Instant::now();
        sandbox.phase = Phase::Running { since: now };
        sandbox.fill.start(now);
        if let Err(error) = evidence::check_label(&mut evidence, &sandbox.order) {
            return sandbox.fail(error);
        }
        let base = sandbox.range.map(UidRange::base);
        sandbox.marks.push(monotonic_us());
        let (front, pid, marks) = (sandbox.front, sandbox.pid, std::mem::take(&mut sandbox.marks));
        let launched = Launched { id: id.to_owned(), pid, base, evidence, marks };
        self.log.launched(sandbox);
        self.tell(front, &ToFront::Launched(Box::new(launched)), Vec::new());
    }

    pub(super) fn reap(&mut self, id: &str) {
        // The child's last message may still be in its socket.
        while let Some(sandbox) = self.sandboxes.get_mut(id).filter(|sandbox| sandbox.status.is_some()) {
            match receive(sandbox) {
                Received::Later | Received::Ready(_) | Received::End => sandbox.status = None,
                Received::Failed(error) => {
                    sandbox.error.get_or_insert(error);
                    sandbox.status = None;
                }
            }
        }
        let Some(sandbox) = self.sandboxes.get_mut(id) else { return };
        let _ = epoll::delete(&self.epoll, &sandbox.pidfd);
        let _ = rustix::process::waitid(WaitId::PidFd(sandbox.pidfd.as_fd()), WaitIdOptions::EXITED);
        self.report_end(id);
        // The caller has its answer: its next launch need not wait for what follows. The kernel wakes the front on this
        // processor, because a sender usually sleeps next.
        rustix::thread::sched_yield();
        if let Some(sandbox) = self.sandboxes.get_mut(id) {
            sandbox.phase = Phase::Removing { until: Instant::now() + REMOVAL_LIMIT };
        }
        self.remove(id);
        self.unsettled.push(id.to_owned()); // its cgroup may still be busy
    }

    /// Every process of the sandbox is dead: its counters are final.
    fn report_end(&mut self, id: &str) {
        let Some(sandbox) = self.sandboxes.get_mut(id) else { return };
        let (front, error) = (sandbox.front, sandbox.error.take());
        let message = if matches!(sandbox.phase, Phase::Running { .. }) {
            let seen = monotonic_us();
            let stats = sandbox.stats();
            self.log.ended(sandbox, &stats);
            let (cause, marks) = (sandbox.cause, vec![seen, monotonic_us()]);
            ToFront::Ended(Box::new(Ended { id: id.to_owned(), cause, stats, error, marks }))
        } else {
            let early = || Error::new(Code::LaunchFailed, "set up").detail("the child ended early");
            let error = error.unwrap_or_else(early);
            self.log.refused(id, sandbox.caller_uid, &error);
            ToFront::Refused(Refused { id: id.to_owned(), error })
        };
        self.tell(front, &message, Vec::new());
    }

    /// Removes the cgroup and releases the uid range; `expire` retries while the group is busy.
    pub(super) fn remove(&mut self, id: &str) {
        let Some(sandbox) = self.sandboxes.get(id) else { return };
        let Phase::Removing { until } = sandbox.phase else { return };
        let busy = sandbox.group.as_ref().filter(|group| group.remove().is_err());
        if let Some(group) = busy.filter(|_| Instant::now() < until) {
            return group.kill();
        }
        let Some(sandbox) = self.sandboxes.remove(id) else { return };
        self.launcher.give_back(sandbox.range);
        self.sources.retain(|_, source| !matches!(source, Source::Status(one) | Source::Exit(one) if one == id));
    }
}
