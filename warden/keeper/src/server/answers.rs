//! Answers to fronts' questions about sandboxes.

use super::state::Keeper;
use crate::evidence;
use crate::sandbox::{Phase, Sandbox};
use bulkhead_error::{Code, Error};
use bulkhead_order::Caller;
use bulkhead_protocol::{Answer, Ask, Cause, End, Listed, Live, Refused, Reply, Request, State, ToFront, ToKeeper};

/// Far fewer than fit into one message.
const MOST_LISTED: usize = 512;
/// Longest id from a front that the log keeps.
const LONGEST_ID: usize = 64;

impl Keeper {
    pub(super) fn answer(&mut self, token: u64, message: ToKeeper) {
        match message {
            ToKeeper::List(seq) => self.list(token, seq),
            ToKeeper::End(end) => self.end(token, &end),
            ToKeeper::Refuse(Refused { id, error }) => {
                if let Some(front) = self.fronts.get(&token) {
                    self.log.refused(&id, front.caller.uid, &error);
                }
            }
            ToKeeper::Stranger(pid) => {
                if let Some(front) = self.fronts.get(&token) {
                    self.log.caller_refused(front.caller.uid, pid);
                }
            }
            ToKeeper::Idle(received) => self.dismiss(token, received),
            // Handled earlier; here they came with unexpected descriptors.
            ToKeeper::Launch(_) | ToKeeper::Ask(_) => self.lose(token),
        }
    }

    fn reply(&mut self, token: u64, seq: u64, done: Result<Answer, Error>) {
        let answer = done.unwrap_or_else(Answer::Failed);
        self.tell(token, &ToFront::Reply(Reply { seq, answer }), Vec::new());
    }

    pub(super) fn ask(&mut self, token: u64, ask: &Ask) {
        let found = self
            .sandboxes
            .get_mut(&ask.id)
            .filter(|sandbox| sandbox.front == token && (ask.request == Request::Kill || is_running(sandbox)));
        let done = match found {
            // For this front, another front's sandbox does not exist.
            None => Err(unknown("find sandbox", &ask.id)),
            Some(sandbox) => perform(sandbox, ask.request),
        };
        self.reply(token, ask.seq, done);
    }

    fn list(&mut self, token: u64, seq: u64) {
        let Some(front) = self.fronts.get(&token) else { return };
        let mut own: Vec<&Sandbox> = self.sandboxes.values().filter(|one| is_of(&front.caller, one)).collect();
        own.sort_by_key(|sandbox| sandbox.started);
        let more = own.len().saturating_sub(MOST_LISTED) as u64;
        let sandboxes = own.into_iter().take(MOST_LISTED).map(live).collect();
        self.tell(token, &ToFront::Listed(Listed { seq, sandboxes, more }), Vec::new());
    }

    fn end(&mut self, token: u64, end: &End) {
        let Some(front) = self.fronts.get(&token) else { return };
        let found = self.sandboxes.get_mut(&end.id).filter(|sandbox| is_of(&front.caller, sandbox));
        let done = match found.filter(|sandbox| sandbox.state() != State::Ending) {
            // For this caller, another user's sandbox does not exist.
            None => Err(unknown("kill", &end.id)),
            Some(sandbox) => {
                sandbox.kill(Cause::Killed);
                self.log.killed(&end.id, sandbox.caller_uid, front.caller.uid, end.pid);
                Ok(Answer::Done(()))
            }
        };
        self.reply(token, end.seq, done);
    }
}

fn is_running(sandbox: &Sandbox) -> bool {
    matches!(sandbox.phase, Phase::Running { .. })
}

fn is_of(caller: &Caller, sandbox: &Sandbox) -> bool {
    caller.is_root() || sandbox.caller_uid == caller.uid
}

fn unknown(operation: &str, id: &str) -> Error {
    Error::new(Code::IdUnknown, operation).detail(id.chars().take(LONGEST_ID).collect::<String>())
}

fn live(sandbox: &Sandbox) -> Live {
    Live {
        id: sandbox.order.id.clone(),
        level: sandbox.order.level,
        state: sandbox.state(),
        uid: sandbox.caller_uid,
        pid: sandbox.pid,
        caller_pid: sandbox.caller_pid,
        age_ms: u64::try_from(sandbox.started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

fn perform(sandbox: &mut Sandbox, request: Request) -> Result<Answer, Error> {
    match request {
        Request::Stats => Ok(Answer::Stats(sandbox.stats())),
        Request::Evidence => {
            evidence::collect(sandbox.pid, sandbox.group.as_ref(), true).map(|seen| Answer::Evidence(Box::new(seen)))
        }
        Request::Pause => sandbox.pause().map(Answer::Done),
        Request::Resume => sandbox.resume().map(Answer::Done),
        Request::Kill => {
            sandbox.kill(Cause::Killed);
            Ok(Answer::Done(()))
        }
    }
}
