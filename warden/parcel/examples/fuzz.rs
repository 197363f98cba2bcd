//! `cargo run -p bulkhead-parcel --example fuzz -- SECONDS [SEED]`: hostile pieces, with descriptors, for the inbox.
//! Asserts that nothing panics, that each parcel is within the limits and equals the one sent, and that no descriptor
//! leaks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../channel/examples/support/random.rs"]
mod random;

use bulkhead_parcel::{Inbox, Limits, Read};
use random::Random;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg,
    socketpair,
};
use std::io::IoSlice;
use std::time::Instant;

const LIMITS: Limits = Limits { bytes: 300, descriptors: 6 };

fn main() {
    let (end, mut random) = random::begin();
    let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    let before = open_descriptors();
    let (mut rounds, mut parcels) = (0_u64, 0_u64);
    while Instant::now() < end {
        parcels += round(&mut random, &file);
        rounds += 1;
        assert_eq!(open_descriptors(), before, "a descriptor stayed behind");
    }
    println!("{rounds} senders, {parcels} parcels; nothing broke");
}

/// Sends one sender's pieces; returns how many parcels arrived.
fn round(random: &mut Random, file: &OwnedFd) -> u64 {
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    let (mut sent, mut attached) = (Vec::new(), 0);
    for _ in 0..=random.below(6) {
        let bytes = piece(random);
        let count = random.below(3) * random.below(4);
        message(&ours, &bytes, &vec![file.as_fd(); count]);
        sent.extend_from_slice(&bytes);
        attached += count;
    }
    drop(ours);
    let (mut inbox, mut parcels, mut received) = (Inbox::new(LIMITS), 0, 0);
    while let Read::Parcel(parcel) = inbox.read(&theirs, RecvFlags::empty()) {
        assert!(parcel.bytes.len() <= LIMITS.bytes && parcel.descriptors.len() <= LIMITS.descriptors);
        assert!(parcel.bytes.is_empty() || sent.windows(parcel.bytes.len()).any(|part| part == parcel.bytes));
        received += parcel.descriptors.len();
        parcels += 1;
    }
    assert!(received <= attached);
    parcels
}

/// Mostly a header that fits a short piece, so that some parcels arrive.
fn piece(random: &mut Random) -> Vec<u8> {
    let body: Vec<u8> = (0..random.below(40)).map(|_| random.byte()).collect();
    let length = match random.below(8) {
        0 => random.below(400),
        1 => usize::try_from(random.next() >> 33).unwrap(),
        2 => return body,
        _ => body.len(),
    };
    let count = u16::try_from(random.below(8)).unwrap();
    [&u32::try_from(length).unwrap().to_le_bytes()[..], &count.to_le_bytes(), &body].concat()
}

fn message(socket: &OwnedFd, bytes: &[u8], fds: &[BorrowedFd]) {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(fds)));
    }
    sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL).unwrap();
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
