//! Binding and connecting Unix sockets: the socket is on descriptor 0, and nothing here waits.

use crate::child::SocketWork;
use bulkhead_plan::Error;
use rustix::fs::{AtFlags, CWD, FileType, Mode, statat};
use rustix::io::Errno;
use rustix::net::{SocketAddrUnix, bind, connect, listen};
use serde_json::{Map, Value};
use std::ffi::CStr;

/// Connections waiting to be accepted; the kernel has its own maximum.
const BACKLOG: i32 = 1024;

pub fn serve(work: &SocketWork) -> Result<Map<String, Value>, Error> {
    let socket = rustix::stdio::stdin();
    let done = match work {
        SocketWork::Listen(path) => {
            bind_to(path).and_then(|()| listen(socket, BACKLOG)).map_err(|errno| ("bind", path, errno))
        }
        SocketWork::Bind(path) => bind_to(path).map_err(|errno| ("bind", path, errno)),
        // A server whose queue is full answers EAGAIN at once.
        SocketWork::Connect(path) => SocketAddrUnix::new(path.as_c_str())
            .and_then(|at| connect(socket, &at))
            .map_err(|errno| ("connect", path, errno)),
        // The workload may have put something else there, which is then its own.
        SocketWork::Remove(path) if !is_socket(path) => Ok(()),
        SocketWork::Remove(path) => rustix::fs::unlink(path.as_c_str()).map_err(|errno| ("unlink", path, errno)),
    };
    let failed = |(operation, path, errno): (&str, &std::ffi::CString, Errno)| {
        Error::new(work.failure(), operation).path(&path.to_string_lossy()).errno(errno.raw_os_error())
    };
    done.map(|()| Map::new()).map_err(failed)
}

fn bind_to(path: &CStr) -> Result<(), Errno> {
    // Every user of this sandbox may connect, and there is nothing to execute.
    rustix::process::umask(Mode::from_raw_mode(0o111));
    bind(rustix::stdio::stdin(), &SocketAddrUnix::new(path)?)
}

fn is_socket(path: &CStr) -> bool {
    statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket)
}
