//! New connections, and the front that each is handed to.

use super::front::{Front, LIMITS};
use super::give_up;
use super::state::{Keeper, Settings, Source, Start};
use crate::caller;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::Caller;
use bulkhead_order::wire::{decode, encode};
use bulkhead_parcel::{Inbox, Outbox, Parcel, Read};
use bulkhead_protocol::{Cause, ToFront, ToKeeper};
use bulkhead_sys::Fork;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// Connections accepted, and parcels of one front answered, in one scheduling turn. Without this limit, a client that
/// always has the next one ready would be served exclusively.
const MAX_PER_TURN: usize = 32;
/// Each is a process. One user can have fronts with different groups; and users who may not use the broker get one that
/// refuses them.
const MAX_FRONTS_OF_ONE_UID: usize = 8;
const MAX_FRONTS_OF_STRANGERS: usize = 16;
/// Connections that wait for their front to read, besides those in the kernel's socket queue.
const MAX_UNHEARD: usize = 64;
/// How long accepting stops after descriptors ran out: the waiting connection would wake us again at once.
const DEAF: Duration = Duration::from_millis(100);
/// How long fronts may take to send their last messages to callers after the keeper has finished.
const FAREWELL: Duration = Duration::from_millis(500);
/// A caller that connects probably launches a sandbox next.
const EXPECTING: Duration = Duration::from_millis(3);
const FAILED: Code = Code::LaunchFailed;
impl Keeper {
    pub(super) fn accept(&mut self) {
        for _ in 0..MAX_PER_TURN {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            match rustix::net::accept_with(&self.listener, flags) {
                Ok(socket) => self.hand_over(socket),
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => return self.stop_accepting(),
                Err(_) => return,
            }
        }
    }

    /// Drops, and so closes, a connection for which no front can be started.
    fn hand_over(&mut self, socket: OwnedFd) {
        let Some((token, front)) = self.front_of(&socket) else { return bulkhead_sys::impatiently(|| drop(socket)) };
        // Its caller can stop a front, and each connection that waits for it costs the keeper a descriptor.
        if front.outbox.descriptors() >= MAX_UNHEARD {
            return bulkhead_sys::impatiently(|| drop(socket));
        }
        front.handed += 1;
        self.expecting_until = Some(Instant::now() + EXPECTING);
        // The front may close its copy first.
        bulkhead_sys::impatiently(|| self.tell(token, &ToFront::Connection(()), vec![socket]));
    }

