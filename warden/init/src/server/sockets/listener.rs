//! A listening socket on the sandbox's own loopback, or on a Unix socket in its file system.

use crate::server::sockets::connection::Connection;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, accept_with, bind, listen, socket_with, sockopt};
use std::ffi::CString;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Connections waiting to be accepted; the kernel has its own maximum.
pub const BACKLOG: i32 = 1024;

pub struct Listener {
    socket: OwnedFd,
    place: Place,
}

/// Where a socket is bound.
pub struct Place {
    /// Of a Unix socket: the file to remove at the end.
    path: Option<CString>,
    /// A child binds a Unix socket, as the workload's user; until then there is nothing to receive.
    bound: bool,
}

/// The file that a listener's end leaves behind.
pub enum Leftover {
    Nothing,
    File(CString),
    /// Whether there is one depends on a child that has not ended.
    Unknown,
}

impl Place {
    /// An address of the network, which leaves nothing behind.
    pub const fn network() -> Self {
        Self { path: None, bound: true }
    }

    /// A path that a child binds.
    pub const fn by_child(path: CString) -> Self {
        Self { path: Some(path), bound: false }
    }

    pub const fn is_bound(&self) -> bool {
        self.bound
    }

    /// The child has bound it.
    pub const fn settled(&mut self) {
        self.bound = true;
    }

    pub fn into_leftover(self) -> Leftover {
        match self.path {
            None => Leftover::Nothing,
            Some(path) if self.bound => Leftover::File(path),
            Some(_) => Leftover::Unknown,
        }
    }
}

impl Listener {
    pub fn bind(at: SocketAddr) -> Result<Self, Errno> {
        let socket = socket(at, SocketType::STREAM)?;
        // Connections of an earlier listener may linger and must not prevent a new one.
        sockopt::set_socket_reuseaddr(&socket, true)?;
        bind(&socket, &at)?;
        listen(&socket, BACKLOG)?;
        Ok(Self { socket, place: Place::network() })
    }

    /// A Unix socket at `path`, by a child that gets a copy of [`Listener::socket`].
    pub fn by_child(path: CString) -> Result<Self, Errno> {
        Ok(Self { socket: unix_socket(SocketType::STREAM)?, place: Place::by_child(path) })
    }

    pub const fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    pub const fn listens(&self) -> bool {
        self.place.is_bound()
    }

    /// The child has made it listen.
    pub const fn settled(&mut self) {
        self.place.settled();
    }

    pub fn into_leftover(self) -> Leftover {
        self.place.into_leftover()
    }

    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// The next connection, if there is one now.
    pub fn accept(&self) -> Result<Option<Connection>, Errno> {
        match accept_with(&self.socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            Ok(socket) => Ok(Some(Connection::accepted(socket))),
            Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => Ok(None),
            Err(errno) => Err(errno),
        }
    }
}

pub fn socket(at: SocketAddr, kind: SocketType) -> Result<OwnedFd, Errno> {
    let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
}

pub fn unix_socket(kind: SocketType) -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
}
