//! Sockets of the sandbox's own loopback and file system that init serves for the host: listeners, their connections,
//! and connections to ports and Unix sockets inside. Init forwards bytes and inspects none: the host decides what is
//! allowed.

mod connection;
mod datagrams;
mod listener;

use crate::server::outbox::Outbox;
use bulkhead_channel::frame::STREAMS_MAX;
use bulkhead_channel::request::{Listen, Target};
use bulkhead_channel::{Accept, Connection as Request, Frame, Kind, Outcome, Violation};
use bulkhead_plan::{Code, Error};
use connection::Connection;
use datagrams::Datagrams;
pub use listener::BACKLOG;
use listener::{Leftover, Listener};
use rustix::io::Errno;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

/// Each is one descriptor. If a workload opens more, they wait in the queue of its listener, and delay no one else.
const CONNECTIONS_MAX: usize = STREAMS_MAX;
const LISTENERS_MAX: usize = 256;
/// Connections accepted from one listener in one turn.
const ACCEPT_BATCH: usize = 32;

/// What a stream represents.
enum Socket {
    Listener(Listener),
    Datagrams(Datagrams),
    Connection(Connection),
}

impl Socket {
    fn into_leftover(self) -> Leftover {
        match self {
            Self::Listener(listener) => listener.into_leftover(),
            Self::Datagrams(datagrams) => datagrams.into_leftover(),
            Self::Connection(_) => Leftover::Nothing,
        }
    }
}

#[derive(Default)]
pub struct Sockets {
    open: BTreeMap<u32, Socket>,
    connections: usize,
    /// The last stream that init opened: an even number.
    last: u32,
    /// The stream to serve first, because it found the outbox full last time.
    first: Option<u32>,
    /// The kernel accepted no more connections; tried again when one has ended.
    exhausted: bool,
    /// Results to send at the end of this turn.
    over: Vec<(u32, Outcome)>,
    /// Files of Unix sockets to remove; the result of the listener's stream follows.
    files: Vec<(u32, CString)>,
}

impl Sockets {
    pub fn listen(&mut self, stream: u32, listen: &Listen, outbox: &mut Outbox) -> Result<(), Error> {
        if self.open.len() - self.connections >= LISTENERS_MAX {
            return Err(too_many(LISTENERS_MAX));
        }
        let failed = |errno: Errno| Error::new(Code::ListenFailed, "bind").errno(errno.raw_os_error());
        let at = SocketAddr::new;
        let socket = match listen {
            Listen::Tcp { address, port } => Socket::Listener(Listener::bind(at(*address, *port)).map_err(failed)?),
            Listen::Udp { address, port } => Socket::Datagrams(Datagrams::bind(at(*address, *port)).map_err(failed)?),
            Listen::Unix { path } => Socket::Listener(Listener::by_child(path.clone()).map_err(failed)?),
            Listen::Unixgram { path } => Socket::Datagrams(Datagrams::by_child(path.clone()).map_err(failed)?),
        };
        if !matches!(listen, Listen::Unix { .. } | Listen::Unixgram { .. }) {
            outbox.json(Kind::Accept, stream, &Accept { pid: None });
        }
        self.open.insert(stream, socket);
        Ok(())
    }

    pub fn connect(&mut self, stream: u32, target: &Target) -> Result<(), Error> {
        if self.connections >= CONNECTIONS_MAX {
            return Err(too_many(CONNECTIONS_MAX));
        }
        let connection = match target {
            Target::Port { port } => Connection::to(*port),
            Target::Unix { .. } => Connection::by_child(),
        }
        .map_err(|errno| Error::new(Code::ConnectFailed, "connect").errno(errno.raw_os_error()))?;
        self.connections += 1;
        self.open.insert(stream, Socket::Connection(connection));
        Ok(())
    }

