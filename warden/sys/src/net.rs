//! The loopback interface of a network namespace.

use crate::result::{check, narrow};
use rustix::fd::AsRawFd;
use rustix::io::Errno;

/// Brings up the loopback interface of the current network namespace.
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
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    request.ifr_ifru.ifru_flags = narrow(libc::IFF_UP | libc::IFF_RUNNING);
    // SAFETY: SIOCSIFFLAGS reads one ifreq.
    check(libc::c_long::from(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) }))?;
    Ok(())
}

/// 198.18.0.0/15 (RFC 2544): never used on the Internet.
const RESERVED: ([u8; 4], u8) = ([198, 18, 0, 0], 15);

/// Routes that range to the loopback of the current network namespace as local, so that init can listen on one address
/// for each allowed name. It adds a route and no address: programs that enumerate interfaces (OpenMPI does) would take
/// a second loopback address for a network.
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
