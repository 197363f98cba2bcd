//! Hubs: a service's bridge is one process with a connection to the init of each of its sandboxes. It gets its end of
//! each over a hub, a connection of the library's that the bridge holds. The front keeps a copy of each end while the
//! sandbox lives, so that a bridge that is started again gets them too.

use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv,
    sendmsg, socketpair,
};
use std::io::IoSlice;
use std::mem::MaybeUninit;

/// Hubs of one session, and sandboxes of one hub: each costs a descriptor.
const MAX_HUBS: usize = 64;
const MAX_MEMBERS: usize = 256;
/// Length of a message: the sandbox's id, padded with zeros. An id is at most 64 bytes long.
const NAME: usize = 64;

struct Hub {
    session: u64,
    id: String,
    socket: OwnedFd,
    members: Vec<(String, OwnedFd)>,
}

#[derive(Default)]
pub struct Hubs(Vec<Hub>);

impl Hubs {
    /// A hub of the same id takes the place of the last one, with its members.
    pub fn open(&mut self, session: u64, id: String, socket: OwnedFd) {
        let known = self.0.iter_mut().find(|hub| hub.session == session && hub.id == id);
        if let Some(hub) = known {
            hub.socket = socket;
            for (name, end) in &hub.members {
                tell(&hub.socket, name, end);
            }
        } else if self.0.iter().filter(|hub| hub.session == session).count() < MAX_HUBS {
            self.0.push(Hub { session, id, socket, members: Vec::new() });
        }
    }

    /// Creates a connection, sends one end over the hub, and returns the other, which is for the sandbox's init.
    pub fn join(&mut self, session: u64, id: &str, sandbox: &str) -> Option<OwnedFd> {
        let hub = self.0.iter_mut().find(|hub| hub.session == session && hub.id == id)?;
        if hub.members.len() >= MAX_MEMBERS {
            // Launches that failed before they came here.
            hub.members.retain(|(_, end)| !is_over(end));
        }
        if hub.members.len() >= MAX_MEMBERS {
            return None;
        }
        let (inside, outside) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).ok()?;
        // A bridge that is gone gets it when it is started again.
        tell(&hub.socket, sandbox, &outside);
        hub.members.push((sandbox.to_owned(), outside));
        Some(inside)
    }

    /// The sandbox has ended.
    pub fn leave(&mut self, session: u64, sandbox: &str) {
        for hub in self.0.iter_mut().filter(|hub| hub.session == session) {
            hub.members.retain(|(name, _)| name != sandbox);
        }
    }

    /// Drops everything of a session that has ended.
    pub fn forget(&mut self, session: u64) {
        self.0.retain(|hub| hub.session != session);
    }
}

fn is_over(end: &OwnedFd) -> bool {
    matches!(recv(end, &mut [0], RecvFlags::DONTWAIT | RecvFlags::PEEK), Ok((_, 0)))
}

/// Never waits. A bridge that does not read is its caller's own loss.
fn tell(hub: &OwnedFd, name: &str, end: &OwnedFd) {
    let mut text = [0; NAME];
    let Some(place) = text.get_mut(..name.len()) else { return };
    place.copy_from_slice(name.as_bytes());
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let ends = [end.as_fd()];
    control.push(SendAncillaryMessage::ScmRights(&ends));
    let _ = sendmsg(hub, &[IoSlice::new(&text)], &mut control, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, recvmsg, send};
    use std::io::IoSliceMut;

    fn hub() -> (OwnedFd, OwnedFd) {
        socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap()
    }

    fn heard(hub: &OwnedFd) -> Option<(String, OwnedFd)> {
        let mut text = [0; NAME];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let got = recvmsg(hub, &mut [IoSliceMut::new(&mut text)], &mut control, RecvFlags::DONTWAIT).ok()?;
        let end = control.drain().find_map(|one| match one {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        })?;
        let text = String::from_utf8(text[..got.bytes].to_vec()).unwrap();
        Some((text.trim_end_matches('\0').to_owned(), end))
    }

    #[test]
    fn the_two_ends_are_of_one_connection() {
        let (ours, theirs) = hub();
        let mut hubs = Hubs::default();
        assert!(hubs.join(1, "h", "a").is_none(), "there is no hub");
        hubs.open(1, "h".to_owned(), theirs);
        assert!(hubs.join(2, "h", "a").is_none(), "it is another session's");
        let inside = hubs.join(1, "h", "a").unwrap();
        let (name, outside) = heard(&ours).unwrap();
        assert_eq!(name, "a");
        send(&inside, b"x", SendFlags::empty()).unwrap();
        assert_eq!(recv(&outside, &mut [0; 8], RecvFlags::empty()).unwrap().1, 1);
    }

    #[test]
    fn a_bridge_that_is_started_again_gets_those_that_live() {
        let (first, theirs) = hub();
        let mut hubs = Hubs::default();
        hubs.open(1, "h".to_owned(), theirs);
        let ends: Vec<_> = ["a", "b"].iter().map(|name| hubs.join(1, "h", name).unwrap()).collect();
        drop(first);
        hubs.leave(1, "a");
        let (second, theirs) = hub();
        hubs.open(1, "h".to_owned(), theirs);
        assert_eq!(heard(&second).map(|(name, _)| name).as_deref(), Some("b"));
        assert!(heard(&second).is_none());
        hubs.forget(1);
        assert_eq!(recv(&ends[0], &mut [0; 8], RecvFlags::empty()).unwrap().1, 0, "its other end is closed");
    }
}
