//! Silence for a snapshot: between `checkpoint` and its end, no frame begins in either direction, so that a copy of
//! this machine wakes with no partial message.

use crate::server::leftovers::Leftovers;
use crate::server::operation::Operation;
use crate::server::{End, Server};
use bulkhead_channel::{Accept, Control, Decoder, Frame, Hello, Kind, Order, Outcome, Side, Violation};

impl Server {
    /// The accept is the last message.
    pub(super) fn hold(&mut self, stream: u32) {
        self.channel.outbox.json(Kind::Accept, stream, &Accept { pid: None });
        self.held = Some(stream);
    }

    /// A frame during the silence; only two kinds are allowed.
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

    /// We are a restored copy; the previous peer belongs to the original. Programs continue, and their output is
    /// discarded.
    fn begin_again(&mut self) {
        self.held = None;
        self.channel.outbox = super::Outbox::default();
        // The new host may listen at the same paths.
        for file in std::mem::take(&mut self.channel.sockets).into_files() {
            self.remove_file(None, file);
        }
        for job in &mut self.jobs {
            job.forget();
        }
        let orphaned: Vec<Operation> = std::mem::take(&mut self.operations);
        let leftovers: &mut Leftovers = &mut self.leftovers;
        for operation in orphaned {
            operation.leave(leftovers);
        }
        self.channel.outbox.json(Kind::Hello, 0, &Hello::ours());
    }

    /// The connection is gone. A restore cuts a vsock connection, and the host then opens another. Otherwise it is the
    /// end.
    pub(super) fn lost(&mut self) -> Result<(), End> {
        if self.held.is_none() || !self.channel.wire.accept_next().map_err(End::System)? {
            return Err(End::Closed);
        }
        self.channel.decoder = Decoder::new(Side::Host);
        self.channel.outbox = super::Outbox::default();
        Ok(())
    }
}
