//! The system calls that neither rustix nor libc wraps.

use rustix::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use rustix::io::Errno;
use std::ffi::{CStr, CString};

fn check(result: libc::c_long) -> Result<libc::c_long, Errno> {
    if result < 0 { Err(last_errno()) } else { Ok(result) }
}

fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// libc's constant of that name has lost its one bit.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// What `clone3` made.
pub enum Fork {
    /// In the new process.
    Child,
    Parent {
        pid: i32,
        pidfd: OwnedFd,
    },
}

/// `clone3` without a new stack: a fork with `flags`, into `cgroup` (v2) when given.
///
/// # Safety
/// The calling process must have one thread only: the child gets a copy of its memory, locks as they are.
pub unsafe fn fork(flags: u64, cgroup: Option<&OwnedFd>) -> Result<Fork, Errno> {
    let mut pidfd: libc::c_int = -1;
    // SAFETY: clone_args is plain integers, for which all zeroes means "not used".
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = flags | libc::CLONE_PIDFD as u64;
    args.pidfd = &raw mut pidfd as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    if let Some(fd) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = u64::from(fd.as_raw_fd().cast_unsigned());
    }
    // SAFETY: args outlives the call and names no stack, so parent and child go on here, each in its own memory.
    let pid = check(unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) })?;
    if pid == 0 {
        return Ok(Fork::Child);
    }
    let pid = i32::try_from(pid).map_err(|_| Errno::RANGE)?;
    // SAFETY: CLONE_PIDFD stored a new descriptor that nothing else owns.
    Ok(Fork::Parent { pid, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } })
}

/// `struct mount_attr` of mount_setattr(2).
#[repr(C)]
#[derive(Default)]
pub struct MountAttr {
    pub attr_set: u64,
    pub attr_clr: u64,
    pub propagation: u64,
    pub userns_fd: u64,
}

pub const MOUNT_ATTR_RDONLY: u64 = 0x1;
pub const MOUNT_ATTR_NOSUID: u64 = 0x2;
pub const MOUNT_ATTR_NODEV: u64 = 0x4;
pub const MOUNT_ATTR_NOEXEC: u64 = 0x8;
pub const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;

/// mount_setattr(2) on a mount given by descriptor; `recursive`: on every mount below it too.
pub fn mount_setattr(mount: impl AsFd, recursive: bool, attr: &MountAttr) -> Result<(), Errno> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is an empty C string, attr is the struct that the kernel expects, of the size given.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            std::ptr::from_ref(attr),
            size_of::<MountAttr>(),
        )
    })?;
    Ok(())
}

/// faccessat2(2) on a descriptor, judged by the file-system ids.
pub fn may_access(fd: impl AsFd, mode: libc::c_int) -> Result<(), Errno> {
    // SAFETY: the path is an empty C string.
    check(unsafe {
        libc::syscall(
            libc::SYS_faccessat2,
            fd.as_fd().as_raw_fd(),
            c"".as_ptr(),
            mode,
            libc::AT_EMPTY_PATH | libc::AT_EACCESS,
        )
    })?;
    Ok(())
}

/// Sets the file-system ids and groups of this (only) thread. Leaving fsuid 0 also takes the file capabilities
/// (CAP_DAC_OVERRIDE and its kind) out of the effective set; returning to 0 brings them back: capabilities(7).
pub fn become_for_files(uid: u32, gid: u32, groups: &[u32]) -> Result<(), Errno> {
    // SAFETY: groups points to as many ids as we say.
    check(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })?;
    // These two never fail visibly: they return the old id. Asking again tells whether they took.
    for (call, id) in [(libc::SYS_setfsgid, gid), (libc::SYS_setfsuid, uid)] {
        // SAFETY: integers only.
        unsafe { libc::syscall(call, id) };
        // SAFETY: integers only; an impossible id changes nothing.
        let now = unsafe { libc::syscall(call, u32::MAX) };
        if now != libc::c_long::from(id) {
            return Err(Errno::PERM);
        }
    }
    Ok(())
}

