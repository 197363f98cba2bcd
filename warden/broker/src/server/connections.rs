//! Who connects, what they may, and what is said on control connections.

use super::{Server, Source};
use crate::attach::{self, Asked};
use crate::caller;
use crate::evidence;
use bulkhead_order::Caller;

use crate::message::{Cause, Message, Opening, OpeningKind, Request, RequestKind};
use crate::sandbox::{Phase, Sandbox};
use crate::session::{self, Pending, Session};
use crate::wire::{Read, Reader, Writer};
use bulkhead_plan::{Code, Error};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::SocketFlags;
use std::time::{Duration, Instant};

/// Of an opening, which may carry a plan.
const MAX_OPENING: usize = 1 << 20;
/// Of a request on a control connection: a word, a number and an id.
const MAX_REQUEST: usize = 16 << 10;
/// A client that connects must say what it wants within this time.
const OPENING_LIMIT: Duration = Duration::from_secs(5);
const MAX_PENDING: usize = 256;
const MAX_PENDING_OF_ONE_UID: usize = 64;
/// Somebody who may not use this broker, and is told so once they have said what they want.
const MAX_PENDING_OF_A_STRANGER: usize = 4;
/// Control connections that one user may hold: each costs a descriptor, and memory while its client does not read.
const MAX_SESSIONS_OF_ONE_UID: usize = 256;
/// Connections taken, and requests of one session answered, before everybody else has a turn: whoever is quick enough to have
/// the next one always ready would otherwise be served alone.
const AT_A_TURN: usize = 32;
/// How long nothing is accepted after the descriptors ran out: the connection that waits would wake us again at once.
const DEAF: Duration = Duration::from_millis(100);

impl Server {
    pub(super) fn accept(&mut self) {
        for _ in 0..AT_A_TURN {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let socket = match rustix::net::accept_with(&self.listener.socket, flags) {
                Ok(socket) => socket,
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => return self.stop_accepting(),
                Err(_) => return,
            };
            let Ok(caller) = caller::of(&socket) else { continue };
            let waiting = |uid: Option<u32>| {
                let matches = |source: &Source| matches!(source, Source::Pending(one) if uid.is_none_or(|uid| one.caller.uid == uid));
                self.sources.values().filter(|source| matches(source)).count()
            };
            let most = if self.allowed(caller.uid) { MAX_PENDING_OF_ONE_UID } else { MAX_PENDING_OF_A_STRANGER };
            if waiting(None) >= MAX_PENDING || waiting(Some(caller.uid)) >= most {
                continue; // dropped, that is: closed
            }
            let pending = Pending { socket, caller, reader: Reader::default(), until: Instant::now() + OPENING_LIMIT };
            let _ = self.watch(Source::Pending(pending));
        }
    }

    fn stop_accepting(&mut self) {
        self.deaf_until = Some(Instant::now() + DEAF);
        self.listen_for(EventFlags::empty());
    }

    pub(super) fn accept_again(&mut self) {
        self.deaf_until = None;
        self.listen_for(EventFlags::IN);
    }

    fn listen_for(&self, events: EventFlags) {
        let token =
            self.sources.iter().find_map(|(token, source)| matches!(source, Source::Listener).then_some(*token));
        if let Some(token) = token {
            let _ = epoll::modify(&self.epoll, &self.listener.socket, EventData::new_u64(token), events);
        }
    }

    pub(super) fn allowed(&self, uid: u32) -> bool {
        uid == rustix::process::geteuid().as_raw() || self.options.allow_uids.contains(&uid)
    }

