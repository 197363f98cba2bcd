//! `warden helper`: drops every right, then executes the library's own code, which parses data from registries, servers
//! and guests.
//!
//! Its caller is the library, which is trusted. The program that it executes is Bulkhead's too, but its input is
//! hostile: all confinement is in force before the exec, permanently, and a failure ends the helper. Only a kernel
//! without Landlock is accepted; `doctor` reports it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod identity;
mod interpreter;
mod limits;
mod options;
mod paths;

use bulkhead_confine as confine;
use bulkhead_error::{Code, Error};
use bulkhead_sys as sys;
use options::{CONTROL, Options};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use std::ffi::OsString;
use std::io::Write;

/// Returns only on failure, with the exit code, after sending the reason on the control connection.
pub fn main(arguments: &[OsString]) -> i32 {
    let error = match Options::parse(arguments) {
        Some(options) => match become_program(&options) {
            Err(error) => error,
            Ok(never) => match never {},
        },
        None => Error::new(Code::LaunchFailed, "parse arguments of helper"),
    };
    report(&error);
    125
}

fn become_program(options: &Options) -> Result<std::convert::Infallible, Error> {
    sys::close_range(options.first_unused(), i32::MAX).map_err(failed("close_range"))?;
    die_with(options.parent)?;
    // A new session: no terminal, and no signals sent to the caller's process group.
    rustix::process::setsid().map_err(failed("setsid"))?;
    rustix::process::chdir("/").map_err(failed("chdir"))?;
    rustix::process::umask(Mode::from_raw_mode(0o077));
    confine::keyring::join_new_session()?;
    confine::priority::give_up()?;
    // Opened with the caller's rights: the program may be below a directory that only the caller can enter.
    let program = open(&options.program)?;
    let interpreter = interpreter::of(&options.program)?;
    let locks = options.ids.map(sys::adopt).transpose().map_err(failed("use the file of locks"))?;
    let own = identity::Own::choose(locks.as_ref())?;
    limits::apply(options.files, own.is_some())?;
    confine::process::no_new_privs()?;
    if confine::landlock::abi() > 0 {
        confine::host_files::restrict(&paths::allowed(options, interpreter.as_deref()))?;
    }
    if let Some(own) = &own {
        own.assume()?;
    }
    identity::give_up_capabilities()?;
    // A change of uid clears it.
    die_with(options.parent)?;
    confine::seccomp::install(&bulkhead_filters::compile_helper(options.network)?)?;
    let (arguments, nothing) = (sys::Strings::new(&options.arguments), sys::Strings::new(&[]));
    let errno = sys::execute(&program, c"", &arguments, &nothing);
    Err(failed("execveat")(errno).path(&options.program))
}

fn open(path: &str) -> Result<OwnedFd, Error> {
    rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| failed("open")(errno).path(path))
}

/// The kernel kills this process when the thread that started it ends; this detects a parent that was gone before.
fn die_with(parent: i32) -> Result<(), Error> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(failed("prctl PR_SET_PDEATHSIG"))?;
    match rustix::process::getppid() {
        Some(pid) if pid.as_raw_nonzero().get() == parent => Ok(()),
        _ => Err(Error::new(Code::LaunchFailed, "getppid").detail("the parent has ended")),
    }
}

pub(crate) fn failed(operation: &'static str) -> impl Fn(rustix::io::Errno) -> Error {
    move |errno| Error::new(Code::LaunchFailed, operation).errno(errno.raw_os_error())
}

/// Kind of a frame: a call has failed (`packages/bulkhead/src/helpers/frames.ts`).
const THROW: u8 = 3;
/// The library's first call, which this frame answers.
const HELLO: u32 = 1;

/// A frame: `u32` big-endian length of the rest, `u32` number of the call, `u8` kind, JSON.
fn report(error: &Error) {
    let text = serde_json::to_vec(error).unwrap_or_default();
    let mut rest = HELLO.to_be_bytes().to_vec();
    rest.push(THROW);
    rest.extend_from_slice(&text);
    let Ok(length) = u32::try_from(rest.len()) else { return };
    let frame = [&length.to_be_bytes()[..], &rest].concat();
    if let Ok(control) = sys::adopt(CONTROL) {
        // If this fails, no one waits for it any more.
        let _ = std::fs::File::from(control).write_all(&frame);
    }
}
