//! The life of a sandbox, step by step: launched, running, ended, removed.

use super::status::{Received, receive};
use super::{Server, Source};
use crate::attempt::Attempt;
use crate::authorize::Broker;
use crate::caller::Caller;
use crate::evidence;
use crate::launch::Planned;
use crate::message::{self, Cause, Message};
use crate::sandbox::Phase;
use bulkhead_plan::{Code, Error, Plan};
use rustix::event::epoll;
use rustix::fd::{AsFd, OwnedFd};
use rustix::process::{WaitId, WaitIdOptions};
use std::time::{Duration, Instant};

/// A cgroup that is still busy after this is left to the next broker that starts.
const REMOVAL_LIMIT: Duration = Duration::from_secs(2);

impl Server {
    pub(super) fn launch(&mut self, channel: &OwnedFd, caller: &Caller, key: &str, plan: &serde_json::value::RawValue) {
        let owner = self.sources.iter().find_map(|(token, source)| match source {
            Source::Session(session) if session.key == key && session.caller.uid == caller.uid => Some(*token),
            _ => None,
        });
        let Some(token) = owner else { return };
        if let Err(error) = self.try_launch(channel, caller, token, plan) {
            self.tell(token, &Message::Refused { id: &message::id_of(plan), error: &error });
        }
    }

    fn try_launch(
        &mut self,
        channel: &OwnedFd,
        caller: &Caller,
        session: u64,
        plan: &serde_json::value::RawValue,
    ) -> Result<(), Error> {
        let text = plan.get();
        let plan = Plan::parse(text.as_bytes())?;
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
        };
        broker.authorize(&plan, caller)?;
        rustix::io::ioctl_fionbio(channel, false).attempt(Code::LaunchFailed, "ioctl FIONBIO")?;
        let id = plan.id.clone();
        let sandbox = self.launcher.launch(Planned { plan, text }, caller, session, channel)?;
        self.sandboxes.insert(id.clone(), sandbox);
        let watched = self.watch(Source::Exit(id.clone())).and_then(|_| self.watch(Source::Status(id.clone())));
        if let (Err(error), Some(sandbox)) = (watched, self.sandboxes.get_mut(&id)) {
            sandbox.error = Some(error);
            sandbox.kill(Cause::Failed);
        }
        Ok(())
    }

    /// Messages of the child before it becomes init: our own code, in another process.
    pub(super) fn read_status(&mut self, token: u64, id: String) {
        let Some(sandbox) = self.sandboxes.get_mut(&id) else { return };
        match receive(sandbox) {
            Received::Later => {
                self.sources.insert(token, Source::Status(id));
            }
            Received::End => self.launched(&id),
            Received::Failed(error) => {
                sandbox.error.get_or_insert(error);
                sandbox.kill(Cause::Failed);
            }
        }
    }

    /// The status socket has closed: init runs, if the child said that it was ready for it.
    fn launched(&mut self, id: &str) {
        let privileged = self.host.privileged();
        let Some(sandbox) = self.sandboxes.get_mut(id) else { return };
        sandbox.status = None;
        if !matches!(sandbox.phase, Phase::Launching { ready: true, .. }) {
            return; // its death will be noticed, and reported as a refusal
        }
        let base = sandbox.range.map_or(0, crate::uid_range::UidRange::base);
        let seen = evidence::collect(sandbox.pid, &sandbox.plan, sandbox.group.as_ref(), false);
        let checked = seen.and_then(|seen| evidence::check(&seen, &sandbox.plan, base, privileged).map(|()| seen));
        let session = sandbox.session;
        match checked {
            Ok(evidence) => {
                sandbox.phase = Phase::Running;
                let pid = sandbox.pid;
                self.tell(session, &Message::Launched { id, pid, evidence: Box::new(evidence) });
            }
            // Init has ended within a millisecond: then there is nothing to look at, and nothing runs.
            Err(_)
                if rustix::process::waitid(
                    WaitId::PidFd(sandbox.pidfd.as_fd()),
                    WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG,
                )
                .is_ok_and(|status| status.is_some()) =>
            {
                sandbox.phase = Phase::Running;
            }
            Err(error) => {
                sandbox.phase = Phase::Running;
                sandbox.error = Some(error);
                sandbox.kill(Cause::Failed);
            }
        }
    }

    pub(super) fn reap(&mut self, id: &str) {
        // What the child said last may still wait in its socket.
        while let Some(sandbox) = self.sandboxes.get_mut(id).filter(|sandbox| sandbox.status.is_some()) {
            match receive(sandbox) {
                Received::Later | Received::End => sandbox.status = None,
                Received::Failed(error) => {
                    sandbox.error.get_or_insert(error);
                    sandbox.status = None;
                }
            }
        }
        let Some(sandbox) = self.sandboxes.get_mut(id) else { return };
        let _ = epoll::delete(&self.epoll, &sandbox.pidfd);
        let _ = rustix::process::waitid(WaitId::PidFd(sandbox.pidfd.as_fd()), WaitIdOptions::EXITED);
        let launched = sandbox.phase == Phase::Running;
        sandbox.phase = Phase::Removing { until: Instant::now() + REMOVAL_LIMIT, launched };
        self.remove(id);
    }

    /// Takes the cgroup away and reports the end; tried again by `expire` while the group is busy.
    pub(super) fn remove(&mut self, id: &str) {
        let Some(sandbox) = self.sandboxes.get(id) else { return };
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
            self.tell(
                sandbox.session,
                &Message::Ended { id, cause: sandbox.cause, stats, error: sandbox.error.as_ref() },
            );
        } else {
            let error = sandbox
                .error
                .unwrap_or_else(|| Error::new(Code::LaunchFailed, "set up").detail("the child ended early"));
            self.tell(sandbox.session, &Message::Refused { id, error: &error });
        }
    }
}
