//! Closes descriptors of components in a thread of its own, with little patience: the close of a TCP socket can wait as
//! long as its owner chose (`SO_LINGER`), even if that socket only lies in the queue of the one that is closed. It must
//! stop neither the connections of others nor the closing of their sockets.

use rustix::fd::OwnedFd;
use std::sync::mpsc::{Sender, channel};

pub struct Closer(Sender<OwnedFd>);

impl Closer {
    /// The alarm that ends a wait interrupts this thread alone, so the caller blocks it in its own.
    pub fn start() -> Self {
        let (sender, descriptors) = channel::<OwnedFd>();
        std::thread::spawn(move || {
            for one in descriptors {
                bulkhead_sys::impatiently(|| drop(one));
            }
        });
        Self(sender)
    }

    pub fn close(&self, descriptor: OwnedFd) {
        // The thread ends only with this process.
        let _ = self.0.send(descriptor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fd::AsFd;
    use rustix::net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg,
        socketpair, sockopt,
    };
    use std::io::{IoSlice, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    /// A connection with data that its peer, which stays open, does not read.
    fn lingering() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_nonblocking(true).unwrap();
        while stream.write(&[0; 8192]).is_ok() {}
        sockopt::set_socket_linger(&stream, Some(Duration::from_mins(10))).unwrap();
        (stream, listener.accept().unwrap().0)
    }

    /// In a process of its own, whose other thread blocks the alarm, as the bridge's does.
    #[test]
    fn a_socket_in_the_queue_of_another_does_not_stop_it() {
        let Some(child) = bulkhead_sys::fork_plain().unwrap() else {
            let closed = std::panic::catch_unwind(close_all);
            bulkhead_sys::exit_now(i32::from(closed.is_err()));
        };
        let (_, status) =
            rustix::process::waitpid(Some(child), rustix::process::WaitOptions::empty()).unwrap().unwrap();
        assert_eq!(status.exit_status(), Some(0));
    }

    fn close_all() {
        let flags = SocketFlags::CLOEXEC;
        let (outer, sender) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap();
        let (inner, _peer) = lingering();
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let rights = [inner.as_fd()];
        assert!(control.push(SendAncillaryMessage::ScmRights(&rights)));
        sendmsg(&sender, &[IoSlice::new(b"x")], &mut control, SendFlags::empty()).unwrap();
        drop(sender);
        let (direct, _other) = lingering();
        let (innocent, mut end) = UnixStream::pair().unwrap();
        let closer = Closer::start();
        bulkhead_sys::block_signals(&[libc::SIGALRM]).unwrap();
        // The last copies of both are in the closer's hands.
        drop(inner);
        closer.close(outer);
        closer.close(direct.into());
        closer.close(innocent.into());
        end.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        assert_eq!(end.read(&mut [0]).unwrap(), 0);
    }
}
