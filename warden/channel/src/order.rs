//! The rules that need to know the frames before: `hello` first and once, stream numbers that only rise.

use crate::frame::{Frame, Side};
use crate::violation::Violation;

/// Follows the frames of one side.
#[derive(Debug)]
pub struct Order {
    side: Side,
    greeted: bool,
    /// The last stream that this side opened.
    last: u32,
    /// The last one that the other side opened.
    others: u32,
}

impl Order {
    /// For frames that `side` sent.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self { side, greeted: false, last: 0, others: 0 }
    }

    /// The other side has opened `stream`, so frames for it may come.
    pub fn opened(&mut self, stream: u32) {
        self.others = self.others.max(stream);
    }

    /// To be called with each frame in turn. Which streams are still open is the caller's to know: frames for a number
    /// that was used (or skipped) are let through, since they may have crossed with the `result`.
    pub fn admit(&mut self, frame: &Frame<'_>) -> Result<(), Violation> {
        if matches!(frame, Frame::Hello(_)) == self.greeted {
            return Err(Violation::Hello);
        }
        self.greeted = true;
        match frame {
            Frame::Hello(_) => Ok(()),
            Frame::Request { stream, .. } => self.open(*stream),
            other if self.own(other.stream()) => known(other.stream(), self.last),
            // Which numbers the host gave out, only the host can know.
            _ if self.side == Side::Init => Ok(()),
            other => known(other.stream(), self.others),
        }
    }

    /// The host's streams are odd, init's even.
    const fn own(&self, stream: u32) -> bool {
        stream.is_multiple_of(2) == matches!(self.side, Side::Init)
    }

    fn open(&mut self, stream: u32) -> Result<(), Violation> {
        if !self.own(stream) || stream <= self.last {
            return Err(Violation::StreamOrder);
        }
        self.last = stream;
        Ok(())
    }
}

fn known(stream: u32, last: u32) -> Result<(), Violation> {
    if stream > last { Err(Violation::StreamUnknown) } else { Ok(()) }
}
