//! The last step: places the descriptors, then executes init or the order's program.

use bulkhead_confine::seccomp::to_bytes;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Channel, Descriptor, FILTER_FD, LAST_FD, Program, Workload};
use bulkhead_sys::{Strings, place};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, MemfdFlags, Mode, OFlags, ResolveFlags};
use std::os::unix::fs::FileExt;

const FAILED: Code = Code::LaunchFailed;

/// Returns only on failure.
pub fn execute(program: &Program, warden: &OwnedFd) -> Error {
    let (argv, env) = (Strings::new(&program.argv), Strings::new(&program.env));
    match &program.path {
        None => Error::new(FAILED, "execveat").errno(bulkhead_sys::execute(warden, c"", &argv, &env).raw_os_error()),
        Some(path) => Error::new(FAILED, "execve")
            .path(&path.to_string_lossy())
            .errno(bulkhead_sys::execute(CWD, path, &argv, &env).raw_os_error()),
    }
}

/// Places the channel and the program's other descriptors at their numbers, and /dev/null at those of 0, 1 and 2 that
/// remain. Setup's own descriptors have numbers from 16 on; all others close on exec.
pub fn arrange(program: &Program, channel: &OwnedFd, attached: &[OwnedFd]) -> Result<(), Error> {
    let null = open_inside("/dev/null", true)?;
    for number in 0..=2 {
        put(&null, number)?;
    }
    match program.channel {
        Channel::Fd(number) => put(channel, i32::from(number))?,
        Channel::Stdio(()) => {
            put(channel, 0)?;
            put(channel, 1)?;
        }
    }
    let mut attached = attached.iter();
    for descriptor in &program.descriptors {
        let number = i32::from(descriptor.fd());
        match descriptor {
            Descriptor::Open(open) => put(open_inside(&open.path, open.write)?, number)?,
            Descriptor::Attached(_) => {
                put(attached.next().ok_or_else(|| Error::new(FAILED, "attach"))?, number)?;
            }
        }
    }
    Ok(())
}

/// Places the workload's filter where init looks for it: in memory, since it is too long for an argument.
pub fn hand_over(workload: &Workload) -> Result<(), Error> {
    let file = rustix::fs::memfd_create("filter", MemfdFlags::CLOEXEC).attempt(FAILED, "memfd_create")?;
    let file = std::fs::File::from(file);
    file.write_all_at(&to_bytes(workload), 0).attempt(FAILED, "write the filter")?;
    put(&file, i32::from(FILTER_FD))
}

/// The jail may hold the workload's files, so no link in it is followed.
fn open_inside(path: &str, write: bool) -> Result<OwnedFd, Error> {
    let flags = if write { OFlags::RDWR } else { OFlags::RDONLY } | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS).attempt_on(
        FAILED,
        "open for the program",
        path,
    )?;
    above(&file)
}

/// A copy with a number above those of the program's descriptors.
fn above(file: impl AsFd) -> Result<OwnedFd, Error> {
    rustix::io::fcntl_dupfd_cloexec(file, i32::from(LAST_FD) + 1).attempt(FAILED, "dup")
}

/// No value of this process owns a descriptor at `number`, which is below 16.
fn put(from: impl AsFd, number: i32) -> Result<(), Error> {
    place(from, number).attempt(FAILED, "dup2")
}
