//! A frozen v1 group also holds processes that were killed: each ends only when the group thaws. If the broker died
//! during a pause, the sandbox would stay until the next broker starts. So while a group is frozen, a child process
//! waits for the broker's end, for any reason, and thaws the group.

use bulkhead_error::{Attempt, Code, Error};
use bulkhead_sys::Fork;
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::pipe::PipeFlags;
use rustix::process::{WaitId, WaitIdOptions};
use std::path::Path;

/// When dropped, the child thaws the group and ends, before the drop returns.
pub struct Guard {
    pipe: Option<OwnedFd>,
    pidfd: OwnedFd,
}

impl Guard {
    /// `state`: the group's `freezer.state`.
    pub fn post(state: &Path) -> Result<Self, Error> {
        let failed = Code::CgroupUnavailable;
        let path = state.to_string_lossy();
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let file = rustix::fs::open(state, flags, Mode::empty()).attempt_on(failed, "open", &path)?;
        let (ours, theirs) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).attempt(failed, "pipe")?;
        match bulkhead_sys::fork(0, None).attempt(failed, "clone3")? {
            Fork::Parent { pidfd, .. } => Ok(Self { pipe: Some(theirs), pidfd }),
            Fork::Child => wait_and_thaw(&ours, &file),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.pipe = None;
        let _ = rustix::process::waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
    }
}

fn wait_and_thaw(pipe: &OwnedFd, state: &OwnedFd) -> ! {
    // Most important is the other end of the pipe: if it stayed open here, its end-of-file would never come.
    bulkhead_sys::close_all_but(0, vec![pipe.as_raw_fd(), state.as_raw_fd()]);
    let _ = rustix::process::setsid();
    // Nothing is ever written: the read returns when the broker or the pause ends.
    while rustix::io::read(pipe, &mut [0; 1]) == Err(rustix::io::Errno::INTR) {}
    let _ = rustix::io::write(state, b"THAWED");
    bulkhead_sys::exit_now(0)
}
