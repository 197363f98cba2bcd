//! `list` and `kill`: a caller's view of sandboxes that other connections launched, and their end. The broker answers
//! once and closes the connection.

use super::state::{Asker, Front};
use crate::link::Lost;
use crate::message::{Message, Opening, OpeningKind};
use crate::session::Pending;
use crate::wire::Writer;
use bulkhead_protocol::{End, Listed, ToKeeper};

impl Front {
    pub(super) fn manage(&mut self, pending: Pending, opening: Opening) -> Result<(), Lost> {
        // Root can end any sandbox anyway; other users see their own, if this broker serves them.
        if self.caller_uid != 0 && !self.allowed {
            return self.refuse(&pending);
        }
        match opening {
            Opening { kind: OpeningKind::List, session: None, plan: None, id: None, name: None, hub: None } => {
                let seq = self.seq(Asker::Once(pending.socket));
                self.link.send(&ToKeeper::List(seq), Vec::new())
            }
            Opening { kind: OpeningKind::Kill, session: None, plan: None, id: Some(id), name: None, hub: None } => {
                let pid = bulkhead_sys::peer_pid(&pending.socket);
                let seq = self.seq(Asker::Once(pending.socket));
                self.link.send(&ToKeeper::End(End { seq, id, pid }), Vec::new())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn pass_list_on(&mut self, listed: &Listed) {
        if let Some(Asker::Once(socket)) = self.asked.remove(&listed.seq) {
            let message = Message::Sandboxes { sandboxes: &listed.sandboxes, more: listed.more };
            let _ = Writer::default().send(&socket, &message);
        }
    }
}
