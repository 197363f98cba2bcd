//! Firecracker listens: for its API, and for connections to a vsock port of the guest. Both are Unix sockets in the
//! jail's scratch directory, so this module joins the library's connections to them.

use crate::link::{Link, wait};
use crate::port::Port;
use crate::snapshot::Snapshots;
use crate::{fd, qemu, take};
use rustix::event::PollFlags;
use std::ffi::OsString;
use std::io::Result;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

/// The path that the library sets in Firecracker's configuration.
const API: &str = "/scratch/api";
/// Present when the machine resumes from a snapshot (`machine.ts`).
const SNAPSHOT: &str = "/vm/snapshot";
/// `docs/guest.md`.
const CHANNEL_PORT: u32 = 1024;
const CONTROL_PORT: u32 = 1025;
const EGRESS_PORT: u32 = 1026;

/// Wait before the next try to reach something that is not ready yet: a socket, or a guest's port.
const AGAIN_MS: i64 = 5;
/// Wait when only an answer of the guest is pending.
const LOOK_MS: i64 = 1000;

pub fn run(program: &OsString, arguments: &[OsString], egress: bool) -> Result<()> {
    let (alive, theirs) = UnixStream::pair()?;
    // Above the number that its other end gets, which either of them may have.
    let [alive, theirs] = [high(alive)?, high(theirs)?];
    let mut channel = Port::new(take(fd::CHANNEL)?, CHANNEL_PORT);
    let mut control = Port::new(take(fd::CONTROL)?, CONTROL_PORT);
    let egress = egress.then(|| take(fd::EGRESS)).transpose()?;
    let mut egress = egress.map(|outside| Port::new(outside, EGRESS_PORT));
    let mut api = Link::new(take(fd::MONITOR)?);
    let mut snapshots = Snapshots::new(take(fd::STATE)?);
    // Closed when Firecracker ends, for any reason.
    qemu::place(&theirs, fd::LIVENESS)?;
    drop(theirs);
    let console = std::io::stderr().as_fd().try_clone_to_owned()?;
    Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(std::env::vars_os())
        .stdin(Stdio::null())
        .stdout(Stdio::from(console))
        .spawn()?;
    // SAFETY: given to Firecracker, and no longer of use here.
    drop(unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd::LIVENESS) });

    // A booting guest waits for the control connection before it sends anything. A copied one loses its connections
    // when it resumes, and one opened before that may be lost with them: the library sends first, when the guest
    // resumes.
    let mut eager = !Path::new(SNAPSHOT).exists();
    loop {
        let mut reached = true;
        if api.inside.is_none() && api.inward.wants_to_write() {
            api.inside = UnixStream::connect(API).ok().map(OwnedFd::from);
            reached = api.inside.is_some();
        }
        if !control.is_open() && (eager || control.link.inward.wants_to_write()) {
            reached &= control.reach()?;
        }
        if control.is_open() && channel.link.inward.wants_to_write() {
            reached &= channel.reach()?;
        }
        if let Some(egress) = egress.as_mut().filter(|egress| control.is_open() && egress.link.inward.wants_to_write())
        {
            reached &= egress.reach()?;
        }
        let mut interests = vec![(alive.as_fd(), PollFlags::IN), (snapshots.requests().as_fd(), PollFlags::IN)];
        interests.extend(api.interests());
        let mut knocking = false;
        for port in [&channel, &control].into_iter().chain(&egress) {
            interests.extend(port.interests());
            knocking |= port.is_knocking();
        }
        let look = knocking.then_some(LOOK_MS);
        wait(&interests, if reached { look } else { Some(AGAIN_MS) })?;
        drop(interests);
        if has_ended(&alive)? {
            return Ok(());
        }
        for link in [&mut channel.link, &mut control.link, &mut api] {
            link.carry()?;
        }
        if let Some(port) = &mut egress {
            port.link.carry()?;
        }
        // Only the egress ends with it: its other end is closed, too.
        egress = egress.filter(|port| !port.link.inward.is_over() && !port.link.outward.is_over());
        if snapshots.serve()? {
            // The original loses its connections as its copies do, and Firecracker would keep its ends of them open.
            eager = false;
            channel.let_go();
            control.let_go();
        }
        // Without the library there is no sandbox, and a guest that closed its channel has ended it.
        let [channel, control] = [&channel.link, &control.link];
        if channel.inward.is_over() || channel.outward.is_over() || control.outward.is_over() {
            return Ok(());
        }
    }
}

fn high(stream: UnixStream) -> Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(OwnedFd::from(stream), 16)?)
}

fn has_ended(alive: &OwnedFd) -> Result<bool> {
    use rustix::io::Errno;
    match rustix::net::recv(alive, &mut [0; 1], rustix::net::RecvFlags::DONTWAIT) {
        Ok((0, _)) => Ok(true),
        Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
