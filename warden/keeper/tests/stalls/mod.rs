//! Fronts and callers that stall: the keeper must serve others meanwhile.

use super::Hostile;
use bulkhead_keeper::Start;
use bulkhead_order::wire::encode;
use bulkhead_protocol::{Ask, Request, ToFront, ToKeeper};
use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType};
use std::time::{Duration, Instant};

/// The keeper must serve others meanwhile: here, report this front's end.
pub fn half(start: Start) -> i32 {
    let hostile = Hostile::new(start);
    let _ = rustix::net::send(&hostile.start.socket, &[100, 0, 0, 0, 0, 0, 1], SendFlags::NOSIGNAL);
    let said = "as it should be";
    let _ = rustix::net::send(hostile.control(), said.as_bytes(), SendFlags::NOSIGNAL);
    0
}

/// Sends requests without reading the answers: the keeper must stop reading, and not wait.
pub fn deaf(start: Start) -> i32 {
    let hostile = Hostile::new(start);
    for seq in 0..100_000 {
        let message = encode(&ToKeeper::List(seq));
        let header = [&u32::try_from(message.len()).unwrap().to_le_bytes()[..], &[0, 0], &message].concat();
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        if rustix::net::send(&hostile.start.socket, &header, flags).is_err() {
            break;
        }
    }
    let _ = rustix::net::send(hostile.control(), b"as it should be", SendFlags::NOSIGNAL);
    0
}

/// The time in which the keeper must answer, and for which the socket's close would wait.
const SOON: Duration = Duration::from_millis(500);
const LINGER: Duration = Duration::from_secs(5);

/// Measures the keeper's answer after the attack. Fronts of other callers only stay alive.
pub fn asks_at_a_signal(start: Start) -> i32 {
    let mut hostile = Hostile::new(start);
    if hostile.start.control.is_none() {
        return hostile.expect_end();
    }
    let _ = rustix::net::recv(hostile.control(), &mut [0; 1], RecvFlags::empty());
    let asked = Instant::now();
    hostile.send(&ToKeeper::Ask(Ask { seq: 1, id: "sandbox-1".to_owned(), request: Request::Stats }), &[]);
    let answer = hostile.hear();
    if !matches!(answer, Some(ToFront::Reply(_))) || asked.elapsed() > SOON {
        hostile.wrong.push(format!("{answer:?} after {:?}", asked.elapsed()));
    }
    hostile.report()
}

/// Each set of groups is another caller, until the keeper starts no more fronts for this uid, and so closes the
/// connections itself. The last ones have a TCP socket in their queue that lingers with data that nobody reads.
pub fn passes_a_socket_that_lingers(address: &SocketAddrUnix, control: &OwnedFd) {
    let mut open = Vec::new();
    for group in 0..12 {
        // SAFETY: reads one number; this process has one thread.
        assert_eq!(unsafe { libc::setgroups(1, &raw const group) }, 0);
        let connection =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        let until = Instant::now() + LINGER;
        while rustix::net::connect(&connection, address).is_err() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        if group < 9 {
            open.push(connection);
            std::thread::sleep(Duration::from_millis(20));
        } else {
            let _ = bulkhead_parcel::send(&connection, b"x", &[lingering().as_fd()]);
        }
    }
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setgroups(0, std::ptr::null()) }, 0);
    std::thread::sleep(Duration::from_millis(50));
    rustix::net::send(control, b"!", SendFlags::NOSIGNAL).unwrap();
    std::thread::sleep(SOON);
}

/// A connection on the loopback with as much unread data as fits.
fn lingering() -> std::net::TcpStream {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_nonblocking(true).unwrap();
    while std::io::Write::write(&mut stream, &[0; 8192]).is_ok() {}
    // The peer stays open, or its reset would end the wait.
    std::mem::forget(listener.accept().unwrap());
    rustix::net::sockopt::set_socket_linger(&stream, Some(LINGER)).unwrap();
    stream
}
