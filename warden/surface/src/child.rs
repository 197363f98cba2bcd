//! One step in a child process, so that its changes and damage end with it.

use std::time::{Duration, Instant};

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exited(i32),
    Signalled(i32),
    /// It waited for something, and was ended.
    Waited,
    /// No child could be created.
    None(i32),
}

/// A call that has not returned by then is waiting. A busy machine only makes more calls look as if they waited, which
/// counts as reached.
const PATIENCE: Duration = Duration::from_millis(400);

/// Runs `step` in a child and returns its exit code.
pub fn attempt(step: impl FnOnce() -> i32) -> End {
    // SAFETY: this program has one thread, so the child may do whatever its parent could.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return End::None(crate::sys::errno());
    }
    if pid == 0 {
        let code = step();
        // SAFETY: ends the child without running the parent's exit handlers.
        unsafe { libc::_exit(code) };
    }
    await_end(pid)
}

fn await_end(pid: libc::pid_t) -> End {
    let begun = Instant::now();
    let mut pause = Duration::from_micros(50);
    loop {
        if let Some(status) = reap(pid, libc::WNOHANG) {
            return ending(status);
        }
        if begun.elapsed() > PATIENCE {
            // SAFETY: our own child, not yet reaped, so the number is still its.
            unsafe { libc::kill(pid, libc::SIGKILL) };
            let _ = reap(pid, 0);
            return End::Waited;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

fn reap(pid: libc::pid_t, flags: libc::c_int) -> Option<libc::c_int> {
    let mut status = 0;
    // SAFETY: `status` is ours to write.
    let got = unsafe { libc::waitpid(pid, &raw mut status, flags) };
    (got == pid).then_some(status)
}

fn ending(status: libc::c_int) -> End {
    if libc::WIFSIGNALED(status) {
        End::Signalled(libc::WTERMSIG(status))
    } else {
        End::Exited(libc::WEXITSTATUS(status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_how_it_ended() {
        assert_eq!(attempt(|| 7), End::Exited(7));
        // SAFETY: ends the child that it runs in.
        assert_eq!(attempt(|| unsafe { libc::raise(libc::SIGSYS) }), End::Signalled(libc::SIGSYS));
        // SAFETY: waits for a signal in a child that is ended.
        assert_eq!(attempt(|| unsafe { libc::pause() }), End::Waited);
    }
}
