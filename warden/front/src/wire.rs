//! Length-prefixed messages over non-blocking sockets, in a bounded amount of memory.

use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

/// Reads one message and not one byte more: on a launch connection the rest belongs to the channel.
#[derive(Default)]
pub struct Reader {
    header: [u8; 4],
    header_length: usize,
    body: Vec<u8>,
    body_length: usize,
}

/// Result of an attempt to read.
pub enum Read {
    Message(Vec<u8>),
    /// No more data for now.
    Later,
    /// The peer is gone, or violated the protocol.
    End,
}

impl Reader {
    pub fn read(&mut self, socket: impl AsFd, maximum: usize) -> Read {
        loop {
            let wanted = self.wanted();
            if self.header_length == 4 && wanted == 0 {
                let body = std::mem::take(&mut self.body);
                *self = Self::default();
                return Read::Message(body);
            }
            let target = if self.header_length < 4 {
                &mut self.header[self.header_length..]
            } else {
                &mut self.body[self.body_length..]
            };
            match rustix::net::recv(&socket, target, RecvFlags::DONTWAIT) {
                Ok((0, _)) => return Read::End,
                Ok((count, _)) if self.header_length < 4 => {
                    self.header_length += count;
                    if self.header_length == 4 && !self.begin_body(maximum) {
                        return Read::End;
                    }
                }
                Ok((count, _)) => self.body_length += count,
                Err(Errno::AGAIN) => return Read::Later,
                Err(Errno::INTR) => {}
                Err(_) => return Read::End,
            }
        }
    }

    fn wanted(&self) -> usize {
        if self.header_length < 4 { 4 - self.header_length } else { self.body.len() - self.body_length }
    }

    fn begin_body(&mut self, maximum: usize) -> bool {
        let length = u32::from_be_bytes(self.header) as usize;
        if length == 0 || length > maximum {
            return false;
        }
        self.body = vec![0; length];
        true
    }
}

/// Data to send to a peer that may not be reading.
#[derive(Default)]
pub struct Writer {
    waiting: Vec<u8>,
}

/// A peer with this much unread data has stopped listening, and cannot learn what becomes of its sandboxes.
const MAXIMUM_WAITING: usize = 4 << 20;

impl Writer {
    /// False: the peer is lost.
    pub fn send(&mut self, socket: &OwnedFd, message: &impl serde::Serialize) -> bool {
        let Ok(body) = serde_json::to_vec(message) else { return false };
        let Ok(length) = u32::try_from(body.len()) else { return false };
        if self.waiting.len() + body.len() > MAXIMUM_WAITING {
            return false;
        }
        self.waiting.extend_from_slice(&length.to_be_bytes());
        self.waiting.extend_from_slice(&body);
        self.flush(socket)
    }

    pub fn flush(&mut self, socket: &OwnedFd) -> bool {
        while !self.waiting.is_empty() {
            match rustix::net::send(socket, &self.waiting, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(count) => {
                    self.waiting.drain(..count);
                }
                Err(Errno::AGAIN) => return true,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
        true
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    fn pair() -> (OwnedFd, OwnedFd) {
        socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap()
    }

    #[test]
    fn a_message_in_pieces_arrives_whole_and_what_follows_stays() {
        let (ours, theirs) = pair();
        let mut reader = Reader::default();
        for piece in [&[0, 0][..], &[0, 2, b'{'], &[b'}', 9, 9]] {
            rustix::net::send(&theirs, piece, SendFlags::empty()).unwrap();
            if let Read::Message(body) = reader.read(&ours, 100) {
                assert_eq!(body, b"{}");
                let mut rest = [0; 8];
                assert_eq!(rustix::net::recv(&ours, &mut rest, RecvFlags::empty()).unwrap().0, 2);
                return;
            }
        }
        panic!("no message");
    }

    #[test]
    fn a_length_of_nothing_or_too_much_ends_it() {
        for header in [[0, 0, 0, 0], [0, 0, 0, 101], [255, 255, 255, 255]] {
            let (ours, theirs) = pair();
            rustix::net::send(&theirs, &header, SendFlags::empty()).unwrap();
            assert!(matches!(Reader::default().read(&ours, 100), Read::End));
        }
    }

    #[test]
    fn a_peer_that_does_not_read_is_lost_in_the_end() {
        let (ours, _theirs) = pair();
        let mut writer = Writer::default();
        let message = "x".repeat(100_000);
        let sent = (0..100).take_while(|_| writer.send(&ours, &message)).count();
        assert!(sent > 10 && sent < 60, "{sent}");
    }
}
