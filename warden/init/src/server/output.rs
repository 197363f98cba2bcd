//! Output of an operation: from a pipe or terminal into the channel, as far as there is credit.

use crate::server::outbox::Outbox;
use bulkhead_channel::{Credit, Violation};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// More than a terminal buffers: the amount left in one is not known in advance.
const TERMINAL_REST: usize = 128 * 1024;

pub struct Output {
    source: Option<OwnedFd>,
    terminal: bool,
    fd: u8,
    credit: Credit,
    /// After the process has ended: how much of its pipe's content at that time is still to be forwarded.
    rest: Option<usize>,
}

impl Output {
    pub fn new(source: Option<OwnedFd>, fd: u8) -> Self {
        Self { source, terminal: false, fd, credit: Credit::default(), rest: None }
    }

    pub fn terminal(&mut self, source: OwnedFd) {
        self.source = Some(source);
        self.terminal = true;
    }

    pub fn grant(&mut self, bytes: u32) -> Result<(), Violation> {
        self.credit.grant(bytes)
    }

    /// What to wait for, if more may be sent.
    pub fn waits_on(&self) -> Option<BorrowedFd<'_>> {
        self.source.as_ref().filter(|_| self.credit.available() > 0).map(AsFd::as_fd)
    }

    /// One read, into one frame.
    pub fn relay(&mut self, stream: u32, outbox: &mut Outbox) {
        let limit = self.credit.available().min(self.rest.unwrap_or(usize::MAX));
        let Some(source) = self.source.as_ref().filter(|_| limit > 0) else { return };
        match outbox.data_from(source, stream, self.fd, limit) {
            Err(Errno::AGAIN | Errno::INTR) => {
                // Only init should read it, but the workload can open its own end of a pipe to do so.
                self.rest = self.rest.map(|_| 0);
            }
            // EIO: a terminal that no process has open any more.
            Ok(0) | Err(_) => {
                self.source = None;
                outbox.end(stream, self.fd);
            }
            Ok(count) => {
                // Within the credit, from which the limit was taken.
                let _ = self.credit.spend(count);
                self.rest = self.rest.map(|rest| rest.saturating_sub(count));
            }
        }
    }

    /// The process has ended: forward the current content of its pipe, but not later writes by others; a process that
    /// keeps writing could otherwise delay the result forever.
    pub fn process_ended(&mut self) {
        self.rest = Some(match &self.source {
            None => 0,
            Some(_) if self.terminal => TERMINAL_REST,
            Some(source) => rustix::io::ioctl_fionread(source).map_or(0, |count| usize::try_from(count).unwrap_or(0)),
        });
    }

    /// Discards the rest.
    pub fn discard(&mut self) {
        self.rest = Some(0);
    }

    /// Forwards the rest as far as credit and outbox allow; true when nothing is left to do. Unless `patient`, drops
    /// data without credit.
    pub fn finish(&mut self, stream: u32, outbox: &mut Outbox, patient: bool) -> bool {
        while self.source.is_some() && self.rest != Some(0) {
            if self.credit.available() == 0 {
                return !patient;
            }
            if outbox.is_full() {
                return false;
            }
            self.relay(stream, outbox);
        }
        true
    }

    /// A pipe that another process may still write to. A terminal is hung up instead.
    pub fn into_leftover(self) -> Option<OwnedFd> {
        self.source.filter(|_| !self.terminal)
    }
}
