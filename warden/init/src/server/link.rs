//! One connection to the host: received data, data to send, and the sockets inside that it serves.

use super::outbox::Outbox;
use super::sockets::Sockets;
use super::wire::Wire;
use super::{End, READ_BATCH};
use bulkhead_channel::request::Listen;
use bulkhead_channel::{Decoder, Frame, Hello, Kind, Order, Outcome, Request, Side, Violation};
use bulkhead_plan::{Code, Error};
use rustix::io::Errno;
use serde_json::{Map, Value};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, RawFd};

pub struct Link {
    pub wire: Wire,
    pub decoder: Decoder,
    pub order: Order,
    pub outbox: Outbox,
    pub sockets: Sockets,
}

/// The result of one read.
pub enum Taken {
    /// `short`: there was no more.
    Some {
        short: bool,
    },
    Nothing,
    /// The host's end is closed.
    Gone,
}

impl Link {
    /// Sends `hello`.
    pub fn new(wire: Wire) -> Self {
        let mut outbox = Outbox::default();
        outbox.json(Kind::Hello, 0, &Hello::ours());
        let (decoder, order) = (Decoder::new(Side::Host), Order::new(Side::Host));
        Self { wire, decoder, order, outbox, sockets: Sockets::default() }
    }

    /// Sends as much as possible without waiting. An error means that the host is gone.
    pub fn flush(&mut self) -> Result<(), Errno> {
        self.outbox.flush(self.wire.output())
    }

    /// What to wait for on the connection itself: one descriptor or two.
    pub fn waits_on(&self, mut add: impl FnMut(RawFd, i16)) {
        let (reads, writes) = (self.wire.input().as_raw_fd(), self.wire.output().as_raw_fd());
        let write = if self.outbox.is_empty() { 0 } else { libc::POLLOUT };
        // A host that does not read gets no more answers, so it may not send more requests either.
        let read = if self.outbox.is_full() { 0 } else { libc::POLLIN };
        add(reads, read | if reads == writes { write } else { 0 });
        if reads != writes && write != 0 {
            add(writes, write);
        }
    }

    /// One read from the connection into the decoder.
    pub fn take(&mut self) -> Taken {
        let space = self.decoder.space();
        let wanted = space.len();
        match rustix::io::read(self.wire.input(), space) {
            Ok(count) if count > 0 => {
                self.decoder.filled(count);
                Taken::Some { short: count < wanted }
            }
            Err(Errno::AGAIN | Errno::INTR) => Taken::Nothing,
            Ok(_) | Err(_) => Taken::Gone,
        }
    }

    /// Lets a socket inside do what it is ready for.
    pub fn socket_ready(&mut self, stream: u32, events: i16) {
        self.sockets.ready(stream, events, &mut self.outbox);
        self.order.opened(self.sockets.last());
    }

    /// Serves pending data on the connection of the sandbox's egress, a few reads at a time. Its peer can listen for
    /// the workload's connections, and do nothing else. False: that end is closed.
    pub fn serve_egress(&mut self) -> Result<bool, End> {
        for _ in 0..READ_BATCH {
            let short = match self.take() {
                Taken::Some { short } => short,
                Taken::Nothing => return Ok(true),
                Taken::Gone => return Ok(false),
            };
            self.serve_frames().map_err(End::Violation)?;
            if short || self.outbox.is_full() {
                break;
            }
        }
        Ok(true)
    }

    fn serve_frames(&mut self) -> Result<(), Violation> {
        let Self { decoder, order, outbox, sockets, .. } = self;
        while let Some(frame) = decoder.next()? {
            order.admit(&frame)?;
            if let Frame::Request { stream, fields } = frame {
                if let Err(error) = listen(stream, fields, sockets, outbox) {
                    outbox.json(Kind::Result, stream, &Outcome::Failed(error).to_json());
                }
            } else {
                sockets.serve(&frame)?;
            }
        }
        Ok(())
    }
}

fn listen(stream: u32, fields: Map<String, Value>, sockets: &mut Sockets, outbox: &mut Outbox) -> Result<(), Error> {
    match Request::read(fields)? {
        Request::Listen(listen) if belongs_to_egress(&listen) => sockets.listen(stream, &listen, outbox),
        _ => Err(not_here()),
    }
}

/// Whether only the peer of the egress may listen there, if there is one: on every address that a proxy, a name server
/// or a name can have. Unix sockets and the rest of 127.0.0.0/8 are for channels between components.
pub fn belongs_to_egress(listen: &Listen) -> bool {
    match listen {
        Listen::Unix { .. } | Listen::Unixgram { .. } => false,
        Listen::Udp { .. } => true,
        Listen::Tcp { address, .. } => match address {
            IpAddr::V4(v4) => *v4 == Ipv4Addr::LOCALHOST || !v4.is_loopback() || v4.octets()[1] & 0xc0 == 64,
            IpAddr::V6(_) => true,
        },
    }
}

/// For a request that belongs to the other connection.
pub fn not_here() -> Error {
    Error::new(Code::RequestInvalid, "request").detail("op")
}
