//! Namespaces: creating new ones gives new capabilities over much kernel code; joining another one means being there.

use crate::report::{Stopped, Tried};
use crate::sys::{call, done, number, open, pointer, raw, text};
use std::ffi::CString;

/// The `CLONE_NEW…` flags by the name of the namespace.
const FLAGS: &[(&str, usize)] = &[
    ("user", 0x1000_0000),
    ("mount", 0x0002_0000),
    ("pid", 0x2000_0000),
    ("net", 0x4000_0000),
    ("ipc", 0x0800_0000),
    ("uts", 0x0400_0000),
    ("cgroup", 0x0200_0000),
    ("time", 0x0000_0080),
];

fn flag(arguments: &[String]) -> Result<usize, Stopped> {
    let name = text(arguments, 0)?;
    let name = name.to_string_lossy();
    FLAGS.iter().find(|(known, _)| *known == name).map(|(_, flag)| *flag).ok_or(Stopped::Usage("no such namespace"))
}

pub fn unshare(arguments: &[String]) -> Tried {
    done(call(libc::SYS_unshare, &[flag(arguments)?]), "unshared")
}

/// The child's side returns 0 and must not continue in a copy of this process.
fn child_or(result: Result<usize, i32>) -> Tried {
    if result == Ok(0) {
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(0) };
    }
    done(result, "cloned")
}

const SIGCHLD: usize = 17;

pub fn clone(arguments: &[String]) -> Tried {
    let wanted = flag(arguments)?;
    // The low byte of clone's flags is the child's exit signal, so CLONE_NEWTIME (0x80) cannot be requested here: it
    // counts as refused.
    if wanted == 0x80 {
        return Err(Stopped::Errno(libc::EINVAL));
    }
    child_or(call(libc::SYS_clone, &[wanted + SIGCHLD, 0, 0, 0, 0]))
}

pub fn clone3(arguments: &[String]) -> Tried {
    // struct clone_args { flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls }
    let wanted = u64::try_from(flag(arguments)?).map_err(|_| Stopped::Usage("flag"))?;
    let clone_args: [u64; 8] = [wanted, 0, 0, 0, 17, 0, 0, 0];
    child_or(call(libc::SYS_clone3, &[pointer(&clone_args), 64]))
}

pub fn setns(arguments: &[String]) -> Tried {
    let (pid, kind) = (text(arguments, 0)?, text(arguments, 1)?);
    let path = format!("/proc/{}/ns/{}", pid.to_string_lossy(), kind.to_string_lossy());
    let namespace = open(&CString::new(path).map_err(|_| Stopped::Usage("NUL"))?, libc::O_RDONLY)?;
    done(call(libc::SYS_setns, &[raw(&namespace), 0]), "joined")
}

pub fn setns_pidfd(arguments: &[String]) -> Tried {
    let pidfd = call(libc::SYS_pidfd_open, &[number(arguments, 0)?, 0])?;
    done(call(libc::SYS_setns, &[pidfd, 0x7e02_0000]), "joined")
}
