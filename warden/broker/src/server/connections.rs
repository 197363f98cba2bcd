//! Who connects, what they may, and what is said on control connections.

use super::{Server, Source};
use crate::caller::Caller;
use crate::evidence;
use crate::message::{Cause, Message, Opening, OpeningKind, Request, RequestKind};
use crate::sandbox::{Phase, Sandbox};
use crate::session::{self, Pending, Session};
use crate::wire::{Read, Reader, Writer};
use bulkhead_plan::{Code, Error};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::net::SocketFlags;
use std::time::{Duration, Instant};

const MAX_MESSAGE: usize = 1 << 20;
/// A client that connects must say what it wants within this time.
const OPENING_LIMIT: Duration = Duration::from_secs(5);
const MAX_PENDING: usize = 256;
const MAX_PENDING_OF_ONE_UID: usize = 64;

impl Server {
    pub(super) fn accept(&mut self) {
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

    pub(super) fn read_opening(&mut self, token: u64, mut pending: Pending) {
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

    pub(super) fn open_session(&mut self, socket: OwnedFd, caller: Caller) {
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

    pub(super) fn serve_session(&mut self, token: u64, mut session: Session) {
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
