//! The keeper's one loop: connections to hand over, parcels of fronts, children.
//!
//! One thread, and nothing blocks. A front's messages can harm only its own caller's sandboxes.

use super::front;
use super::state::{Keeper, Settings, Source, Start};
use crate::cgroup::Home;
use crate::facts::HostFacts;
use crate::launch::Launcher;
use crate::log::Log;
use crate::sandbox::{Phase, SETTLED, Sandbox};
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_protocol::Cause;
use bulkhead_protocol::facts::Maxima;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How often deadlines measured in seconds are checked.
const SLOW: Duration = Duration::from_millis(100);

impl Keeper {
    /// `control`: the private broker's one control connection.
    pub fn new(
        mut settings: Settings,
        listener: OwnedFd,
        control: Option<OwnedFd>,
        signals: OwnedFd,
        front: fn(Start) -> i32,
    ) -> Result<Self, Error> {
        let home = Home::find();
        if !settings.private {
            fill(&mut settings.maxima, &home.facts().controllers);
        }
        let host = HostFacts::probe(home.facts());
        let mut launcher = Launcher::new(home, host.privileged())?;
        if let Some(level) = settings.expect {
            launcher.expect(level);
        }
        let mut log = Log::new(!settings.private);
        log.started(&settings.name, (&settings.allow_uids, &settings.allow_gids), &settings.maxima);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).attempt(Code::LaunchFailed, "epoll_create")?;
        let mut keeper = Self {
            settings,
            host,
            launcher,
            listener,
            signals,
            epoll,
            next_token: 0,
            sources: HashMap::new(),
            fronts: HashMap::new(),
            sandboxes: HashMap::new(),
            unsettled: Vec::new(),
            expecting_until: None,
            deaf_until: None,
            log,
            closing: false,
            front,
        };
        keeper.watch(Source::Listener)?;
        keeper.watch(Source::Signals)?;
        if let Some(control) = control {
            keeper.start_owner(control)?;
        }
        Ok(keeper)
    }

    pub fn run(mut self) -> Result<(), Error> {
        let mut space = [std::mem::MaybeUninit::uninit(); 64];
        while !(self.closing && self.sandboxes.is_empty()) {
            // Prefork children only when no other work waits or is expected soon.
            let quiet = self.unsettled.is_empty() && self.expecting_until.is_none();
            let idle = !self.closing && quiet && self.launcher.wants_refill();
            let timeout = if idle { Some(rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 }) } else { self.timeout() };
            let ready: Vec<u64> = match epoll::wait(&self.epoll, &mut space, timeout.as_ref()) {
                Ok((events, _)) => events.iter().map(|event| event.data.u64()).collect(),
                Err(rustix::io::Errno::INTR) => Vec::new(),
                Err(errno) => return Err(errno).attempt(Code::LaunchFailed, "epoll_wait"),
            };
            if idle && ready.is_empty() {
                self.launcher.refill();
            }
            for token in ready {
                self.handle(token);
            }
            self.expire();
        }
        self.say_farewell();
        Ok(())
    }

    fn handle(&mut self, token: u64) {
        match self.sources.remove(&token) {
            Some(Source::Listener) => {
                self.sources.insert(token, Source::Listener);
                self.accept();
            }
            Some(Source::Signals) => self.close(),
            Some(Source::Front) => {
                self.sources.insert(token, Source::Front);
                self.serve_front(token);
            }
            Some(Source::Leaving(pidfd)) => front::reap(&pidfd),
            Some(Source::Status(id)) => self.read_status(token, id),
            Some(Source::Exit(id)) => self.reap(&id),
            None => {}
        }
    }

    fn timeout(&self) -> Option<rustix::event::Timespec> {
        let wait = |id: &String| match self.sandboxes.get(id).map(|sandbox| sandbox.phase) {
            Some(Phase::Removing { .. }) => Duration::from_millis(1),
            Some(Phase::Running { .. }) => SETTLED,
            Some(Phase::Launching { .. }) => SLOW,
            None => Duration::ZERO,
        };
        let now = Instant::now();
        let looks =
            self.sandboxes.values().filter_map(|sandbox| Some(sandbox.look_due()?.saturating_duration_since(now)));
        let others =
            [self.deaf_until.map(|_| SLOW), self.expecting_until.map(|until| until.saturating_duration_since(now))];
        self.unsettled.iter().map(wait).chain(others.into_iter().flatten()).chain(looks).min()?.try_into().ok()
    }

    fn expire(&mut self) {
        let now = Instant::now();
        if self.deaf_until.is_some_and(|until| until <= now) {
            self.accept_again();
        }
        self.expecting_until = self.expecting_until.filter(|until| *until > now);
        for sandbox in self.sandboxes.values_mut() {
            if sandbox.look_due().is_some_and(|due| due <= now) {
                sandbox.fill.look(now);
            }
        }
        for id in std::mem::take(&mut self.unsettled) {
            match self.sandboxes.get_mut(&id) {
                Some(sandbox) if sandbox.is_overdue(now) => {
                    sandbox.fail(Error::new(Code::LaunchTimeout, "set up"));
                }
                Some(Sandbox { phase: Phase::Removing { .. }, .. }) => {
                    self.remove(&id);
                }
                Some(sandbox) if sandbox.is_settled(now) => continue,
                _ => {}
            }
            if self.sandboxes.contains_key(&id) {
                self.unsettled.push(id);
            }
        }
    }

    fn close(&mut self) {
        self.closing = true;
        self.log.stopping(self.sandboxes.len());
        for sandbox in self.sandboxes.values_mut() {
            sandbox.kill(Cause::Killed);
        }
    }
}

/// Sets limits that the owner of a system broker left open to those of the machine, for each available controller.
fn fill(maxima: &mut Maxima, controllers: &[String]) {
    // Enough for the default at level gvisor, where each process is several of the Sentry's.
    const PIDS: u64 = 8192;
    let there = |name: &str| controllers.iter().any(|one| one == name);
    if there("memory") {
        let system = rustix::system::sysinfo();
        maxima.memory_bytes.get_or_insert(u64::from(system.mem_unit).saturating_mul(system.totalram) / 2);
    }
    if there("pids") {
        maxima.pids.get_or_insert(PIDS);
    }
    if there("cpu") {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
        maxima.milli_cpus.get_or_insert(processors * 1000);
    }
}
