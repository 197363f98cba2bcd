//! The peer of a Unix socket.

use crate::result::check;
use rustix::fd::{AsFd, AsRawFd};
use rustix::io::Errno;

/// The peer process of a Unix socket at the time it connected (SO_PEERCRED); 0 if it is not visible from here. For
/// people to read: by now the number may belong to another process.
pub fn peer_pid(socket: impl AsFd) -> i32 {
    peer(socket).map_or(0, |peer| peer.pid)
}

/// The listener's uid, on a connection that this process made.
pub fn peer_uid(socket: impl AsFd) -> Option<u32> {
    peer(socket).map(|peer| peer.uid)
}

fn peer(socket: impl AsFd) -> Option<libc::ucred> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = libc::socklen_t::try_from(size_of::<libc::ucred>()).unwrap_or(0);
    // SAFETY: the buffer has `length` bytes, and any bytes that the kernel puts there are a valid `ucred`.
    let done = check(libc::c_long::from(unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    }));
    done.ok().map(|_| peer)
}

/// The supplementary groups of a Unix socket's peer (SO_PEERGROUPS). Most processes have few: a buffer for the maximum
/// would take a quarter of a megabyte for each connection.
pub fn peer_groups(socket: impl AsFd) -> Result<Vec<u32>, Errno> {
    match groups_of(&socket, 64) {
        Err(Errno::RANGE) => groups_of(&socket, 65_536),
        known => known,
    }
}

fn groups_of(socket: impl AsFd, most: usize) -> Result<Vec<u32>, Errno> {
    let mut groups = vec![0_u32; most];
    let mut length = libc::socklen_t::try_from(size_of_val(groups.as_slice())).unwrap_or(0);
    // SAFETY: the buffer has `length` bytes; the kernel stores how many it used.
    check(libc::c_long::from(unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut length,
        )
    }))?;
    groups.truncate(length as usize / size_of::<u32>());
    Ok(groups)
}
