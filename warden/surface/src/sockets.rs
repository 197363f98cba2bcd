//! Kinds of sockets that can be made. Asking may make a kernel load the module of a family, as any program's asking
//! does.

use crate::sys::call;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Family {
    pub name: &'static str,
    pub made: bool,
    pub errno: i32,
}

/// Family, type, protocol. Netlink and packet sockets are how a network is changed and listened to; the rare families
/// are where the bugs were.
const KINDS: [(&str, libc::c_int, libc::c_int, libc::c_int); 21] = [
    ("unix", libc::AF_UNIX, libc::SOCK_STREAM, 0),
    ("inet tcp", libc::AF_INET, libc::SOCK_STREAM, 0),
    ("inet udp", libc::AF_INET, libc::SOCK_DGRAM, 0),
    ("inet icmp", libc::AF_INET, libc::SOCK_DGRAM, 1),
    ("inet raw", libc::AF_INET, libc::SOCK_RAW, 1),
    ("inet sctp", libc::AF_INET, libc::SOCK_STREAM, 132),
    ("inet mptcp", libc::AF_INET, libc::SOCK_STREAM, 262),
    ("inet6 tcp", libc::AF_INET6, libc::SOCK_STREAM, 0),
    ("inet6 raw", libc::AF_INET6, libc::SOCK_RAW, 58),
    ("netlink route", libc::AF_NETLINK, libc::SOCK_RAW, 0),
    ("netlink netfilter", libc::AF_NETLINK, libc::SOCK_RAW, 12),
    ("netlink xfrm", libc::AF_NETLINK, libc::SOCK_RAW, 6),
    ("netlink audit", libc::AF_NETLINK, libc::SOCK_RAW, 9),
    ("packet", libc::AF_PACKET, libc::SOCK_RAW, 0),
    ("alg", libc::AF_ALG, libc::SOCK_SEQPACKET, 0),
    ("vsock", libc::AF_VSOCK, libc::SOCK_STREAM, 0),
    ("key", 15, libc::SOCK_RAW, 2),
    ("bluetooth", 31, libc::SOCK_RAW, 0),
    ("can", 29, libc::SOCK_RAW, 1),
    ("tipc", 30, libc::SOCK_SEQPACKET, 0),
    ("xdp", 44, libc::SOCK_RAW, 0),
];

pub fn families() -> Vec<Family> {
    KINDS
        .iter()
        .map(|&(name, family, kind, protocol)| {
            let number = |value: libc::c_int| usize::try_from(value).unwrap_or(0);
            let kind = number(kind | libc::SOCK_CLOEXEC);
            let made = call(libc::SYS_socket, [number(family), kind, number(protocol), 0, 0, 0]);
            if let Ok(fd) = made
                && let Ok(fd) = i32::try_from(fd)
            {
                // SAFETY: just made, and nobody else's.
                unsafe { libc::close(fd) };
            }
            Family { name, made: made.is_ok(), errno: made.err().unwrap_or(0) }
        })
        .collect()
}
