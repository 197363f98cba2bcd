//! Datagrams on the sandbox's own loopback or on a Unix socket, carried by the listener's stream in both directions as
//! `u32 peer, u16 length, bytes`. Init assigns the number `peer` to a sender; answers to a forgotten one are dropped,
//! as datagrams may be. Senders to a Unix socket have no number (0) and get no answer.

use crate::server::outbox::Outbox;
use crate::server::sockets::listener::{Leftover, Place, socket, unix_socket};
use bulkhead_channel::frame::{FD_IN, FD_OUT};
use bulkhead_channel::{Credit, Violation};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketType, bind, recvfrom, sendto};
use std::collections::VecDeque;
use std::ffi::CString;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

const HEAD: usize = 6;
/// The largest datagram to carry. A larger one is dropped, as networks do.
const LARGEST: usize = 4096;
/// Maximum number of senders to remember.
const PEERS_MAX: usize = 256;
/// Datagrams taken in one turn.
const BATCH: usize = 32;

pub struct Datagrams {
    socket: OwnedFd,
    place: Place,
    peers: VecDeque<(u32, SocketAddr)>,
    next: u32,
    credit: Credit,
    /// From the host: the received part of a datagram.
    pending: Vec<u8>,
    window: Credit,
    consumed: u32,
}

impl Datagrams {
    pub fn bind(at: SocketAddr) -> Result<Self, Errno> {
        let socket = socket(at, SocketType::DGRAM)?;
        bind(&socket, &at)?;
        Ok(Self::new(socket, Place::network()))
    }

    /// A Unix socket at `path`, by a child that gets a copy of [`Datagrams::socket`].
    pub fn by_child(path: CString) -> Result<Self, Errno> {
        Ok(Self::new(unix_socket(SocketType::DGRAM)?, Place::by_child(path)))
    }

    fn new(socket: OwnedFd, place: Place) -> Self {
        Self {
            socket,
            place,
            peers: VecDeque::new(),
            next: 1,
            credit: Credit::default(),
            pending: Vec::new(),
            window: Credit::default(),
            consumed: 0,
        }
    }

    pub const fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// The child has bound it.
    pub const fn settled(&mut self) {
        self.place.settled();
    }

    pub fn into_leftover(self) -> Leftover {
        self.place.into_leftover()
    }

    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    pub fn events(&self, full: bool) -> i16 {
        let waits = full || !self.place.is_bound() || self.credit.available() < HEAD + LARGEST;
        if waits { 0 } else { libc::POLLIN }
    }

    pub fn ready(&mut self, stream: u32, _events: i16, full: bool, outbox: &mut Outbox) {
        if full {
            return;
        }
        for _ in 0..BATCH {
            let mut space = [0; HEAD + LARGEST + 1];
            if self.credit.available() < HEAD + LARGEST {
                return;
            }
            // Descriptors that come with it are closed by the kernel, because nothing here takes them.
            let Ok((count, _, from)) = recvfrom(&self.socket, &mut space[HEAD..], RecvFlags::DONTWAIT) else {
                return;
            };
            let Ok(length) = u16::try_from(count) else { continue };
            if count > LARGEST {
                continue;
            }
            let peer = from.and_then(|from| SocketAddr::try_from(from).ok()).map_or(0, |from| self.number_of(from));
            space[..4].copy_from_slice(&peer.to_be_bytes());
            space[4..HEAD].copy_from_slice(&length.to_be_bytes());
            // Within the credit, which was checked before.
            let _ = self.credit.spend(HEAD + count);
            outbox.data(stream, FD_OUT, &space[..HEAD + count]);
        }
    }

    fn number_of(&mut self, from: SocketAddr) -> u32 {
        if let Some((number, _)) = self.peers.iter().find(|(_, address)| *address == from) {
            return *number;
        }
        if self.peers.len() == PEERS_MAX {
            self.peers.pop_front();
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.peers.push_back((number, from));
        number
    }

    /// Data from the host: complete datagrams are sent on, or lost if the kernel takes none.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.window.spend(bytes.len())?;
        self.consumed = self.consumed.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.pending.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(&[a, b, c, d, high, low]) = self.pending.get(at..at + HEAD) {
            let (peer, length) = (u32::from_be_bytes([a, b, c, d]), usize::from(u16::from_be_bytes([high, low])));
            let Some(datagram) = self.pending.get(at + HEAD..at + HEAD + length) else { break };
            if let Some((_, to)) = self.peers.iter().find(|(number, _)| *number == peer) {
                let _ = sendto(&self.socket, datagram, SendFlags::DONTWAIT, to);
            }
            at += HEAD + length;
        }
        self.pending.drain(..at);
        Ok(())
    }

    pub fn grant(&mut self, fd: u8, bytes: u32) -> Result<(), Violation> {
        if fd == FD_OUT { self.credit.grant(bytes) } else { Ok(()) }
    }

    pub fn settle(&mut self, stream: u32, outbox: &mut Outbox) {
        const GRANT: u32 = 65_536;
        if self.consumed >= GRANT {
            let bytes = std::mem::take(&mut self.consumed);
            if self.window.grant(bytes).is_ok() {
                outbox.credit(stream, FD_IN, bytes);
            }
        }
    }
}
