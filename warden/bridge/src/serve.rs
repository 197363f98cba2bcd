//! The loop: the library's calls, connections of sandboxes, sockets that their inits hand over, and the pairs of these.

use crate::calls::{End, Join, Method, Over, Reason};
use crate::channel::Channel;
use crate::closer::Closer;
use crate::flow::Around;
use crate::frames::{Call, Control, Gone};
use crate::handed::{Got, receive, stream_socket};
use crate::pair::{Pair, State};
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::collections::{BTreeSet, HashMap};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

const CONTROL: u64 = 0;
const HUB: u64 = 1;
/// A sandbox's id is padded to this length.
const NAME: usize = 64;
/// Sockets of one init that the library has not asked for yet: each costs a descriptor.
const MAX_EARLY: usize = 256;
/// How long one end of a connection waits for the other, and for the library.
const LIMIT: Duration = Duration::from_secs(10);
/// How often such times are checked.
const TICK: Duration = Duration::from_millis(100);
const BUFFER: usize = 128 << 10;
/// Handed sockets taken from one init in one turn.
const TAKEN: usize = 64;

/// An end of a connection: the consumer's or the provider's.
type Place = (u64, usize);

/// The connection to one init.
struct Member {
    sandbox: String,
    socket: OwnedFd,
}

/// A connection that lacks a socket.
struct Waiting {
    call: u32,
    join: Box<Join>,
    until: Instant,
}

/// A socket that the library has not asked for yet.
struct Early {
    socket: OwnedFd,
    until: Instant,
}

pub struct Bridge {
    epoll: OwnedFd,
    control: Control,
    hub: OwnedFd,
    closer: Closer,
    /// The next key: keys of pairs are even, and the key after one is its provider's end.
    next: u64,
    members: HashMap<u64, Member>,
    pairs: HashMap<u64, Pair>,
    /// By connection.
    waiting: HashMap<u64, Waiting>,
    /// By sandbox, and then by place.
    early: HashMap<String, HashMap<Place, Early>>,
    channels: HashMap<u64, Channel>,
    /// Pairs that can continue at once.
    again: BTreeSet<u64>,
    /// Pairs that the rate of their channel holds back.
    held: BTreeSet<(Instant, u64)>,
    buffer: Vec<u8>,
    ticked: Instant,
}

