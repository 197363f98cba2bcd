//! One connection: the sockets of its two components, and its two directions.

use crate::calls::{Join, Over, Reason};
use crate::channel::Channel;
use crate::closer::Closer;
use crate::flow::{Around, Broken, Flow, Turn};
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, Shutdown, shutdown, sockopt};
use std::time::{Duration, Instant};

pub struct Pair {
    /// The library's call that waits for its end.
    pub call: u32,
    pub connection: u64,
    pub channel: u64,
    /// Of the consumer and of the provider.
    pub ends: [OwnedFd; 2],
    flows: [Flow; 2],
    idle: Option<Duration>,
    last: Instant,
}

/// What a pair waits for.
pub enum State {
    Waits,
    Again,
    Until(Instant),
    /// It is over. `aborted`: its ends must not take the data so far as complete.
    Over {
        reason: Option<Reason>,
        aborted: bool,
    },
}

impl Pair {
    /// Two sockets, and the data that their inits had read before they handed them over.
    pub fn new(call: u32, join: Join, ends: [OwnedFd; 2], around: &mut Around<'_>) -> (Self, Result<(), Reason>) {
        let [inward, outward] = join.first;
        let (counted, back) = (inward.len(), outward.len());
        let mut flows = [Flow::default(), Flow::default()];
        let [to, from] = &mut flows;
        let begun = to.begin([join.header, inward].concat(), counted, around);
        around.way = 1;
        let begun = begun.and_then(|()| from.begin(outward, back, around));
        let idle = join.limits.idle_ms.map(Duration::from_millis);
        let pair =
            Self { call, connection: join.connection, channel: join.channel, ends, flows, idle, last: around.now };
        (pair, begun)
    }

    pub fn turn(&mut self, channel: &mut Channel, closer: &Closer, buffer: &mut [u8], now: Instant) -> State {
        let [consumer, provider] = &self.ends;
        let mut state = State::Waits;
        for (way, (flow, (from, to))) in
            self.flows.iter_mut().zip([(consumer, provider), (provider, consumer)]).enumerate()
        {
            match flow.turn(from, to, &mut Around { channel, closer, buffer, now, way }) {
                Ok((turn, moved)) => {
                    if moved {
                        self.last = now;
                    }
                    state = sooner(state, turn);
                }
                Err(Broken::Reset) => return State::Over { reason: None, aborted: true },
                Err(Broken::By(reason)) => return State::Over { reason: Some(reason), aborted: true },
            }
        }
        if self.flows.iter().all(|flow| flow.done) { State::Over { reason: None, aborted: false } } else { state }
    }

    /// Whether nothing has moved for as long as the channel allows.
    pub fn is_idle(&self, now: Instant) -> bool {
        self.idle.is_some_and(|idle| now.duration_since(self.last) >= idle)
    }

    pub const fn has_idle_limit(&self) -> bool {
        self.idle.is_some()
    }

    pub fn over(&self, reason: Option<Reason>) -> Over {
        let [inward, outward] = &self.flows;
        Over { bytes_in: inward.moved, bytes_out: outward.moved, reason }
    }

    /// Ends both sockets, whoever else has a copy of them.
    pub fn close(self, aborted: bool, closer: &Closer) {
        for end in self.ends {
            // A reset tells a TCP client that data is missing. A Unix socket has none.
            let resets = aborted && sockopt::socket_domain(&end) != Ok(AddressFamily::UNIX);
            if resets {
                let _ = sockopt::set_socket_linger(&end, Some(Duration::ZERO));
            } else {
                let _ = shutdown(&end, Shutdown::Both);
            }
            closer.close(end);
        }
    }
}

fn sooner(state: State, turn: Turn) -> State {
    match (state, turn) {
        (State::Again, _) | (_, Turn::Again) => State::Again,
        (State::Until(one), Turn::Until(other)) => State::Until(one.min(other)),
        (_, Turn::Until(due)) => State::Until(due),
        (state, Turn::Waits) => state,
    }
}
