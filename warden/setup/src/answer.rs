//! Setup's final exchange with the broker, once all protections are in force.

use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::wire::encode;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use std::io::IoSlice;

const FAILED: Code = Code::LaunchFailed;

/// All protections are in force; asks the broker to inspect this process. The moments of its work follow. No encoded
/// error starts like this.
pub const READY: &[u8] = b"READY";
/// The broker's answer after it has verified them.
pub const GO: &[u8] = b"G";

/// Maximum number of writable file systems whose fill level is watched: as many as one message can carry (SCM_MAX_FD),
/// which is more than a policy can name.
pub const MAX_WATCHED: usize = 253;

pub fn ready(status: &OwnedFd, watched: &[OwnedFd], marks: &Vec<u64>) -> Result<(), Error> {
    let fds: Vec<BorrowedFd> = watched.iter().take(MAX_WATCHED).map(AsFd::as_fd).collect();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_WATCHED))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&fds));
    }
    let marks = encode(marks);
    let message = [IoSlice::new(READY), IoSlice::new(&marks)];
    rustix::net::sendmsg(status, &message, &mut control, SendFlags::NOSIGNAL).attempt(FAILED, "report ready").map(drop)
}

/// The broker inspects this process from outside before untrusted code runs in it.
pub fn wait_for_go(status: &OwnedFd) -> Result<(), Error> {
    // One byte longer than `GO`, so that a longer answer is not accepted.
    let mut answer = [0; GO.len() + 1];
    let (length, _) =
        rustix::net::recv(status, &mut answer, RecvFlags::empty()).attempt(FAILED, "wait for the broker")?;
    if answer.get(..length) == Some(GO) { Ok(()) } else { Err(Error::new(FAILED, "wait for the broker")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    fn pair() -> (OwnedFd, OwnedFd) {
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap()
    }

    #[test]
    fn only_go_lets_it_go_on() {
        for (answer, goes) in [(GO, true), (READY, false), (b"GG", false), (b"g", false), (b"\0", false), (b"", false)]
        {
            let (ours, theirs) = pair();
            rustix::net::send(&ours, answer, SendFlags::NOSIGNAL).unwrap();
            assert_eq!(wait_for_go(&theirs).is_ok(), goes, "{answer:?}");
        }
        let (ours, theirs) = pair();
        drop(ours);
        assert!(wait_for_go(&theirs).is_err(), "the broker is gone");
    }
}
