//! Connections that a library opens for a launch besides its channel. They may arrive before or after the launch
//! itself, so each waits a few seconds for the other.

use bulkhead_plan::payload::{MAX_ATTACHED, Payload};
use rustix::fd::OwnedFd;
use serde_json::value::RawValue;
use std::time::{Duration, Instant};

pub const LIMIT: Duration = Duration::from_secs(10);
/// Launches, or connections of one caller, that may wait at once.
const MAX_WAITING: usize = 64;

/// A connection that no launch has claimed yet.
struct Waiting {
    session: u64,
    id: String,
    name: String,
    socket: OwnedFd,
    until: Instant,
}

/// A launch as the caller requested it.
pub struct LaunchRequest {
    pub session: u64,
    pub channel: OwnedFd,
    pub plan: Box<RawValue>,
    /// The deadline for its further connections.
    pub until: Instant,
}

/// A launch that still lacks a connection.
pub struct Parked {
    pub id: String,
    pub launch: LaunchRequest,
}

#[derive(Default)]
pub struct Attachments {
    waiting: Vec<Waiting>,
    parked: Vec<Parked>,
}

impl Attachments {
    /// Drops, and so closes, a connection when too many wait or its name is taken.
    pub fn add(&mut self, session: u64, id: &str, name: &str, socket: OwnedFd) {
        let of_session = self.waiting.iter().filter(|one| one.session == session);
        let same: Vec<&Waiting> = of_session.clone().filter(|one| one.id == id).collect();
        let taken = same.iter().any(|one| one.name == name);
        if taken || same.len() >= MAX_ATTACHED || of_session.count() >= MAX_WAITING {
            return;
        }
        let until = Instant::now() + LIMIT;
        self.waiting.push(Waiting { session, id: id.to_owned(), name: name.to_owned(), socket, until });
    }

    /// The connections that a payload names, in its order, once all have arrived. Also closes every other connection
    /// attached for this launch.
    pub fn take(&mut self, session: u64, id: &str, payload: &Payload) -> Option<Vec<OwnedFd>> {
        let position = |waiting: &[Waiting], name: &str| {
            waiting.iter().position(|one| one.session == session && one.id == id && one.name == name)
        };
        if payload.attached().any(|name| position(&self.waiting, name).is_none()) {
            return None;
        }
        let found = payload
            .attached()
            .filter_map(|name| position(&self.waiting, name).map(|index| self.waiting.remove(index).socket))
            .collect();
        self.waiting.retain(|one| one.session != session || one.id != id);
        Some(found)
    }

    /// Returns false if too many launches wait already.
    pub fn park(&mut self, id: &str, launch: LaunchRequest) -> bool {
        let room = self.parked.iter().filter(|one| one.launch.session == launch.session).count() < MAX_WAITING;
        if room {
            self.parked.push(Parked { id: id.to_owned(), launch });
        }
        room
    }

    /// The launch waiting under this id, if any.
    pub fn unpark(&mut self, session: u64, id: &str) -> Option<LaunchRequest> {
        let index = self.parked.iter().position(|one| one.launch.session == session && one.id == id)?;
        Some(self.parked.remove(index).launch)
    }

    /// Drops launches and connections that have waited too long; returns the launches.
    pub fn expire(&mut self, now: Instant) -> Vec<Parked> {
        self.waiting.retain(|one| one.until > now);
        self.parked.extract_if(.., |one| one.launch.until <= now).collect()
    }

    /// Drops everything of a session that has ended.
    pub fn forget(&mut self, session: u64) {
        self.waiting.retain(|one| one.session != session);
        self.parked.retain(|one| one.launch.session != session);
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.parked.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_plan::payload::{Attached, Channel, Descriptor, EGRESS, Init, Program};
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    fn socket() -> OwnedFd {
        socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap().0
    }

    fn payload(names: &[&str]) -> Payload {
        let attached = |(index, name): (usize, &&str)| {
            Descriptor::Attached(Attached { fd: u8::try_from(index).unwrap() + 4, name: (*name).to_owned() })
        };
        Payload::Program(Program {
            path: "/vmm".to_owned(),
            argv: vec!["vmm".to_owned()],
            env: std::collections::BTreeMap::new(),
            channel: Channel::Fd(3),
            descriptors: names.iter().enumerate().map(attached).collect(),
        })
    }

    #[test]
    fn all_that_is_named_must_be_there() {
        let mut attachments = Attachments::default();
        assert_eq!(attachments.take(1, "sandbox-1", &Payload::default()).unwrap().len(), 0);
        attachments.add(1, "sandbox-1", "api", socket());
        attachments.add(2, "sandbox-1", "console", socket());
        let named = payload(&["console", "api"]);
        assert!(attachments.take(1, "sandbox-1", &named).is_none(), "another session's is not there");
        attachments.add(1, "sandbox-1", "console", socket());
        assert_eq!(attachments.take(1, "sandbox-1", &named).unwrap().len(), 2);
        assert!(attachments.take(1, "sandbox-1", &named).is_none(), "given away once");
    }

    #[test]
    fn a_launch_has_no_more_than_five_and_none_twice() {
        let mut attachments = Attachments::default();
        for name in ["a", "a", "b", "c", "d", "e", "f"] {
            attachments.add(1, "sandbox-1", name, socket());
        }
        assert!(attachments.take(1, "sandbox-1", &payload(&["f"])).is_none());
        assert_eq!(attachments.take(1, "sandbox-1", &payload(&["d", "a"])).unwrap().len(), 2);
        assert!(attachments.is_empty(), "what nobody asked for is closed");
    }

    #[test]
    fn init_has_one_for_its_egress() {
        let mut attachments = Attachments::default();
        let init = Payload::Init(Init { egress: true, bridge: false });
        assert!(attachments.take(1, "sandbox-1", &init).is_none());
        attachments.add(1, "sandbox-1", EGRESS, socket());
        assert_eq!(attachments.take(1, "sandbox-1", &init).unwrap().len(), 1);
    }

    #[test]
    fn nothing_waits_for_ever_nor_outlives_its_session() {
        let mut attachments = Attachments::default();
        attachments.add(1, "sandbox-1", "a", socket());
        attachments.add(2, "sandbox-2", "a", socket());
        attachments.forget(2);
        assert!(attachments.take(2, "sandbox-2", &payload(&["a"])).is_none());
        assert!(attachments.expire(Instant::now()).is_empty() && !attachments.is_empty());
        attachments.expire(Instant::now() + LIMIT);
        assert!(attachments.is_empty());
    }
}
