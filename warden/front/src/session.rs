//! A control connection and what is known of its library.

use crate::wire::{Reader, Writer};
use rustix::event::epoll::EventFlags;
use rustix::fd::OwnedFd;

/// Requests that the keeper has not answered yet, of one session.
const MAX_ASKED: usize = 32;

pub struct Session {
    pub socket: OwnedFd,
    /// 128 random bits in hexadecimal: whoever knows them may launch for this session.
    pub key: String,
    pub reader: Reader,
    pub writer: Writer,
    pub asked: usize,
}

impl Session {
    /// Who does not read the answers gets no more of them: unread ones would pile up here.
    pub fn may_ask(&self) -> bool {
        self.writer.is_empty() && self.asked < MAX_ASKED
    }

    /// What its socket is watched for.
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
