//! One operation with a process: an `exec`, or a file operation, which a child of init serves.

use crate::child::{Process, Report};
use crate::server::input::Input;
use crate::server::leftovers::Leftovers;
use crate::server::outbox::Outbox;
use crate::server::output::Output;
use bulkhead_channel::answer::{self, Exited};
use bulkhead_channel::frame::{FD_ERR, FD_IN, FD_OUT};
use bulkhead_channel::{Accept, Control, Kind, Outcome, Violation};
use bulkhead_plan::{Code, Error};
use bulkhead_sys::Ended;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::termios::{Winsize, tcsetwinsize};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How an operation is ended, and what its result contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Exec,
    /// By its name; it ends by itself.
    File(&'static str),
    /// Ends when it is cancelled, which counts as success.
    Watch,
}

pub struct Operation {
    pub stream: u32,
    class: Class,
    pid: i32,
    /// Until the child has become another program or has ended.
    report: Option<Report>,
    accepted: bool,
    outcome: Option<Outcome>,
    pub input: Input,
    outputs: [Output; 2],
    terminal: Option<OwnedFd>,
    ended: Option<Ended>,
    cancelled: bool,
    /// The moments that an exec's result names: see docs/channel.md.
    marks: Vec<u64>,
}

impl Operation {
    /// `marks`: when init started, served, read the request and had forked.
    pub fn new(stream: u32, class: Class, process: Process, terminal: bool, marks: [u64; 4]) -> Self {
        Self {
            stream,
            class,
            pid: process.pid,
            report: Some(process.report),
            accepted: false,
            outcome: None,
            input: if terminal { Input::expected() } else { Input::pipe(process.input) },
            outputs: [Output::new(process.output, FD_OUT), Output::new(process.error, FD_ERR)],
            terminal: None,
            ended: None,
            cancelled: false,
            marks: marks.to_vec(),
        }
    }

    /// Whether this is the living process `pid`: once it is reaped, the number may be another's.
    pub fn is_process(&self, pid: i32) -> bool {
        self.ended.is_none() && self.pid == pid
    }