/// Sets real, effective and saved ids and the groups of this (only) thread.
pub fn become_for_good(uid: u32, gid: u32, groups: Option<&[u32]>) -> Result<(), Errno> {
    if let Some(groups) = groups {
        // SAFETY: groups points to as many ids as we say.
        check(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })?;
    }
    // SAFETY: integers only.
    check(unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) })?;
    // SAFETY: integers only.
    check(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) })?;
    Ok(())
}

/// execveat(2) of `path` below `at`, or of `at` itself where the path is empty. Returns only on failure.
pub fn execute(at: impl AsFd, path: &CStr, arguments: &[CString], environment: &[CString]) -> Errno {
    let pointers = |words: &[CString]| -> Vec<*const libc::c_char> {
        words.iter().map(|one| one.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (argv, envp) = (pointers(arguments), pointers(environment));
    // SAFETY: the path is a C string; argv and envp are null-terminated arrays of C strings; all outlive the call.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            at.as_fd().as_raw_fd(),
            path.as_ptr(),
            argv.as_ptr(),
            envp.as_ptr(),
            libc::AT_EMPTY_PATH,
        );
    }
    last_errno()
}

/// Closes every descriptor from `first` on but `kept`. For a child of the broker, that never uses or drops the values which own them.
pub fn close_all_but(mut first: i32, mut kept: Vec<i32>) {
    kept.sort_unstable();
    for fd in kept.into_iter().chain([i32::MAX]) {
        if fd > first {
            // SAFETY: integers only.
            unsafe { libc::syscall(libc::SYS_close_range, first, fd - 1, 0) };
        }
        first = first.max(fd.saturating_add(1));
    }
}

/// More processors than any kernel is built for (8,192), a bit each.
const MOST_PROCESSORS: usize = 1 << 16;

/// The processors that a process may run on; 0 is the calling one.
pub fn affinity(pid: i32) -> Result<Vec<u32>, Errno> {
    let mut mask = vec![0_u8; MOST_PROCESSORS / 8];
    // SAFETY: the kernel writes at most as many bytes as we say, and returns how many.
    check(unsafe { libc::syscall(libc::SYS_sched_getaffinity, pid, mask.len(), mask.as_mut_ptr()) })?;
    let numbers = (0..)
        .zip(&mask)
        .flat_map(|(at, byte): (u32, &u8)| (0..8).filter(move |bit| byte >> bit & 1 != 0).map(move |bit| at * 8 + bit));
    Ok(numbers.collect())
}

pub fn set_affinity(pid: i32, processors: &[u32]) -> Result<(), Errno> {
    let mut mask = vec![0_u8; MOST_PROCESSORS / 8];
    for number in processors {
        let byte = mask.get_mut(*number as usize / 8).ok_or(Errno::INVAL)?;
        *byte |= 1 << (number % 8);
    }
    // SAFETY: the kernel reads as many bytes as we say.
    check(unsafe { libc::syscall(libc::SYS_sched_setaffinity, pid, mask.len(), mask.as_ptr()) })?;
    Ok(())
}

/// For constants that libc has as int and the kernel's structures as short.
fn narrow(constant: libc::c_int) -> libc::c_short {
    libc::c_short::try_from(constant).unwrap_or(0)
}

/// Brings the loopback interface of the current network namespace up.
pub fn loopback_up() -> Result<(), Errno> {
    let socket = rustix::net::socket_with(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    )?;
    // SAFETY: ifreq is plain data, for which all zeroes is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags = narrow(libc::IFF_UP | libc::IFF_RUNNING);
    // SAFETY: SIOCSIFFLAGS reads one ifreq.
    check(libc::c_long::from(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) }))?;
    Ok(())
}

/// 198.18.0.0/15 (RFC 2544): never used on the Internet.
const RESERVED: ([u8; 4], u8) = ([198, 18, 0, 0], 15);

