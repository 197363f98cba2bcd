//! The messages between front and keeper, and the keeper's findings. Each message is one value, encoded as orders are
//! ([`bulkhead_order::wire`]); its descriptors travel beside it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod facts;
mod fields;
mod judge;
mod messages;
mod seen;

pub use judge::{Finding, NAMESPACES, filters_of, judge, judge_labels, pids_max};
pub use messages::{
    Answer, Ask, End, Ended, Launch, Launched, Listed, Live, Refused, Reply, Request, State, ToFront, ToKeeper,
};
pub use seen::{Capabilities, Cause, Counters, Evidence, InForce, MAX_PROCESSES, Mounts, OneNamespace, Process, Stats};

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_error::{Code, Error};
    use bulkhead_order::wire::{Bytes, decode, encode};

    #[test]
    fn messages_arrive_as_they_were_sent() {
        for message in [
            ToKeeper::Launch(Launch { caller_pid: 7, order: Bytes(vec![1, 2, 3]) }),
            ToKeeper::Ask(Ask { seq: 1, id: "sandbox-1".to_owned(), request: Request::Pause }),
            ToKeeper::List(9),
            ToKeeper::Idle(3),
        ] {
            let bytes = encode(&message);
            assert_eq!(decode::<ToKeeper>(&bytes), Ok(message));
            for cut in 0..bytes.len() {
                assert!(decode::<ToKeeper>(&bytes[..cut]).is_err());
            }
        }
        let error = Error::new(Code::IdUnknown, "kill");
        let reply = ToFront::Reply(Reply { seq: 4, answer: Answer::Failed(error) });
        assert_eq!(decode::<ToFront>(&encode(&reply)), Ok(reply));
    }
}
