//! From a plan to an order sent to the keeper.

use super::state::{AcceptedLaunch, Front, Source};
use crate::attach::LaunchRequest;
use crate::compile::compile;
use crate::judged::Expected;
use crate::link::Lost;
use crate::message::{self, Message};
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::wire::Bytes;
use bulkhead_plan::Plan;
use bulkhead_protocol::{Launch, Refused, ToKeeper};
use bulkhead_setup::source;
use bulkhead_sys::monotonic_us;
use rustix::fd::OwnedFd;

/// What became of a launch request.
enum Compiled {
    /// The order, the descriptors that travel with it, and what to compare the sandbox with.
    Order(Bytes, Vec<OwnedFd>, Box<Expected>),
    /// One of its connections has not arrived yet.
    Parked,
}

impl Front {
    pub(super) fn launch(&mut self, asked: LaunchRequest) -> Result<(), Lost> {
        let began = monotonic_us();
        let (session, id) = (asked.session, message::id_of(&asked.plan));
        match self.compile(asked, &id) {
            Ok(Compiled::Parked) => Ok(()),
            Ok(Compiled::Order(order, descriptors, expected)) => {
                let marks = [began, monotonic_us()];
                self.sandboxes.insert(id, AcceptedLaunch { session, running: false, expected: *expected, marks });
                let caller_pid = match self.sources.get(&session) {
                    Some(Source::Session(session)) => bulkhead_sys::peer_pid(&session.socket),
                    _ => 0,
                };
                let launch = Launch { caller_pid, order };
                self.link.send(&ToKeeper::Launch(launch), descriptors)
            }
            Err(error) => self.refuse_launch(session, &id, error),
        }
    }

    pub(super) fn refuse_launch(&mut self, session: u64, id: &str, error: Error) -> Result<(), Lost> {
        self.hubs.leave(session, id);
        self.tell(session, &Message::Refused { id, error: &error })?;
        self.link.send(&ToKeeper::Refuse(Refused { id: id.to_owned(), error }), Vec::new())
    }

    fn compile(&mut self, asked: LaunchRequest, id: &str) -> Result<Compiled, Error> {
        let plan = Plan::parse(asked.plan.get().as_bytes())?;
        if self.sandboxes.contains_key(id) {
            return Err(Error::new(Code::IdTaken, "launch").detail(id));
        }
        let filters = self.filters.prepare(&plan.seccomp, &plan.capabilities)?;
        let order = compile(&plan, &filters, self.facts.privileged)?;
        order.check()?;
        let Some(attached) = self.attachments.take(asked.session, id, &plan.payload) else {
            let parked = self.attachments.park(id, asked);
            let too_many = || Error::new(Code::TooManySandboxes, "wait for attached connections");
            return if parked { Ok(Compiled::Parked) } else { Err(too_many()) };
        };
        rustix::io::ioctl_fionbio(&asked.channel, false).attempt(Code::LaunchFailed, "ioctl FIONBIO")?;
        let mut descriptors = vec![asked.channel];
        descriptors.extend(attached);
        // Without root, setup opens them in its own mount namespace.
        if self.facts.privileged {
            for (number, one) in (0..).zip(&order.sources) {
                descriptors.push(source::open(&order, number, one)?);
            }
        }
        let bytes = Bytes(order.encode());
        Ok(Compiled::Order(bytes, descriptors, Box::new(Expected::of(&plan, order))))
    }
}
