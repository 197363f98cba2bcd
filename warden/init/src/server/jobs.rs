//! Unix sockets that children of init bind and connect, as the workload's user. A job ends when its child has reported;
//! the process is collected like any orphan.

use super::{Server, Way};
use crate::child::{self, Message, Report, SocketWork};
use bulkhead_channel::{Kind, Outcome};
use bulkhead_plan::{Code, Error};
use serde_json::Map;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, RawFd};

/// Each is a process and a descriptor.
const JOBS_MAX: usize = 64;

pub struct Job {
    /// Where its stream is; none if nobody waits for it.
    of: Option<(Way, u32)>,
    work: SocketWork,
    report: Report,
}

impl Job {
    pub fn fd(&self) -> RawFd {
        self.report.as_fd().as_raw_fd()
    }

    /// Its stream is gone.
    pub const fn forget(&mut self) {
        self.of = None;
    }
}

impl Server {
    /// Has the socket of `stream` bound or connected.
    pub(super) fn begin_job(&mut self, way: Way, stream: u32, work: SocketWork) {
        let begun = if self.jobs.len() >= JOBS_MAX {
            Err(Error::new(Code::TooManyOperations, "request").detail(JOBS_MAX.to_string()))
        } else {
            let socket = self.link(way).and_then(|link| link.sockets.for_child(stream));
            child::start_on_socket(&work, socket, &self.inner)
        };
        match begun {
            Ok(report) => self.jobs.push(Job { of: Some((way, stream)), work, report }),
            Err(error) => self.settle_job(Some((way, stream)), work, Err(error)),
        }
    }

    /// Removes the file of a Unix socket. However many listeners end at once, each gets its child.
    pub(super) fn remove_file(&mut self, of: Option<(Way, u32)>, path: CString) {
        let work = SocketWork::Remove(path);
        match child::start_on_socket(&work, None, &self.inner) {
            Ok(report) => self.jobs.push(Job { of, work, report }),
            Err(error) => self.settle_job(of, work, Err(error)),
        }
    }

    /// Reads the report of the job with this descriptor.
    pub(super) fn job_ready(&mut self, fd: RawFd) {
        let Some(at) = self.jobs.iter().position(|job| job.fd() == fd) else { return };
        let outcome = match self.jobs[at].report.receive(false) {
            Message::Nothing => return,
            Message::Ended(Outcome::Done(_)) => Ok(()),
            Message::Ended(Outcome::Failed(error)) => Err(error),
            // The workload has killed it.
            Message::Begun(_) | Message::Closed => Err(Error::new(self.jobs[at].work.failure(), "socket")),
        };
        let Job { of, work, .. } = self.jobs.swap_remove(at);
        self.settle_job(of, work, outcome);
    }

    fn settle_job(&mut self, of: Option<(Way, u32)>, work: SocketWork, outcome: Result<(), Error>) {
        let Some((way, stream)) = of else { return };
        let Some(link) = self.link_mut(way) else { return };
        match work {
            SocketWork::Connect(_) => link.sockets.settled(stream, outcome, None, &mut link.outbox),
            SocketWork::Listen(path) | SocketWork::Bind(path) => {
                link.sockets.settled(stream, outcome, Some(path), &mut link.outbox);
            }
            // The listener is closed in any case.
            SocketWork::Remove(_) => link.outbox.json(Kind::Result, stream, &Outcome::Done(Map::new()).to_json()),
        }
    }

    /// Removes the files of the listeners that have ended.
    pub(super) fn remove_files(&mut self) {
        for way in [Way::Channel, Way::Egress] {
            let files = self.link_mut(way).map(|link| link.sockets.take_files()).unwrap_or_default();
            for (stream, file) in files {
                self.remove_file(Some((way, stream)), file);
            }
        }
    }

    const fn link(&self, way: Way) -> Option<&super::Link> {
        match way {
            Way::Channel => Some(&self.channel),
            Way::Egress => self.egress.as_ref(),
        }
    }

    const fn link_mut(&mut self, way: Way) -> Option<&mut super::Link> {
        match way {
            Way::Channel => Some(&mut self.channel),
            Way::Egress => self.egress.as_mut(),
        }
    }
}
