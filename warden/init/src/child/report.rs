//! A child's messages to init: that it has started (perhaps with a terminal), and how it ended. When it becomes another
//! program its end closes without a message. The workload may already control the child, so init bounds what it reads.

use bulkhead_channel::Outcome;
use bulkhead_channel::frame::INIT_JSON_MAX;
use bulkhead_plan::Error;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, send, sendmsg, socketpair,
};
use serde_json::{Map, Value};
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// Its descriptor in a child that gets no sockets; after those in one that does.
const PLACE: RawFd = 3;
const BEGUN: &[u8] = b"+";

/// Init's end.
pub struct Report(OwnedFd);

/// The child's end.
pub struct Reporter(OwnedFd);

pub enum Message {
    /// No message now.
    Nothing,
    Begun(Option<OwnedFd>),
    Ended(Outcome),
    Closed,
}

/// A pair that preserves message boundaries.
pub fn pair() -> Result<(Report, OwnedFd), Errno> {
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    Ok((Report(ours), theirs))
}

impl AsFd for Report {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Report {
    /// The next message, without waiting. Takes a descriptor only if one is expected.
    pub fn receive(&mut self, take_terminal: bool) -> Message {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(if take_terminal { &mut space } else { &mut [] });
        // The end is by far the most frequent case, and detecting it needs no buffer.
        match rustix::net::recv(&self.0, &mut [0], RecvFlags::DONTWAIT | RecvFlags::PEEK) {
            Ok((0, _)) => return Message::Closed,
            Ok(_) => {}
            Err(Errno::AGAIN | Errno::INTR) => return Message::Nothing,
            Err(_) => return Message::Closed,
        }
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let mut text = vec![0; INIT_JSON_MAX];
        let Ok(message) = recvmsg(&self.0, &mut [IoSliceMut::new(&mut text)], &mut control, flags) else {
            return Message::Closed;
        };
        let terminal = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        if &text[..message.bytes] == BEGUN {
            return Message::Begun(terminal);
        }
        // An invalid message ends the report; the result then says that the child ended without one.
        match Outcome::parse(&text[..message.bytes]) {
            Ok(outcome) if !message.flags.contains(ReturnFlags::TRUNC) => Message::Ended(outcome),
            _ => Message::Closed,
        }
    }
}

impl Reporter {
    /// Moves the end to its number, after room for `sockets`, and closes all other descriptors above 2.
    pub fn place(end: OwnedFd, sockets: usize) -> Result<Self, Errno> {
        let place = RawFd::try_from(sockets).ok().and_then(|room| PLACE.checked_add(room)).ok_or(Errno::MFILE)?;
        let placed = Self::moved(end, place)?;
        bulkhead_sys::close_range(PLACE, place - 1)?;
        bulkhead_sys::close_range(place + 1, i32::MAX)?;
        Ok(placed)
    }

    fn moved(end: OwnedFd, place: RawFd) -> Result<Self, Errno> {
        if end.as_raw_fd() == place {
            return Ok(Self(end));
        }
        // This number is a copy of one of init's descriptors that this child does not use again.
        let mut placed = bulkhead_sys::take_over(place);
        let result = rustix::io::dup3(&end, &mut placed, rustix::io::DupFlags::CLOEXEC);
        std::mem::forget(end);
        result.map(|()| Self(placed))
    }

    /// The operation has started. There is no one to report an error to: init then sees the end.
    pub fn begun(&self) {
        let _ = send(&self.0, BEGUN, SendFlags::NOSIGNAL);
    }

    /// As [`Reporter::begun`], with the controlling side of a terminal.
    pub fn begun_with(&self, terminal: &OwnedFd) -> Result<(), Errno> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let fds = [terminal.as_fd()];
        control.push(SendAncillaryMessage::ScmRights(&fds));
        sendmsg(&self.0, &[IoSlice::new(BEGUN)], &mut control, SendFlags::NOSIGNAL).map(|_| ())
    }

    pub fn end(&self, outcome: Result<Map<String, Value>, Error>) {
        let outcome = outcome.map_or_else(Outcome::Failed, Outcome::Done);
        let _ = send(&self.0, outcome.to_json().to_string().as_bytes(), SendFlags::NOSIGNAL);
    }
}