    pub fn report_fd(&self) -> Option<BorrowedFd<'_>> {
        self.report.as_ref().map(AsFd::as_fd)
    }

    /// Outputs to wait for. None before `accept`, so that it is always the first frame of its stream.
    pub fn readable(&self) -> impl Iterator<Item = (usize, BorrowedFd<'_>)> {
        let running = self.accepted && self.ended.is_none();
        let outputs = self.outputs.iter().enumerate().filter(move |_| running);
        outputs.filter_map(|(index, output)| output.waits_on().map(|fd| (index, fd)))
    }

    pub fn relay(&mut self, index: usize, outbox: &mut Outbox) {
        self.outputs[index].relay(self.stream, outbox);
    }

    /// The host has room for more output.
    pub fn grant(&mut self, fd: u8, bytes: u32) -> Result<(), Violation> {
        self.outputs[usize::from(fd == FD_ERR)].grant(bytes)
    }

    /// Returns credit for the data that the operation consumed.
    pub fn settle_input(&mut self, outbox: &mut Outbox) {
        if let Some(bytes) = self.input.grant() {
            outbox.credit(self.stream, FD_IN, bytes);
        }
    }

    /// Reads the child's report: that it has started, how it ended, or (by its end) that it is now another program.
    pub fn read_report(&mut self, outbox: &mut Outbox) {
        while let Some(report) = &mut self.report {
            match report.receive(self.terminal.is_none()) {
                crate::child::Message::Nothing => return,
                crate::child::Message::Begun(terminal) => {
                    if let Some(terminal) = terminal {
                        self.attach(terminal);
                    }
                    if self.class != Class::Exec {
                        self.accept(outbox);
                    }
                }
                crate::child::Message::Ended(outcome) => self.outcome = Some(outcome),
                crate::child::Message::Closed => {
                    self.report = None;
                    if self.class == Class::Exec && self.outcome.is_none() {
                        self.accept(outbox);
                    }
                }
            }
        }
    }

    fn accept(&mut self, outbox: &mut Outbox) {
        if !self.accepted {
            self.accepted = true;
            self.mark();
            let pid = if self.class == Class::Exec { u32::try_from(self.pid).ok() } else { None };
            outbox.json(Kind::Accept, self.stream, &Accept { pid });
        }
    }

    /// One descriptor to read the terminal from, one to write to it, one to resize it. Without all three it is closed.
    fn attach(&mut self, terminal: OwnedFd) {
        let copy = || rustix::io::fcntl_dupfd_cloexec(&terminal, 3);
        // Never blocking: the workload decides when a terminal takes input.
        if fcntl_setfl(&terminal, OFlags::RDWR | OFlags::NONBLOCK).is_err() {
            return;
        }
        if let (Ok(source), Ok(sink)) = (copy(), copy()) {
            self.outputs[0].terminal(source);
            self.input.terminal(sink);
            self.terminal = Some(terminal);
        }
    }

    pub fn control(&mut self, control: Control) {
        match control {
            Control::Signal { signal } => self.signal(signal),
            // Only for a checkpoint, and for a connection.
            Control::Continue {} | Control::Hand { .. } => {}
            Control::Resize { rows, cols } => {
                if let Some(terminal) = &self.terminal {
                    // The workload may have done anything to its terminal; if it refuses a size, that is its loss.
                    let _ = tcsetwinsize(terminal, Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 });
                }
            }
        }
    }

    /// To the process group of an `exec`, or to the process of a file operation. A process that is gone is fine.
    fn signal(&self, signal: i32) {
        if self.ended.is_some() {
            return;
        }
        // The child itself creates its group, which may not exist yet: the signal then waits in the child, blocked.
        if self.class != Class::Exec || bulkhead_sys::kill(-self.pid, signal).is_err() {
            let _ = bulkhead_sys::kill(self.pid, signal);
        }
    }

    pub fn cancel(&mut self) {
        self.cancelled = true;
        self.signal(libc::SIGKILL);
    }

    pub fn process_ended(&mut self, ended: Ended, outbox: &mut Outbox) {
        self.read_report(outbox);
        self.mark();
        self.ended = Some(ended);
        for output in &mut self.outputs {
            if self.accepted { output.process_ended() } else { output.discard() }
        }
    }

    /// The result, once the process has ended and its output is forwarded.
    pub fn finish(&mut self, outbox: &mut Outbox) -> Option<Outcome> {
        let ended = self.ended?;
        let (stream, patient) = (self.stream, !self.cancelled);
        // Both, even if the first is not done: its credit may be used up while the other's is not.
        let [out, err] = self.outputs.each_mut().map(|output| output.finish(stream, outbox, patient));
        (out && err).then(|| self.result(ended))
    }

    pub fn leave(self, leftovers: &mut Leftovers) {
        if self.class == Class::Exec && self.accepted {
            self.outputs.into_iter().filter_map(Output::into_leftover).for_each(|pipe| leftovers.add(pipe));
        }
    }

    fn mark(&mut self) {
        self.marks.push(bulkhead_sys::monotonic_us());
    }

    fn result(&mut self, ended: Ended) -> Outcome {
        self.mark();
        match (self.outcome.take(), self.class) {
            (Some(outcome), _) => outcome,
            (None, Class::Exec) => exec_result(&ended, std::mem::take(&mut self.marks)),
            (None, Class::Watch) if self.cancelled && self.accepted => Outcome::Done(serde_json::Map::new()),
            (None, class) => {
                let name = if let Class::File(name) = class { name } else { "watch" };
                let detail = if self.cancelled { "cancelled" } else { "killed" };
                Outcome::Failed(Error::new(Code::FileFailed, name).detail(detail))
            }
        }
    }
}

fn exec_result(ended: &Ended, marks: Vec<u64>) -> Outcome {
    let exited = libc::WIFEXITED(ended.status);
    let byte = |number: i32| u8::try_from(number).ok();
    Outcome::Done(answer::value(&Exited {
        exit_code: byte(libc::WEXITSTATUS(ended.status)).filter(|_| exited),
        signal: byte(libc::WTERMSIG(ended.status)).filter(|_| !exited),
        user_us: ended.user_us,
        system_us: ended.system_us,
        max_rss_bytes: ended.max_rss_bytes,
        marks,
    }))
}