    /// Starts it if necessary.
    fn front_of(&mut self, socket: &OwnedFd) -> Option<(u64, &mut Front)> {
        let caller = caller::of(socket).ok()?;
        let known = self.fronts.iter().find(|(_, front)| front.caller == caller).map(|(token, _)| *token);
        let token = known.or_else(|| self.start_front(caller, None).ok())?;
        self.fronts.get_mut(&token).map(|front| (token, front))
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
            let _ = epoll::modify(&self.epoll, &self.listener, EventData::new_u64(token), events);
        }
    }

    /// Starts the front of a private broker, whose control connection exists already.
    pub(super) fn start_owner(&mut self, control: OwnedFd) -> Result<(), Error> {
        let caller = caller::of(&control)?;
        self.start_front(caller, Some(control)).map(drop)
    }

    fn start_front(&mut self, caller: Caller, control: Option<OwnedFd>) -> Result<u64, Error> {
        let Settings { allow_uids, allow_gids, .. } = &self.settings;
        let named = allow_uids.contains(&caller.uid) || allow_gids.iter().any(|gid| caller.has_group(*gid));
        let allowed = named || caller.uid == rustix::process::geteuid().as_raw();
        let alike = |front: &&Front| if allowed { front.caller.uid == caller.uid } else { !front.allowed };
        let most = if allowed { MAX_FRONTS_OF_ONE_UID } else { MAX_FRONTS_OF_STRANGERS };
        if self.fronts.values().filter(alike).count() >= most {
            return Err(Error::new(Code::CallerRefused, "start front"));
        }
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .attempt(FAILED, "socketpair")?;
        let owner = control.is_some();
        let token = self.token();
        // A failure after the fork would leave a process that is never reaped.
        epoll::add(&self.epoll, &ours, EventData::new_u64(token), EventFlags::IN).attempt(FAILED, "epoll_ctl")?;
        let pidfd = match bulkhead_sys::fork(0, None).attempt(FAILED, "clone3")? {
            Fork::Parent { pidfd, .. } => pidfd,
            Fork::Child => self.become_front(theirs, control, caller, allowed),
        };
        let (inbox, outbox) = (Inbox::new(LIMITS), Outbox::default());
        let front = Front { socket: ours, pidfd, caller, allowed, owner, inbox, outbox, unread: false, handed: 0 };
        self.fronts.insert(token, front);
        self.sources.insert(token, Source::Front);
        Ok(token)
    }

    /// Runs in the new process and never returns: it drops and uses nothing of the keeper's.
    fn become_front(&self, socket: OwnedFd, control: Option<OwnedFd>, caller: Caller, allowed: bool) -> ! {
        let privileged = self.host.privileged();
        if let Err(error) = give_up::everything(&caller, privileged, [Some(&socket), control.as_ref()]) {
            eprintln!("bulkhead: {error}");
            bulkhead_sys::exit_now(125);
        }
        let facts = self.host.told_to(&caller);
        let (maxima, name, expect) = (self.settings.maxima.clone(), self.settings.name.clone(), self.settings.expect);
        let code = (self.front)(Start { socket, control, caller, allowed, facts, maxima, name, expect });
        bulkhead_sys::exit_now(code)
    }

    pub(super) fn serve_front(&mut self, token: u64) {
        for _ in 0..MAX_PER_TURN {
            let Some(front) = self.fronts.get_mut(&token) else { return };
            if !front.outbox.is_empty() && !bulkhead_sys::impatiently(|| front.outbox.flush(&front.socket)) {
                return self.lose(token);
            }
            // A front that does not read answers gets no more of them.
            if !front.outbox.is_empty() {
                break;
            }
            match front.inbox.read(&front.socket, RecvFlags::DONTWAIT) {
                Read::Later => break,
                Read::End => return self.lose(token),
                Read::Parcel(Parcel { bytes, descriptors }) => match decode::<ToKeeper>(&bytes) {
                    // Expensive requests, with a mount for each path or a check of each process: end the turn after
                    // one.
                    Ok(ToKeeper::Launch(launch)) => {
                        self.launch(token, launch, descriptors);
                        break;
                    }
                    Ok(ToKeeper::Ask(ask)) if descriptors.is_empty() => {
                        self.ask(token, &ask);
                        break;
                    }
                    // An unexpected descriptor, or a message that no front sends.
                    Ok(message) if descriptors.is_empty() => self.answer(token, message),
                    _ => {
                        bulkhead_sys::impatiently(|| drop(descriptors));
                        return self.lose(token);
                    }
                },
            }
        }
        self.watch_front(token);
    }

    fn watch_front(&mut self, token: u64) {
        let Some(front) = self.fronts.get_mut(&token) else { return };
        let unread = !front.outbox.is_empty();
        if unread != front.unread {
            front.unread = unread;
            let events = if unread { EventFlags::OUT } else { EventFlags::IN };
            let _ = epoll::modify(&self.epoll, &front.socket, EventData::new_u64(token), events);
        }
    }

    pub(super) fn tell(&mut self, token: u64, message: &ToFront, descriptors: Vec<OwnedFd>) {
        let Some(front) = self.fronts.get_mut(&token) else { return };
        if front.outbox.send(&front.socket, &encode(message), descriptors) {
            self.watch_front(token);
        } else {
            self.lose(token);
        }
    }

    /// Ends a front that has received all connections handed to it, so that none is in transit.
    pub(super) fn dismiss(&mut self, token: u64, received: u64) {
        let at_rest = self.fronts.get(&token).is_some_and(|front| front.handed == received);
        if at_rest && !self.sandboxes.values().any(|sandbox| sandbox.front == token) {
            self.remove_front(token);
        }
    }

    /// The front ended, or violated the protocol: its sandboxes end with it.
    pub(super) fn lose(&mut self, token: u64) {
        for sandbox in self.sandboxes.values_mut().filter(|sandbox| sandbox.front == token) {
            sandbox.kill(Cause::Killed);
        }
        if let Some(front) = self.fronts.get(&token) {
            let _ = rustix::process::pidfd_send_signal(&front.pidfd, Signal::KILL);
        }
        self.remove_front(token);
    }

    /// Closes its socket, which ends it.
    fn remove_front(&mut self, token: u64) {
        self.sources.remove(&token);
        let Some(Front { pidfd, owner, inbox, outbox, .. }) = self.fronts.remove(&token) else { return };
        bulkhead_sys::impatiently(|| drop((inbox, outbox)));
        self.closing |= owner && self.settings.private;
        let _ = self.watch(Source::Leaving(pidfd));
    }

    /// Lets fronts report the end of sandboxes to callers before the keeper's end ends the fronts.
    pub(super) fn say_farewell(&mut self) {
        let until = Instant::now() + FAREWELL;
        let leaving: Vec<OwnedFd> = self.fronts.drain().map(|(_, front)| front.pidfd).collect();
        for pidfd in leaving {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = rustix::event::Timespec::try_from(left).ok();
            let _ = rustix::event::poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], timeout.as_ref());
        }
    }
}
