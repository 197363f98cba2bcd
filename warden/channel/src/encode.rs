//! Frames to bytes. The caller keeps the bounds: these functions only get data that was created here.

use crate::frame::{Frame, HEAD, Kind, LENGTH_BASE};
use serde::Serialize;

/// Bytes of a `data` frame before its data.
pub const DATA_HEAD: usize = HEAD + 1;

/// The header of `count` bytes of data.
#[must_use]
pub fn data_head(stream: u32, fd: u8, count: usize) -> [u8; DATA_HEAD] {
    let mut bytes = [0; DATA_HEAD];
    bytes[..HEAD].copy_from_slice(&head(Kind::Data, stream, 1 + count));
    bytes[HEAD] = fd;
    bytes
}

/// Appends a frame whose payload is JSON.
pub fn json(out: &mut Vec<u8>, kind: Kind, stream: u32, payload: &impl Serialize) -> serde_json::Result<()> {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    if let Err(error) = serde_json::to_writer(&mut *out, payload) {
        out.truncate(start);
        return Err(error);
    }
    let count = out.len() - start - HEAD;
    out[start..start + HEAD].copy_from_slice(&head(kind, stream, count));
    Ok(())
}

/// Appends a `credit` frame.
pub fn credit(out: &mut Vec<u8>, stream: u32, fd: u8, bytes: u32) {
    out.extend_from_slice(&head(Kind::Credit, stream, 5));
    out.push(fd);
    out.extend_from_slice(&bytes.to_be_bytes());
}

/// Appends an `end` frame.
pub fn end(out: &mut Vec<u8>, stream: u32, fd: u8) {
    out.extend_from_slice(&head(Kind::End, stream, 1));
    out.push(fd);
}

/// Appends any frame.
pub fn frame(out: &mut Vec<u8>, frame: &Frame<'_>) -> serde_json::Result<()> {
    match frame {
        Frame::Hello(hello) => json(out, Kind::Hello, 0, hello),
        Frame::Request { stream, fields } => json(out, Kind::Request, *stream, fields),
        Frame::Accept { stream, accept } => json(out, Kind::Accept, *stream, accept),
        Frame::Result { stream, outcome } => json(out, Kind::Result, *stream, &outcome.to_json()),
        Frame::Control { stream, control } => json(out, Kind::Control, *stream, control),
        Frame::Data { stream, fd, bytes } => {
            out.extend_from_slice(&data_head(*stream, *fd, bytes.len()));
            out.extend_from_slice(bytes);
            Ok(())
        }
        Frame::End { stream, fd } => {
            end(out, *stream, *fd);
            Ok(())
        }
        Frame::Credit { stream, fd, bytes } => {
            credit(out, *stream, *fd, *bytes);
            Ok(())
        }
        Frame::Cancel { stream } => {
            out.extend_from_slice(&head(Kind::Cancel, *stream, 0));
            Ok(())
        }
    }
}

fn head(kind: Kind, stream: u32, payload: usize) -> [u8; HEAD] {
    let mut bytes = [0; HEAD];
    // Payloads are at most 1 MiB, so the cast cannot truncate the length.
    #[allow(clippy::cast_possible_truncation)]
    let length = (LENGTH_BASE + payload) as u32;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes[4] = kind as u8;
    bytes[5..].copy_from_slice(&stream.to_be_bytes());
    bytes
}
