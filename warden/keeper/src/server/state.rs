//! The keeper's state.

use super::front::Front;
use crate::facts::HostFacts;
use crate::launch::Launcher;
use crate::log::Log;
use crate::sandbox::Sandbox;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Caller, Level};
use bulkhead_protocol::facts::{Facts, Maxima};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{AsFd, OwnedFd};
use std::collections::HashMap;
use std::time::Instant;

/// The broker's lifetime, and what its owner allows.
pub struct Settings {
    /// The broker ends with the one front that it starts with.
    pub private: bool,
    /// Uids that may connect, besides the keeper's own.
    pub allow_uids: Vec<u32>,
    /// Groups whose members may connect.
    pub allow_gids: Vec<u32>,
    pub maxima: Maxima,
    /// The probable level of the first sandbox.
    pub expect: Option<Level>,
    /// The address that libraries connect to.
    pub name: String,
}

/// A front's initial parameters. Its process runs as its caller already, and holds nothing else.
pub struct Start {
    /// Socket to the keeper.
    pub socket: OwnedFd,
    /// A private broker's control connection.
    pub control: Option<OwnedFd>,
    pub caller: Caller,
    /// Whether the caller may launch anything.
    pub allowed: bool,
    pub facts: Facts,
    pub maxima: Maxima,
    pub name: String,
    pub expect: Option<Level>,
}

/// What an epoll token refers to.
pub(super) enum Source {
    Listener,
    Signals,
    Front,
    /// A front that is about to end.
    Leaving(OwnedFd),
    /// Progress of a child, by sandbox id.
    Status(String),
    /// Death of a child, by sandbox id.
    Exit(String),
}

pub struct Keeper {
    pub(super) settings: Settings,
    pub(super) host: HostFacts,
    pub(super) launcher: Launcher,
    pub(super) listener: OwnedFd,
    pub(super) signals: OwnedFd,
    pub(super) epoll: OwnedFd,
    pub(super) next_token: u64,
    pub(super) sources: HashMap<u64, Source>,
    pub(super) fronts: HashMap<u64, Front>,
    pub(super) sandboxes: HashMap<String, Sandbox>,
    /// Sandboxes that are launching, were just launched, or are being removed: only these need periodic checks.
    pub(super) unsettled: Vec<String>,
    /// A front has just received a connection, and will probably request a launch: start no other work before this
    /// time.
    pub(super) expecting_until: Option<Instant>,
    /// Out of descriptors: accept no connection before this time.
    pub(super) deaf_until: Option<Instant>,
    pub(super) log: Log,
    /// Set when the owner is gone or asked us to end: no more launches, and exit once the last sandbox is removed.
    pub(super) closing: bool,
    /// The front's main function, which never returns to the keeper's code.
    pub(super) front: fn(Start) -> i32,
}

impl Keeper {
    pub(super) fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    pub(super) fn watch(&mut self, source: Source) -> Result<u64, Error> {
        let token = self.token();
        let fd = match &source {
            Source::Listener => Some(self.listener.as_fd()),
            Source::Signals => Some(self.signals.as_fd()),
            Source::Leaving(pidfd) => Some(pidfd.as_fd()),
            Source::Status(id) => self.sandboxes.get(id).and_then(|sandbox| sandbox.status.as_ref()).map(AsFd::as_fd),
            Source::Exit(id) => self.sandboxes.get(id).map(|sandbox| sandbox.pidfd.as_fd()),
            Source::Front => None,
        };
        let fd = fd.ok_or_else(|| Error::new(Code::LaunchFailed, "epoll_ctl"))?;
        epoll::add(&self.epoll, fd, EventData::new_u64(token), EventFlags::IN)
            .attempt(Code::LaunchFailed, "epoll_ctl")?;
        self.sources.insert(token, source);
        Ok(token)
    }
}
