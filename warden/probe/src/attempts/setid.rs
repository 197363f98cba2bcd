//! Leaving a set-user-id file where the host can run it: every call that can set those bits, and every way around a
//! filter on them.

use super::{Attempt, older};
use crate::report::{Stopped, Tried};
use crate::sys::{CWD, address, call, flags, mode_of, open, open_at, raw, text};
use std::ffi::CString;

const SETID: usize = 0o6755;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { usage: "setid-chmod PATH", about: "chmod(06755)", run: |a| left(a, chmod) },
    Attempt { usage: "setid-fchmod PATH", about: "fchmod(06755)", run: |a| left(a, fchmod) },
    Attempt { usage: "setid-fchmodat PATH", about: "fchmodat(06755)", run: |a| left(a, fchmodat) },
    Attempt {
        usage: "setid-fchmodat2 PATH",
        about: "fchmodat2(06755), newer than most filters",
        run: |a| left(a, fchmodat2),
    },
    Attempt {
        usage: "setid-upper PATH",
        about: "chmod with rubbish in the upper half of the mode, which the kernel cuts off",
        run: |a| left(a, upper),
    },
    Attempt { usage: "setid-open PATH", about: "open(O_CREAT, 06755)", run: |a| fresh(a, make_open) },
    Attempt { usage: "setid-openat PATH", about: "openat(O_CREAT, 06755)", run: |a| fresh(a, make_openat) },
    Attempt {
        usage: "setid-openat2 PATH",
        about: "openat2, whose mode lies in memory that no filter can read",
        run: |a| fresh(a, make_openat2),
    },
    Attempt {
        usage: "setid-tmpfile PATH",
        about: "openat(O_TMPFILE, 06755), then a link",
        run: |a| fresh(a, make_tmpfile),
    },
    Attempt { usage: "setid-creat PATH", about: "creat(06755)", run: |a| fresh(a, make_creat) },
    Attempt { usage: "setid-mknod PATH", about: "mknod(S_IFREG | 06755)", run: |a| fresh(a, make_mknod) },
    Attempt { usage: "setid-mknodat PATH", about: "mknodat(S_IFREG | 06755)", run: |a| fresh(a, make_mknodat) },
    Attempt {
        usage: "setid-int80 PATH",
        about: "chmod by the 32-bit ABI, past filters that look at numbers only",
        run: |a| left(a, int80),
    },
];

/// Creates a regular file, tries to set the bits, and checks whether they stayed.
fn left(arguments: &[String], set: fn(&CString) -> Result<usize, i32>) -> Tried {
    let path = text(arguments, 0)?;
    open_at(CWD, &path, libc::O_WRONLY | libc::O_CREAT, 0o755)?;
    set(&path)?;
    look(&path)
}

/// Creates the file with the bits, and checks whether it has them.
fn fresh(arguments: &[String], make: fn(&CString) -> Result<usize, i32>) -> Tried {
    let path = text(arguments, 0)?;
    make(&path)?;
    look(&path)
}

fn look(path: &CString) -> Tried {
    let mode = mode_of(path)?;
    if mode & 0o6000 == 0 { Err(Stopped::Absent(format!("mode {mode:o}"))) } else { Ok(format!("mode {mode:o}")) }
}

fn chmod(path: &CString) -> Result<usize, i32> {
    older::chmod(path, SETID)
}

fn fchmod(path: &CString) -> Result<usize, i32> {
    call(libc::SYS_fchmod, &[raw(&open(path, libc::O_RDONLY)?), SETID])
}

fn fchmodat(path: &CString) -> Result<usize, i32> {
    call(libc::SYS_fchmodat, &[CWD, address(path), SETID])
}

fn fchmodat2(path: &CString) -> Result<usize, i32> {
    const FCHMODAT2: libc::c_long = 452;
    call(FCHMODAT2, &[CWD, address(path), SETID, 0])
}

fn upper(path: &CString) -> Result<usize, i32> {
    older::chmod(path, SETID | (0xabcd << 32) | (1 << 20))
}

fn make_open(path: &CString) -> Result<usize, i32> {
    older::open(path, libc::O_CREAT | libc::O_WRONLY, SETID)
}

fn make_openat(path: &CString) -> Result<usize, i32> {
    call(libc::SYS_openat, &[CWD, address(path), flags(libc::O_CREAT | libc::O_WRONLY), SETID])
}

fn make_openat2(path: &CString) -> Result<usize, i32> {
    // struct open_how { flags, mode, resolve }
    let how: [u64; 3] = [u64::from((libc::O_CREAT | libc::O_WRONLY).cast_unsigned()), 0o6755, 0];
    call(libc::SYS_openat2, &[CWD, address(path), (&raw const how).addr(), 24])
}

fn make_tmpfile(path: &CString) -> Result<usize, i32> {
    let dir = path.to_string_lossy().rsplit_once('/').map_or(".".to_owned(), |(dir, _)| dir.to_owned());
    let dir = CString::new(dir).map_err(|_| libc::EINVAL)?;
    let file = open_at(CWD, &dir, libc::O_TMPFILE | libc::O_WRONLY, SETID)?;
    let link = CString::new(format!("/proc/self/fd/{}", raw(&file))).map_err(|_| libc::EINVAL)?;
    call(libc::SYS_linkat, &[CWD, address(&link), CWD, address(path), flags(libc::AT_SYMLINK_FOLLOW)])
}

fn make_creat(path: &CString) -> Result<usize, i32> {
    older::creat(path, SETID)
}

fn make_mknod(path: &CString) -> Result<usize, i32> {
    older::mknod(path, SETID | 0o100_000)
}

fn make_mknodat(path: &CString) -> Result<usize, i32> {
    call(libc::SYS_mknodat, &[CWD, address(path), SETID | 0o100_000, 0])
}

fn int80(path: &CString) -> Result<usize, i32> {
    const CHMOD_32: usize = 15;
    // The 32-bit ABI sees the lower half of a pointer only; a static program's heap may lie below 4 GiB or not.
    let low = super::kernel::low_memory(path.as_bytes_with_nul())?;
    super::kernel::int80(CHMOD_32, low, SETID)
}
