//! The broker's one loop: connections, control messages, children.
//!
//! One thread, nothing blocks. Whatever a caller sends, it costs at most its own session.

use crate::attempt::Attempt;
use crate::authorize::Broker;
use crate::caller::Caller;
use crate::child::{ASK_FOR_MAP, MAX_WATCHED, READY};
use crate::evidence;
use crate::facts::HostFacts;
use crate::launch::{self, Launcher, Planned};
use crate::listen::Listener;
use crate::message::{self, Cause, Message, Opening, OpeningKind, Request, RequestKind};
use crate::options::Options;
use crate::sandbox::{Phase, Sandbox};
use crate::session::{self, Pending, Session};
use crate::wire::{Read, Reader, Writer};
use bulkhead_plan::{Code, Error, Plan};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketFlags};
use rustix::process::{WaitId, WaitIdOptions};
use std::collections::HashMap;
use std::io::IoSliceMut;
use std::time::{Duration, Instant};

const MAX_MESSAGE: usize = 1 << 20;
/// A client that connects must say what it wants within this time.
const OPENING_LIMIT: Duration = Duration::from_secs(5);
const MAX_PENDING: usize = 256;
const MAX_PENDING_OF_ONE_UID: usize = 64;
const REMOVAL_LIMIT: Duration = Duration::from_secs(2);

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
    /// Set when the owner is gone or asked us to end: no more launches, and the end as soon as the last sandbox is removed.
    closing: bool,
}

