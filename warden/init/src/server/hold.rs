//! Silence for a snapshot: between `checkpoint` and what ends it, no frame is begun in either direction, so that a copy
//! of this machine wakes with nothing half said.

use crate::server::leftovers::Leftovers;
use crate::server::operation::Operation;
use crate::server::{End, Server};
use bulkhead_channel::{Accept, Control, Decoder, Frame, Hello, Kind, Order, Outcome, Side, Violation};

impl Server {
    /// The accept is the last that is said.
    pub(super) fn hold(&mut self, stream: u32) {
        self.channel.outbox.json(Kind::Accept, stream, &Accept { pid: None });
        self.held = Some(stream);
    }

    /// A frame that came in the silence, which only two may.
    pub(super) fn wake(&mut self, stream: u32, frame: &Frame<'_>) -> Result<(), Violation> {
        match frame {
            Frame::Hello(_) => {
                self.channel.order = Order::new(Side::Host);
                self.channel.order.admit(frame)?;
                self.begin_again();
            }
            Frame::Control { stream: named, control: Control::Continue {} } if *named == stream => {
                self.held = None;
                let done = Outcome::Done(serde_json::Map::new());
                self.channel.outbox.json(Kind::Result, stream, &done.to_json());
            }
            _ => return Err(Violation::Silence),
        }
        Ok(())
    }

    /// This is a restored copy: whoever was spoken to is another's host. What runs goes on, and its output goes
    /// nowhere.
    fn begin_again(&mut self) {
        self.held = None;
        self.channel.outbox = super::Outbox::default();
        self.channel.sockets = super::Sockets::default();
        let orphaned: Vec<Operation> = std::mem::take(&mut self.operations);
        let leftovers: &mut Leftovers = &mut self.leftovers;
        for operation in orphaned {
            operation.leave(leftovers);
        }
        self.channel.outbox.json(Kind::Hello, 0, &Hello::ours());
    }

    /// The connection is gone. A restore does that to a vsock connection: then the host makes another. Otherwise it is
    /// the end.
    pub(super) fn lost(&mut self) -> Result<(), End> {
        if self.held.is_none() || !self.channel.wire.accept_next().map_err(End::System)? {
            return Err(End::Closed);
        }
        self.channel.decoder = Decoder::new(Side::Host);
        self.channel.outbox = super::Outbox::default();
        Ok(())
    }
}
