//! Frames of a helper (`packages/bulkhead/src/helpers/frames.ts`): `u32` big-endian length of the rest, `u32` number of
//! the call, `u8` kind, JSON. The library calls, and this process answers.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use serde::Serialize;

const CALL: u8 = 1;
const RETURN: u8 = 2;
const HEADER: usize = 5;
/// Maximum length of a call: the largest carries data that the inits had read already.
const MAX_FRAME: usize = 6 << 20;
const READ: usize = 64 << 10;
/// Answers that the library has not read. It reads all the time, or is gone.
const MAX_UNREAD: usize = 8 << 20;

pub struct Control {
    socket: OwnedFd,
    received: Vec<u8>,
    unsent: Vec<u8>,
}

/// One call of the library.
pub struct Call {
    pub number: u32,
    pub json: Vec<u8>,
}

/// The library is gone, or does not follow the protocol.
#[derive(Debug)]
pub struct Gone;

impl Control {
    pub const fn new(socket: OwnedFd) -> Self {
        Self { socket, received: Vec::new(), unsent: Vec::new() }
    }

    /// Reads what has arrived, up to the length of a call. Returns whether there may be more.
    pub fn read(&mut self) -> Result<bool, Gone> {
        let mut space = vec![0; READ];
        while self.received.len() <= MAX_FRAME + READ {
            match recv(&self.socket, &mut space, RecvFlags::DONTWAIT) {
                Ok((0, _)) => return Err(Gone),
                Ok((count, _)) => self.received.extend_from_slice(space.get(..count).ok_or(Gone)?),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(false),
                Err(_) => return Err(Gone),
            }
        }
        Ok(true)
    }

    /// The next complete call. Ignores other frames, which only crossed with an answer.
    pub fn next(&mut self) -> Result<Option<Call>, Gone> {
        loop {
            let Some((length, rest)) = self.received.split_first_chunk() else { return Ok(None) };
            let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Gone)?;
            if !(HEADER..=MAX_FRAME).contains(&length) {
                return Err(Gone);
            }
            let Some(frame) = rest.get(..length) else { return Ok(None) };
            let (number, body) = frame.split_first_chunk().ok_or(Gone)?;
            let (kind, json) = body.split_first().ok_or(Gone)?;
            let call = (*kind == CALL).then(|| Call { number: u32::from_be_bytes(*number), json: json.to_vec() });
            self.received.drain(..4 + length);
            if call.is_some() {
                return Ok(call);
            }
        }
    }

    /// Answers a call.
    pub fn answer(&mut self, call: u32, value: &impl Serialize) -> Result<(), Gone> {
        #[derive(Serialize)]
        struct Answer<'a, T> {
            value: &'a T,
            body: bool,
        }
        let json = serde_json::to_vec(&Answer { value, body: false }).map_err(|_| Gone)?;
        let length = u32::try_from(HEADER + json.len()).map_err(|_| Gone)?;
        self.unsent.extend_from_slice(&length.to_be_bytes());
        self.unsent.extend_from_slice(&call.to_be_bytes());
        self.unsent.push(RETURN);
        self.unsent.extend_from_slice(&json);
        if self.unsent.len() > MAX_UNREAD { Err(Gone) } else { Ok(()) }
    }

    /// Sends as much as possible without waiting.
    pub fn flush(&mut self) -> Result<(), Gone> {
        while !self.unsent.is_empty() {
            match send(&self.socket, &self.unsent, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(_) => return Err(Gone),
            }
        }
        Ok(())
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
