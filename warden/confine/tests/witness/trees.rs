//! Paths: opening, looking, changing.

use crate::call::{Witness, file, looked, room};
use libc::*;

const HERE: i32 = AT_FDCWD;
const FILE: *const c_char = c"file".as_ptr();
const NEW: *const c_char = c"new".as_ptr();
const NAME: *const c_char = c"user.witness".as_ptr();
const HOW: [u64; 3] = [0, 0, 0];

/// Path of a file that exists now.
fn made() -> *const c_char {
    file();
    FILE
}

fn directory() -> i64 {
    call!(SYS_openat, HERE, c".".as_ptr(), O_RDONLY | O_DIRECTORY)
}

pub const WITNESSES: &[Witness] = &[
    witness!("open", call!(SYS_open, made(), O_RDONLY)),
    witness!("openat", call!(SYS_openat, HERE, made(), O_RDONLY)),
    witness!("openat2", call!(SYS_openat2, HERE, made(), HOW.as_ptr(), 24)),
    witness!("creat", call!(SYS_creat, NEW, 0o600)),
    witness!("access", call!(SYS_access, made(), R_OK)),
    witness!("faccessat", call!(SYS_faccessat, HERE, made(), R_OK)),
    witness!("faccessat2", call!(SYS_faccessat2, HERE, made(), R_OK, 0)),
    witness!("close_range", call!(SYS_close_range, 1000, 1001, 0)),
    witness!("stat", call!(SYS_stat, made(), room())),
    witness!("fstat", call!(SYS_fstat, file(), room())),
    witness!("lstat", call!(SYS_lstat, made(), room())),
    witness!("newfstatat", call!(SYS_newfstatat, HERE, made(), room(), 0)),
    witness!("statx", call!(SYS_statx, HERE, made(), 0, STATX_BASIC_STATS, room())),
    witness!("statfs", call!(SYS_statfs, made(), room())),
    witness!("fstatfs", call!(SYS_fstatfs, file(), room())),
    witness!("readlink", call!(SYS_readlink, c"/proc/self/exe".as_ptr(), room(), 4096)),
    witness!("readlinkat", call!(SYS_readlinkat, HERE, c"/proc/self/exe".as_ptr(), room(), 4096)),
    witness!("getdents", call!(SYS_getdents, directory(), room(), 4096)),
    witness!("getdents64", call!(SYS_getdents64, directory(), room(), 4096)),
    witness!("getcwd", call!(SYS_getcwd, room(), 4096)),
    witness!("chdir", call!(SYS_chdir, c".".as_ptr())),
    witness!("fchdir", call!(SYS_fchdir, directory())),
    witness!("umask", call!(SYS_umask, 0o22)),
    witness!("mkdir", call!(SYS_mkdir, NEW, 0o700)),
    witness!("mkdirat", call!(SYS_mkdirat, HERE, NEW, 0o700)),
    witness!("rmdir", {
        call!(SYS_mkdir, NEW, 0o700);
        call!(SYS_rmdir, NEW)
    }),
    witness!("unlink", call!(SYS_unlink, made())),
    witness!("unlinkat", call!(SYS_unlinkat, HERE, made(), 0)),
    witness!("rename", call!(SYS_rename, made(), NEW)),
    witness!("renameat", call!(SYS_renameat, HERE, made(), HERE, NEW)),
    witness!("renameat2", call!(SYS_renameat2, HERE, made(), HERE, NEW, 0)),
    witness!("link", call!(SYS_link, made(), NEW)),
    witness!("linkat", call!(SYS_linkat, HERE, made(), HERE, NEW, 0)),
    witness!("symlink", call!(SYS_symlink, FILE, NEW)),
    witness!("symlinkat", call!(SYS_symlinkat, FILE, HERE, NEW)),
    witness!("chmod", call!(SYS_chmod, made(), 0o644)),
    witness!("fchmod", call!(SYS_fchmod, file(), 0o644)),
    witness!("fchmodat", call!(SYS_fchmodat, HERE, made(), 0o644)),
    witness!("fchmodat2", call!(452, HERE, made(), 0o644, 0)),
    witness!("chown", call!(SYS_chown, made(), -1, -1)),
    witness!("fchown", call!(SYS_fchown, file(), -1, -1)),
    witness!("lchown", call!(SYS_lchown, made(), -1, -1)),
    witness!("fchownat", call!(SYS_fchownat, HERE, made(), -1, -1, 0)),
    witness!("utime", call!(SYS_utime, made(), 0)),
    witness!("utimes", call!(SYS_utimes, made(), 0)),
    witness!("futimesat", call!(SYS_futimesat, HERE, made(), 0)),
    witness!("utimensat", call!(SYS_utimensat, HERE, made(), 0, 0)),
    // Not every file system has attributes, and says so.
    witness!("getxattr", looked(call!(SYS_getxattr, made(), NAME, room(), 8))),
    witness!("lgetxattr", looked(call!(SYS_lgetxattr, made(), NAME, room(), 8))),
    witness!("fgetxattr", looked(call!(SYS_fgetxattr, file(), NAME, room(), 8))),
    witness!("listxattr", looked(call!(SYS_listxattr, made(), room(), 8))),
    witness!("llistxattr", looked(call!(SYS_llistxattr, made(), room(), 8))),
    witness!("flistxattr", looked(call!(SYS_flistxattr, file(), room(), 8))),
    witness!("setxattr", looked(call!(SYS_setxattr, made(), NAME, room(), 1, 0))),
    witness!("lsetxattr", looked(call!(SYS_lsetxattr, made(), NAME, room(), 1, 0))),
    witness!("fsetxattr", looked(call!(SYS_fsetxattr, file(), NAME, room(), 1, 0))),
    witness!("removexattr", looked(call!(SYS_removexattr, made(), NAME))),
    witness!("lremovexattr", looked(call!(SYS_lremovexattr, made(), NAME))),
    witness!("fremovexattr", looked(call!(SYS_fremovexattr, file(), NAME))),
    witness!("mknod unset (regular)", [(1, 0)], call!(SYS_mknod, NEW, 0o600, 0)),
    witness!("mknod S_IFREG", [(1, S_IFREG)], call!(SYS_mknod, NEW, S_IFREG | 0o600, 0)),
    witness!("mknod S_IFIFO", [(1, S_IFIFO)], call!(SYS_mknod, NEW, S_IFIFO | 0o600, 0)),
    witness!("mknod S_IFSOCK", [(1, S_IFSOCK)], call!(SYS_mknod, NEW, S_IFSOCK | 0o600, 0)),
    witness!("mknodat unset (regular)", [(2, 0)], call!(SYS_mknodat, HERE, NEW, 0o600, 0)),
    witness!("mknodat S_IFREG", [(2, S_IFREG)], call!(SYS_mknodat, HERE, NEW, S_IFREG | 0o600, 0)),
    witness!("mknodat S_IFIFO", [(2, S_IFIFO)], call!(SYS_mknodat, HERE, NEW, S_IFIFO | 0o600, 0)),
    witness!("mknodat S_IFSOCK", [(2, S_IFSOCK)], call!(SYS_mknodat, HERE, NEW, S_IFSOCK | 0o600, 0)),
];
