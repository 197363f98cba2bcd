//! QEMU 7.2 writes a snapshot to a descriptor that arrived over its monitor connection (`getfd`), and Node cannot send
//! descriptors. So the monitor connection passes through here, and this module adds the descriptor to the commands that
//! need it. Channel, control and console are QEMU's own.

use crate::link::{Flow, wait};
use crate::{fd, take};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use std::ffi::OsString;
use std::io::{IoSlice, Result};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;

/// The library writes exactly this (`qemu/snapshot.ts`), on its own line.
const GET_FD: &[u8] = b"{\"execute\":\"getfd\",";

pub fn run(program: &OsString, arguments: &[OsString], egress: bool) -> Result<()> {
    let outside = take(fd::MONITOR)?;
    let state = take(fd::STATE)?;
    let (inside, theirs) = rustix::net::socketpair(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::STREAM,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    )?;
    let inside = rustix::io::fcntl_dupfd_cloexec(&inside, 16)?;
    place(&theirs, fd::MONITOR)?;
    drop(theirs);
    Command::new(program).args(arguments).env_clear().envs(std::env::vars_os()).spawn()?;
    // Only QEMU holds these now: when they close, it is gone.
    for number in [fd::CHANNEL, fd::CONTROL, fd::MONITOR].into_iter().chain(egress.then_some(fd::EGRESS)) {
        // SAFETY: these numbers were given for the monitor, which has its own copies; nothing in this process uses
        // them.
        drop(unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(number) });
    }
    carry(&outside, &inside, &state)
}

fn carry(outside: &OwnedFd, inside: &OwnedFd, state: &OwnedFd) -> Result<()> {
    let mut inward = Flow::default();
    let mut outward = Flow::default();
    while !inward.is_over() && !outward.is_over() {
        let interests = [
            (outside.as_fd(), flags(inward.wants_to_read(), outward.wants_to_write())),
            (inside.as_fd(), flags(outward.wants_to_read(), inward.wants_to_write())),
        ];
        wait(&interests, None)?;
        if inward.wants_to_read() {
            inward.read(outside)?;
        }
        send_lines(&mut inward, inside, state)?;
        if outward.wants_to_read() {
            outward.read(inside)?;
        }
        if outward.wants_to_write() {
            outward.write(outside, usize::MAX)?;
        }
    }
    Ok(())
}

/// Forwards whole lines, because a descriptor belongs to one of them.
fn send_lines(inward: &mut Flow, inside: &OwnedFd, state: &OwnedFd) -> Result<()> {
    while let Some(end) = inward.held().iter().position(|&byte| byte == b'\n') {
        let line = inward.held().get(..=end).unwrap_or_default().to_vec();
        if !line.starts_with(GET_FD) {
            let before = inward.held().len();
            inward.write(inside, line.len())?;
            if inward.held().len() == before {
                return Ok(());
            }
            continue;
        }
        let fds = [state.as_fd()];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&fds));
        match rustix::net::sendmsg(
            inside,
            &[IoSlice::new(&line)],
            &mut control,
            SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
        ) {
            // A partly sent line takes the descriptor with it; the rest follows as bytes.
            Ok(length) => inward.drop_first(length),
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

fn flags(read: bool, write: bool) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, read);
    flags.set(PollFlags::OUT, write);
    flags
}

/// Makes it descriptor `number`, which is inherited.
pub fn place(from: &OwnedFd, number: i32) -> Result<()> {
    // SAFETY: the number is one that the plan reserves for the monitor; the wrapper only serves dup2 and is forgotten,
    // so that it stays open.
    let mut target = std::mem::ManuallyDrop::new(unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(number) });
    rustix::io::dup2(from, &mut target)?;
    Ok(())
}
