//! The broker's one loop: connections, control messages, children.
//!
//! One thread, nothing blocks. Whatever a caller sends, it costs at most its own session.

mod connections;
mod manage;
mod sandboxes;
mod status;

pub use sandboxes::look_at;
pub use status::{Received, receive};

use crate::attach::Attachments;
use crate::caller;
use crate::facts::HostFacts;
use crate::launch::Launcher;
use crate::listen::Listener;
use crate::log::Log;
use crate::message::{Cause, Message};
use crate::options::Options;
use crate::sandbox::{Phase, Sandbox};
use crate::session::{Pending, Session};
use bulkhead_error::Attempt;
use bulkhead_plan::{Code, Error};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{AsFd, OwnedFd};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// A sandbox that has run for so long will probably run on: until then its end is waited for, and nothing else is begun.
pub const SETTLED: Duration = Duration::from_millis(3);

/// How often limits of seconds are looked at.
const SLOW: Duration = Duration::from_millis(100);

/// What a token of epoll stands for.
enum Source {
    Listener,
    Signals,
    Pending(Pending),
    Session(Session),
    /// Progress of a child, by sandbox id.
    Status(String),
    /// Its death.
    Exit(String),
}

impl Source {
    /// Of who is at the other end of a control connection.
    fn peer_pid(&self) -> i32 {
        match self {
            Self::Session(session) => bulkhead_sys::peer_pid(&session.socket),
            _ => 0,
        }
    }
}

pub struct Server {
    options: Options,
    host: HostFacts,
    launcher: Launcher,
    listener: Listener,
    signals: OwnedFd,
    epoll: OwnedFd,
    next_token: u64,
    sources: HashMap<u64, Source>,
    sandboxes: HashMap<String, Sandbox>,
    /// Launches and their further connections, which wait for each other.
    attachments: Attachments,
    /// Those that are launching, have just been launched, or are being removed: the others need no looking after.
    unsettled: Vec<String>,
    /// Out of descriptors: no connection is accepted before this.
    deaf_until: Option<Instant>,
    log: Log,
    /// Set when the owner is gone or asked us to end: no more launches, and the end as soon as the last sandbox is removed.
    closing: bool,
}

impl Server {
    /// `control`: the private broker's one control connection.
    pub fn new(mut options: Options, control: Option<OwnedFd>, signals: OwnedFd) -> Result<Self, Error> {
        let home = crate::cgroup::Home::find();
        if options.socket.is_some() {
            options.maxima.fill(&home.facts().controllers);
        }
        let host = HostFacts::probe(home.facts());
        let mut launcher = Launcher::new(home, host.privileged())?;
        if let Some(level) = options.expect {
            launcher.expect(level);
        }
        let listener = Listener::open(&options)?;
        let mut log = Log::new(options.socket.is_some());
        log.started(&options);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).attempt(Code::LaunchFailed, "epoll_create")?;
        let mut server = Self {
            options,
            host,
            launcher,
            listener,
            signals,
            epoll,
            next_token: 0,
            sources: HashMap::new(),
            sandboxes: HashMap::new(),
            attachments: Attachments::default(),
            unsettled: Vec::new(),
            deaf_until: None,
            log,
            closing: false,
        };
        server.watch(Source::Listener)?;
        server.watch(Source::Signals)?;
        if let Some(socket) = control {
            let caller = caller::of(&socket)?;
            server.open_session(socket, caller);
        }
        Ok(server)
    }

    pub fn run(mut self) -> Result<(), Error> {
        let mut space = [std::mem::MaybeUninit::uninit(); 64];
        while !(self.closing && self.sandboxes.is_empty()) {
            // Children for later are made when nothing else waits or is about to.
            let idle = !self.closing && self.unsettled.is_empty() && self.launcher.wants_refill();
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
        Ok(())
    }

    fn watch(&mut self, source: Source) -> Result<u64, Error> {
        let token = self.next_token;
        self.next_token += 1;
        let fd = match &source {
            Source::Listener => Some(self.listener.socket.as_fd()),
            Source::Signals => Some(self.signals.as_fd()),
            Source::Pending(pending) => Some(pending.socket.as_fd()),
            Source::Session(session) => Some(session.socket.as_fd()),
            Source::Status(id) => self.sandboxes.get(id).and_then(|sandbox| sandbox.status.as_ref()).map(AsFd::as_fd),
            Source::Exit(id) => self.sandboxes.get(id).map(|sandbox| sandbox.pidfd.as_fd()),
        };
        let fd = fd.ok_or_else(|| Error::new(Code::LaunchFailed, "epoll_ctl"))?;
        epoll::add(&self.epoll, fd, EventData::new_u64(token), EventFlags::IN)
            .attempt(Code::LaunchFailed, "epoll_ctl")?;
        self.sources.insert(token, source);
        Ok(token)
    }

    fn handle(&mut self, token: u64) {
        match self.sources.remove(&token) {
            Some(Source::Listener) => {
                self.sources.insert(token, Source::Listener);
                self.accept();
            }
            Some(Source::Signals) => self.close(),
            Some(Source::Pending(pending)) => self.read_opening(token, pending),
            Some(Source::Session(session)) => self.serve_session(token, session),
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
        let pending = self.sources.values().any(|source| matches!(source, Source::Pending(_)));
        let others = (pending || !self.attachments.is_empty() || self.deaf_until.is_some()).then_some(SLOW);
        let now = Instant::now();
        let looks =
            self.sandboxes.values().filter_map(|sandbox| Some(sandbox.look_due()?.saturating_duration_since(now)));
        self.unsettled.iter().map(wait).chain(others).chain(looks).min()?.try_into().ok()
    }

    fn expire(&mut self) {
        let now = Instant::now();
        self.sources.retain(|_, source| !matches!(source, Source::Pending(pending) if pending.until < now));
        if self.deaf_until.is_some_and(|until| until <= now) {
            self.accept_again();
        }
        for launch in self.attachments.expire(now) {
            let error = Error::new(Code::LaunchTimeout, "wait for attached connections");
            self.tell(launch.launch.session, &Message::Refused { id: &launch.id, error: &error });
        }
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
