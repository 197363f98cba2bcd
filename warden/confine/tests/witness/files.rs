//! What is open: reading, writing, waiting.

use crate::call::{Witness, file, looked, page, pipe, room};
use libc::*;

fn vector() -> [iovec; 1] {
    [iovec { iov_base: room().cast(), iov_len: 4 }]
}

fn epoll() -> i64 {
    call!(SYS_epoll_create1, 0)
}

fn inotify() -> i64 {
    call!(SYS_inotify_init1, 0)
}

fn watched(inotify: i64) -> i64 {
    call!(SYS_inotify_add_watch, inotify, c".".as_ptr(), IN_CREATE)
}

static NOW: timespec = timespec { tv_sec: 0, tv_nsec: 0 };

pub const WITNESSES: &[Witness] = &[
    witness!("read", call!(SYS_read, pipe()[0], room(), 1) - 1),
    witness!("write", call!(SYS_write, pipe()[1], room(), 1) - 1),
    witness!("readv", call!(SYS_readv, file(), vector().as_ptr(), 1) - 4),
    witness!("writev", call!(SYS_writev, file(), vector().as_ptr(), 1) - 4),
    witness!("pread64", call!(SYS_pread64, file(), room(), 4, 0) - 4),
    witness!("pwrite64", call!(SYS_pwrite64, file(), room(), 4, 0) - 4),
    witness!("preadv", call!(SYS_preadv, file(), vector().as_ptr(), 1, 0, 0) - 4),
    witness!("pwritev", call!(SYS_pwritev, file(), vector().as_ptr(), 1, 0, 0) - 4),
    witness!("preadv2", call!(SYS_preadv2, file(), vector().as_ptr(), 1, 0, 0, 0) - 4),
    witness!("pwritev2", call!(SYS_pwritev2, file(), vector().as_ptr(), 1, 0, 0, 0) - 4),
    witness!("lseek", call!(SYS_lseek, file(), 3, SEEK_SET) - 3),
    witness!("close", call!(SYS_close, file())),
    witness!("dup", call!(SYS_dup, file())),
    witness!("dup2", call!(SYS_dup2, file(), 40) - 40),
    witness!("dup3", call!(SYS_dup3, file(), 41, 0) - 41),
    witness!("fcntl", call!(SYS_fcntl, file(), F_GETFL)),
    witness!("truncate", {
        file();
        call!(SYS_truncate, c"file".as_ptr(), 1)
    }),
    witness!("ftruncate", call!(SYS_ftruncate, file(), 1)),
    witness!("fallocate", looked(call!(SYS_fallocate, file(), 0, 0, 4096))),
    witness!("fadvise64", call!(SYS_fadvise64, file(), 0, 4, POSIX_FADV_NORMAL)),
    witness!("readahead", looked(call!(SYS_readahead, file(), 0, 4))),
    witness!("flock", call!(SYS_flock, file(), LOCK_EX)),
    witness!("copy_file_range", looked(call!(SYS_copy_file_range, file(), 0, file(), 0, 0, 0))),
    witness!("sendfile", call!(SYS_sendfile, pipe()[1], file(), 0, 4) - 4),
    witness!("tee", call!(SYS_tee, pipe()[0], pipe()[1], 1, 0) - 1),
    witness!("splice", call!(SYS_splice, pipe()[0], 0, pipe()[1], 0, 1, 0) - 1),
    witness!("ioctl", call!(SYS_ioctl, pipe()[0], FIONREAD, room())),
    witness!("select", call!(SYS_select, 0, 0, 0, 0, page())),
    witness!("pselect6", call!(SYS_pselect6, 0, 0, 0, 0, &raw const NOW, 0)),
    witness!("poll", call!(SYS_poll, 0, 0, 0)),
    witness!("ppoll", call!(SYS_ppoll, 0, 0, &raw const NOW, 0, 8)),
    witness!("epoll_create", call!(SYS_epoll_create, 1)),
    witness!("epoll_create1", epoll()),
    witness!("epoll_ctl", call!(SYS_epoll_ctl, epoll(), EPOLL_CTL_ADD, pipe()[0], room())),
    witness!("epoll_wait", call!(SYS_epoll_wait, epoll(), room(), 1, 0)),
    witness!("epoll_pwait", call!(SYS_epoll_pwait, epoll(), room(), 1, 0, 0, 8)),
    witness!("epoll_pwait2", call!(SYS_epoll_pwait2, epoll(), room(), 1, &raw const NOW, 0, 8)),
    witness!("eventfd", call!(SYS_eventfd, 0)),
    witness!("eventfd2", call!(SYS_eventfd2, 0, 0)),
    witness!("signalfd", call!(SYS_signalfd, -1, room(), 8)),
    witness!("signalfd4", call!(SYS_signalfd4, -1, room(), 8, 0)),
    witness!("inotify_init", call!(SYS_inotify_init)),
    witness!("inotify_init1", inotify()),
    witness!("inotify_add_watch", watched(inotify())),
    witness!("inotify_rm_watch", {
        let notify = inotify();
        call!(SYS_inotify_rm_watch, notify, watched(notify))
    }),
    witness!("pipe", call!(SYS_pipe, room())),
    witness!("pipe2", call!(SYS_pipe2, room(), O_CLOEXEC)),
];
