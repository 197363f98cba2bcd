//! The filter that stops the command at each syscall, and the loop that lets it continue.

use crate::calls::Call;
use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};
use std::ffi::{CStr, CString};
use std::io::{Error, ErrorKind};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// `SECCOMP_IOCTL_NOTIF_RECV` and `_SEND` of `linux/seccomp.h`: `_IOWR('!', 0, 80 bytes)` and
/// `_IOWR('!', 1, 24 bytes)`.
const RECEIVE: libc::c_ulong = 0xc050_2100;
const SEND: libc::c_ulong = 0xc018_2101;
/// The command's background processes are observed this long after its end.
const GRACE: Duration = Duration::from_millis(500);

const NATIVE: u32 = bulkhead_calls::Architecture::NATIVE.audit();

/// The descriptor for reading stopped calls.
pub struct Listener(OwnedFd);

/// A page that a child writes and its parent reads: two processes without a working syscall can still share it.
struct Shared(*mut AtomicI32);

impl Shared {
    const UNSET: i32 = i32::MIN;

    fn new() -> Result<Self, String> {
        // SAFETY: an anonymous mapping at an address of the kernel's choice; the result is checked.
        let page = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                size_of::<AtomicI32>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if page == libc::MAP_FAILED {
            return Err(failed("mmap"));
        }
        let shared = Self(page.cast());
        shared.cell().store(Self::UNSET, Ordering::SeqCst);
        Ok(shared)
    }

    fn cell(&self) -> &AtomicI32 {
        // SAFETY: mapped for as long as the process lives, aligned to a page, and only ever used as this atomic.
        unsafe { &*self.0 }
    }
}

/// Starts `program` under a filter that passes every one of its syscalls to the listener.
///
/// The child shares this process's descriptor table until its exec, so that the listener's descriptor, which the child
/// gets, is here too: the child could not send it, because sending is a syscall.
pub fn start(program: &CStr, command: &[CString]) -> Result<(i32, Listener), String> {
    let mut words: Vec<*const libc::c_char> = command.iter().map(|word| word.as_ptr()).collect();
    words.push(std::ptr::null());
    let environment: Vec<CString> = environment();
    let mut variables: Vec<*const libc::c_char> = environment.iter().map(|entry| entry.as_ptr()).collect();
    variables.push(std::ptr::null());
    let shared = Shared::new()?;
    let filter = filter();

    // SAFETY: like fork but for the descriptors: no stack is given, so the child goes on with a copy of this one.
    let child = unsafe { libc::syscall(libc::SYS_clone, libc::CLONE_FILES | libc::SIGCHLD, 0, 0, 0, 0) };
    if child == 0 {
        let fprog = libc::sock_fprog { len: FILTER_LENGTH, filter: filter.as_ptr().cast_mut() };
        // SAFETY: only syscalls with pointers into memory of this process, which nobody changes; never returns.
        unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            let listener = libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
                &raw const fprog,
            );
            let told = i32::try_from(listener).unwrap_or(-1);
            shared.cell().store(if told < 0 { -*libc::__errno_location() } else { told }, Ordering::SeqCst);
            if told >= 0 {
                libc::execve(program.as_ptr(), words.as_ptr(), variables.as_ptr());
            }
            libc::_exit(126)
        }
    }
    let child = i32::try_from(child).unwrap_or(-1);
    if child < 0 {
        return Err(failed("clone"));
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match shared.cell().load(Ordering::SeqCst) {
            Shared::UNSET if Instant::now() < deadline => std::thread::sleep(Duration::from_micros(200)),
            Shared::UNSET => return Err("start: no listener after 10 s".into()),
            errno if errno < 0 => {
                return Err(format!("seccomp SECCOMP_FILTER_FLAG_NEW_LISTENER: {}", Error::from_raw_os_error(-errno)));
            }
            // SAFETY: the descriptor that the child got in the table that both share, and that nothing else here owns.
            descriptor => return Ok((child, Listener(unsafe { OwnedFd::from_raw_fd(descriptor) }))),
        }
    }
}

impl Listener {
    /// Passes each call to `look` before it continues, until the command has ended. Returns its exit code, 128+n for a
    /// signal.
    pub fn serve(&self, child: i32, mut look: impl FnMut(&Call)) -> Result<u8, String> {
        let mut ended: Option<(u8, Instant)> = None;
        loop {
            let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one valid structure, and its count.
            let ready = unsafe { libc::poll(&raw mut poll, 1, 20) };
            if ready > 0 && poll.revents & libc::POLLIN != 0 {
                self.serve_one(&mut look)?;
            }
            if ended.is_none() && (ready == 0 || poll.revents & libc::POLLHUP != 0) {
                ended = status_of(child)?.map(|code| (code, Instant::now()));
            }
            match ended {
                Some((code, _)) if poll.revents & libc::POLLHUP != 0 => return Ok(code),
                Some((code, since)) if since.elapsed() > GRACE => return Ok(code),
                _ => {}
            }
        }
    }

    fn serve_one(&self, look: &mut impl FnMut(&Call)) -> Result<(), String> {
        // SAFETY: a structure of integers, for which zero is a value; the kernel requires it to be zero.
        let mut notice: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel writes one such structure.
        if unsafe { libc::ioctl(self.0.as_raw_fd(), RECEIVE as _, &raw mut notice) } != 0 {
            // The caller died, or a signal arrived, before the answer.
            return match Error::last_os_error().raw_os_error() {
                Some(libc::ENOENT | libc::EINTR) => Ok(()),
                _ => Err(failed("SECCOMP_IOCTL_NOTIF_RECV")),
            };
        }
        look(&Call { tid: notice.pid, number: notice.data.nr, arguments: notice.data.args });
        let answer = libc::seccomp_notif_resp { id: notice.id, val: 0, error: 0, flags: CONTINUE };
        // SAFETY: the kernel reads one such structure.
        if unsafe { libc::ioctl(self.0.as_raw_fd(), SEND as _, &raw const answer) } != 0 {
            return match Error::last_os_error().raw_os_error() {
                Some(libc::ENOENT | libc::EINTR) => Ok(()),
                _ => Err(failed("SECCOMP_IOCTL_NOTIF_SEND")),
            };
        }
        Ok(())
    }
}

/// `SECCOMP_USER_NOTIF_FLAG_CONTINUE`.
const CONTINUE: u32 = 1;

fn status_of(child: i32) -> Result<Option<u8>, String> {
    let mut status = 0;
    // SAFETY: a valid place for the status of a child of this process.
    let waited = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
    if waited < 0 && Error::last_os_error().kind() != ErrorKind::Interrupted {
        return Err(failed("waitpid"));
    }
    if waited != child {
        return Ok(None);
    }
    let code = if libc::WIFSIGNALED(status) { 128 + libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) };
    Ok(Some(u8::try_from(code).unwrap_or(255)))
}

const FILTER_LENGTH: u16 = 4;

/// Passes every native call to the listener. A foreign ABI goes to the sandbox's own filter, which kills it.
fn filter() -> [sock_filter; FILTER_LENGTH as usize] {
    [
        instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0, 4),
        instruction(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, NATIVE),
        instruction(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_USER_NOTIF),
        instruction(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

#[allow(clippy::cast_possible_truncation, reason = "BPF codes have 16 bits; libc types them wider")]
fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

fn environment() -> Vec<CString> {
    use std::os::unix::ffi::OsStrExt;
    let entry = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
    };
    std::env::vars_os().filter_map(entry).collect()
}

fn failed(operation: &str) -> String {
    format!("{operation}: {}", Error::last_os_error())
}
