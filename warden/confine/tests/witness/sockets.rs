//! Sockets, and the IPC of System V and POSIX.

use crate::call::{Witness, expecting, looked, room, room_for};
use libc::*;

fn pair() -> [i32; 2] {
    let mut ends = [0; 2];
    call!(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends.as_mut_ptr());
    ends
}

/// A socket pair whose second end has a byte to read.
fn sent() -> [i32; 2] {
    let ends = pair();
    call!(SYS_write, ends[0], c"x".as_ptr(), 1);
    ends
}

/// The family alone: binds to a name of the kernel's choice.
static UNNAMED: u16 = 1;

/// A listening socket, and a buffer with its address.
fn listening() -> (i64, *mut u8, u32) {
    let socket = call!(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    call!(SYS_bind, socket, &raw const UNNAMED, 2);
    call!(SYS_listen, socket, 1);
    let address = room();
    let mut length: u32 = 128;
    call!(SYS_getsockname, socket, address, &raw mut length);
    (socket, address, length)
}

/// A listening socket with a connection waiting to be accepted.
fn awaited() -> i64 {
    let (socket, address, length) = listening();
    call!(SYS_connect, call!(SYS_socket, AF_UNIX, SOCK_STREAM, 0), address, length);
    socket
}

fn length() -> *mut u32 {
    let length = room_for::<u32>();
    // SAFETY: a page.
    unsafe { length.write(64) };
    length
}

/// A message of one byte. `mmsghdr` begins with the header.
fn message() -> *mut mmsghdr {
    let message = room_for::<mmsghdr>();
    let vector = room_for::<iovec>();
    // SAFETY: a page each.
    unsafe {
        vector.write(iovec { iov_base: room().cast(), iov_len: 1 });
        (*message).msg_hdr.msg_iov = vector;
        (*message).msg_hdr.msg_iovlen = 1;
    }
    message
}

fn shared() -> i64 {
    call!(SYS_shmget, IPC_PRIVATE, 4096, 0o600)
}

/// Runs `work` on a System V object, and removes the object whatever the result.
fn with(id: i64, remove: fn(i64), work: fn(i64) -> i64) -> i64 {
    let result = if id < 0 { id } else { work(id) };
    remove(id);
    result
}

fn with_memory(work: fn(i64) -> i64) -> i64 {
    with(
        shared(),
        |id| {
            call!(SYS_shmctl, id, IPC_RMID, 0);
        },
        work,
    )
}

fn with_semaphore(work: fn(i64) -> i64) -> i64 {
    with(
        call!(SYS_semget, IPC_PRIVATE, 1, 0o600),
        |id| {
            call!(SYS_semctl, id, 0, IPC_RMID, 0);
        },
        work,
    )
}

fn with_queue(work: fn(i64) -> i64) -> i64 {
    with(
        call!(SYS_msgget, IPC_PRIVATE, 0o600),
        |id| {
            call!(SYS_msgctl, id, IPC_RMID, 0);
        },
        work,
    )
}

/// A POSIX queue whose name, private to this process, is unlinked at once: the open queue remains.
fn posix_queue() -> i64 {
    let name = queue_name();
    let queue = call!(SYS_mq_open, name, O_CREAT | O_RDWR | O_NONBLOCK, 0o600, 0);
    call!(SYS_mq_unlink, name);
    queue
}

fn queue_name() -> *mut u8 {
    let name = room();
    let digits = format!("bulkhead-witness-{}", call!(SYS_getpid));
    // SAFETY: a page, zero behind the text.
    unsafe { std::ptr::copy_nonoverlapping(digits.as_ptr(), name, digits.len()) };
    name
}

/// A message of a type, which comes first.
fn typed() -> *mut i64 {
    let message = room_for::<i64>();
    // SAFETY: a page.
    unsafe { message.write(1) };
    message
}

/// Increments by one.
fn operation() -> *mut sembuf {
    let operation = room_for::<sembuf>();
    // SAFETY: a page.
    unsafe { operation.write(sembuf { sem_num: 0, sem_op: 1, sem_flg: 0 }) };
    operation
}

/// A host setting decides who may create ping sockets; the kernel checks it after the filters.
fn allowed_by_host(result: i64) -> i64 {
    if result == -i64::from(EACCES) { 0 } else { result }
}

macro_rules! opened {
    ($rule:literal, $family:expr, $kind:expr, $protocol:expr) => {
        witness!(
            $rule,
            [(0, $family as u32), (1, $kind as u32), (2, $protocol as u32)],
            allowed_by_host(call!(SYS_socket, $family, $kind, $protocol))
        )
    };
}

/// A family that has no pairs says so itself: the filter let it through.
macro_rules! paired {
    ($rule:literal, $family:expr, $kind:expr, $protocol:expr) => {
        witness!(
            $rule,
            [(0, $family as u32), (1, $kind as u32), (2, $protocol as u32)],
            allowed_by_host(expecting(EOPNOTSUPP, call!(SYS_socketpair, $family, $kind, $protocol, room())))
        )
    };
}

pub const WITNESSES: &[Witness] = &[
    opened!("socket AF_UNIX", AF_UNIX, SOCK_STREAM, 0),
    opened!("socket SOCK_STREAM", AF_INET, SOCK_STREAM, 0),
    opened!("socket SOCK_DGRAM", AF_UNIX, SOCK_DGRAM, 0),
    opened!("socket SOCK_SEQPACKET", AF_UNIX, SOCK_SEQPACKET, 0),
    opened!("socket AF_INET", AF_INET, SOCK_DGRAM, 0),
    opened!("socket AF_INET6", AF_INET6, SOCK_DGRAM, 0),
    opened!("socket any", AF_INET, SOCK_STREAM, 0),
    opened!("socket IPPROTO_TCP", AF_INET, SOCK_STREAM, IPPROTO_TCP),
    opened!("socket IPPROTO_UDP", AF_INET, SOCK_DGRAM, IPPROTO_UDP),
    opened!("socket IPPROTO_ICMP", AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
    opened!("socket IPPROTO_ICMPV6", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6),
    opened!("socket AF_NETLINK", AF_NETLINK, SOCK_DGRAM, 0),
    opened!("socket SOCK_RAW", AF_NETLINK, SOCK_RAW, 0),
    opened!("socket NETLINK_ROUTE (getifaddrs)", AF_NETLINK, SOCK_RAW, 0),
    paired!("socketpair SOCK_STREAM", AF_INET, SOCK_STREAM, 0),
    paired!("socketpair AF_INET", AF_INET, SOCK_DGRAM, 0),
    paired!("socketpair AF_INET6", AF_INET6, SOCK_DGRAM, 0),
    paired!("socketpair any", AF_INET, SOCK_STREAM, 0),
    paired!("socketpair IPPROTO_TCP", AF_INET, SOCK_STREAM, IPPROTO_TCP),
    paired!("socketpair IPPROTO_UDP", AF_INET, SOCK_DGRAM, IPPROTO_UDP),
    paired!("socketpair IPPROTO_ICMP", AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
    paired!("socketpair IPPROTO_ICMPV6", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6),
    paired!("socketpair AF_NETLINK", AF_NETLINK, SOCK_DGRAM, 0),
    paired!("socketpair SOCK_RAW", AF_NETLINK, SOCK_RAW, 0),
    paired!("socketpair NETLINK_ROUTE (getifaddrs)", AF_NETLINK, SOCK_RAW, 0),
    witness!(
        "socketpair AF_UNIX",
        [(0, 1), (1, SOCK_STREAM as u32), (2, 0)],
        call!(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, room())
    ),
    witness!(
        "socketpair SOCK_DGRAM",
        [(0, 1), (1, SOCK_DGRAM as u32), (2, 0)],
        call!(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, room())
    ),
    witness!(
        "socketpair SOCK_SEQPACKET",
        [(0, 1), (1, SOCK_SEQPACKET as u32), (2, 0)],
        call!(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET, 0, room())
    ),
    witness!("bind", call!(SYS_bind, call!(SYS_socket, AF_UNIX, SOCK_STREAM, 0), &raw const UNNAMED, 2)),
    witness!("listen", call!(SYS_listen, listening().0, 5)),
    witness!("accept", call!(SYS_accept, awaited(), 0, 0)),
    witness!("accept4", call!(SYS_accept4, awaited(), 0, 0, 0)),
    witness!("connect", {
        let (_, address, length) = listening();
        call!(SYS_connect, call!(SYS_socket, AF_UNIX, SOCK_STREAM, 0), address, length)
    }),
    witness!("shutdown", call!(SYS_shutdown, pair()[0], SHUT_WR)),
    witness!("getsockname", call!(SYS_getsockname, pair()[0], room(), length())),
    witness!("getpeername", call!(SYS_getpeername, pair()[0], room(), length())),
    witness!("getsockopt", call!(SYS_getsockopt, pair()[0], SOL_SOCKET, SO_TYPE, room(), length())),
    witness!("setsockopt", call!(SYS_setsockopt, pair()[0], SOL_SOCKET, SO_KEEPALIVE, room(), 4)),
    witness!("sendto", call!(SYS_sendto, pair()[0], room(), 1, 0, 0, 0)),
    witness!("recvfrom", call!(SYS_recvfrom, sent()[1], room(), 1, 0, 0, 0) - 1),
    witness!("sendmsg", call!(SYS_sendmsg, pair()[0], message(), 0)),
    witness!("recvmsg", call!(SYS_recvmsg, sent()[1], message(), 0) - 1),
    witness!("sendmmsg", call!(SYS_sendmmsg, pair()[0], message(), 1, 0)),
    witness!("recvmmsg", call!(SYS_recvmmsg, sent()[1], message(), 1, 0, 0) - 1),
    witness!("shmget", with_memory(|_| 0)),
    witness!("shmat", with_memory(|id| call!(SYS_shmat, id, 0, 0).min(0))),
    witness!("shmdt", with_memory(|id| call!(SYS_shmdt, call!(SYS_shmat, id, 0, 0)))),
    witness!("shmctl", call!(SYS_shmctl, 0, 3, room())),
    witness!("semget", with_semaphore(|_| 0)),
    witness!("semop", with_semaphore(|id| call!(SYS_semop, id, operation(), 1))),
    witness!("semtimedop", with_semaphore(|id| call!(SYS_semtimedop, id, operation(), 1, 0))),
    witness!("semctl", call!(SYS_semctl, 0, 0, 3, room())),
    witness!("msgget", with_queue(|_| 0)),
    witness!("msgsnd", with_queue(|id| call!(SYS_msgsnd, id, typed(), 1, 0))),
    witness!("msgrcv", with_queue(|id| expecting(ENOMSG, call!(SYS_msgrcv, id, room(), 8, 0, IPC_NOWAIT)))),
    witness!("msgctl", call!(SYS_msgctl, 0, 3, room())),
    witness!("mq_open", posix_queue()),
    witness!("mq_unlink", expecting(ENOENT, call!(SYS_mq_unlink, queue_name()))),
    witness!("mq_timedsend", call!(SYS_mq_timedsend, posix_queue(), room(), 1, 0, 0)),
    witness!("mq_timedreceive", expecting(EAGAIN, call!(SYS_mq_timedreceive, posix_queue(), room(), 16_384, 0, 0))),
    witness!("mq_notify", looked(call!(SYS_mq_notify, posix_queue(), 0))),
    witness!("mq_getsetattr", call!(SYS_mq_getsetattr, posix_queue(), 0, room())),
];