/// Routes that range to the loopback of the current network namespace as local, so that init can listen on one address for each name
/// that may be reached. A route and no address: programs that enumerate interfaces (OpenMPI does) would take a second address of
/// loopback for a network.
pub fn loopback_answers_for_reserved() -> Result<(), Errno> {
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
    // No protocol: 0 is NETLINK_ROUTE.
    let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    rustix::net::send(&socket, &local_route(RESERVED.0, RESERVED.1), SendFlags::empty())?;
    let mut answer = [0; 256];
    let (length, _) = rustix::net::recv(&socket, &mut answer, RecvFlags::empty())?;
    // nlmsghdr, then nlmsgerr, which starts with the errno: negative, or 0.
    let errno = answer.get(16..20).filter(|_| length >= 20).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    match errno.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(errno) => Err(Errno::from_raw_os_error(-errno)),
        None => Err(Errno::PROTO),
    }
}

/// An RTM_NEWROUTE message, as `rtnetlink(7)` lays it out: `ip route add local ADDRESS/LENGTH dev lo`.
fn local_route(address: [u8; 4], length: u8) -> Vec<u8> {
    // The first interface of every network namespace.
    const LOOPBACK: u32 = 1;
    let attribute = |kind: libc::c_ushort, value: [u8; 4]| {
        let header = [8_u16.to_ne_bytes(), kind.to_ne_bytes()].concat();
        [header, value.to_vec()].concat()
    };
    let route = [
        u8::try_from(libc::AF_INET).unwrap_or(0),
        length,
        0,
        0,
        libc::RT_TABLE_LOCAL,
        libc::RTPROT_BOOT,
        libc::RT_SCOPE_HOST,
        libc::RTN_LOCAL,
    ];
    let body = [
        &route[..],
        &0_u32.to_ne_bytes(),
        &attribute(libc::RTA_DST, address),
        &attribute(libc::RTA_OIF, LOOPBACK.to_ne_bytes()),
    ]
    .concat();
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_EXCL;
    let total = u32::try_from(16 + body.len()).unwrap_or(0);
    let header = [
        &total.to_ne_bytes()[..],
        &libc::RTM_NEWROUTE.to_ne_bytes(),
        &narrow(flags).to_ne_bytes(),
        // Sequence number and sender: nobody else talks on this socket.
        &[0; 8],
    ]
    .concat();
    [header, body].concat()
}

/// Takes, without waiting, an exclusive lock on one byte of a file; it belongs to the open file description and ends with it.
/// False: somebody else has it.
pub fn lock_byte(file: impl AsFd, offset: i64, lock: bool) -> Result<bool, Errno> {
    // SAFETY: flock is plain data, for which all zeroes is valid.
    let mut range: libc::flock = unsafe { std::mem::zeroed() };
    range.l_type = narrow(if lock { libc::F_WRLCK } else { libc::F_UNLCK });
    range.l_whence = narrow(libc::SEEK_SET);
    range.l_start = offset;
    range.l_len = 1;
    // SAFETY: F_OFD_SETLK reads one flock.
    match check(libc::c_long::from(unsafe {
        libc::fcntl(file.as_fd().as_raw_fd(), libc::F_OFD_SETLK, &raw const range)
    })) {
        Ok(_) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// The process at the other end of a Unix socket, when it connected (SO_PEERCRED); 0 where it cannot be seen from here. For people to read:
/// by now the number may be another process's.
pub fn peer_pid(socket: impl AsFd) -> i32 {
    peer(socket).map_or(0, |peer| peer.pid)
}

/// Of who listens, on a connection that this process made.
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

/// The supplementary groups of the process at the other end of a Unix socket (SO_PEERGROUPS).
pub fn peer_groups(socket: impl AsFd) -> Result<Vec<u32>, Errno> {
    let mut groups = vec![0_u32; 65_536];
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
