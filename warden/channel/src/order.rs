//! The rules about earlier frames: `hello` first and once, stream numbers only rise.

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

    /// Call it with each frame in turn. The caller must know which streams are still open: frames for a number that was
    /// used (or skipped) pass, because they may have crossed with the `result`.
    pub fn admit(&mut self, frame: &Frame<'_>) -> Result<(), Violation> {
        if matches!(frame, Frame::Hello(_)) == self.greeted {
            return Err(Violation::Hello);
        }
        self.greeted = true;
        match frame {
            Frame::Hello(_) => Ok(()),
            Frame::Request { stream, .. } => self.open(*stream),
            other if self.own(other.stream()) => known(other.stream(), self.last),
            // Only the host knows which numbers it has assigned.
            _ if self.side == Side::Init => Ok(()),
            other => known(other.stream(), self.others),
        }
    }

    /// Streams of the host are odd, those of init even.
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