    pub(super) fn read_opening(&mut self, token: u64, mut pending: Pending) {
        let opening = match pending.reader.read(&pending.socket, MAX_OPENING) {
            Read::Later => {
                self.sources.insert(token, Source::Pending(pending));
                return;
            }
            Read::End => return,
            Read::Message(body) => serde_json::from_slice::<Opening>(&body),
        };
        let _ = epoll::delete(&self.epoll, &pending.socket);
        let opening = match opening {
            Ok(opening) if matches!(opening.kind, OpeningKind::List | OpeningKind::Kill) => {
                return self.manage(&pending, &opening);
            }
            opening => opening,
        };
        if !self.allowed(pending.caller.uid) {
            return self.refuse(&pending);
        }
        match opening {
            Ok(Opening { kind: OpeningKind::Control, session: None, plan: None, id: None, name: None })
                if self.options.socket.is_some() && !self.closing =>
            {
                self.open_session(pending.socket, pending.caller);
            }
            Ok(Opening { kind: OpeningKind::Launch, session: Some(key), plan: Some(plan), id: None, name: None }) => {
                if let Some(session) = self.session_of(&key, &pending.caller) {
                    let Pending { socket: channel, caller, .. } = pending;
                    self.launch(Asked { session, channel, caller, plan, until: Instant::now() + attach::LIMIT });
                }
            }
            Ok(Opening {
                kind: OpeningKind::Attach,
                session: Some(key),
                plan: None,
                id: Some(id),
                name: Some(name),
            }) => {
                self.attach(pending, &key, &id, &name);
            }
            _ => {} // closed: who does not speak the protocol is not answered
        }
    }

    /// The one message that who may not use the broker gets: whom to ask, the owner knows.
    pub(super) fn refuse(&mut self, Pending { socket, caller, .. }: &Pending) {
        let error = Error::new(Code::CallerRefused, "connect").detail(format!("uid {}", caller.uid));
        self.log.caller_refused(caller.uid, bulkhead_sys::peer_pid(socket));
        let _ = Writer::default().send(socket, &Message::Refused { id: "", error: &error });
    }

    /// The session that this key authorises for: only to the user who opened it.
    fn session_of(&self, key: &str, caller: &Caller) -> Option<u64> {
        self.sources.iter().find_map(|(token, source)| match source {
            Source::Session(session) if session.key == key && session.caller.uid == caller.uid => Some(*token),
            _ => None,
        })
    }

    fn attach(&mut self, pending: Pending, key: &str, id: &str, name: &str) {
        let Some(session) = self.session_of(key, &pending.caller) else { return };
        if rustix::io::ioctl_fionbio(&pending.socket, false).is_err() {
            return;
        }
        self.attachments.add(session, id, name, pending.socket);
        if let Some(launch) = self.attachments.unpark(session, id) {
            self.launch(launch);
        }
    }

    pub(super) fn open_session(&mut self, socket: OwnedFd, caller: Caller) {
        let same = |source: &&Source| matches!(source, Source::Session(one) if one.caller.uid == caller.uid);
        if self.sources.values().filter(same).count() >= MAX_SESSIONS_OF_ONE_UID {
            return;
        }
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
        let greeted = session.writer.send(&session.socket, &hello) && self.watch(Source::Session(session)).is_ok();
        // A private broker lives for one session: if its owner has died already, nobody will ever tell it to end.
        self.closing |= !greeted && self.options.socket.is_none();
    }

    pub(super) fn serve_session(&mut self, token: u64, mut session: Session) {
        let mut alive = session.writer.flush(&session.socket);
        for _ in 0..AT_A_TURN {
            // Who does not read the answers gets no more of them: unread ones would pile up here.
            if !alive || !session.writer.is_empty() {
                break;
            }
            match session.reader.read(&session.socket, MAX_REQUEST) {
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
            self.attachments.forget(token);
            self.closing |= self.options.socket.is_none();
            return;
        }
        let events = if session.writer.is_empty() { EventFlags::IN } else { EventFlags::OUT };
        let _ = epoll::modify(&self.epoll, &session.socket, EventData::new_u64(token), events);
        self.sources.insert(token, Source::Session(session));
    }

    pub(super) fn tell(&mut self, token: u64, message: &Message) {
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
            .filter(|sandbox| sandbox.session == token && matches!(sandbox.phase, Phase::Running { .. }));
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
        RequestKind::Pause => sandbox.pause().map(|()| serde_json::json!({})),
        RequestKind::Resume => sandbox.resume().map(|()| serde_json::json!({})),
        RequestKind::Kill => {
            sandbox.kill(Cause::Killed);
            Ok(serde_json::json!({}))
        }
    }
}
