//! The terminal: typed input reaches its next reader after the sandbox is gone (CVE-2017-5226).

use super::Attempt;
use crate::report::{Stopped, Tried};
use crate::sys::{call, done, open, plain, pointer, raw};
use std::ffi::CString;

const TIOCSTI: usize = 0x5412;
const TIOCLINUX: usize = 0x541c;
const TIOCCONS: usize = 0x541d;
const TIOCSCTTY: usize = 0x540e;
/// A filter that compares 64 bits misses a request with a non-empty upper half, which the kernel cuts off.
const UPPER: usize = 0x1_0000_0000;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        usage: "type-ahead",
        about: "TIOCSTI on every descriptor and /dev/tty",
        run: |_| on_all(TIOCSTI, pointer(&b'#')),
    },
    Attempt {
        usage: "type-ahead-upper",
        about: "TIOCSTI with the upper half of the request set",
        run: |_| on_all(UPPER | TIOCSTI, pointer(&b'#')),
    },
    Attempt {
        usage: "selection",
        about: "TIOCLINUX: paste the console's selection",
        run: |_| on_all(TIOCLINUX, pointer(&3_u8)),
    },
    Attempt {
        usage: "selection-upper",
        about: "TIOCLINUX with the upper half of the request set",
        run: |_| on_all(UPPER | TIOCLINUX, pointer(&3_u8)),
    },
    Attempt { usage: "console-output", about: "TIOCCONS: take the console's output", run: |_| on_all(TIOCCONS, 0) },
    Attempt {
        usage: "steal-terminal",
        about: "TIOCSCTTY with force: take another session's controlling terminal",
        run: |_| on_all(TIOCSCTTY, 1),
    },
    Attempt { usage: "open-terminal", about: "open /dev/tty without having one", run: |_| open_terminal() },
    Attempt { usage: "host-terminals", about: "terminals of the host in /dev and /dev/pts", run: |_| host_terminals() },
    Attempt { usage: "console", about: "open /dev/console, /dev/tty0, /dev/vcs", run: |_| console() },
];

fn on_all(request: usize, argument: usize) -> Tried {
    let mut last = Stopped::Absent("no descriptor is a terminal".into());
    for fd in 0..3 {
        match call(libc::SYS_ioctl, &[plain(fd), request, argument]) {
            Ok(_) => return Ok(format!("on descriptor {fd}")),
            Err(errno) => last = Stopped::Errno(errno),
        }
    }
    match open(&CString::from(c"/dev/tty"), libc::O_RDWR | libc::O_NOCTTY) {
        Ok(terminal) => done(call(libc::SYS_ioctl, &[raw(&terminal), request, argument]), "on /dev/tty"),
        Err(_) => Err(last),
    }
}

fn open_terminal() -> Tried {
    open(&CString::from(c"/dev/tty"), libc::O_RDWR)?;
    Ok("opened".into())
}

fn host_terminals() -> Tried {
    let entries = std::fs::read_dir("/dev/pts").map_err(|error| Stopped::from(error.raw_os_error().unwrap_or(0)))?;
    let names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let foreign: Vec<&String> = names.iter().filter(|name| *name != "ptmx").collect();
    if foreign.is_empty() { Err(Stopped::Absent("none".into())) } else { Ok(format!("{foreign:?}")) }
}

fn console() -> Tried {
    let mut last = Stopped::Absent("none".into());
    for path in [c"/dev/console", c"/dev/tty0", c"/dev/tty1", c"/dev/vcs", c"/dev/vcsa", c"/dev/ttyS0", c"/dev/hvc0"] {
        match open(&CString::from(path), libc::O_RDWR | libc::O_NOCTTY) {
            Ok(_) => return Ok(path.to_string_lossy().into_owned()),
            Err(errno) => last = errno.into(),
        }
    }
    Err(last)
}
