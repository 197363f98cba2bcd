//! Parcels: bytes and the descriptors that belong to them, over a `SOCK_SEQPACKET` socket. A parcel can be longer than
//! a kernel message, which holds 253 descriptors and, by default, 208 KiB: it travels in pieces.
//!
//! The receiver trusts nothing: its allocations are bounded by the bytes that the sender really sent, and by
//! [`Limits`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod pieces;
mod receive;
mod send;

pub use receive::{Inbox, Limits, Parcel, Read};
pub use send::{Outbox, send};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pieces::PIECE;
    use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, socketpair};

    const LIMITS: Limits = Limits { bytes: 100_000, descriptors: 600 };

    fn pair() -> (OwnedFd, OwnedFd) {
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap()
    }

    fn null() -> OwnedFd {
        std::fs::File::open("/dev/null").unwrap().into()
    }

    #[test]
    fn a_parcel_arrives_as_it_was_sent() {
        for (length, count) in [
            (1, 0),
            (1, 3),
            (1, 250),
            (2, 251),
            (3, 600),
            (PIECE, 1),
            (PIECE + 1, 2),
            (3 * PIECE - 1, 0),
            (100_000, 600),
        ] {
            let (ours, theirs) = pair();
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let file = null();
            let fds: Vec<BorrowedFd> = (0..count).map(|_| file.as_fd()).collect();
            send(&ours, &bytes, &fds).unwrap();
            drop(ours);
            let mut inbox = Inbox::new(LIMITS);
            let Read::Parcel(parcel) = inbox.read(&theirs, RecvFlags::empty()) else { panic!("{length} {count}") };
            assert_eq!((parcel.bytes, parcel.descriptors.len()), (bytes, count));
            assert!(matches!(inbox.read(&theirs, RecvFlags::empty()), Read::End));
        }
    }

    #[test]
    fn what_has_not_arrived_is_waited_for() {
        let (ours, theirs) = pair();
        let mut inbox = Inbox::new(LIMITS);
        assert!(matches!(inbox.read(&theirs, RecvFlags::DONTWAIT), Read::Later));
        rustix::net::send(&ours, &[&[3, 0, 0, 0, 0, 0][..], b"ab"].concat(), SendFlags::empty()).unwrap();
        assert!(matches!(inbox.read(&theirs, RecvFlags::DONTWAIT), Read::Later));
        rustix::net::send(&ours, b"c", SendFlags::empty()).unwrap();
        assert!(matches!(inbox.read(&theirs, RecvFlags::DONTWAIT), Read::Parcel(parcel) if parcel.bytes == b"abc"));
    }

    #[test]
    fn a_hostile_sender_gets_no_further() {
        let header = |length: u32, count: u16| [&length.to_le_bytes()[..], &count.to_le_bytes()].concat();
        for pieces in [
            vec![vec![]],
            vec![vec![1, 0, 0]],
            vec![header(0, 0)],
            vec![header(1, 0)],
            vec![[header(100_001, 0), vec![0]].concat()],
            vec![[header(u32::MAX, 0), vec![0]].concat()],
            vec![[header(1, 601), vec![0]].concat()],
            vec![[header(1, 0), vec![0, 0]].concat()],
            vec![[header(3, 0), vec![0]].concat(), vec![0, 0, 0]],
            vec![[header(3, 0), vec![0]].concat(), vec![]],
            vec![[header(1, 1), vec![0]].concat()],
            vec![[header(70_000, 0), vec![0; PIECE + 1]].concat()],
        ] {
            let (ours, theirs) = pair();
            for piece in &pieces {
                rustix::net::send(&ours, piece, SendFlags::empty()).unwrap();
            }
            drop(ours);
            let mut inbox = Inbox::new(LIMITS);
            assert!(matches!(inbox.read(&theirs, RecvFlags::empty()), Read::End), "{pieces:?}");
        }
    }

    #[test]
    fn who_does_not_read_is_lost() {
        let (ours, theirs) = pair();
        let mut outbox = Outbox::default();
        let sent = (0..1000).take_while(|_| outbox.send(&ours, &[0; 1 << 14], Vec::new())).count();
        assert!(sent > 200 && sent < 400, "{sent}");
        drop(theirs);
        assert!(!outbox.flush(&ours));
    }
}
