//! The front's state.

use crate::attach::Attachments;
use crate::filters::FilterCache;
use crate::hub::Hubs;
use crate::judged::{Expected, Judged};
use crate::link::Link;
use crate::session::{Pending, Session};
use bulkhead_protocol::Evidence;
use bulkhead_protocol::facts::{Facts, Maxima};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{AsFd, OwnedFd};
use std::collections::HashMap;
use std::time::Instant;

/// The front's initial parameters.
pub struct Setting {
    pub keeper: OwnedFd,
    /// A private broker's control connection: the front ends with it.
    pub control: Option<OwnedFd>,
    pub caller_uid: u32,
    /// Whether the caller may launch anything.
    pub allowed: bool,
    pub facts: Facts,
    pub maxima: Maxima,
    /// The address that libraries connect to.
    pub name: String,
    /// The first launch will probably use the defaults.
    pub expects: bool,
}

/// What an epoll token refers to.
pub(super) enum Source {
    Keeper,
    Pending(Pending),
    Session(Session),
}

/// The connection that waits for an answer from the keeper.
pub(super) enum Asker {
    Session {
        token: u64,
        seq: u64,
        /// Of the sandbox.
        id: String,
    },
    /// A connection that gets one answer and is closed.
    Once(OwnedFd),
    Nobody,
}

/// A launch that the keeper has accepted.
pub(super) struct AcceptedLaunch {
    pub(super) session: u64,
    pub(super) running: bool,
    pub(super) expected: Expected,
    /// When the front began to compile it, and when it had.
    pub(super) marks: [u64; 2],
}

impl AcceptedLaunch {
    /// Returns the session to notify that it runs, and the verdict on the keeper's evidence.
    pub(super) fn launched(&mut self, base: Option<u32>, evidence: Evidence) -> (u64, Judged) {
        self.running = true;
        self.expected.base = base;
        (self.session, self.expected.judge(evidence))
    }
}

pub(super) struct Front {
    pub(super) caller_uid: u32,
    pub(super) allowed: bool,
    pub(super) facts: Facts,
    pub(super) maxima: Maxima,
    pub(super) name: String,
    pub(super) link: Link,
    pub(super) private: bool,
    pub(super) epoll: OwnedFd,
    pub(super) next_token: u64,
    pub(super) next_seq: u64,
    pub(super) sources: HashMap<u64, Source>,
    pub(super) sandboxes: HashMap<String, AcceptedLaunch>,
    pub(super) asked: HashMap<u64, Asker>,
    pub(super) attachments: Attachments,
    pub(super) hubs: Hubs,
    pub(super) filters: FilterCache,
    /// Connections that the keeper handed over.
    pub(super) received: u64,
    pub(super) at_rest_since: Option<Instant>,
    /// The private broker's control connection is gone.
    pub(super) done: bool,
}

impl Front {
    pub(super) fn watch(&mut self, source: Source) -> Option<u64> {
        self.next_token += 1;
        let token = self.next_token;
        let fd = match &source {
            Source::Keeper => self.link.socket.as_fd(),
            Source::Pending(pending) => pending.socket.as_fd(),
            Source::Session(session) => session.socket.as_fd(),
        };
        epoll::add(&self.epoll, fd, EventData::new_u64(token), EventFlags::IN).ok()?;
        self.sources.insert(token, source);
        Some(token)
    }

    pub(super) fn seq(&mut self, asker: Asker) -> u64 {
        self.next_seq += 1;
        self.asked.insert(self.next_seq, asker);
        self.next_seq
    }
}
