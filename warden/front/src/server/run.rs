//! The front's one loop: its caller's connections, and the keeper.
//!
//! One thread. A caller's messages can harm only that caller's sandboxes.

use super::state::{AcceptedLaunch, Asker, Front, Setting, Source};
use crate::attach::Attachments;
use crate::filters::FilterCache;
use crate::hub::Hubs;
use crate::link::{Link, Lost};
use crate::message::Message;
use crate::wire::Writer;
use bulkhead_error::{Code, Error};
use bulkhead_protocol::{Answer, Ended, Launched, Refused, Reply, ToFront, ToKeeper};
use rustix::event::Timespec;
use rustix::event::epoll;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How often deadlines measured in seconds are checked.
const SLOW: Duration = Duration::from_millis(100);
/// How long an idle front stays alive.
const REST: Duration = Duration::from_secs(2);

/// Serves until the keeper, or a private broker's owner, is gone. Returns the exit code.
pub fn run(setting: Setting) -> i32 {
    match Front::start(setting).and_then(Front::serve) {
        Ok(()) => 0,
        Err(Lost) => 1,
    }
}

impl Front {
    fn start(setting: Setting) -> Result<Self, Lost> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|_| Lost)?;
        let Setting { keeper, control, caller_uid, allowed, facts, maxima, name, expects } = setting;
        let mut front = Self {
            caller_uid,
            allowed,
            facts,
            maxima,
            name,
            link: Link::new(keeper),
            private: control.is_some(),
            epoll,
            next_token: 0,
            next_seq: 0,
            sources: HashMap::new(),
            sandboxes: HashMap::new(),
            asked: HashMap::new(),
            attachments: Attachments::default(),
            hubs: Hubs::default(),
            filters: FilterCache::default(),
            received: 0,
            at_rest_since: None,
            done: false,
        };
        front.watch(Source::Keeper).ok_or(Lost)?;
        if let Some(control) = control {
            front.open_session(control);
        }
        if expects {
            front.filters.prepare_default();
        }
        Ok(front)
    }

    fn serve(mut self) -> Result<(), Lost> {
        let mut space = [std::mem::MaybeUninit::uninit(); 64];
        while !self.done {
            let timeout = if self.link.has_more() { Some(Timespec { tv_sec: 0, tv_nsec: 0 }) } else { self.timeout() };
            let ready: Vec<u64> = match epoll::wait(&self.epoll, &mut space, timeout.as_ref()) {
                Ok((events, _)) => events.iter().map(|event| event.data.u64()).collect(),
                Err(rustix::io::Errno::INTR) => Vec::new(),
                Err(_) => return Err(Lost),
            };
            for token in ready {
                match self.sources.remove(&token) {
                    Some(Source::Keeper) => {
                        self.sources.insert(token, Source::Keeper);
                        // Forward messages that arrived before the end.
                        let read = self.link.read();
                        self.hear()?;
                        read?;
                    }
                    Some(Source::Pending(pending)) => self.read_opening(Some(token), pending)?,
                    Some(Source::Session(session)) => self.serve_session(token, session)?,
                    None => {}
                }
            }
            self.hear()?;
            self.expire()?;
        }
        Ok(())
    }

    /// Handles the keeper's messages.
    fn hear(&mut self) -> Result<(), Lost> {
        while let Some((message, descriptor)) = self.link.next() {
            match message {
                ToFront::Connection(()) => {
                    self.received += 1;
                    if let Some(socket) = descriptor {
                        self.receive(socket)?;
                    }
                }
                ToFront::Launched(launched) => {
                    let Launched { id, pid, base, evidence, marks } = *launched;
                    if let Some(known) = self.sandboxes.get_mut(&id) {
                        let (session, judged) = known.launched(base, evidence);
                        let marks = [known.marks.as_slice(), &marks].concat();
                        self.tell(session, &Message::Launched { id: &id, pid, evidence: &judged, marks: &marks })?;
                    }
                }
                ToFront::Refused(Refused { id, error }) => {
                    if let Some(AcceptedLaunch { session, .. }) = self.sandboxes.remove(&id) {
                        self.hubs.leave(session, &id);
                        self.tell(session, &Message::Refused { id: &id, error: &error })?;
                    }
                }
                ToFront::Ended(ended) => {
                    let Ended { id, cause, stats, error, marks } = *ended;
                    if let Some(AcceptedLaunch { session, .. }) = self.sandboxes.remove(&id) {
                        self.hubs.leave(session, &id);
                        let (stats, error, marks) = (&stats, error.as_ref(), marks.as_slice());
                        let ended = Message::Ended { id: &id, cause, stats, error, marks };
                        self.tell(session, &ended)?;
                    }
                }
                ToFront::Reply(Reply { seq, answer }) => self.pass_on(seq, answer)?,
                ToFront::Listed(listed) => self.pass_list_on(&listed),
            }
        }
        Ok(())
    }

    fn pass_on(&mut self, seq: u64, answer: Answer) -> Result<(), Lost> {
        let asker = self.asked.remove(&seq);
        let (value, error) = match answer {
            Answer::Done(()) => (Ok(serde_json::json!({})), None),
            Answer::Stats(stats) => (serde_json::to_value(stats), None),
            Answer::Evidence(evidence) => match asker.as_ref().and_then(|asker| self.sandbox_of(asker)) {
                Some(launch) => (serde_json::to_value(launch.expected.judge(*evidence)), None),
                None => (Ok(serde_json::Value::Null), Some(Error::new(Code::IdUnknown, "find sandbox"))),
            },
            Answer::Failed(error) => (Ok(serde_json::Value::Null), Some(error)),
        };
        let error = value.is_err().then(|| Error::new(Code::LaunchFailed, "encode")).or(error);
        let value = value.ok().filter(|_| error.is_none());
        match asker {
            Some(Asker::Session { token, seq, .. }) => {
                if let Some(Source::Session(session)) = self.sources.get_mut(&token) {
                    session.asked = session.asked.saturating_sub(1);
                }
                self.tell(token, &Message::Reply { seq, value, error: error.as_ref() })
            }
            Some(Asker::Once(socket)) => {
                let _ = Writer::default().send(&socket, &Message::Reply { seq: 0, value, error: error.as_ref() });
                Ok(())
            }
            Some(Asker::Nobody) | None => Ok(()),
        }
    }

    /// The sandbox that a question is about.
    fn sandbox_of(&self, asker: &Asker) -> Option<&AcceptedLaunch> {
        match asker {
            Asker::Session { id, .. } => self.sandboxes.get(id),
            Asker::Once(_) | Asker::Nobody => None,
        }
    }

    fn waits_for_somebody(&self) -> bool {
        !self.attachments.is_empty() || self.sources.values().any(|source| matches!(source, Source::Pending(_)))
    }

    /// No connection is open, and no sandbox runs.
    fn is_at_rest(&self) -> bool {
        !self.private && self.sources.len() == 1 && self.sandboxes.is_empty() && self.asked.is_empty()
    }

    fn timeout(&self) -> Option<Timespec> {
        (self.waits_for_somebody() || self.is_at_rest()).then_some(SLOW)?.try_into().ok()
    }

    fn expire(&mut self) -> Result<(), Lost> {
        let now = Instant::now();
        self.sources.retain(|_, source| !matches!(source, Source::Pending(pending) if pending.until < now));
        for parked in self.attachments.expire(now) {
            let error = Error::new(Code::LaunchTimeout, "wait for attached connections");
            self.refuse_launch(parked.launch.session, &parked.id, error)?;
        }
        if !self.is_at_rest() {
            self.at_rest_since = None;
        } else if now.duration_since(*self.at_rest_since.get_or_insert(now)) >= REST {
            self.at_rest_since = Some(now);
            // The keeper either ends this process or has just handed over a connection.
            self.link.send(&ToKeeper::Idle(self.received), Vec::new())?;
        }
        Ok(())
    }
}
