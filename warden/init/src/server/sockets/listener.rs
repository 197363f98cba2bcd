//! A listening socket on the sandbox's own loopback.

use crate::server::sockets::connection::Connection;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, accept_with, bind, listen, socket_with, sockopt};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Connections waiting to be accepted; the kernel has its own maximum.
const BACKLOG: i32 = 1024;

pub struct Listener(OwnedFd);

impl Listener {
    pub fn bind(at: SocketAddr) -> Result<Self, Errno> {
        let socket = socket(at, SocketType::STREAM)?;
        // Connections of an earlier listener may linger and must not prevent a new one.
        sockopt::set_socket_reuseaddr(&socket, true)?;
        bind(&socket, &at)?;
        listen(&socket, BACKLOG)?;
        Ok(Self(socket))
    }

    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// The next connection, if there is one now.
    pub fn accept(&self) -> Result<Option<Connection>, Errno> {
        match accept_with(&self.0, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
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
