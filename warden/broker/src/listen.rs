//! The socket that accepts connections.

use crate::options::Options;
use bulkhead_error::{Attempt, Code, Error};
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

const BACKLOG: i32 = 128;
/// Longest name of an abstract socket: `sun_path` without its leading zero byte.
const LONGEST_NAME: usize = 107;
const FAILED: Code = Code::LaunchFailed;

/// The address that libraries connect to. Dropping it removes a socket file.
pub struct Listener {
    pub name: String,
    path: Option<String>,
}

impl Listener {
    /// `activated`: the socket that systemd listens on already.
    pub fn open(options: &Options, activated: Option<OwnedFd>) -> Result<(OwnedFd, Self), Error> {
        if let (Some(name), Some(socket)) = (&options.socket, activated) {
            return Self::activated(socket, name);
        }
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).attempt(FAILED, "socket")?;
        match &options.socket {
            Some(path) => Self::at_path(socket, path),
            None => Self::abstract_name(socket, LONGEST_NAME - usize::from(options.short_name)),
        }
    }

    /// systemd created the file and removes it.
    fn activated(socket: OwnedFd, name: &str) -> Result<(OwnedFd, Self), Error> {
        rustix::net::listen(&socket, BACKLOG).attempt_on(FAILED, "listen", name)?;
        rustix::io::ioctl_fionbio(&socket, true).attempt_on(FAILED, "FIONBIO", name)?;
        Ok((socket, Self { name: name.to_owned(), path: None }))
    }

    /// For a private broker: an unguessable name, which disappears with the broker and leaves no file behind.
    fn abstract_name(socket: OwnedFd, length: usize) -> Result<(OwnedFd, Self), Error> {
        let random = bulkhead_front::random_hex().attempt(FAILED, "getrandom")?;
        // Use the full length: Node before 22 pads shorter names with zero bytes, which the kernel takes for a
        // different name. Bun does not pad, and has no room for the last byte.
        let name = format!("bulkhead-{random:->width$}", width = length - "bulkhead-".len());
        let address = SocketAddrUnix::new_abstract_name(name.as_bytes()).attempt(FAILED, "name socket")?;
        rustix::net::bind(&socket, &address).attempt(FAILED, "bind")?;
        rustix::net::listen(&socket, BACKLOG).attempt(FAILED, "listen")?;
        Ok((socket, Self { name: format!("@{name}"), path: None }))
    }

    /// Any user may connect; the kernel reports the uid, and the broker decides.
    fn at_path(socket: OwnedFd, path: &str) -> Result<(OwnedFd, Self), Error> {
        remove_dead(path)?;
        let address = SocketAddrUnix::new(path).attempt_on(FAILED, "name socket", path)?;
        // Set the mode by umask rather than by a later chmod: where others can write to the directory, the name may
        // point elsewhere by then.
        let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o111));
        let bound = rustix::net::bind(&socket, &address);
        rustix::process::umask(before);
        bound.attempt_on(FAILED, "bind", path)?;
        rustix::net::listen(&socket, BACKLOG).attempt_on(FAILED, "listen", path)?;
        Ok((socket, Self { name: path.to_owned(), path: Some(path.to_owned()) }))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Removes the socket file of a broker that died, which blocks the next one. Leaves that of a live broker alone.
fn remove_dead(path: &str) -> Result<(), Error> {
    let Ok(stat) = rustix::fs::lstat(path) else { return Ok(()) };
    if rustix::fs::FileType::from_raw_mode(stat.st_mode) != rustix::fs::FileType::Socket {
        return Err(Error::new(FAILED, "bind").path(path).errno(libc::EEXIST));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(Error::new(FAILED, "bind").path(path).errno(libc::EADDRINUSE)),
        Err(_) => std::fs::remove_file(path).attempt_on(FAILED, "remove", path),
    }
}
