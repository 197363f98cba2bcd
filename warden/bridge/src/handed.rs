//! Descriptors from a connection: a front's, or an init's, which is hostile.

use crate::closer::Closer;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SocketType, recvmsg, sockopt,
};
use std::io::IoSliceMut;
use std::mem::MaybeUninit;

/// The kernel's SCM_MAX_FD. A smaller buffer would make the kernel close the others here and now.
const MOST: usize = 253;

pub enum Got {
    /// This many bytes, and the descriptors that came with them. A message that does not fit has no bytes.
    Some(usize, Vec<OwnedFd>),
    Later,
    /// The connection failed.
    End,
}

/// Reads once, without waiting. Descriptors beyond the limit of this process are lost.
pub fn receive(from: impl AsFd, bytes: &mut [u8]) -> Got {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    loop {
        let message = match recvmsg(&from, &mut [IoSliceMut::new(bytes)], &mut control, flags) {
            Ok(message) => message,
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => return Got::Later,
            Err(_) => return Got::End,
        };
        let rights = control.drain().filter_map(|one| match one {
            RecvAncillaryMessage::ScmRights(fds) => Some(fds),
            _ => None,
        });
        let descriptors: Vec<OwnedFd> = rights.flatten().collect();
        // Its descriptors go to the caller all the same: to close them here could wait.
        let fits = !message.flags.contains(ReturnFlags::TRUNC);
        return Got::Some(if fits { message.bytes } else { 0 }, descriptors);
    }
}

/// The one descriptor of a message, if it is a connected stream socket.
pub fn stream_socket(mut descriptors: Vec<OwnedFd>, closer: &Closer) -> Option<OwnedFd> {
    let one = descriptors.pop();
    let alone = descriptors.is_empty();
    for other in descriptors {
        closer.close(other);
    }
    let one = one?;
    if alone && is_stream(&one) {
        return Some(one);
    }
    closer.close(one);
    None
}

fn is_stream(one: &OwnedFd) -> bool {
    let family = sockopt::socket_domain(one);
    matches!(family, Ok(AddressFamily::UNIX | AddressFamily::INET | AddressFamily::INET6))
        && sockopt::socket_type(one) == Ok(SocketType::STREAM)
        && sockopt::socket_acceptconn(one) == Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, sendmsg, socket, socketpair};
    use std::io::IoSlice;

    #[test]
    fn a_message_that_does_not_fit_has_no_bytes_and_its_descriptors() {
        let flags = SocketFlags::CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let rights = [theirs.as_fd()];
        assert!(control.push(SendAncillaryMessage::ScmRights(&rights)));
        sendmsg(&theirs, &[IoSlice::new(&[0; 9])], &mut control, SendFlags::empty()).unwrap();
        assert!(matches!(receive(&ours, &mut [0; 8]), Got::Some(0, descriptors) if descriptors.len() == 1));
    }

    #[test]
    fn takes_one_connected_stream_and_nothing_else() {
        let closer = Closer::start();
        let stream = || socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap().0;
        assert!(stream_socket(vec![stream()], &closer).is_some());
        assert!(stream_socket(vec![stream(), stream()], &closer).is_none());
        assert!(stream_socket(Vec::new(), &closer).is_none());
        let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
        assert!(stream_socket(vec![file], &closer).is_none());
        let datagrams = socket(AddressFamily::UNIX, SocketType::DGRAM, None).unwrap();
        assert!(stream_socket(vec![datagrams], &closer).is_none());
        let listener: OwnedFd = std::net::TcpListener::bind("127.0.0.1:0").unwrap().into();
        assert!(stream_socket(vec![listener], &closer).is_none());
    }
}
