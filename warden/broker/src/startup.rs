//! What happens before the loop: command line, signals, descriptors.

use crate::listen::Listener;
use crate::options::{Options, USAGE};
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_front::Setting;
use bulkhead_keeper::{Keeper, Settings, Start, occupy_low_descriptors};
use rustix::fd::OwnedFd;
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
    match run(options) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("bulkhead: {error}");
            125
        }
    }
}

fn run(options: Options) -> Result<(), Error> {
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
    let (socket, listener) = Listener::open(&options)?;
    let Options { allow_uids, maxima, expect, .. } = options;
    let settings = Settings { private: control.is_some(), allow_uids, maxima, expect, name: listener.name.clone() };
    Keeper::new(settings, socket, control, signals, front)?.run()
}

/// In a process of its own, as its caller.
fn front(start: Start) -> i32 {
    let Start { socket, control, caller, allowed, facts, maxima, name, expect } = start;
    bulkhead_front::run(Setting {
        keeper: socket,
        control,
        caller_uid: caller.uid,
        allowed,
        facts,
        maxima,
        name,
        expects: expect.is_some(),
    })
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

/// SIGTERM and SIGINT as a descriptor: the end is orderly, with nothing left behind.
fn signals() -> Result<OwnedFd, Error> {
    let ends = [libc::SIGTERM, libc::SIGINT];
    bulkhead_sys::block_signals(&ends).attempt(Code::LaunchFailed, "sigprocmask")?;
    bulkhead_sys::signal_descriptor(&ends).attempt(Code::LaunchFailed, "signalfd")
}
