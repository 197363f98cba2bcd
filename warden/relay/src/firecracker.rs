//! Firecracker listens: for its API, and for those who want to reach a vsock port of the guest. Both are Unix sockets in the jail's scratch
//! directory, so the library's connections are joined to them here.

use crate::link::{Link, wait};
use crate::snapshot::Snapshots;
use crate::{fd, qemu, take};
use rustix::event::PollFlags;
use std::ffi::OsString;
use std::io::{ErrorKind, Read, Result, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Where the library tells Firecracker to make them.
const API: &str = "/scratch/api";
const VSOCK: &str = "/scratch/vsock";
/// `docs/guest.md`.
const CHANNEL_PORT: u32 = 1024;
const CONTROL_PORT: u32 = 1025;

/// How long to wait before trying again to reach what is not there yet: a socket, or a guest that listens.
const AGAIN_MS: i64 = 5;
/// A guest that accepts and then says nothing must not stop the relay for ever.
const ANSWER: Duration = Duration::from_millis(500);

pub fn run(program: &OsString, arguments: &[OsString]) -> Result<()> {
    let (alive, theirs) = UnixStream::pair()?;
    let alive = rustix::io::fcntl_dupfd_cloexec(&alive, 16)?;
    let mut channel = Link::new(take(fd::CHANNEL)?);
    let mut control = Link::new(take(fd::CONTROL)?);
    let mut api = Link::new(take(fd::MONITOR)?);
    let mut snapshots = Snapshots::new(take(fd::STATE)?);
    // Closed when Firecracker has ended, however it does.
    qemu::place(&theirs.into(), fd::LIVENESS)?;
    let console = std::io::stderr().as_fd().try_clone_to_owned()?;
    Command::new(program).args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::from(console)).spawn()?;
    // SAFETY: given to Firecracker, and no longer of use here.
    drop(unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd::LIVENESS) });

    loop {
        let mut waiting = false;
        if api.inside.is_none() && api.inward.wants_to_write() {
            api.inside = UnixStream::connect(API).ok().map(OwnedFd::from);
            waiting |= api.inside.is_none();
        }
        if control.inside.is_none() {
            control.inside = guest_port(CONTROL_PORT)?;
            waiting |= control.inside.is_none();
        } else if channel.inside.is_none() && channel.inward.wants_to_write() {
            channel.inside = guest_port(CHANNEL_PORT)?;
            waiting |= channel.inside.is_none();
        }
        let mut interests = vec![(alive.as_fd(), PollFlags::IN), (snapshots.requests().as_fd(), PollFlags::IN)];
        for link in [&channel, &control, &api] {
            interests.extend(link.interests());
        }
        wait(&interests, waiting.then_some(AGAIN_MS))?;
        drop(interests);
        if has_ended(&alive)? {
            return Ok(());
        }
        for link in [&mut channel, &mut control, &mut api] {
            link.carry()?;
        }
        snapshots.serve()?;
        // Without the library there is no sandbox, and a guest that closed its channel has ended it.
        if channel.inward.is_over() || channel.outward.is_over() || control.outward.is_over() {
            return Ok(());
        }
    }
}

/// Connects to a port that the guest listens on (Firecracker's `docs/vsock.md`); none while nobody does.
fn guest_port(port: u32) -> Result<Option<OwnedFd>> {
    let Ok(mut stream) = UnixStream::connect(VSOCK) else { return Ok(None) };
    stream.set_read_timeout(Some(ANSWER))?;
    if stream.write_all(format!("CONNECT {port}\n").as_bytes()).is_err() {
        return Ok(None);
    }
    // Byte by byte: what follows the line belongs to the guest.
    let mut answer = Vec::new();
    let mut byte = [0];
    while answer.len() < 32 {
        match stream.read(&mut byte) {
            Ok(1) if byte == *b"\n" => {
                return Ok(answer.starts_with(b"OK ").then(|| stream.into()));
            }
            Ok(1) => answer.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn has_ended(alive: &OwnedFd) -> Result<bool> {
    use rustix::io::Errno;
    match rustix::net::recv(alive, &mut [0; 1], rustix::net::RecvFlags::DONTWAIT) {
        Ok((0, _)) => Ok(true),
        Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
