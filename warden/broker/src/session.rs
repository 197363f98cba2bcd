//! A control connection and what is known of its library.

use crate::wire::{Reader, Writer};
use bulkhead_order::Caller;
use rustix::fd::OwnedFd;

pub struct Session {
    pub socket: OwnedFd,
    pub caller: Caller,
    /// 128 random bits in hexadecimal: whoever knows them may launch for this session.
    pub key: String,
    pub reader: Reader,
    pub writer: Writer,
}

/// A connection whose first message has not arrived yet.
pub struct Pending {
    pub socket: OwnedFd,
    pub caller: Caller,
    pub reader: Reader,
    pub until: std::time::Instant,
}

pub fn random_hex() -> Result<String, rustix::io::Errno> {
    let mut bytes = [0_u8; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
