//! Connections of the caller, and messages on control connections.

use super::state::{Asker, Front, Source};
use crate::attach::{self, LaunchRequest};
use crate::link::Lost;
use crate::message::{GENERATION, MAX_OPENING, Message, Opening, OpeningKind, Request};
use crate::session::{self, Pending, Session};
use crate::wire::{Read, Reader, Writer};
use bulkhead_error::{Code, Error};
use bulkhead_protocol::{Ask, Request as Kind, ToKeeper};
use rustix::event::epoll::{self, EventData};
use rustix::fd::OwnedFd;
use rustix::net::SendFlags;
use std::time::{Duration, Instant};

/// Maximum bytes of a request on a control connection: a word, a number and an id.
const MAX_REQUEST: usize = 16 << 10;
/// A client must send its opening within this time after it connects.
const OPENING_LIMIT: Duration = Duration::from_secs(5);
const MAX_PENDING: usize = 64;
/// Pending connections of a user who may not use this broker: the refusal is sent after the opening arrives.
const MAX_PENDING_OF_A_STRANGER: usize = 4;
/// Control connections: each costs a descriptor, and memory while its client does not read.
const MAX_SESSIONS: usize = 256;
/// Says that a hub got the other end of an attached connection.
const JOINED: &[u8] = b"+";

impl Front {
    /// Usually the opening has arrived already.
    pub(super) fn receive(&mut self, socket: OwnedFd) -> Result<(), Lost> {
        let until = Instant::now() + OPENING_LIMIT;
        self.read_opening(None, Pending { socket, reader: Reader::default(), until })
    }

    /// Drops, and so closes, a connection above the limit.
    fn wait_for_opening(&mut self, token: Option<u64>, pending: Pending) {
        let waiting = self.sources.values().filter(|source| matches!(source, Source::Pending(_))).count();
        if let Some(token) = token {
            self.sources.insert(token, Source::Pending(pending));
        } else if waiting < if self.allowed { MAX_PENDING } else { MAX_PENDING_OF_A_STRANGER } {
            self.watch(Source::Pending(pending));
        }
    }

    pub(super) fn read_opening(&mut self, token: Option<u64>, mut pending: Pending) -> Result<(), Lost> {
        let opening = match pending.reader.read(&pending.socket, MAX_OPENING) {
            Read::Later => {
                self.wait_for_opening(token, pending);
                return Ok(());
            }
            Read::End => return Ok(()),
            Read::Message(body) => serde_json::from_slice::<Opening>(&body),
        };
        if token.is_some() {
            let _ = epoll::delete(&self.epoll, &pending.socket);
        }
        let opening = match opening {
            Ok(opening) if matches!(opening.kind, OpeningKind::List | OpeningKind::Kill) => {
                return self.manage(pending, opening);
            }
            opening => opening,
        };
        if !self.allowed {
            return self.refuse(&pending);
        }
        match opening {
            Ok(Opening { kind: OpeningKind::Control, session: None, plan: None, id: None, name: None, hub: None })
                if !self.private =>
            {
                self.open_session(pending.socket);
            }
            Ok(Opening {
                kind: OpeningKind::Launch,
                session: Some(key),
                plan: Some(plan),
                id: None,
                name: None,
                hub: None,
            }) => {
                if let Some(session) = self.session_of(&key) {
                    let channel = pending.socket;
                    return self.launch(LaunchRequest {
                        session,
                        channel,
                        plan,
                        until: Instant::now() + attach::LIMIT,
                    });
                }
            }
            Ok(Opening {
                kind: OpeningKind::Attach,
                session: Some(key),
                plan: None,
                id: Some(id),
                name: Some(name),
                hub,
            }) => return self.attach(pending, &key, &id, &name, hub.as_deref()),
            Ok(Opening {
                kind: OpeningKind::Hub,
                session: Some(key),
                plan: None,
                id: Some(id),
                name: None,
                hub: None,
            }) => self.open_hub(pending, &key, id),
            _ => {} // closed: a peer that does not speak the protocol gets no answer
        }
        Ok(())
    }

    /// The only message for a user who may not use the broker; only its owner can allow that user.
    pub(super) fn refuse(&mut self, Pending { socket, .. }: &Pending) -> Result<(), Lost> {
        let error = Error::new(Code::CallerRefused, "connect").detail(format!("uid {}", self.caller_uid));
        let _ = Writer::default().send(socket, &Message::Refused { id: "", error: &error });
        self.link.send(&ToKeeper::Stranger(bulkhead_sys::peer_pid(socket)), Vec::new())
    }

