//! Closes descriptors of components in a thread of its own: the close of a TCP socket can wait for as long as its owner
//! chose (`SO_LINGER`), and must not stop the connections of others meanwhile.

use rustix::fd::OwnedFd;
use rustix::net::sockopt;
use std::sync::mpsc::{Sender, channel};

pub struct Closer(Sender<OwnedFd>);

impl Closer {
    pub fn start() -> Self {
        let (sender, descriptors) = channel::<OwnedFd>();
        std::thread::spawn(move || {
            for one in descriptors {
                // Only a sender who still has a copy could change it back, and then this close is not the last.
                if sockopt::socket_linger(&one).is_ok_and(|linger| linger.is_some_and(|time| !time.is_zero())) {
                    let _ = sockopt::set_socket_linger(&one, None);
                }
                drop(one);
            }
        });
        Self(sender)
    }

    pub fn close(&self, descriptor: OwnedFd) {
        // The thread ends only with this process.
        let _ = self.0.send(descriptor);
    }
}
