//! Children of init: forked, switched to the workload's user, then another program (`exec`) or a server of one file
//! operation. Everything that could block or that follows a path happens there, with none of init's descriptors open.

mod activation;
mod exec;
mod report;
mod socket;
mod user;

pub use report::{Message, Report, Reporter};

use crate::files;
use bulkhead_channel::request::{Exec, File};
use bulkhead_order::Workload;
use bulkhead_plan::{Code, Error, InnerPlan};
use rustix::fs::{Mode, fchmod};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use std::ffi::CString;
use std::os::fd::{BorrowedFd, OwnedFd};

/// What a child is to do.
pub enum Work {
    Exec(Box<Exec>),
    File(File),
}

/// What a child does with a Unix socket: as the workload's user, whose rights decide where the path leads, and whom the
/// other end sees.
pub enum SocketWork {
    /// Bind to a path that does not exist yet, and listen.
    Listen(CString),
    /// Bind to such a path, for datagrams.
    Bind(CString),
    Connect(CString),
    /// Remove a listener's file, without a socket.
    Remove(CString),
}

/// The pipes it has; the other descriptors of 0, 1, 2 are /dev/null, as they are in init.
#[derive(Debug, Clone, Copy)]
pub struct Pipes {
    pub input: bool,
    pub output: bool,
    pub error: bool,
}

/// Init's side of a child.
pub struct Process {
    pub pid: i32,
    pub report: Report,
    pub input: Option<OwnedFd>,
    pub output: Option<OwnedFd>,
    pub error: Option<OwnedFd>,
}

/// The child's side, before it is in place.
struct Ends {
    standard: [Option<OwnedFd>; 3],
    report: OwnedFd,
}

impl Work {
    const fn failure(&self) -> Code {
        match self {
            Self::Exec(_) => Code::ExecFailed,
            Self::File(_) => Code::FileFailed,
        }
    }
}

impl SocketWork {
    pub const fn failure(&self) -> Code {
        match self {
            Self::Listen(_) | Self::Bind(_) => Code::ListenFailed,
            Self::Connect(_) => Code::ConnectFailed,
            Self::Remove(_) => Code::FileFailed,
        }
    }
}

/// Starts a child. A lack of processes or descriptors is an error like any other, and leaves nothing behind. `filter`
/// is for an exec's program; a file operation stays init's own code.
pub fn start(work: &Work, pipes: Pipes, inner: &InnerPlan, filter: Option<&Workload>) -> Result<Process, Error> {
    let failed =
        |operation: &'static str| move |errno: Errno| Error::new(work.failure(), operation).errno(errno.raw_os_error());
    let (report, report_end) = report::pair().map_err(failed("socketpair"))?;
    let (stdin, input) = pair(pipes.input, inner).map_err(failed("pipe2"))?;
    let (output, stdout) = pair(pipes.output, inner).map_err(failed("pipe2"))?;
    let (error, stderr) = pair(pipes.error, inner).map_err(failed("pipe2"))?;
    // Nonblocking on our side only: the workload may open its own side again and read or write the data promised to us.
    for fd in [&input, &output, &error].into_iter().flatten() {
        fcntl_setfl(fd, OFlags::NONBLOCK).map_err(failed("fcntl"))?;
    }
    let arrays = match work {
        Work::Exec(exec) => Some(exec::Arrays::new(exec)),
        Work::File(_) => None,
    };
    let ends = Ends { standard: [stdin, stdout, stderr], report: report_end };
    match bulkhead_sys::fork_plain().map_err(failed("fork"))? {
        Some(pid) => Ok(Process { pid: pid.as_raw_nonzero().get(), report, input, output, error }),
        None => run(work, arrays.as_ref(), ends, inner, filter),
    }
}

