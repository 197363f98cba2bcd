//! The rules that need to know the frames before: `hello` first and once, stream numbers that only rise.

use crate::frame::{Frame, Side};
use crate::violation::Violation;

/// Follows the frames of one side.
#[derive(Debug)]
pub struct Order {
    side: Side,
    greeted: bool,
    last: u32,
}

impl Order {
    /// For frames that `side` sent.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self { side, greeted: false, last: 0 }
    }

    /// To be called with each frame in turn. Which streams are still open is the caller's to know: frames for a number
    /// that was used (or skipped) are let through, since they may have crossed with the `result`.
    pub fn admit(&mut self, frame: &Frame<'_>) -> Result<(), Violation> {
        if matches!(frame, Frame::Hello(_)) == self.greeted {
            return Err(Violation::Hello);
        }
        self.greeted = true;
        match (self.side, frame) {
            (_, Frame::Hello(_)) => Ok(()),
            (Side::Host, Frame::Request { stream, .. }) => self.open(*stream),
            (Side::Host, _) if frame.stream() > self.last || frame.stream().is_multiple_of(2) => {
                Err(Violation::StreamUnknown)
            }
            // Init answers on numbers that the host gave out: only the host can know them.
            (Side::Host | Side::Init, _) => Ok(()),
        }
    }

    fn open(&mut self, stream: u32) -> Result<(), Violation> {
        if stream.is_multiple_of(2) || stream <= self.last {
            return Err(Violation::StreamOrder);
        }
        self.last = stream;
        Ok(())
    }
}
