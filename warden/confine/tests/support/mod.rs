//! Children that confine themselves, and how they ended.

#![allow(dead_code, reason = "each test file uses a part")]

use bulkhead_order::Filters;
use bulkhead_plan::Error;
use bulkhead_plan::model::Seccomp;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Under which options the default profile is compiled.
pub fn filters(deny_setid: bool, unix_sockets_only: bool, capabilities: &[&str]) -> Filters {
    let plan = Seccomp { profile: "default".into(), deny_setid, unix_sockets_only, whiteouts: false };
    let capabilities: Vec<String> = capabilities.iter().map(ToString::to_string).collect();
    bulkhead_filters::compile(&plan, &capabilities).unwrap()
}

/// How a child ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Exit(i32),
    Signal(i32),
}

/// Forks, runs `work`, and exits with what it returns. `work` must not allocate: other threads of the test may hold the
/// heap's lock.
pub fn in_child(work: impl FnOnce() -> i32) -> End {
    // SAFETY: the child only makes the syscalls of `work`, then ends without returning.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let status = work();
        // SAFETY: ends the process; runs no destructors.
        unsafe { libc::_exit(status) }
    }
    assert!(pid > 0);
    let mut status = 0;
    // SAFETY: `status` is a valid place, `pid` our own child.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(waited, pid);
    if libc::WIFSIGNALED(status) { End::Signal(libc::WTERMSIG(status)) } else { End::Exit(libc::WEXITSTATUS(status)) }
}

/// A command that confines itself just before it is executed.
pub fn confined(program: &str, confine: impl Fn() -> Result<(), Error> + Send + Sync + 'static) -> Command {
    let mut command = Command::new(program);
    let confine = move || confine().map_err(|error| io::Error::from_raw_os_error(error.errno.unwrap_or(libc::EPROTO)));
    // SAFETY: the functions of this crate make syscalls and allocate only for an error that ends the test.
    unsafe { command.pre_exec(confine) };
    command
}

/// What a command printed; it must succeed.
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {error}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Tests that need root say so in the run's output.
pub fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: needs root");
    }
    root
}
