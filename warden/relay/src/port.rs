//! One port of the guest, reached through Firecracker's Unix socket (its `docs/vsock.md`): the line `CONNECT port`, the
//! answer `OK number`.

use crate::link::Link;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use std::io::Result;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// The path that the library sets in Firecracker's configuration.
const VSOCK: &str = "/scratch/vsock";
/// An answer is never longer.
const LONGEST_ANSWER: usize = 32;
/// A guest that lets a connection wait is asked again. Not sooner: an abandoned connection may be the one that it then
/// accepts.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries, each of which interrupts a guest that is still booting; doubles each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(160);

/// The library's connection, and the connection to its port.
pub struct Port {
    pub link: Link,
    number: u32,
    knock: Option<Knock>,
    pause: Duration,
    not_before: Instant,
}

struct Knock {
    stream: OwnedFd,
    answer: Vec<u8>,
    since: Instant,
}

impl Port {
    pub fn new(outside: OwnedFd, number: u32) -> Self {
        Self { link: Link::new(outside), number, knock: None, pause: FIRST_PAUSE, not_before: Instant::now() }
    }

    pub fn is_open(&self) -> bool {
        self.link.inside.is_some()
    }

    /// Waiting for the guest's answer.
    pub fn is_knocking(&self) -> bool {
        self.knock.is_some()
    }

    /// Takes the next step towards the guest; false if it is not reachable yet.
    pub fn reach(&mut self) -> Result<bool> {
        if self.is_open() {
            return Ok(true);
        }
        let Some(knock) = &mut self.knock else {
            if Instant::now() >= self.not_before {
                self.knock = begin(self.number);
            }
            return Ok(self.knock.is_some());
        };
        match knock.listen()? {
            Heard::Nothing if knock.since.elapsed() < PATIENCE => return Ok(true),
            Heard::Open => self.link.inside = self.knock.take().map(|knock| knock.stream),
            Heard::Nothing | Heard::Refused => {
                self.knock = None;
                self.not_before = Instant::now() + self.pause;
                self.pause = LONGEST_PAUSE.min(self.pause * 2);
            }
        }
        Ok(self.is_open())
    }

    /// Everything has been sent; the guest's end is gone, or about to be.
    pub fn let_go(&mut self) {
        self.knock = None;
        self.pause = FIRST_PAUSE;
        self.link.cut();
    }

    pub fn interests(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let mut all = self.link.interests();
        all.extend(self.knock.as_ref().map(|knock| (knock.stream.as_fd(), PollFlags::IN)));
        all
    }
}

enum Heard {
    Nothing,
    Open,
    Refused,
}

impl Knock {
    fn listen(&mut self) -> Result<Heard> {
        // Byte by byte: the bytes after the line belong to the guest.
        let mut byte = [0];
        loop {
            match rustix::net::recv(&self.stream, &mut byte, RecvFlags::DONTWAIT) {
                Ok((1, _)) if byte == *b"\n" => {
                    return Ok(if self.answer.starts_with(b"OK ") { Heard::Open } else { Heard::Refused });
                }
                Ok((1, _)) if self.answer.len() < LONGEST_ANSWER => self.answer.extend(byte),
                Ok(_) | Err(Errno::CONNRESET) => return Ok(Heard::Refused),
                Err(Errno::AGAIN) => return Ok(Heard::Nothing),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

fn begin(port: u32) -> Option<Knock> {
    let stream = OwnedFd::from(UnixStream::connect(VSOCK).ok()?);
    let line = format!("CONNECT {port}\n");
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let sent = rustix::net::send(&stream, line.as_bytes(), flags).ok()?;
    (sent == line.len()).then(|| Knock { stream, answer: Vec::new(), since: Instant::now() })
}