impl Server {
    /// `control`: the private broker's one control connection.
    pub fn new(options: Options, control: Option<OwnedFd>, signals: OwnedFd) -> Result<Self, Error> {
        let home = crate::cgroup::Home::find();
        let host = HostFacts::probe(home.facts());
        let launcher = Launcher::new(home, host.privileged())?;
        let listener = Listener::open(&options)?;
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
            closing: false,
        };
        server.watch(Source::Listener)?;
        server.watch(Source::Signals)?;
        if let Some(socket) = control {
            let caller = Caller::of(&socket)?;
            server.open_session(socket, caller);
        }
        Ok(server)
    }

    pub fn run(mut self) -> Result<(), Error> {
        let mut space = [std::mem::MaybeUninit::uninit(); 64];
        while !(self.closing && self.sandboxes.is_empty()) {
            // Children for later are made when nothing else waits.
            let idle = !self.closing && self.launcher.wants_refill();
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

    // ---- connections ----

    fn accept(&mut self) {
        while let Ok(socket) =
            rustix::net::accept_with(&self.listener.socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)
        {
            let Ok(caller) = Caller::of(&socket) else { continue };
            let waiting = |uid: Option<u32>| {
                let matches = |source: &Source| matches!(source, Source::Pending(one) if uid.is_none_or(|uid| one.caller.uid == uid));
                self.sources.values().filter(|source| matches(source)).count()
            };
            if !self.allowed(caller.uid)
                || waiting(None) >= MAX_PENDING
                || waiting(Some(caller.uid)) >= MAX_PENDING_OF_ONE_UID
            {
                continue; // dropped, that is: closed
            }
            let pending = Pending { socket, caller, reader: Reader::default(), until: Instant::now() + OPENING_LIMIT };
            let _ = self.watch(Source::Pending(pending));
        }
    }

    fn allowed(&self, uid: u32) -> bool {
        uid == rustix::process::geteuid().as_raw() || self.options.allow_uids.contains(&uid)
    }

    fn read_opening(&mut self, token: u64, mut pending: Pending) {
        let opening = match pending.reader.read(&pending.socket, MAX_MESSAGE) {
            Read::Later => {
                self.sources.insert(token, Source::Pending(pending));
                return;
            }
            Read::End => return,
            Read::Message(body) => serde_json::from_slice::<Opening>(&body),
        };
        let _ = epoll::delete(&self.epoll, &pending.socket);
        match opening {
            Ok(Opening { kind: OpeningKind::Control, session: None, plan: None })
                if self.options.socket.is_some() && !self.closing =>
            {
                self.open_session(pending.socket, pending.caller);
            }
            Ok(Opening { kind: OpeningKind::Launch, session: Some(key), plan: Some(plan) }) => {
                self.launch(&pending.socket, &pending.caller, &key, &plan);
            }
            _ => {} // closed: who does not speak the protocol is not answered
        }
    }

    fn open_session(&mut self, socket: OwnedFd, caller: Caller) {
        let Ok(key) = session::random_hex() else { return };
        let mut session = Session { socket, caller, key, reader: Reader::default(), writer: Writer::default() };
        let hello = Message::Hello {
            generation: 1,
            version: env!("CARGO_PKG_VERSION"),
            session: &session.key,
            socket: &self.listener.name,
            facts: Box::new(self.host.told_to(&session.caller)),
            limits: &self.options.maxima,
        };
        if session.writer.send(&session.socket, &hello) {
            let _ = self.watch(Source::Session(session));
        }
    }

    fn serve_session(&mut self, token: u64, mut session: Session) {
        let mut alive = session.writer.flush(&session.socket);
        while alive {
            match session.reader.read(&session.socket, MAX_MESSAGE) {
                Read::Later => break,
                Read::End => alive = false,
                Read::Message(body) => match serde_json::from_slice::<Request>(&body) {
                    Ok(request) => {
                        let reply = self.answer(token, &request);
                        alive = session.writer.send(&session.socket, &reply);
                    }
                    Err(_) => alive = false,
                },
            }
        }
        self.keep_session(token, session, alive);
    }

    fn keep_session(&mut self, token: u64, session: Session, alive: bool) {
        if !alive {
            // Its library is gone: so is everything that it started.
            for sandbox in self.sandboxes.values_mut().filter(|sandbox| sandbox.session == token) {
                sandbox.kill(Cause::Killed);
            }
            self.closing |= self.options.socket.is_none();
            return;
        }
        let events = if session.writer.is_empty() { EventFlags::IN } else { EventFlags::IN | EventFlags::OUT };
        let _ = epoll::modify(&self.epoll, &session.socket, EventData::new_u64(token), events);
        self.sources.insert(token, Source::Session(session));
    }

    fn tell(&mut self, token: u64, message: &Message) {
        if let Some(Source::Session(mut session)) = self.sources.remove(&token) {
            let alive = session.writer.send(&session.socket, message);
            self.keep_session(token, session, alive);
        }
    }

    fn answer<'a>(&mut self, token: u64, request: &Request) -> Message<'a> {
        let seq = request.seq;
        let found = self
            .sandboxes
            .get_mut(&request.id)
            .filter(|sandbox| sandbox.session == token && sandbox.phase == Phase::Running);
        let done = match found {
            // Another session's sandbox does not exist for this one.
            None => {
                Err(Error::new(Code::IdUnknown, "find sandbox").detail(request.id.chars().take(64).collect::<String>()))
            }
            Some(sandbox) => perform(sandbox, request.kind),
        };
        match done {
            Ok(value) => Message::Reply { seq, value: Some(value), error: None },
            Err(error) => Message::Reply { seq, value: None, error: Some(error) },
        }
    }

    // ---- sandboxes ----

    fn launch(&mut self, channel: &OwnedFd, caller: &Caller, key: &str, plan: &serde_json::value::RawValue) {
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
    fn read_status(&mut self, token: u64, id: String) {
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

    fn reap(&mut self, id: &str) {
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
    fn remove(&mut self, id: &str) {
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

    // ---- time ----

    fn timeout(&self) -> Option<rustix::event::Timespec> {
        let removing = self.sandboxes.values().any(|sandbox| matches!(sandbox.phase, Phase::Removing { .. }));
        let waiting = self.sandboxes.values().any(|sandbox| matches!(sandbox.phase, Phase::Launching { .. }))
            || self.sources.values().any(|source| matches!(source, Source::Pending(_)));
        let milliseconds = if removing {
            1
        } else if waiting {
            250
        } else {
            return None;
        };
        Some(rustix::event::Timespec { tv_sec: 0, tv_nsec: milliseconds * 1_000_000 })
    }

    fn expire(&mut self) {
        let now = Instant::now();
        self.sources.retain(|_, source| !matches!(source, Source::Pending(pending) if pending.until < now));
        let mut removing = Vec::new();
        for (id, sandbox) in &mut self.sandboxes {
            match sandbox.phase {
                Phase::Launching { until, .. } if until < now && sandbox.error.is_none() => {
                    sandbox.error = Some(Error::new(Code::LaunchTimeout, "set up"));
                    sandbox.kill(Cause::Failed);
                }
                Phase::Removing { .. } => removing.push(id.clone()),
                _ => {}
            }
        }
        for id in removing {
            self.remove(&id);
        }
    }

    fn close(&mut self) {
        self.closing = true;
        for sandbox in self.sandboxes.values_mut() {
            sandbox.kill(Cause::Killed);
        }
    }
}

fn perform(sandbox: &mut Sandbox, kind: RequestKind) -> Result<serde_json::Value, Error> {
    let encode = |value: Result<serde_json::Value, serde_json::Error>| {
        value.map_err(|_| Error::new(Code::LaunchFailed, "encode"))
    };
    match kind {
        RequestKind::Stats => encode(serde_json::to_value(sandbox.stats())),
        RequestKind::Evidence => {
            let seen = evidence::collect(sandbox.pid, &sandbox.plan, sandbox.group.as_ref(), true)?;
            encode(serde_json::to_value(seen))
        }
        RequestKind::Pause | RequestKind::Resume => {
            sandbox.pause(kind == RequestKind::Pause)?;
            Ok(serde_json::json!({}))
        }
        RequestKind::Kill => {
            sandbox.kill(Cause::Killed);
            Ok(serde_json::json!({}))
        }
    }
}

enum Received {
    Later,
    End,
    Failed(Error),
}

fn receive(sandbox: &mut Sandbox) -> Received {
    loop {
        let Some(status) = &sandbox.status else { return Received::End };
        let mut text = [0_u8; 8192];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_WATCHED))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let length = match rustix::net::recvmsg(status, &mut [IoSliceMut::new(&mut text)], &mut control, flags) {
            Ok(message) => message.bytes,
            Err(rustix::io::Errno::AGAIN) => return Received::Later,
            Err(_) => 0,
        };
        let fds = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => Some(fds),
            _ => None,
        });
        sandbox.watched.extend(fds.flatten());
        match &text[..length] {
            [] => return Received::End,
            message if message == ASK_FOR_MAP => {
                if let Err(error) = give_map(sandbox) {
                    return Received::Failed(error);
                }
            }
            message if message == READY => {
                if let Phase::Launching { until, .. } = sandbox.phase {
                    sandbox.phase = Phase::Launching { until, ready: true };
                }
            }
            message => {
                let failed = Error::new(Code::LaunchFailed, "set up");
                return Received::Failed(serde_json::from_slice(message).unwrap_or(failed));
            }
        }
    }
}

fn give_map(sandbox: &Sandbox) -> Result<(), Error> {
    let range = sandbox.range.ok_or_else(|| Error::new(Code::UsernsRefused, "write id map"))?;
    launch::write_maps(sandbox.pid, range)?;
    let status = sandbox.status.as_ref().ok_or_else(|| Error::new(Code::LaunchFailed, "write id map"))?;
    rustix::net::send(status, ASK_FOR_MAP, SendFlags::NOSIGNAL).attempt(Code::LaunchFailed, "answer child").map(|_| ())
}
