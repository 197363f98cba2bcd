//! The loop: wait, read the available data, answer, wait.

mod hold;
mod input;
mod jobs;
mod leftovers;
mod link;
mod operation;
mod outbox;
mod output;
mod requests;
mod sockets;
mod wire;

pub use sockets::BACKLOG;
pub use wire::Wire;

use crate::start::Prepared;
use bulkhead_channel::{Control, Decoder, Frame, Kind, Side, Violation};
use bulkhead_order::Workload;
use bulkhead_plan::InnerPlan;
use jobs::Job;
use leftovers::Leftovers;
use link::{Link, Taken};
use operation::Operation;
use outbox::Outbox;
use rustix::io::Errno;
use rustix::process::getpid;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Children collected in one turn: however many orphans a workload creates, the channel is served in between.
const REAP_BATCH: usize = 256;

/// Reads from the channel in one turn: each turn costs a check of everything that is open.
const READ_BATCH: usize = 4;

/// Why init stops.
#[derive(Debug)]
pub enum End {
    /// The host is gone.
    Closed,
    Violation(#[allow(dead_code, reason = "read by debuggers: init has nobody to tell")] Violation),
    System(#[allow(dead_code, reason = "read by debuggers: init has nobody to tell")] Errno),
}

/// The connections to the host.
#[derive(Clone, Copy)]
enum Way {
    Channel,
    Egress,
}

/// The owner of a descriptor in the poll set. Operations are identified by stream, which is never reused; descriptors
/// are.
#[derive(Clone, Copy)]
enum Token {
    Host(Way),
    Children,
    Report(u32),
    Input(u32),
    Output(u32, usize),
    Socket(Way, u32),
    Job(RawFd),
    Leftover(RawFd),
}

pub struct Server {
    /// When init started, and when it began to serve.
    began: [u64; 2],
    channel: Link,
    /// The connection of the sandbox's egress, until its other end closes. Everything it served has then ended: nothing
    /// replaces it.
    egress: Option<Link>,
    /// There is, or was, such a connection.
    has_egress: bool,
    /// Takes connections of the service's channels.
    bridge: Option<OwnedFd>,
    children: OwnedFd,
    inner: InnerPlan,
    /// For the programs that init starts, on top of its own filter.
    filter: Option<Workload>,
    operations: Vec<Operation>,
    jobs: Vec<Job>,
    leftovers: Leftovers,
    /// Silent for a snapshot, requested on this stream.
    held: Option<u32>,
    /// More children may have ended than were collected.
    reaping: bool,
    /// Kept between turns to reuse their memory.
    fds: Vec<libc::pollfd>,
    tokens: Vec<Token>,
}

impl Server {
    /// `started_us`: when init itself started.
    pub fn new(
        Prepared { channel, egress, bridge, children }: Prepared,
        inner: InnerPlan,
        filter: Option<Workload>,
        started_us: u64,
    ) -> Self {
        Self {
            began: [started_us, bulkhead_sys::monotonic_us()],
            channel: Link::new(channel),
            has_egress: egress.is_some(),
            egress: egress.map(Link::new),
            bridge,
            children,
            inner,
            filter,
            operations: Vec::new(),
            jobs: Vec::new(),
            leftovers: Leftovers::default(),
            held: None,
            reaping: false,
            fds: Vec::new(),
            tokens: Vec::new(),
        }
    }

    /// Until the channel closes or a side violates its rules.
    pub fn run(mut self) -> End {
        let end = loop {
            if let Err(end) = self.turn() {
                break end;
            }
        };
        if !getpid().is_init() {
            // Otherwise the kernel does it, and better.
            self.operations.iter_mut().for_each(Operation::cancel);
        }
        end
    }

    fn turn(&mut self) -> Result<(), End> {
        // Init needs its output: if it cannot be written, the host is gone.
        if self.channel.flush().is_err() {
            self.lost()?;
        }
        if self.egress.as_mut().is_some_and(|link| link.flush().is_err()) {
            self.end_egress();
        }
        self.wait()?;
        for at in 0..self.fds.len() {
            // The channel comes first, and may ask for silence.
            if self.fds[at].revents != 0 && (at == 0 || self.held.is_none()) {
                self.ready(self.tokens[at], self.fds[at].revents)?;
            }
        }
        if self.held.is_some() {
            return Ok(());
        }
        if self.reaping {
            self.reap();
        }
        self.settle();
        Ok(())
    }

    fn wait(&mut self) -> Result<(), End> {
        let (mut fds, mut tokens) = (std::mem::take(&mut self.fds), std::mem::take(&mut self.tokens));
        fds.clear();
        tokens.clear();
        let mut add = |fd: RawFd, events, token| {
            fds.push(libc::pollfd { fd, events, revents: 0 });
            tokens.push(token);
        };
        self.channel.waits_on(|fd, events| add(fd, events, Token::Host(Way::Channel)));
        if self.held.is_none() {
            self.wait_for_work(self.channel.outbox.is_full(), &mut add);
        }
        let at_once = self.reaping && self.held.is_none();
        let result = bulkhead_sys::poll(&mut fds, if at_once { 0 } else { -1 });
        (self.fds, self.tokens) = (fds, tokens);
        result.map_err(End::System)
    }

    /// Adds descriptors whose data comes from inside.
    fn wait_for_work(&mut self, full: bool, add: &mut impl FnMut(RawFd, i16, Token)) {
        add(self.children.as_raw_fd(), libc::POLLIN, Token::Children);
        for operation in &self.operations {
            if let Some(fd) = operation.report_fd() {
                add(fd.as_raw_fd(), libc::POLLIN, Token::Report(operation.stream));
            }
            if let Some(fd) = operation.input.waits_on() {
                add(fd.as_raw_fd(), libc::POLLOUT, Token::Input(operation.stream));
            }
            for (index, fd) in operation.readable().filter(|_| !full) {
                add(fd.as_raw_fd(), libc::POLLIN, Token::Output(operation.stream, index));
            }
        }
        let half_full = self.channel.outbox.is_half_full();
        self.channel.sockets.waits_on(half_full, |fd, events, of| add(fd, events, Token::Socket(Way::Channel, of)));
        if let Some(link) = &mut self.egress {
            link.waits_on(|fd, events| add(fd, events, Token::Host(Way::Egress)));
            let half_full = link.outbox.is_half_full();
            link.sockets.waits_on(half_full, |fd, events, of| add(fd, events, Token::Socket(Way::Egress, of)));
        }
        for job in &self.jobs {
            add(job.fd(), libc::POLLIN, Token::Job(job.fd()));
        }
        for fd in self.leftovers.fds() {
            add(fd, libc::POLLIN, Token::Leftover(fd));
        }
    }

    fn ready(&mut self, token: Token, events: i16) -> Result<(), End> {
        let find = |operations: &mut Vec<Operation>, stream| operations.iter().position(|op| op.stream == stream);
        match token {
            // With POLLOUT alone, or a host that is gone while the outbox is full, the flush of this turn does the
            // rest.
            Token::Host(_) if events & !libc::POLLOUT == 0 => {}
            Token::Host(Way::Channel) if !self.channel.outbox.is_full() => self.receive()?,
            Token::Host(Way::Egress) => self.receive_egress()?,
            Token::Host(Way::Channel) => {}
            Token::Children => self.reaping = true,
            Token::Report(stream) => {
                if let Some(at) = find(&mut self.operations, stream) {
                    self.operations[at].read_report(&mut self.channel.outbox);
                }
            }
            Token::Input(stream) => {
                if let Some(at) = find(&mut self.operations, stream) {
                    self.operations[at].input.drain();
                }
            }
            Token::Output(stream, index) => {
                if let Some(at) = find(&mut self.operations, stream) {
                    self.operations[at].relay(index, &mut self.channel.outbox);
                }
                // A process that closes its output mostly ends at the same moment: its result then leaves in the same
                // write.
                self.reaping |= events & libc::POLLHUP != 0;
            }
            Token::Socket(Way::Channel, stream) => self.channel.socket_ready(stream, events),
            Token::Socket(Way::Egress, stream) => {
                if let Some(link) = &mut self.egress {
                    link.socket_ready(stream, events);
                }
            }
            Token::Job(fd) => self.job_ready(fd),
            Token::Leftover(fd) => self.leftovers.drain(fd),
        }
        Ok(())
    }

    /// Reads the channel's pending data, a few reads at a time, and serves every frame that they complete.
    fn receive(&mut self) -> Result<(), End> {
        for _ in 0..READ_BATCH {
            let short = match self.channel.take() {
                Taken::Some { short } => short,
                Taken::Nothing => return Ok(()),
                Taken::Gone => return self.lost(),
            };
            self.serve_all()?;
            // A short read has emptied it; and a host that does not read answers is served no further requests.
            if short || self.channel.outbox.is_full() || self.held.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn receive_egress(&mut self) -> Result<(), End> {
        let Some(link) = self.egress.as_mut().filter(|link| !link.outbox.is_full()) else { return Ok(()) };
        if !link.serve_egress()? {
            self.end_egress();
        }
        Ok(())
    }

    /// The peer that decided about connections is gone: end all of them, and accept no more.
    fn end_egress(&mut self) {
        if let Some(link) = self.egress.take() {
            link.sockets.abort();
        }
    }

    /// Serves every complete frame.
    fn serve_all(&mut self) -> Result<(), End> {
        // Moved out of `self` meanwhile: a frame borrows from the decoder, and serving it changes everything else.
        let mut decoder = std::mem::replace(&mut self.channel.decoder, Decoder::new(Side::Host));
        while let Some(frame) = decoder.next().map_err(End::Violation)? {
            if let Some(stream) = self.held {
                self.wake(stream, &frame).map_err(End::Violation)?;
                continue;
            }
            self.channel.order.admit(&frame).map_err(End::Violation)?;
            self.serve(frame).map_err(End::Violation)?;
        }
        self.channel.decoder = decoder;
        Ok(())
    }

    fn serve(&mut self, frame: Frame<'_>) -> Result<(), Violation> {
        let stream = frame.stream();
        if let Frame::Request { fields, .. } = frame {
            self.request(stream, fields);
            return Ok(());
        }
        if let Frame::Control { control: Control::Hand { token }, .. } = frame {
            self.channel.sockets.hand(stream, token, self.bridge.as_ref());
            return Ok(());
        }
        if self.channel.sockets.serve(&frame)? {
            return Ok(());
        }
        // Frames for an operation that is over have crossed with its result.
        let Some(operation) = self.operations.iter_mut().find(|operation| operation.stream == stream) else {
            return Ok(());
        };
        match frame {
            Frame::Data { bytes, .. } => operation.input.receive(bytes)?,
            Frame::End { .. } => operation.input.end(),
            Frame::Credit { fd, bytes, .. } => operation.grant(fd, bytes)?,
            Frame::Control { control, .. } => operation.control(control),
            Frame::Cancel { .. } => operation.cancel(),
            // The decoder lets no accept or result come from the host, and the others have been handled.
            Frame::Hello(_) | Frame::Request { .. } | Frame::Accept { .. } | Frame::Result { .. } => {}
        }
        Ok(())
    }

    /// Collects children: those of operations, and every orphan of the workload.
    fn reap(&mut self) {
        let mut info = [0; size_of::<libc::signalfd_siginfo>()];
        // Read before collecting, so that a child that ends meanwhile makes it readable again.
        let _ = rustix::io::read(&self.children, &mut info);
        for _ in 0..REAP_BATCH {
            let Some(ended) = bulkhead_sys::reap() else {
                self.reaping = false;
                return;
            };
            if let Some(operation) = self.operations.iter_mut().find(|operation| operation.is_process(ended.pid)) {
                operation.process_ended(ended, &mut self.channel.outbox);
            }
        }
    }

    /// Grants credit for consumed data, and ends operations that are over.
    fn settle(&mut self) {
        for link in std::iter::once(&mut self.channel).chain(&mut self.egress) {
            link.sockets.settle(&mut link.outbox);
        }
        self.remove_files();
        let mut at = 0;
        while let Some(operation) = self.operations.get_mut(at) {
            operation.settle_input(&mut self.channel.outbox);
            match operation.finish(&mut self.channel.outbox) {
                None => at += 1,
                Some(outcome) => {
                    self.channel.outbox.json(Kind::Result, operation.stream, &outcome.to_json());
                    self.operations.swap_remove(at).leave(&mut self.leftovers);
                }
            }
        }
    }
}
