//! Start-up before the loop: command line, signals, descriptors.

use crate::listen::Listener;
use crate::options::{Options, USAGE};
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_front::Setting;
use bulkhead_keeper::{Keeper, Settings, Start, occupy_low_descriptors};
use rustix::fd::OwnedFd;
use std::ffi::OsString;

/// The control connection of a private broker, or the socket that systemd listens on for a system broker.
const INHERITED: i32 = 3;

/// Runs a broker until its owner is gone. Returns the exit code.
pub fn main(arguments: &[OsString]) -> i32 {
    let options = Options::parse(arguments).map_err(|problem| format!("USAGE: {problem}\n{USAGE}"));
    let Err(problem) = options.and_then(|options| run(options).map_err(|error| error.to_string())) else { return 0 };
    eprintln!("bulkhead: {problem}");
    125
}

fn run(options: Options) -> Result<(), Error> {
    // No process of the same uid may attach to the one process that holds privilege.
    bulkhead_confine::process::dumpable(false)?;
    // Leave the terminal's session: ^C is for the calling program. Fails if we are already a session leader.
    let _ = rustix::process::setsid();
    let _ = rustix::process::chdir("/");
    raise_open_files();
    let private = options.socket.is_none();
    let inherited = (private || is_activated()).then(|| bulkhead_sys::adopt(INHERITED)).transpose();
    let inherited = inherited.attempt(Code::LaunchFailed, "use descriptor 3")?;
    // Close descriptors that the caller left open: they must not reach a sandbox.
    bulkhead_sys::close_all_but(if inherited.is_some() { INHERITED + 1 } else { INHERITED }, Vec::new());
    let (control, socket) = if private { (inherited, None) } else { (None, inherited) };
    occupy_low_descriptors()?;
    let signals = signals()?;
    let (socket, listener) = Listener::open(&options, socket)?;
    let Options { allow_uids, allow_gids, maxima, expect, .. } = options;
    let settings = Settings { private, allow_uids, allow_gids, maxima, expect, name: listener.name.clone() };
    Keeper::new(settings, socket, control, signals, front)?.run()
}

/// Runs a front, in a process of its own, as its caller.
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

/// Whether systemd passed a socket: sd_listen_fds(3).
fn is_activated() -> bool {
    std::env::var("LISTEN_PID").is_ok_and(|pid| pid == std::process::id().to_string())
}

/// Turns SIGTERM and SIGINT into a descriptor, so that the broker can clean up before it ends.
fn signals() -> Result<OwnedFd, Error> {
    let ends = [libc::SIGTERM, libc::SIGINT];
    bulkhead_sys::block_signals(&ends).attempt(Code::LaunchFailed, "sigprocmask")?;
    bulkhead_sys::signal_descriptor(&ends).attempt(Code::LaunchFailed, "signalfd")
}
