//! The life of a sandbox, step by step: launched, running, ended, removed.

use super::status::{Received, receive};
use super::{Server, Source};
use crate::attach::Asked;
use crate::authorize::Broker;
use crate::evidence;
use crate::launch::Connections;
use crate::message::{self, Message};
use crate::sandbox::{Phase, Sandbox};
use crate::uid_range::UidRange;
use bulkhead_error::Attempt;
use bulkhead_plan::{Code, Error, Plan};
use bulkhead_setup::GO;
use rustix::event::epoll;
use rustix::fd::AsFd;
use rustix::net::SendFlags;
use rustix::process::{WaitId, WaitIdOptions};
use std::time::{Duration, Instant};

/// A cgroup that is still busy after this is left to the next broker that starts.
const REMOVAL_LIMIT: Duration = Duration::from_secs(2);

impl Server {
    pub(super) fn launch(&mut self, asked: Asked) {
        let (session, id) = (asked.session, message::id_of(&asked.plan));
        let uid = asked.caller.uid;
        if let Err(error) = self.try_launch(asked) {
            self.log.refused(&id, uid, &error);
            self.tell(session, &Message::Refused { id: &id, error: &error });
        }
    }

    fn try_launch(&mut self, asked: Asked) -> Result<(), Error> {
        let caller = &asked.caller;
        let plan = Plan::parse(asked.plan.get().as_bytes())?;
        if self.closing {
            return Err(Error::new(Code::LaunchFailed, "launch").detail("the broker is ending"));
        }
        if self.sandboxes.contains_key(&plan.id) {
            return Err(Error::new(Code::IdTaken, "launch").detail(plan.id));
        }
        let alive = self.sandboxes.values().filter(|sandbox| sandbox.caller_uid == caller.uid).count();
        if self.options.maxima.sandboxes.is_some_and(|maximum| alive as u64 >= maximum) {
            return Err(Error::new(Code::TooManySandboxes, "launch").detail(alive.to_string()));
        }
        let broker = Broker {
            privileged: self.host.privileged(),
            cgroup_version: self.launcher.home.facts().version,
            maxima: &self.options.maxima,
            guest: false,
        };
        broker.authorize(&plan, caller)?;
        let id = plan.id.clone();
        let Some(attached) = self.attachments.take(asked.session, &id, &plan.payload) else {
            return if self.attachments.park(&id, asked) { Ok(()) } else { Err(too_many_parked()) };
        };
        rustix::io::ioctl_fionbio(&asked.channel, false).attempt(Code::LaunchFailed, "ioctl FIONBIO")?;
        let connections = Connections { channel: &asked.channel, attached: &attached };
        let sandbox = self.launcher.launch(plan, caller, asked.session, &connections)?;
        self.sandboxes.insert(id.clone(), sandbox);
        self.unsettled.push(id.clone());
        let watched = self.watch(Source::Exit(id.clone())).and_then(|_| self.watch(Source::Status(id.clone())));
        if let (Err(error), Some(sandbox)) = (watched, self.sandboxes.get_mut(&id)) {
            sandbox.fail(error);
        }
        Ok(())
    }

    /// Messages of the child before it becomes init: our own code, in another process.
    pub(super) fn read_status(&mut self, token: u64, id: String) {
        let privileged = self.host.privileged();
        let Some(sandbox) = self.sandboxes.get_mut(&id) else { return };
        match receive(sandbox) {
            Received::Later => {}
            Received::Ready => {
                if let Err(error) = look_at(sandbox, privileged) {
                    return sandbox.fail(error);
                }
                sandbox.share = self.launcher.processors.settled(sandbox.pid);
            }
            Received::End => return self.launched(&id),
            Received::Failed(error) => return sandbox.fail(error),
        }
        self.sources.insert(token, Source::Status(id));
    }

