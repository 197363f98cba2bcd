//! One connection inside, over TCP or a Unix socket, and its stream: bytes both ways, each with credit, each half
//! closed separately.

use crate::server::outbox::Outbox;
use crate::server::sockets::listener::{socket, unix_socket};
use bulkhead_channel::frame::{FD_IN, FD_OUT};
use bulkhead_channel::{Accept, Credit, Kind, Outcome, Violation};
use bulkhead_plan::{Code, Error};
use rustix::io::Errno;
use rustix::net::{
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, SocketType, connect, sendmsg, shutdown, sockopt,
};
use serde_json::Map;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Credit is returned in pieces of this size, not with every write.
const GRANT: u32 = 65_536;

enum State {
    /// A `connect` that is pending, or whose result the host does not know yet.
    Connecting {
        port: u16,
        second: bool,
    },
    /// A child connects the socket, as the workload's user; [`Connection::settled`] follows.
    Elsewhere,
    Open,
    Over(Outcome),
}

pub struct Connection {
    socket: OwnedFd,
    state: State,
    /// Data from the host that the socket has not taken yet: at most one window.
    pending: Vec<u8>,
    written: usize,
    window: Credit,
    consumed: u32,
    /// The host sends no more.
    ended: bool,
    /// The socket takes no more.
    shut: bool,
    /// For data from the socket.
    credit: Credit,
    /// The socket has no more data.
    drained: bool,
    /// A write has failed: the kernel reports a reset only once, so the next read would look like an end.
    reset: bool,
}

impl Connection {
    fn new(socket: OwnedFd, state: State) -> Self {
        Self {
            socket,
            state,
            pending: Vec::new(),
            written: 0,
            window: Credit::default(),
            consumed: 0,
            ended: false,
            shut: false,
            credit: Credit::default(),
            drained: false,
            reset: false,
        }
    }

    /// A connection that a listener accepted.
    pub fn accepted(socket: OwnedFd) -> Self {
        // Messages are complete when written; waiting for more would only delay them.
        let _ = sockopt::set_tcp_nodelay(&socket, true);
        Self::new(socket, State::Open)
    }

    /// To a port of the loopback: over IPv4 and, if nothing listens there, over IPv6.
    pub fn to(port: u16) -> Result<Self, Errno> {
        match begin(Ipv4Addr::LOCALHOST.into(), port) {
            Ok(socket) => Ok(Self::new(socket, State::Connecting { port, second: false })),
            Err(_) => begin(Ipv6Addr::LOCALHOST.into(), port)
                .map(|socket| Self::new(socket, State::Connecting { port, second: true })),
        }
    }

    /// To a Unix socket, by a child that gets a copy of [`Connection::socket`].
    pub fn by_child() -> Result<Self, Errno> {
        unix_socket(SocketType::STREAM).map(|socket| Self::new(socket, State::Elsewhere))
    }

    pub const fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    pub fn events(&self, full: bool) -> i16 {
        match self.state {
            State::Over(_) | State::Elsewhere => 0,
            State::Connecting { .. } => libc::POLLOUT,
            State::Open => {
                let reads = !full && !self.drained && self.credit.available() > 0;
                (if reads { libc::POLLIN } else { 0 }) | (if self.pending.is_empty() { 0 } else { libc::POLLOUT })
            }
        }
    }

    pub fn ready(&mut self, stream: u32, events: i16, full: bool, outbox: &mut Outbox) {
        if let State::Connecting { port, second } = self.state {
            self.connected(stream, port, second, outbox);
            return;
        }
        if events & libc::POLLOUT != 0 {
            self.drain();
        }
        if events & !libc::POLLOUT != 0 && !full && !self.drained && self.credit.available() > 0 {
            self.relay(stream, outbox);
        }
    }

    /// The kernel has decided about a `connect`.
    fn connected(&mut self, stream: u32, port: u16, second: bool, outbox: &mut Outbox) {
        match sockopt::socket_error(&self.socket).and_then(|result| result) {
            Ok(()) => {
                let _ = sockopt::set_tcp_nodelay(&self.socket, true);
                self.opened(stream, outbox);
            }
            Err(errno) => match begin(Ipv6Addr::LOCALHOST.into(), port) {
                Ok(socket) if !second => {
                    self.socket = socket;
                    self.state = State::Connecting { port, second: true };
                }
                _ => {
                    let error = Error::new(Code::ConnectFailed, "connect").errno(errno.raw_os_error());
                    self.state = State::Over(Outcome::Failed(error));
                }
            },
        }
    }

    /// The child has connected the socket, or could not.
    pub fn settled(&mut self, stream: u32, outcome: Result<(), Error>, outbox: &mut Outbox) {
        match outcome {
            Ok(()) => self.opened(stream, outbox),
            Err(error) => self.state = State::Over(Outcome::Failed(error)),
        }
    }

    fn opened(&mut self, stream: u32, outbox: &mut Outbox) {
        self.state = State::Open;
        outbox.json(Kind::Accept, stream, &Accept { pid: None });
        self.drain();
    }

