//! The child that becomes another program.

use crate::child::Reporter;
use crate::child::activation::{self, variables};
use crate::child::user::become_user;
use bulkhead_channel::request::{Exec, Window};
use bulkhead_confine::seccomp::install_workload;
use bulkhead_order::Workload;
use bulkhead_plan::{Code, Error, InnerPlan};
use bulkhead_sys::Strings;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, ioctl_tiocsctty, setrlimit, setsid};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;

/// `argv` and `env` in the form of `execve`, and the paths to try; built before the fork, in memory that init owns.
pub struct Arrays<'a> {
    argv: Strings<'a>,
    envp: Strings<'a>,
    /// In the order in which they are tried.
    candidates: Vec<CString>,
}

impl<'a> Arrays<'a> {
    pub fn new(exec: &'a Exec) -> Self {
        Self::with(exec, &exec.env)
    }

    fn with(exec: &'a Exec, env: &'a [CString]) -> Self {
        Self { argv: Strings::new(&exec.argv), envp: Strings::new(env), candidates: candidates(exec) }
    }
}

/// A name with a slash is a path. Others are looked up in the program's own `PATH`; an empty entry in it, which once
/// meant the working directory, is skipped.
fn candidates(exec: &Exec) -> Vec<CString> {
    let Some(name) = exec.argv.first() else { return Vec::new() };
    if name.as_bytes().contains(&b'/') {
        return vec![name.clone()];
    }
    // An image's `CMD [""]`: no program has that name, and a directory of the PATH is not one.
    if name.is_empty() {
        return Vec::new();
    }
    let path = exec.env.iter().rev().find_map(|variable| variable.as_bytes().strip_prefix(b"PATH="));
    path.unwrap_or_default()
        .split(|byte| *byte == b':')
        .filter(|directory| !directory.is_empty())
        .filter_map(|directory| CString::new([directory, b"/", name.as_bytes()].concat()).ok())
        .collect()
}

/// Returns only on failure. Once the filter is in force it makes three calls: `execve`, and on failure `sendto` and
/// `exit_group`.
pub fn replace(
    exec: &Exec,
    arrays: Option<&Arrays>,
    inner: &InnerPlan,
    filter: Option<&Workload>,
    reporter: &Reporter,
) -> Error {
    // `LISTEN_PID` is known only here.
    let env = variables(exec);
    let own = env.as_ref().map(|env| Arrays::with(exec, env));
    if let Err((operation, errno)) = prepare(exec, inner, reporter) {
        return Error::new(Code::ExecFailed, operation).errno(errno.raw_os_error());
    }
    if let Err(errno) = rustix::process::chdir(exec.cwd.as_c_str()) {
        return Error::new(Code::CwdUnavailable, "chdir").path(&exec.cwd.to_string_lossy()).errno(errno.raw_os_error());
    }
    if let Err(errno) = bulkhead_sys::block_signals(&[]) {
        return Error::new(Code::ExecFailed, "sigprocmask").errno(errno.raw_os_error());
    }
    if let Some(Err(error)) = filter.map(install_workload) {
        return Error { code: Code::ExecFailed, ..error };
    }
    own.as_ref().or(arrays).map_or_else(|| Error::new(Code::ExecFailed, "execve"), |arrays| execute(exec, arrays))
}

fn prepare(exec: &Exec, inner: &InnerPlan, reporter: &Reporter) -> Result<(), (&'static str, Errno)> {
    // A new session: no terminal to type into, no process group shared with init.
    setsid().map_err(|errno| ("setsid", errno))?;
    let limit = Rlimit { current: Some(inner.open_files), maximum: Some(inner.open_files) };
    setrlimit(Resource::Nofile, limit).map_err(|errno| ("setrlimit", errno))?;
    become_user(inner, exec.user.as_ref().unwrap_or(&inner.user), &inner.capabilities)?;
    // Before anything else takes one of their numbers.
    activation::listen(&exec.listen)?;
    exec.tty.map_or(Ok(()), |window| terminal(window, inner, reporter))
}