    /// The status socket has closed: init runs, if the child was told to go on.
    fn launched(&mut self, id: &str) {
        let Some(sandbox) = self.sandboxes.get_mut(id) else { return };
        sandbox.status = None;
        // Without evidence its death will be noticed, and reported as a refusal.
        let Some(mut evidence) = sandbox.evidence.take() else { return };
        let now = Instant::now();
        sandbox.phase = Phase::Running { since: now };
        sandbox.fill.start(now);
        if let Err(error) = evidence::check_label(&mut evidence, &sandbox.plan) {
            return sandbox.fail(error);
        }
        let (session, pid) = (sandbox.session, sandbox.pid);
        self.log.launched(sandbox, self.sources.get(&session).map_or(0, Source::peer_pid));
        self.tell(session, &Message::Launched { id, pid, evidence: Box::new(evidence) });
    }

    pub(super) fn reap(&mut self, id: &str) {
        // What the child said last may still wait in its socket.
        while let Some(sandbox) = self.sandboxes.get_mut(id).filter(|sandbox| sandbox.status.is_some()) {
            match receive(sandbox) {
                Received::Later | Received::Ready | Received::End => sandbox.status = None,
                Received::Failed(error) => {
                    sandbox.error.get_or_insert(error);
                    sandbox.status = None;
                }
            }
        }
        let Some(sandbox) = self.sandboxes.get_mut(id) else { return };
        let _ = epoll::delete(&self.epoll, &sandbox.pidfd);
        let _ = rustix::process::waitid(WaitId::PidFd(sandbox.pidfd.as_fd()), WaitIdOptions::EXITED);
        let launched = matches!(sandbox.phase, Phase::Running { .. });
        sandbox.phase = Phase::Removing { until: Instant::now() + REMOVAL_LIMIT, launched };
        self.remove(id);
        if self.sandboxes.contains_key(id) {
            self.unsettled.push(id.to_owned()); // its cgroup is still busy
        }
    }

    /// Takes the cgroup away and reports the end; tried again by `expire` while the group is busy.
    pub(super) fn remove(&mut self, id: &str) {
        let Some(sandbox) = self.sandboxes.get_mut(id) else { return };
        let Phase::Removing { until, launched } = sandbox.phase else { return };
        let stats = sandbox.stats();
        let busy = sandbox.group.as_ref().is_some_and(|group| group.remove().is_err());
        if busy && Instant::now() < until {
            if let Some(group) = &sandbox.group {
                group.kill();
            }
            return;
        }
        let Some(sandbox) = self.sandboxes.remove(id) else { return };
        self.launcher.give_back(sandbox.range);
        self.sources.retain(|_, source| !matches!(source, Source::Status(one) | Source::Exit(one) if one == id));
        if launched {
            self.log.ended(&sandbox, &stats);
            self.tell(
                sandbox.session,
                &Message::Ended { id, cause: sandbox.cause, stats, error: sandbox.error.as_ref() },
            );
        } else {
            let error = sandbox
                .error
                .unwrap_or_else(|| Error::new(Code::LaunchFailed, "set up").detail("the child ended early"));
            self.log.refused(id, sandbox.caller_uid, &error);
            self.tell(sandbox.session, &Message::Refused { id, error: &error });
        }
    }
}

fn too_many_parked() -> Error {
    Error::new(Code::TooManySandboxes, "wait for attached connections")
}

/// Fail closed: the child is told to go on only when what is seen from outside is what the plan says.
pub fn look_at(sandbox: &mut Sandbox, privileged: bool) -> Result<(), Error> {
    let base = sandbox.range.map_or(0, UidRange::base);
    let evidence = evidence::collect(sandbox.pid, &sandbox.plan, sandbox.group.as_ref(), false)?;
    evidence::check(&evidence, &sandbox.plan, base, privileged)?;
    sandbox.evidence = Some(evidence);
    let status = sandbox.status.as_ref().ok_or_else(|| Error::new(Code::LaunchFailed, "answer child"))?;
    rustix::net::send(status, GO, SendFlags::NOSIGNAL).attempt(Code::LaunchFailed, "answer child").map(|_| ())
}
