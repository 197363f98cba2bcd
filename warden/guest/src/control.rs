//! The control port: messages of `u32` big-endian length and JSON. Nothing inside the sandbox can reach it.

use crate::Done;
use crate::message::{FromHost, ToHost};
use bulkhead_plan::{Code, Error};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::fs::File;
use std::io::{Read, Write};

/// A boot message contains a plan and a profile; all others are small.
const MAX_BOOT: usize = 2 << 20;
const MAX_LATER: usize = 64 * 1024;
const MAX_SENT: usize = 256 * 1024;

pub struct Control {
    port: File,
    limit: usize,
}

/// The result of a read.
pub enum Heard {
    Message(FromHost),
    /// The host or its connection is gone.
    Nobody,
}

impl Control {
    pub fn new(port: OwnedFd) -> Self {
        Self { port: File::from(port), limit: MAX_BOOT }
    }

    /// Replaces a connection that a restore has cut.
    pub fn replace(&mut self, port: OwnedFd) {
        self.port = File::from(port);
    }

    /// From here on messages are short.
    pub fn booted(&mut self) {
        self.limit = MAX_LATER;
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.port.as_fd()
    }

    /// Waits for a complete message. An invalid one ends the connection, because the next cannot be found.
    pub fn receive(&mut self) -> Done<Heard> {
        let wrong = |detail: &str| Error::new(Code::GuestFailed, "read control message").detail(detail);
        let mut length = [0; 4];
        if self.port.read_exact(&mut length).is_err() {
            return Ok(Heard::Nobody);
        }
        let length = u32::from_be_bytes(length) as usize;
        if length > self.limit {
            return Err(wrong("length"));
        }
        let mut text = vec![0; length];
        if self.port.read_exact(&mut text).is_err() {
            return Ok(Heard::Nobody);
        }
        let message = FromHost::read(&text).map_err(|error| {
            let sentence: String = error.to_string().chars().take(200).collect();
            wrong(&sentence)
        })?;
        Ok(Heard::Message(message))
    }

    /// A host that is gone does not receive it; the next read reports that.
    pub fn send(&mut self, message: &ToHost) {
        let Ok(text) = serde_json::to_vec(message) else { return };
        if text.len() > MAX_SENT {
            return;
        }
        let Ok(length) = u32::try_from(text.len()) else { return };
        let _ = self.port.write_all(&[&length.to_be_bytes()[..], &text].concat());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    fn pair() -> (Control, File) {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        (Control::new(ours), File::from(theirs))
    }

    fn framed(text: &str) -> Vec<u8> {
        [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
    }

    #[test]
    fn reads_one_message_and_not_a_byte_more() {
        let (mut control, mut host) = pair();
        host.write_all(&framed(r#"{"type":"stats","seq":3}"#)).unwrap();
        host.write_all(&framed(r#"{"type":"poweroff"}"#)).unwrap();
        drop(host);
        assert!(matches!(control.receive(), Ok(Heard::Message(FromHost::Stats { seq: 3 }))));
        assert!(matches!(control.receive(), Ok(Heard::Message(FromHost::Poweroff))));
        assert!(matches!(control.receive(), Ok(Heard::Nobody)));
    }

    #[test]
    fn lengths_are_bounded_before_anything_is_kept() {
        let (mut control, mut host) = pair();
        host.write_all(&u32::MAX.to_be_bytes()).unwrap();
        assert!(control.receive().is_err());
        let (mut control, mut host) = pair();
        control.booted();
        host.write_all(&100_000_u32.to_be_bytes()).unwrap();
        assert!(control.receive().is_err());
    }

    #[test]
    fn half_a_message_is_a_host_that_is_gone() {
        let (mut control, mut host) = pair();
        host.write_all(&framed(r#"{"type":"poweroff"}"#)[..10]).unwrap();
        drop(host);
        assert!(matches!(control.receive(), Ok(Heard::Nobody)));
    }

    #[test]
    fn junk_is_an_error() {
        let (mut control, mut host) = pair();
        host.write_all(&framed("{}")).unwrap();
        assert!(control.receive().is_err());
    }
}