    /// One read, into one frame.
    fn relay(&mut self, stream: u32, outbox: &mut Outbox) {
        match outbox.data_from(&self.socket, stream, FD_OUT, self.credit.available()) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            Ok(0) if self.reset => self.broken(),
            Ok(0) => {
                self.drained = true;
                outbox.end(stream, FD_OUT);
            }
            // Within the credit, from which the limit was taken.
            Ok(count) => self.credit.spend(count).unwrap_or_default(),
            Err(_) => self.broken(),
        }
    }

    /// Data from the host. More than the window is a violation.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.window.spend(bytes.len())?;
        if self.ended {
            return Ok(());
        }
        // The socket mostly takes all of it at once, and nothing is copied.
        let direct = self.pending.is_empty() && matches!(self.state, State::Open);
        let taken = match if direct { rustix::io::write(&self.socket, bytes) } else { Ok(0) } {
            Ok(count) => count,
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(_) => {
                self.deaf();
                return Ok(());
            }
        };
        self.consumed = self.consumed.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
        if taken < bytes.len() {
            self.pending.extend_from_slice(&bytes[taken..]);
            self.drain();
        }
        Ok(())
    }

    pub fn end(&mut self) {
        self.ended = true;
        self.drain();
    }

    pub fn grant(&mut self, fd: u8, bytes: u32) -> Result<(), Violation> {
        // There is no data on stderr, so credit for it is never used.
        if fd == FD_OUT { self.credit.grant(bytes) } else { Ok(()) }
    }

    /// Writes as much as possible without waiting.
    fn drain(&mut self) {
        if !matches!(self.state, State::Open) {
            return;
        }
        while self.written < self.pending.len() {
            match rustix::io::write(&self.socket, &self.pending[self.written..]) {
                Ok(count) => {
                    self.written += count;
                    self.consumed = self.consumed.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.compact();
                    return;
                }
                Err(_) => {
                    self.deaf();
                    return;
                }
            }
        }
        self.pending.clear();
        self.written = 0;
        if self.ended && !self.shut {
            self.shut = true;
            // It fails if the other end is gone, which the next read reports.
            let _ = shutdown(&self.socket, Shutdown::Write);
        }
    }

    /// Written data has been returned as credit, so more may arrive before everything is written: the front must not
    /// grow forever.
    fn compact(&mut self) {
        if self.written >= self.pending.len() / 2 {
            self.pending.drain(..self.written);
            self.written = 0;
        }
    }

    /// The other end takes no more, so pending data is dropped. Data that it sent before can still be read; a reset
    /// shows there.
    fn deaf(&mut self) {
        self.pending.clear();
        self.written = 0;
        self.shut = true;
        self.reset = true;
    }

    /// The host gives up the connection. Unless it has sent everything, the other end must not take the data so far as
    /// complete.
    pub fn abort(&self) {
        if !self.shut {
            let _ = sockopt::set_socket_linger(&self.socket, Some(Duration::ZERO));
        }
    }

    /// Sends a copy of the socket to the bridge, which never makes init wait.
    pub fn hand(&self, token: u64, bridge: Option<&OwnedFd>) -> Result<(), Errno> {
        let bridge = bridge.ok_or(Errno::NOTCONN)?;
        if !matches!(self.state, State::Open) || !self.pending.is_empty() || self.reset {
            return Err(Errno::NOTCONN);
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let sockets = [self.socket.as_fd()];
        control.push(SendAncillaryMessage::ScmRights(&sockets));
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        sendmsg(bridge, &[IoSlice::new(&token.to_be_bytes())], &mut control, flags).map(drop)
    }

    /// Over: both halves have ended, or it was reset.
    fn broken(&mut self) {
        self.state = State::Over(Outcome::Done(Map::new()));
    }

    /// Grants credit for written data. Returns the outcome once it is over.
    pub fn settle(&mut self, stream: u32, outbox: &mut Outbox) -> Option<Outcome> {
        if matches!(self.state, State::Open) && self.drained && self.shut {
            self.broken();
        }
        if let State::Over(_) = self.state {
            return match std::mem::replace(&mut self.state, State::Open) {
                State::Over(outcome) => Some(outcome),
                State::Connecting { .. } | State::Elsewhere | State::Open => None,
            };
        }
        if self.consumed >= GRANT && !self.ended {
            let bytes = std::mem::take(&mut self.consumed);
            // Never more than was spent, so never beyond the maximum.
            if self.window.grant(bytes).is_ok() {
                outbox.credit(stream, FD_IN, bytes);
            }
        }
        None
    }
}

fn begin(address: IpAddr, port: u16) -> Result<OwnedFd, Errno> {
    let at = SocketAddr::new(address, port);
    let socket = socket(at, SocketType::STREAM)?;
    match connect(&socket, &at) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(socket),
        Err(errno) => Err(errno),
    }
}