fn by_name(master: &OwnedFd) -> Result<OwnedFd, Errno> {
    let name = ptsname(master, Vec::new())?;
    rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
}

/// A terminal of the sandbox's own devpts, created by its user; its controlling side goes to init.
fn terminal(window: Window, inner: &InnerPlan, reporter: &Reporter) -> Result<(), (&'static str, Errno)> {
    let master = rustix::fs::open("/dev/ptmx", OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| ("open /dev/ptmx", errno))?;
    unlockpt(&master).map_err(|errno| ("unlockpt", errno))?;
    // By descriptor, not by a name in /dev/pts.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let peer = match ioctl_tiocgptpeer(&master, flags) {
        // Older Sentries know only the name; no other devpts can be there.
        Err(Errno::NOTTY) if inner.sentry.is_some() => by_name(&master),
        peer => peer,
    }
    .map_err(|errno| ("ioctl TIOCGPTPEER", errno))?;
    let size = Winsize { ws_row: window.rows, ws_col: window.cols, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&peer, size).map_err(|errno| ("ioctl TIOCSWINSZ", errno))?;
    ioctl_tiocsctty(&peer).map_err(|errno| ("ioctl TIOCSCTTY", errno))?;
    rustix::stdio::dup2_stdin(&peer).map_err(|errno| ("dup2", errno))?;
    rustix::stdio::dup2_stdout(&peer).map_err(|errno| ("dup2", errno))?;
    rustix::stdio::dup2_stderr(&peer).map_err(|errno| ("dup2", errno))?;
    reporter.begun_with(&master).map_err(|errno| ("sendmsg", errno))
}

/// Tries one candidate after another, as a shell does: one that exists but may not be executed is skipped, and reported
/// if there is no better one.
fn execute(exec: &Exec, arrays: &Arrays) -> Error {
    let name = exec.argv.first().map(|name| name.to_string_lossy()).unwrap_or_default();
    let mut found: Option<(Errno, &CStr)> = None;
    for candidate in &arrays.candidates {
        match bulkhead_sys::execve(candidate, &arrays.argv, &arrays.envp) {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG => {}
            Errno::ACCESS => {
                found.get_or_insert((Errno::ACCESS, candidate));
            }
            errno => {
                found = Some((errno, candidate));
                break;
            }
        }
    }
    match found {
        // A name that is no path can be as long as a request, but an error cannot.
        None => Error::new(Code::ExecNotFound, "execve").path(cut(&name)).errno(Errno::NOENT.raw_os_error()),
        Some((errno, path)) => {
            Error::new(code(errno), "execve").path(cut(&path.to_string_lossy())).errno(errno.raw_os_error())
        }
    }
}

fn code(errno: Errno) -> Code {
    match errno {
        // A lack of resources, not a fault of the file.
        Errno::TOOBIG | Errno::NOMEM | Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::IO => Code::ExecFailed,
        _ => Code::ExecNotExecutable,
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(4096)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_channel::request::Stdin;

    fn exec(name: &str, path: &str) -> Exec {
        let string = |text: &str| CString::new(text).unwrap();
        Exec {
            argv: vec![string(name)],
            env: vec![string(path)],
            cwd: string("/"),
            stdin: Stdin::Null,
            tty: None,
            user: None,
            listen: Vec::new(),
        }
    }

    #[test]
    fn looks_in_the_given_path_only() {
        let tried = |name, path| {
            candidates(&exec(name, path)).iter().map(|path| path.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(tried("ls", "PATH=/a::/b"), ["/a/ls", "/b/ls"]);
        assert_eq!(tried("./ls", "PATH=/a"), ["./ls"]);
        assert_eq!(tried("ls", "NOPATH=/a"), [""; 0]);
        assert_eq!(tried("ls", "PATH="), [""; 0]);
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut(&"é".repeat(3000)).len(), 4096);
        assert_eq!(cut("short"), "short");
    }
}
