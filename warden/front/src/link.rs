//! The front's end of its connection to the keeper.

use bulkhead_order::wire::{decode, encode};
use bulkhead_parcel::{Inbox, Limits, Outbox, Parcel, Read};
use bulkhead_protocol::{ToFront, ToKeeper};
use rustix::event::{PollFd, PollFlags};
use rustix::fd::OwnedFd;
use rustix::net::RecvFlags;
use std::collections::VecDeque;

/// Evidence of the most processes that one answer reports, and one connection.
const LIMITS: Limits = Limits { bytes: 1 << 20, descriptors: 1 };

pub struct Link {
    pub socket: OwnedFd,
    inbox: Inbox,
    outbox: Outbox,
    arrived: VecDeque<(ToFront, Option<OwnedFd>)>,
}

/// The keeper is gone.
pub struct Lost;

impl Link {
    pub fn new(socket: OwnedFd) -> Self {
        Self { socket, inbox: Inbox::new(LIMITS), outbox: Outbox::default(), arrived: VecDeque::new() }
    }

    /// Returns once the message is sent. Buffers messages that arrive meanwhile: a keeper whose answers are not read
    /// stops reading too.
    pub fn send(&mut self, message: &ToKeeper, descriptors: Vec<OwnedFd>) -> Result<(), Lost> {
        if !self.outbox.send(&self.socket, &encode(message), descriptors) {
            return Err(Lost);
        }
        while !self.outbox.is_empty() {
            let mut polled = [PollFd::new(&self.socket, PollFlags::IN | PollFlags::OUT)];
            let _ = rustix::event::poll(&mut polled, None);
            self.read()?;
            if !self.outbox.flush(&self.socket) {
                return Err(Lost);
            }
        }
        Ok(())
    }

    /// Reads all available messages, for `next`.
    pub fn read(&mut self) -> Result<(), Lost> {
        loop {
            match self.inbox.read(&self.socket, RecvFlags::DONTWAIT) {
                Read::Later => return Ok(()),
                Read::End => return Err(Lost),
                Read::Parcel(Parcel { bytes, mut descriptors }) => {
                    let message = decode(&bytes).map_err(|_| Lost)?;
                    self.arrived.push_back((message, descriptors.pop()));
                }
            }
        }
    }

    pub fn next(&mut self) -> Option<(ToFront, Option<OwnedFd>)> {
        self.arrived.pop_front()
    }

    /// Whether `send` buffered a message.
    pub fn has_more(&self) -> bool {
        !self.arrived.is_empty()
    }
}
