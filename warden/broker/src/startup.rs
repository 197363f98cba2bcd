//! What happens before the loop: command line, signals, descriptors.

use bulkhead_error::Attempt;

use crate::options::{Options, USAGE};
use crate::server::Server;
use bulkhead_plan::payload::LAST_FD;
use bulkhead_plan::{Code, Error};
use rustix::fd::{AsRawFd, OwnedFd};
use std::ffi::OsString;

/// The control connection of a private broker.
const CONTROL: i32 = 3;

/// Runs a broker until its owner is gone. Returns the exit code.
pub fn main(arguments: &[OsString]) -> i32 {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("bulkhead: USAGE: {problem}\n{USAGE}");
            return 125;
        }
    };
    match prepare(options).and_then(Server::run) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("bulkhead: {error}");
            125
        }
    }
}

fn prepare(options: Options) -> Result<Server, Error> {
    // Nobody of the same uid may attach to the one process that holds privilege.
    bulkhead_confine::process::dumpable(false)?;
    // Out of the terminal's session: ^C is for the program that uses us. Fails where we lead one already.
    let _ = rustix::process::setsid();
    let _ = rustix::process::chdir("/");
    raise_open_files();
    let control = if options.socket.is_none() { Some(inherited_control()?) } else { None };
    // What whoever started us left open is not ours, and must not get into a sandbox.
    bulkhead_sys::close_all_but(if control.is_some() { CONTROL + 1 } else { CONTROL }, Vec::new());
    occupy_low_descriptors()?;
    let signals = signals()?;
    Server::new(options, control, signals)
}

/// Each live sandbox costs a few descriptors.
fn raise_open_files() {
    let mut limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current = limit.maximum;
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, limit);
}

fn inherited_control() -> Result<OwnedFd, Error> {
    bulkhead_sys::adopt(CONTROL).attempt(Code::LaunchFailed, "use descriptor 3 as control connection")
}

/// 0 to 15 are where a child puts what its payload starts with: nothing of ours may live there, but what is there already and
/// closes itself on exec.
pub fn occupy_low_descriptors() -> Result<(), Error> {
    loop {
        let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null").attempt_on(
            Code::LaunchFailed,
            "open",
            "/dev/null",
        )?;
        if null.as_raw_fd() > i32::from(LAST_FD) {
            return Ok(());
        }
        std::mem::forget(null);
    }
}

/// SIGTERM and SIGINT as a descriptor: the end is orderly, with nothing left behind.
fn signals() -> Result<OwnedFd, Error> {
    let ends = [libc::SIGTERM, libc::SIGINT];
    bulkhead_sys::block_signals(&ends).attempt(Code::LaunchFailed, "sigprocmask")?;
    bulkhead_sys::signal_descriptor(&ends).attempt(Code::LaunchFailed, "signalfd")
}