impl Bridge {
    pub fn new(control: Control, hub: OwnedFd) -> Result<Self, Errno> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        epoll::add(&epoll, control.as_fd(), EventData::new_u64(CONTROL), flags)?;
        epoll::add(&epoll, &hub, EventData::new_u64(HUB), EventFlags::IN)?;
        Ok(Self {
            epoll,
            control,
            hub,
            closer: Closer::start(),
            next: 2,
            members: HashMap::new(),
            pairs: HashMap::new(),
            waiting: HashMap::new(),
            early: HashMap::new(),
            channels: HashMap::new(),
            again: BTreeSet::new(),
            held: BTreeSet::new(),
            buffer: vec![0; BUFFER],
            ticked: Instant::now(),
        })
    }

    /// Until the library is gone.
    pub fn serve(mut self) -> Result<(), Errno> {
        let mut space = [MaybeUninit::uninit(); 64];
        loop {
            let ready: Vec<u64> = match epoll::wait(&self.epoll, &mut space, self.timeout().as_ref()) {
                Ok((events, _)) => events.iter().map(|event| event.data.u64()).collect(),
                Err(Errno::INTR) => Vec::new(),
                Err(errno) => return Err(errno),
            };
            if self.turn(&ready).is_err() {
                return Ok(());
            }
        }
    }

    fn turn(&mut self, ready: &[u64]) -> Result<(), Gone> {
        for key in ready {
            match *key {
                CONTROL => {}
                HUB => self.hear_hub(),
                key if self.members.contains_key(&key) => self.hear_member(key)?,
                // A turn for each pair, however many events came.
                key => drop(self.again.insert(key & !1)),
            }
        }
        if ready.contains(&CONTROL) {
            self.hear_control()?;
        }
        for key in std::mem::take(&mut self.again) {
            self.advance(key)?;
        }
        let now = Instant::now();
        while let Some((due, key)) = self.held.first().copied().filter(|(due, _)| *due <= now) {
            self.held.remove(&(due, key));
            self.advance(key)?;
        }
        if now.duration_since(self.ticked) >= TICK {
            self.ticked = now;
            self.tick(now)?;
        }
        self.control.flush()
    }

    fn timeout(&self) -> Option<Timespec> {
        if !self.again.is_empty() {
            return Some(Timespec { tv_sec: 0, tv_nsec: 0 });
        }
        let ticks = !self.waiting.is_empty() || !self.early.is_empty() || self.pairs.values().any(Pair::has_idle_limit);
        let due = self.held.first().map(|(due, _)| due.saturating_duration_since(Instant::now()));
        let wait = match (ticks.then_some(TICK), due) {
            (Some(tick), Some(due)) => Some(tick.min(due)),
            (tick, due) => tick.or(due),
        };
        wait?.try_into().ok()
    }

    fn hear_control(&mut self) -> Result<(), Gone> {
        while self.control.read()? {
            self.serve_calls()?;
        }
        self.serve_calls()
    }

    fn serve_calls(&mut self) -> Result<(), Gone> {
        while let Some(Call { number, json }) = self.control.next()? {
            match serde_json::from_slice(&json).map_err(|_| Gone)? {
                Method::Hello(()) => self.control.answer(number, &serde_json::json!({ "pid": std::process::id() }))?,
                Method::Join(join) => self.join(number, join)?,
                Method::End(End { connection }) => {
                    self.control.answer(number, &())?;
                    self.end(connection)?;
                }
            }
        }
        Ok(())
    }

    /// A message of the front: the bridge's end of a connection to a sandbox.
    fn hear_hub(&mut self) {
        let mut name = [0; NAME];
        match receive(&self.hub, &mut name) {
            Got::Later => {}
            Got::Some(NAME, mut descriptors) => {
                let end = name.iter().position(|byte| *byte == 0).unwrap_or(NAME);
                let sandbox = String::from_utf8_lossy(name.get(..end).unwrap_or_default()).into_owned();
                let Some(socket) = descriptors.pop() else { return };
                let key = self.key();
                if epoll::add(&self.epoll, &socket, EventData::new_u64(key), EventFlags::IN).is_ok() {
                    self.members.insert(key, Member { sandbox, socket });
                }
            }
            // The broker is gone, and every sandbox with it; the library notices.
            Got::Some(..) | Got::End => drop(epoll::delete(&self.epoll, &self.hub)),
        }
    }

    fn hear_member(&mut self, key: u64) -> Result<(), Gone> {
        for _ in 0..TAKEN {
            let Some(member) = self.members.get(&key) else { return Ok(()) };
            let mut token = [0; 8];
            let (count, descriptors) = match receive(&member.socket, &mut token) {
                Got::Later => return Ok(()),
                Got::Some(count, descriptors) => (count, descriptors),
                Got::End => (0, Vec::new()),
            };
            let sandbox = member.sandbox.clone();
            match stream_socket(descriptors, &self.closer) {
                Some(socket) if count == token.len() => {
                    self.take(key, &sandbox, u64::from_be_bytes(token), socket)?;
                }
                // It ended, or its init was taken over: no more is taken from there.
                refused => {
                    if let Some(socket) = refused {
                        self.closer.close(socket);
                    }
                    self.forget(key, &sandbox);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, key: u64, sandbox: &str, token: u64, socket: OwnedFd) -> Result<(), Gone> {
        let connection = token >> 1;
        let place = (connection, usize::from(token & 1 == 1));
        let of_sandbox = self.early.entry(sandbox.to_owned()).or_default();
        if of_sandbox.len() >= MAX_EARLY || of_sandbox.contains_key(&place) {
            self.closer.close(socket);
            self.forget(key, sandbox);
            return Ok(());
        }
        of_sandbox.insert(place, Early { socket, until: Instant::now() + LIMIT });
        self.complete(connection)
    }

    fn forget(&mut self, key: u64, sandbox: &str) {
        if let Some(member) = self.members.remove(&key) {
            let _ = epoll::delete(&self.epoll, &member.socket);
            self.closer.close(member.socket);
        }
        for early in self.early.remove(sandbox).unwrap_or_default().into_values() {
            self.closer.close(early.socket);
        }
    }

    fn join(&mut self, call: u32, join: Box<Join>) -> Result<(), Gone> {
        let connection = join.connection;
        self.channels.entry(join.channel).or_insert_with(|| Channel::new(join.limits));
        self.waiting.insert(connection, Waiting { call, join, until: Instant::now() + LIMIT });
        self.complete(connection)
    }

    /// Begins a connection once its call and both its sockets are here.
    fn complete(&mut self, connection: u64) -> Result<(), Gone> {
        let Some(Waiting { join, .. }) = self.waiting.get(&connection) else { return Ok(()) };
        let [consumer, provider] = join.ends.clone();
        let has =
            |sandbox: &String, end| self.early.get(sandbox).is_some_and(|all| all.contains_key(&(connection, end)));
        if !has(&consumer, 0) || !has(&provider, 1) {
            return Ok(());
        }
        let (Some(from), Some(to)) =
            (self.early_of(&consumer, (connection, 0)), self.early_of(&provider, (connection, 1)))
        else {
            return Ok(());
        };
        let Some(Waiting { call, join, .. }) = self.waiting.remove(&connection) else { return Ok(()) };
        let Some(channel) = self.channels.get_mut(&join.channel) else { return Ok(()) };
        let (closer, buffer) = (&self.closer, self.buffer.as_mut_slice());
        let mut around = Around { channel, closer, buffer, now: Instant::now(), way: 0 };
        let (pair, begun) = Pair::new(call, *join, [from, to], &mut around);
        let key = self.key();
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        let watched = (key..)
            .zip(&pair.ends)
            .try_for_each(|(key, end)| epoll::add(&self.epoll, end, EventData::new_u64(key), flags));
        self.pairs.insert(key, pair);
        match (begun, watched) {
            (Ok(()), Ok(())) => self.advance(key),
            (Err(reason), _) => self.finish(key, Some(reason), true),
            (_, Err(_)) => self.finish(key, Some(Reason::Missing), true),
        }
    }

    fn early_of(&mut self, sandbox: &str, place: Place) -> Option<OwnedFd> {
        let of_sandbox = self.early.get_mut(sandbox)?;
        let early = of_sandbox.remove(&place);
        if of_sandbox.is_empty() {
            self.early.remove(sandbox);
        }
        early.map(|early| early.socket)
    }

    fn advance(&mut self, key: u64) -> Result<(), Gone> {
        let Some(pair) = self.pairs.get_mut(&key) else { return Ok(()) };
        let Some(channel) = self.channels.get_mut(&pair.channel) else { return Ok(()) };
        match pair.turn(channel, &self.closer, &mut self.buffer, Instant::now()) {
            State::Waits => Ok(()),
            State::Again => {
                self.again.insert(key);
                Ok(())
            }
            State::Until(due) => {
                self.held.insert((due, key));
                Ok(())
            }
            State::Over { reason, aborted } => self.finish(key, reason, aborted),
        }
    }

    fn finish(&mut self, key: u64, reason: Option<Reason>, aborted: bool) -> Result<(), Gone> {
        let Some(pair) = self.pairs.remove(&key) else { return Ok(()) };
        // An init may have kept a copy, with which the kernel would go on reporting it.
        for end in &pair.ends {
            let _ = epoll::delete(&self.epoll, end);
        }
        self.held.retain(|(_, held)| *held != key);
        self.control.answer(pair.call, &pair.over(reason))?;
        pair.close(aborted, &self.closer);
        Ok(())
    }

    fn end(&mut self, connection: u64) -> Result<(), Gone> {
        let found = self.pairs.iter().find(|(_, pair)| pair.connection == connection).map(|(key, _)| *key);
        match found {
            Some(key) => self.finish(key, Some(Reason::Ended), true),
            None => self.give_up(connection, Reason::Ended),
        }
    }

    /// Ends a connection that lacks a socket.
    fn give_up(&mut self, connection: u64, reason: Reason) -> Result<(), Gone> {
        let Some(Waiting { call, join, .. }) = self.waiting.remove(&connection) else { return Ok(()) };
        for (end, sandbox) in join.ends.iter().enumerate() {
            if let Some(socket) = self.early_of(sandbox, (connection, end)) {
                self.closer.close(socket);
            }
        }
        self.control.answer(call, &Over { bytes_in: 0, bytes_out: 0, reason: Some(reason) })
    }

    /// Ends what has waited too long.
    fn tick(&mut self, now: Instant) -> Result<(), Gone> {
        let late = |(connection, waiting): (&u64, &Waiting)| (waiting.until <= now).then_some(*connection);
        for connection in self.waiting.iter().filter_map(late).collect::<Vec<_>>() {
            self.give_up(connection, Reason::Missing)?;
        }
        for of_sandbox in self.early.values_mut() {
            for (_, early) in of_sandbox.extract_if(|_, early| early.until <= now) {
                self.closer.close(early.socket);
            }
        }
        self.early.retain(|_, of_sandbox| !of_sandbox.is_empty());
        let idle = |(key, pair): (&u64, &Pair)| pair.is_idle(now).then_some(*key);
        for key in self.pairs.iter().filter_map(idle).collect::<Vec<_>>() {
            self.finish(key, Some(Reason::Idle), true)?;
        }
        Ok(())
    }

    const fn key(&mut self) -> u64 {
        let key = self.next;
        self.next += 2;
        key
    }
}

#[cfg(test)]
mod tests;