    fn session_of(&self, key: &str) -> Option<u64> {
        self.sources.iter().find_map(|(token, source)| match source {
            Source::Session(session) if session.key == key => Some(*token),
            _ => None,
        })
    }

    fn attach(&mut self, pending: Pending, key: &str, id: &str, name: &str, hub: Option<&str>) -> Result<(), Lost> {
        let Some(session) = self.session_of(key) else { return Ok(()) };
        let socket = match hub {
            Some(hub) => {
                let joined = self.hubs.join(session, hub, id);
                // Otherwise the caller sees only the end of this connection.
                if joined.is_some() {
                    let _ = rustix::net::send(&pending.socket, JOINED, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
                }
                joined
            }
            None => rustix::io::ioctl_fionbio(&pending.socket, false).is_ok().then_some(pending.socket),
        };
        let Some(socket) = socket else { return Ok(()) };
        self.attachments.add(session, id, name, socket);
        match self.attachments.unpark(session, id) {
            Some(launch) => self.launch(launch),
            None => Ok(()),
        }
    }

    fn open_hub(&mut self, pending: Pending, key: &str, id: String) {
        if let Some(session) = self.session_of(key) {
            self.hubs.open(session, id, pending.socket);
        }
    }

    pub(super) fn open_session(&mut self, socket: OwnedFd) {
        if self.sources.values().filter(|source| matches!(source, Source::Session(_))).count() >= MAX_SESSIONS {
            return;
        }
        let Ok(key) = session::random_hex() else { return };
        let mut session = Session { socket, key, reader: Reader::default(), writer: Writer::default(), asked: 0 };
        let hello = Message::Hello {
            generation: GENERATION,
            version: env!("CARGO_PKG_VERSION"),
            session: &session.key,
            socket: &self.name,
            facts: &self.facts,
            limits: &self.maxima,
        };
        let greeted = session.writer.send(&session.socket, &hello);
        let greeted = greeted && self.watch(Source::Session(session)).is_some();
        // A private broker lives for one session: if its owner is dead already, no other event ends it.
        self.done |= !greeted && self.private;
    }

    pub(super) fn serve_session(&mut self, token: u64, mut session: Session) -> Result<(), Lost> {
        let mut alive = session.writer.flush(&session.socket);
        while alive && session.may_ask() {
            match session.reader.read(&session.socket, MAX_REQUEST) {
                Read::Later => break,
                Read::End => alive = false,
                Read::Message(body) => match serde_json::from_slice::<Request>(&body) {
                    Ok(request) => alive = self.ask(token, &mut session, request)?,
                    Err(_) => alive = false,
                },
            }
        }
        self.keep_session(token, session, alive)
    }

    fn ask(&mut self, token: u64, session: &mut Session, Request { kind, seq, id }: Request) -> Result<bool, Lost> {
        // For this session, another session's sandbox does not exist.
        if self.sandboxes.get(&id).is_none_or(|known| known.session != token || !known.running) {
            let id = id.chars().take(64).collect::<String>();
            let error = Error::new(Code::IdUnknown, "find sandbox").detail(id);
            return Ok(session.writer.send(&session.socket, &Message::Reply { seq, value: None, error: Some(&error) }));
        }
        session.asked += 1;
        let seq = self.seq(Asker::Session { token, seq, id: id.clone() });
        self.link.send(&ToKeeper::Ask(Ask { seq, id, request: kind }), Vec::new())?;
        Ok(true)
    }

    fn keep_session(&mut self, token: u64, session: Session, alive: bool) -> Result<(), Lost> {
        if alive {
            let _ = epoll::modify(&self.epoll, &session.socket, EventData::new_u64(token), session.events());
            self.sources.insert(token, Source::Session(session));
            return Ok(());
        }
        // The library is gone, so all its sandboxes end.
        self.done |= self.private;
        self.attachments.forget(token);
        self.hubs.forget(token);
        let own: Vec<String> =
            self.sandboxes.iter().filter(|(_, known)| known.session == token).map(|(id, _)| id.clone()).collect();
        for id in own {
            let seq = self.seq(Asker::Nobody);
            self.link.send(&ToKeeper::Ask(Ask { seq, id, request: Kind::Kill }), Vec::new())?;
        }
        Ok(())
    }

    pub(super) fn tell(&mut self, token: u64, message: &Message) -> Result<(), Lost> {
        if let Some(Source::Session(mut session)) = self.sources.remove(&token) {
            let alive = session.writer.send(&session.socket, message);
            return self.keep_session(token, session, alive);
        }
        Ok(())
    }
}