/// Starts a child that works on a Unix socket, of which it gets a copy. It reports its outcome and ends, and is
/// collected like an orphan.
pub fn start_on_socket(work: &SocketWork, socket: Option<BorrowedFd<'_>>, inner: &InnerPlan) -> Result<Report, Error> {
    let failed =
        |operation: &'static str| move |errno: Errno| Error::new(work.failure(), operation).errno(errno.raw_os_error());
    let (report, end) = report::pair().map_err(failed("socketpair"))?;
    let copy = socket.map(|socket| rustix::io::fcntl_dupfd_cloexec(socket, 3)).transpose().map_err(failed("fcntl"))?;
    let ends = Ends { standard: [copy, None, None], report: end };
    if bulkhead_sys::fork_plain().map_err(failed("fork"))?.is_some() {
        return Ok(report);
    }
    let Ok(reporter) = arrange(ends, 0) else { bulkhead_sys::exit_now(1) };
    let outcome = user::become_user(inner, &inner.user, &[])
        .map_err(|(operation, errno)| Error::new(work.failure(), operation).errno(errno.raw_os_error()))
        .and_then(|()| socket::serve(work));
    reporter.end(outcome);
    bulkhead_sys::exit_now(1)
}

/// The child. It owns a copy of everything that init has, and closes that first.
fn run(work: &Work, arrays: Option<&exec::Arrays>, ends: Ends, inner: &InnerPlan, filter: Option<&Workload>) -> ! {
    let sockets = match work {
        Work::Exec(exec) => exec.listen.len(),
        Work::File(_) => 0,
    };
    let Ok(reporter) = arrange(ends, sockets) else { bulkhead_sys::exit_now(1) };
    let outcome = match work {
        Work::Exec(exec) => Err(exec::replace(exec, arrays, inner, filter, &reporter)),
        Work::File(file) => user::become_user(inner, &inner.user, &[])
            .map_err(|(operation, errno)| Error::new(Code::FileFailed, operation).errno(errno.raw_os_error()))
            .and_then(|()| files::serve(file, &reporter)),
    };
    reporter.end(outcome);
    bulkhead_sys::exit_now(1)
}

/// Puts the standard descriptors in place, the report behind room for `sockets`, and closes everything else, above all
/// the channel.
fn arrange(ends: Ends, sockets: usize) -> Result<Reporter, Errno> {
    let [stdin, stdout, stderr] = ends.standard;
    if let Some(fd) = &stdin {
        rustix::stdio::dup2_stdin(fd)?;
    }
    if let Some(fd) = &stdout {
        rustix::stdio::dup2_stdout(fd)?;
    }
    if let Some(fd) = &stderr {
        rustix::stdio::dup2_stderr(fd)?;
    }
    // Their numbers are about to be closed, and one of them may become the report's.
    [stdin, stdout, stderr].into_iter().flatten().for_each(std::mem::forget);
    Reporter::place(ends.report, sockets)
}

fn both((read, write): (OwnedFd, OwnedFd)) -> (Option<OwnedFd>, Option<OwnedFd>) {
    (Some(read), Some(write))
}

/// A pipe's reading and writing end.
fn pair(wanted: bool, inner: &InnerPlan) -> Result<(Option<OwnedFd>, Option<OwnedFd>), Errno> {
    if !wanted {
        return Ok((None, None));
    }
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    // A pipe belongs to the user who created it, and opening /dev/stdout opens it again by name, as the workload's
    // user, who is another. /proc, not this mode, decides who can name it.
    match fchmod(&read, Mode::from_raw_mode(0o666)) {
        Ok(()) => Ok((Some(read), Some(write))),
        // Back from uid 0 init would have lost its capabilities; root in a sandbox does without reopening its pipes.
        Err(Errno::PERM) if inner.sentry.is_some() && inner.user.uid == 0 => Ok((Some(read), Some(write))),
        Err(Errno::PERM) if inner.sentry.is_some() => {
            user::acting_as(inner, || pipe_with(PipeFlags::CLOEXEC)).map(both)
        }
        Err(errno) => Err(errno),
    }
}
