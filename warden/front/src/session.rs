//! A control connection and the state of its library.

use crate::wire::{Reader, Writer};
use rustix::event::epoll::EventFlags;
use rustix::fd::OwnedFd;

/// Requests of one session that the keeper has not answered yet.
const MAX_ASKED: usize = 32;

pub struct Session {
    pub socket: OwnedFd,
    /// 128 random bits in hexadecimal: a process that knows them may launch for this session.
    pub key: String,
    pub reader: Reader,
    pub writer: Writer,
    pub asked: usize,
}

impl Session {
    /// A client that does not read answers gets no more: unread ones would accumulate here.
    pub fn may_ask(&self) -> bool {
        self.writer.is_empty() && self.asked < MAX_ASKED
    }

    /// The events to watch its socket for.
    pub fn events(&self) -> EventFlags {
        let reads = if self.may_ask() { EventFlags::IN } else { EventFlags::empty() };
        let writes = if self.writer.is_empty() { EventFlags::empty() } else { EventFlags::OUT };
        reads | writes
    }
}

/// A connection whose first message has not arrived yet.
pub struct Pending {
    pub socket: OwnedFd,
    pub reader: Reader,
    pub until: std::time::Instant,
}

/// # Errors
/// As of `getrandom`.
pub fn random_hex() -> Result<String, rustix::io::Errno> {
    let mut bytes = [0_u8; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
