//! Init's set-up of its process: known signals, known descriptors, nothing else.

use crate::args::Channel;
use crate::server::Wire;
use bulkhead_confine::seccomp::from_bytes;
use bulkhead_order::Workload;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, set_child_subreaper, set_parent_process_death_signal, umask};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// BPF_MAXINSNS instructions of 8 bytes, and the header before them.
const LARGEST_FILTER: usize = (4096 + 1) * 8;

/// Init's connections, and its other event sources.
pub struct Prepared {
    pub channel: Wire,
    pub egress: Option<Wire>,
    /// To the bridge of the service that the sandbox belongs to.
    pub bridge: Option<OwnedFd>,
    /// Readable when a child has ended.
    pub children: OwnedFd,
}

pub fn prepare(channel: Channel, egress: Option<i32>, bridge: Option<i32>) -> Result<Prepared, Errno> {
    // A change of uid clears it, so it is set again here. In a pid namespace the kernel kills everything in it with us.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if !getpid().is_init() {
        // As an ordinary process, in tests: orphans must come to us, too.
        set_child_subreaper(Some(getpid()))?;
    }
    // Otherwise `ps` inside would show the file that it was executed from.
    rustix::thread::set_name(c"init")?;
    umask(Mode::WGRP | Mode::WOTH);
    let children = signals()?;
    let bridge = bridge.map(bulkhead_sys::adopt).transpose()?;
    let (channel, egress) = descriptors(channel, egress, bridge.iter().chain([&children]))?;
    Ok(Prepared { channel, egress, bridge, children })
}

/// The filter that the broker left at `fd`, which is closed.
pub fn filter(fd: i32) -> Result<Workload, Errno> {
    let file = File::from(bulkhead_sys::adopt(fd)?);
    let mut bytes = vec![0; LARGEST_FILTER + 1];
    let mut length = 0;
    while length < bytes.len() {
        match file.read_at(&mut bytes[length..], length as u64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) => return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
        }
    }
    from_bytes(&bytes[..length]).filter(|_| length <= LARGEST_FILTER).ok_or(Errno::INVAL)
}

/// Dispositions become the defaults, which children start with. Signals are blocked rather than ignored: a child starts
/// with none pending, and a write to a broken pipe still fails with an errno.
fn signals() -> Result<OwnedFd, Errno> {
    bulkhead_sys::reset_dispositions();
    if getpid().is_init() {
        bulkhead_sys::block_all_signals()?;
    } else {
        bulkhead_sys::block_signals(&[libc::SIGCHLD, libc::SIGPIPE, libc::SIGXFSZ])?;
    }
    bulkhead_sys::signal_descriptor(&[libc::SIGCHLD])
}

/// A connection that the broker passed. In a virtual machine it may be a socket that the host connects to.
fn connection(fd: i32) -> Result<Wire, Errno> {
    let socket = match fd {
        // That number belongs to /dev/null.
        0 => rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?,
        1 => rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?,
        number => bulkhead_sys::adopt(number)?,
    };
    let listening = rustix::net::sockopt::socket_acceptconn(&socket).unwrap_or(false);
    if listening { Wire::accept(socket) } else { Wire::new(socket, None) }
}

/// Keeps the connections, `others`, and /dev/null on 0, 1 and 2: the broker's descriptors there may be a host's
/// terminal.
fn descriptors<'a>(
    channel: Channel,
    egress: Option<i32>,
    others: impl Iterator<Item = &'a OwnedFd>,
) -> Result<(Wire, Option<Wire>), Errno> {
    let wire = match channel {
        Channel::Fd(fd) => connection(fd)?,
        Channel::Stdio => Wire::new(
            rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?,
            Some(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?),
        )?,
    };
    let egress = egress.map(connection).transpose()?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    if null.as_raw_fd() <= 2 {
        // It took the number of a closed standard descriptor, where it now belongs.
        std::mem::forget(null);
    } else {
        drop(null);
    }
    let wires = std::iter::once(&wire).chain(&egress);
    let mut kept: Vec<i32> = wires.flat_map(Wire::raw).chain(others.map(AsRawFd::as_raw_fd)).collect();
    kept.sort_unstable();
    let mut from = 3;
    for fd in kept {
        bulkhead_sys::close_range(from, fd - 1)?;
        from = fd + 1;
    }
    bulkhead_sys::close_range(from, i32::MAX)?;
    Ok((wire, egress))
}