    /// The socket that a child binds or connects.
    pub fn for_child(&self, stream: u32) -> Option<BorrowedFd<'_>> {
        match self.open.get(&stream)? {
            Socket::Listener(listener) => Some(listener.socket().as_fd()),
            Socket::Connection(connection) => Some(connection.socket().as_fd()),
            Socket::Datagrams(datagrams) => Some(datagrams.socket().as_fd()),
        }
    }

    /// The child has bound or connected the socket of `stream`, or could not. `file`: the listener's.
    pub fn settled(&mut self, stream: u32, outcome: Result<(), Error>, file: Option<CString>, outbox: &mut Outbox) {
        match (self.open.get_mut(&stream), outcome) {
            (Some(Socket::Connection(connection)), outcome) => connection.settled(stream, outcome, outbox),
            (Some(Socket::Listener(listener)), Ok(())) => {
                listener.settled();
                outbox.json(Kind::Accept, stream, &Accept { pid: None });
            }
            (Some(Socket::Datagrams(datagrams)), Ok(())) => {
                datagrams.settled();
                outbox.json(Kind::Accept, stream, &Accept { pid: None });
            }
            (Some(_), Err(error)) => self.remove(stream, Outcome::Failed(error)),
            // Cancelled meanwhile: without its result, which the removal of the file sends.
            (None, Ok(())) => self.files.extend(file.map(|file| (stream, file))),
            (None, Err(_)) if file.is_some() => self.over.push((stream, Outcome::Done(Map::new()))),
            (None, Err(_)) => {}
        }
    }

    /// Files that ended listeners left behind.
    pub fn take_files(&mut self) -> Vec<(u32, CString)> {
        std::mem::take(&mut self.files)
    }

    /// Files of the listeners, which are all given up.
    pub fn into_files(self) -> impl Iterator<Item = CString> {
        self.open.into_values().filter_map(|socket| match socket.into_leftover() {
            Leftover::File(file) => Some(file),
            Leftover::Nothing | Leftover::Unknown => None,
        })
    }

    /// The last stream that init opened, if any.
    pub const fn last(&self) -> u32 {
        self.last
    }

    /// What to wait for. `full`: nothing more may be read.
    pub fn waits_on(&mut self, full: bool, mut add: impl FnMut(RawFd, i16, u32)) {
        let (more, first) = (self.has_room(), self.first.take().unwrap_or(0));
        let turns = self.open.range(first..).chain(self.open.range(..first));
        for (&stream, socket) in turns {
            let (fd, events) = match socket {
                Socket::Listener(listener) => {
                    (listener.fd(), if full || !more || !listener.listens() { 0 } else { libc::POLLIN })
                }
                Socket::Datagrams(datagrams) => (datagrams.fd(), datagrams.events(full)),
                Socket::Connection(connection) => (connection.fd(), connection.events(full)),
            };
            // Poll reports a hang-up even without events, again and again.
            if events != 0 {
                add(fd, events, stream);
            }
        }
    }

    pub fn ready(&mut self, stream: u32, events: i16, outbox: &mut Outbox) {
        // However much data all of them have, output of programs finds room.
        let full = outbox.is_half_full();
        if full && events & libc::POLLIN != 0 {
            self.first.get_or_insert(stream);
        }
        match self.open.get_mut(&stream) {
            Some(Socket::Listener(_)) => self.accept(stream, outbox),
            Some(Socket::Datagrams(datagrams)) => datagrams.ready(stream, events, full, outbox),
            Some(Socket::Connection(connection)) => connection.ready(stream, events, full, outbox),
            None => {}
        }
    }

    fn accept(&mut self, stream: u32, outbox: &mut Outbox) {
        for _ in 0..ACCEPT_BATCH {
            if !self.has_room() || outbox.is_half_full() {
                return;
            }
            let Some(Socket::Listener(listener)) = self.open.get(&stream) else { return };
            match listener.accept() {
                Ok(Some(connection)) => {
                    self.last += 2;
                    self.connections += 1;
                    self.open.insert(self.last, Socket::Connection(connection));
                    outbox.json(Kind::Request, self.last, &Request::Connection { listen: stream });
                }
                Ok(None) => return,
                Err(_) => {
                    // Out of descriptors or memory, and still readable: without this it would be retried at once,
                    // forever.
                    self.exhausted = true;
                    return;
                }
            }
        }
    }

    const fn has_room(&self) -> bool {
        self.connections < CONNECTIONS_MAX && self.last < u32::MAX - 1 && !self.exhausted
    }

    /// False if `frame` is for none of these.
    pub fn serve(&mut self, frame: &Frame<'_>) -> Result<bool, Violation> {
        let stream = frame.stream();
        let Some(socket) = self.open.get_mut(&stream) else { return Ok(false) };
        match (socket, frame) {
            (socket, Frame::Cancel { .. }) => {
                if let Socket::Connection(connection) = socket {
                    connection.abort();
                }
                self.remove(stream, Outcome::Done(Map::new()));
            }
            (Socket::Connection(connection), Frame::Data { bytes, .. }) => connection.receive(bytes)?,
            (Socket::Connection(connection), Frame::End { .. }) => connection.end(),
            (Socket::Connection(connection), Frame::Credit { fd, bytes, .. }) => connection.grant(*fd, *bytes)?,
            (Socket::Datagrams(datagrams), Frame::Data { bytes, .. }) => datagrams.receive(bytes)?,
            (Socket::Datagrams(datagrams), Frame::Credit { fd, bytes, .. }) => datagrams.grant(*fd, *bytes)?,
            _ => {}
        }
        Ok(true)
    }

    /// Grants credit for consumed data, and ends operations that are over.
    pub fn settle(&mut self, outbox: &mut Outbox) {
        let mut over = std::mem::take(&mut self.over);
        for (&stream, socket) in &mut self.open {
            match socket {
                Socket::Listener(_) => {}
                Socket::Datagrams(datagrams) => datagrams.settle(stream, outbox),
                Socket::Connection(connection) => {
                    if let Some(outcome) = connection.settle(stream, outbox) {
                        over.push((stream, outcome));
                    }
                }
            }
        }
        for (stream, outcome) in over.drain(..) {
            self.remove(stream, outcome);
        }
        for (stream, outcome) in self.over.drain(..) {
            outbox.json(Kind::Result, stream, &outcome.to_json());
        }
    }

    /// Passes a connection to the service's bridge. Data that init has not read yet never comes here.
    pub fn hand(&mut self, stream: u32, token: u64, bridge: Option<&OwnedFd>) {
        let outcome = match self.open.get(&stream) {
            Some(Socket::Connection(connection)) => connection.hand(token, bridge),
            // It is over, and its result has crossed with the request; or it is none.
            _ => return,
        };
        let failed = |errno: Errno| Error::new(Code::ConnectFailed, "hand over").errno(errno.raw_os_error());
        let handed = || Outcome::Done(Map::from_iter([("handed".to_owned(), Value::Bool(true))]));
        self.remove(stream, outcome.map_or_else(|errno| Outcome::Failed(failed(errno)), |()| handed()));
    }

    /// Resets every connection: its other end must not take the data so far as complete.
    pub fn abort(&self) {
        for socket in self.open.values() {
            if let Socket::Connection(connection) = socket {
                connection.abort();
            }
        }
    }

    fn remove(&mut self, stream: u32, outcome: Outcome) {
        let removed = self.open.remove(&stream);
        if matches!(removed, Some(Socket::Connection(_))) {
            self.connections -= 1;
            self.exhausted = false;
        }
        match removed.map_or(Leftover::Nothing, Socket::into_leftover) {
            // The result follows when the file is gone.
            Leftover::File(file) => return self.files.push((stream, file)),
            // The child may be about to create the file: `settled` decides.
            Leftover::Unknown if matches!(outcome, Outcome::Done(_)) => return,
            Leftover::Nothing | Leftover::Unknown => {}
        }
        self.over.push((stream, outcome));
    }
}

fn too_many(most: usize) -> Error {
    Error::new(Code::TooManyOperations, "request").detail(most.to_string())
}
