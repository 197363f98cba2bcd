//! Bytes in, frames out, in whatever pieces they arrive.

use crate::frame::{Frame, HEAD, Kind, LENGTH_BASE, Side};
use crate::message;
use crate::violation::Violation;

/// Bytes to read at once if no frame needs more.
const READ_SIZE: usize = 16 * 1024;
/// A buffer that a large frame has grown beyond this is freed once it is empty.
const KEEP_MAX: usize = 96 * 1024;

/// Reads the frames of one side. After a [`Violation`] it must not be used again.
#[derive(Debug)]
pub struct Decoder {
    side: Side,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// A valid header: the rest of its frame is worth waiting for.
struct Head {
    kind: Kind,
    stream: u32,
    payload: usize,
}

impl Decoder {
    /// For bytes that `side` sent.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self { side, buffer: Vec::new(), start: 0, end: 0 }
    }

    /// Buffer for the next read, once [`Decoder::next`] has no more frames; report the number of bytes with
    /// [`Decoder::filled`]. Never empty. It grows to hold a frame only once that frame's header is valid.
    pub fn space(&mut self) -> &mut [u8] {
        // Exactly the rest of an incomplete frame: asking for more would move the whole frame again for each small
        // piece.
        let wanted = match self.missing() {
            0 => READ_SIZE,
            missing => missing,
        };
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.buffer.len() > KEEP_MAX {
                self.buffer = Vec::new();
            }
        }
        if self.buffer.len() - self.end < wanted {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.buffer.len() < self.end + wanted {
                self.buffer.reserve_exact(self.end + wanted - self.buffer.len());
                self.buffer.resize(self.end + wanted, 0);
            }
        }
        &mut self.buffer[self.end..]
    }

    /// Reports that `count` bytes were read into [`Decoder::space`].
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// Adds bytes that were read elsewhere.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = self.space();
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            self.filled(count);
            bytes = &bytes[count..];
        }
    }

    /// Bytes held in memory, which the bounds limit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// The next frame; `None` until more bytes arrive.
    ///
    /// Named like an iterator's method, but each frame borrows from the buffer that the next call may reuse.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, Violation> {
        let Some(head) = self.head()? else { return Ok(None) };
        let payload = self.start + HEAD;
        let after = payload + head.payload;
        if self.end < after {
            return Ok(None);
        }
        self.start = after;
        frame(&head, self.side, &self.buffer[payload..after]).map(Some)
    }

    /// Number of bytes that the incomplete frame still lacks.
    fn missing(&self) -> usize {
        match self.head() {
            Ok(Some(head)) => (HEAD + head.payload).saturating_sub(self.end - self.start),
            _ => 0,
        }
    }

    /// Checks as much of a header as has arrived: a bad frame is refused before its payload takes memory.
    fn head(&self) -> Result<Option<Head>, Violation> {
        let bytes = &self.buffer[self.start..self.end];
        let Some(length) = number(bytes, 0) else { return Ok(None) };
        let length = length as usize;
        if !(LENGTH_BASE..=self.side.length_max()).contains(&length) {
            return Err(Violation::Length);
        }
        let Some(&kind) = bytes.get(4) else { return Ok(None) };
        let kind = Kind::parse(kind)?;
        if !kind.comes_from(self.side) {
            return Err(Violation::Direction);
        }
        let payload = length - LENGTH_BASE;
        let (least, most) = kind.bounds(self.side);
        if !(least..=most).contains(&payload) {
            return Err(Violation::Length);
        }
        let Some(stream) = number(bytes, 5) else { return Ok(None) };
        if (kind == Kind::Hello) != (stream == 0) {
            return Err(Violation::Stream);
        }
        Ok(Some(Head { kind, stream, payload }))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes))
}

fn frame<'a>(head: &Head, side: Side, payload: &'a [u8]) -> Result<Frame<'a>, Violation> {
    let stream = head.stream;
    Ok(match head.kind {
        Kind::Hello => Frame::Hello(message::parse(payload)?),
        Kind::Request => Frame::Request { stream, fields: message::request(side, payload)? },
        Kind::Accept => Frame::Accept { stream, accept: message::parse(payload)? },
        Kind::Result => Frame::Result { stream, outcome: message::parse(payload)? },
        Kind::Control => Frame::Control { stream, control: message::parse(payload)? },
        Kind::Data => {
            let (fd, bytes) = descriptor(payload, |fd| side.sends(fd))?;
            Frame::Data { stream, fd, bytes }
        }
        Kind::End => Frame::End { stream, fd: descriptor(payload, |fd| side.sends(fd))?.0 },
        Kind::Credit => {
            let (fd, bytes) = descriptor(payload, |fd| side.receives(fd))?;
            Frame::Credit { stream, fd, bytes: number(bytes, 0).ok_or(Violation::Length)? }
        }
        Kind::Cancel => Frame::Cancel { stream },
    })
}

fn descriptor(payload: &[u8], allowed: impl Fn(u8) -> bool) -> Result<(u8, &[u8]), Violation> {
    let (&fd, rest) = payload.split_first().ok_or(Violation::Length)?;
    if allowed(fd) { Ok((fd, rest)) } else { Err(Violation::Fd) }
}
