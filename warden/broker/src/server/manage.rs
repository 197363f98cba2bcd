//! `list` and `kill`: what a caller may see of sandboxes that other connections made, and end. One answer, and the connection is closed.

use super::{Server, Source};
use bulkhead_order::Caller;

use crate::message::{Cause, Live, Message, Opening, OpeningKind, State};
use crate::sandbox::Sandbox;
use crate::session::Pending;
use crate::wire::Writer;
use bulkhead_plan::{Code, Error};

/// What fits into one message by far.
const MOST_LISTED: usize = 512;

impl Server {
    pub(super) fn manage(&mut self, pending: &Pending, opening: &Opening) {
        // Root could end any of them anyway; everybody else sees their own, of a broker that serves them.
        if !pending.caller.is_root() && !self.allowed(pending.caller.uid) {
            return self.refuse(pending);
        }
        let mut writer = Writer::default();
        match opening {
            Opening { kind: OpeningKind::List, session: None, plan: None, id: None, name: None } => {
                let _ = writer.send(&pending.socket, &self.listed(&pending.caller));
            }
            Opening { kind: OpeningKind::Kill, session: None, plan: None, id: Some(id), name: None } => {
                let killed = self.kill_for(pending, id);
                let value = killed.is_ok().then(|| serde_json::json!({}));
                let _ = writer.send(&pending.socket, &Message::Reply { seq: 0, value, error: killed.err() });
            }
            _ => {}
        }
    }

    fn listed(&self, caller: &Caller) -> Message<'_> {
        let mut own: Vec<&Sandbox> = self.sandboxes.values().filter(|sandbox| is_of(caller, sandbox)).collect();
        own.sort_by_key(|sandbox| sandbox.started);
        let more = own.len().saturating_sub(MOST_LISTED);
        let sandboxes = own.into_iter().take(MOST_LISTED).map(|sandbox| self.live(sandbox)).collect();
        Message::Sandboxes { sandboxes, more }
    }

    fn live<'a>(&self, sandbox: &'a Sandbox) -> Live<'a> {
        Live {
            id: &sandbox.plan.id,
            level: sandbox.plan.level,
            state: sandbox.state(),
            uid: sandbox.caller_uid,
            pid: sandbox.pid,
            caller_pid: self.sources.get(&sandbox.session).map_or(0, Source::peer_pid),
            age_ms: u64::try_from(sandbox.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn kill_for(&mut self, pending: &Pending, id: &str) -> Result<(), Error> {
        let found = self.sandboxes.get_mut(id).filter(|sandbox| is_of(&pending.caller, sandbox));
        let Some(sandbox) = found.filter(|sandbox| sandbox.state() != State::Ending) else {
            // Another user's does not exist for this one.
            return Err(Error::new(Code::IdUnknown, "kill").detail(id.chars().take(64).collect::<String>()));
        };
        sandbox.kill(Cause::Killed);
        self.log.killed(sandbox, pending.caller.uid, bulkhead_sys::peer_pid(&pending.socket));
        Ok(())
    }
}

fn is_of(caller: &Caller, sandbox: &Sandbox) -> bool {
    caller.is_root() || sandbox.caller_uid == caller.uid
}
