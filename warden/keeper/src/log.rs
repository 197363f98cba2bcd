//! A system broker's log for its owner: a line of JSON on stderr for each launch, refusal and end.
//!
//! Text in an order is the caller's: it is truncated and escaped to ASCII, so that no line can forge another or act on
//! a terminal.

use crate::json::{array, object, optional, plain, text};
use crate::sandbox::Sandbox;
use bulkhead_error::Error;
use bulkhead_order::{Level, Order};
use bulkhead_protocol::facts::Maxima;
use bulkhead_protocol::{Cause, Stats};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A pipe accepts a line of this length as a whole or not at all.
const LONGEST_LINE: usize = 4096;
const MOST_MOUNTS: usize = 8;
/// Refusals cost their caller nothing, and must not fill the owner's disk or hide other users' events: the maximum
/// logged for one user in a period.
const REFUSALS: u32 = 100;
const REFUSALS_IN: Duration = Duration::from_secs(10);
/// Users whose refusals have a count of their own; all others share one.
const MOST_COUNTED: usize = 256;
const ALL_OTHERS: u32 = u32::MAX;

struct Counted {
    since: Instant,
    refusals: u32,
}

pub struct Log {
    /// False for private brokers, which report only to their one program.
    enabled: bool,
    counted: HashMap<u32, Counted>,
    /// Lines dropped since the last one, for any reason.
    left_out: u64,
}

impl Log {
    pub fn new(enabled: bool) -> Self {
        Self { enabled, counted: HashMap::new(), left_out: 0 }
    }

    pub fn started(&mut self, socket: &str, (uids, gids): (&[u32], &[u32]), maxima: &Maxima) {
        let maxima = object(&[
            ("memoryBytes", optional(maxima.memory_bytes)),
            ("pids", optional(maxima.pids)),
            ("milliCpus", optional(maxima.milli_cpus)),
            ("sandboxes", optional(maxima.sandboxes)),
        ]);
        self.write(
            "started",
            vec![
                ("version", text(env!("CARGO_PKG_VERSION"))),
                ("socket", text(socket)),
                ("allowUids", array(uids.iter().map(plain))),
                ("allowGids", array(gids.iter().map(plain))),
                ("maxima", maxima),
            ],
        );
    }

    pub fn stopping(&mut self, sandboxes: usize) {
        self.write("stopping", vec![("sandboxes", plain(&sandboxes))]);
    }

    pub fn caller_refused(&mut self, uid: u32, pid: i32) {
        if self.may_refuse(uid) {
            self.write("caller-refused", vec![("uid", plain(&uid)), ("callerPid", plain(&pid))]);
        }
    }

    pub fn launched(&mut self, sandbox: &Sandbox) {
        if !self.enabled {
            return;
        }
        let (order, limits) = (&sandbox.order, &sandbox.order.limits);
        let limits = object(&[
            ("memoryBytes", plain(&limits.memory_bytes)),
            ("pids", plain(&limits.pids)),
            ("milliCpus", plain(&limits.milli_cpus)),
        ]);
        self.write(
            "launched",
            vec![
                ("id", text(&order.id)),
                ("uid", plain(&sandbox.caller_uid)),
                ("callerPid", plain(&sandbox.caller_pid)),
                ("level", text(level_name(order.level))),
                ("pid", plain(&sandbox.pid)),
                ("root", root(order)),
                ("mounts", mounts(order)),
                ("limits", limits),
            ],
        );
    }

    pub fn refused(&mut self, id: &str, uid: u32, error: &Error) {
        if self.may_refuse(uid) {
            let mut fields = vec![("id", text(id)), ("uid", plain(&uid))];
            fields.extend(described(error));
            self.write("refused", fields);
        }
    }

    pub fn killed(&mut self, id: &str, uid: u32, by: u32, by_pid: i32) {
        self.write(
            "killed",
            vec![("id", text(id)), ("uid", plain(&uid)), ("byUid", plain(&by)), ("byPid", plain(&by_pid))],
        );
    }

    pub fn ended(&mut self, sandbox: &Sandbox, stats: &Stats) {
        if !self.enabled {
            return;
        }
        let cause = match sandbox.cause {
            Cause::Exited => "exited",
            Cause::Killed => "killed",
            Cause::Failed => "failed",
        };
        let lasted = u64::try_from(sandbox.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut fields = vec![
            ("id", text(&sandbox.order.id)),
            ("uid", plain(&sandbox.caller_uid)),
            ("cause", text(cause)),
            ("lastedMs", plain(&lasted)),
            ("stats", counted(stats)),
        ];
        fields.extend(sandbox.error.iter().flat_map(described));
        self.write("ended", fields);
    }

    fn may_refuse(&mut self, uid: u32) -> bool {
        if !self.enabled {
            return false;
        }
        let known = self.counted.contains_key(&uid) || self.counted.len() < MOST_COUNTED;
        let now = Instant::now();
        let counted =
            self.counted.entry(if known { uid } else { ALL_OTHERS }).or_insert(Counted { since: now, refusals: 0 });
        if now.duration_since(counted.since) >= REFUSALS_IN {
            *counted = Counted { since: now, refusals: 0 };
        }
        counted.refusals += 1;
        let may = counted.refusals <= REFUSALS;
        self.left_out += u64::from(!may);
        may
    }

    fn write(&mut self, event: &str, fields: Vec<(&'static str, String)>) {
        if !self.enabled {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
        let mut line = vec![("timeMs", plain(&now)), ("event", text(event))];
        line.extend((self.left_out > 0).then(|| ("leftOut", plain(&self.left_out))));
        line.extend(fields);
        let mut written = object(&line);
        if written.len() >= LONGEST_LINE {
            // Escapes made it too long: drop the fields that a caller chose, keep those that the keeper knows.
            line.retain(|(name, _)| !["mounts", "root", "detail", "path"].contains(name));
            written = object(&line);
        }
        written.push('\n');
        if written.len() <= LONGEST_LINE && print(written.as_bytes()) {
            self.left_out = 0;
        } else {
            self.left_out += 1;
        }
    }
}

/// The broker never waits: a line that stderr has no room for is dropped and counted.
fn print(line: &[u8]) -> bool {
    let stderr = rustix::stdio::stderr();
    let mut polled = [PollFd::new(&stderr, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let ready = rustix::event::poll(&mut polled, Some(&at_once)).is_ok_and(|count| count > 0);
    let has_room = ready && polled[0].revents().contains(PollFlags::OUT);
    has_room && rustix::io::write(stderr, line).is_ok_and(|written| written == line.len())
}

fn described(error: &Error) -> Vec<(&'static str, String)> {
    let mut fields = vec![("code", text(&error.code.to_string())), ("operation", text(&error.operation))];
    fields.extend(error.path.as_deref().map(|path| ("path", text(path))));
    fields.extend(error.errno.map(|errno| ("errno", plain(&errno))));
    fields.extend(error.detail.as_deref().map(|detail| ("detail", text(detail))));
    fields
}

pub fn level_name(level: Level) -> &'static str {
    match level {
        Level::Chroot => "chroot",
        Level::Container => "container",
        Level::Gvisor => "gvisor",
        Level::Microvm => "microvm",
    }
}

fn root(order: &Order) -> String {
    let first = order.root.source.sources().first().and_then(|number| order.sources.get(usize::from(*number)));
    first.map_or_else(|| "null".to_owned(), |source| text(&source.path))
}

/// Host paths that are visible inside: the first few, and the total.
fn mounts(order: &Order) -> String {
    let bound: Vec<u16> = order
        .mounts
        .iter()
        .filter_map(|mount| match mount {
            bulkhead_order::Mount::Bind(bind) => Some(bind.source),
            _ => None,
        })
        .collect();
    let described = bound
        .iter()
        .filter_map(|number| order.sources.get(usize::from(*number)))
        .map(|source| object(&[("source", text(&source.path)), ("writable", plain(&!source.read_only))]));
    object(&[("count", plain(&bound.len())), ("first", array(described.take(MOST_MOUNTS)))])
}

fn counted(stats: &Stats) -> String {
    let counters = &stats.counters;
    object(&[
        ("memoryBytes", optional(counters.memory_bytes)),
        ("memoryPeakBytes", optional(counters.memory_peak_bytes)),
        ("cpuUs", optional(counters.cpu_us)),
        ("pids", optional(counters.pids)),
        ("oomKills", optional(counters.oom_kills)),
        ("pidsExceeded", optional(counters.pids_exceeded)),
        ("diskFull", optional(stats.disk_full)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_can_neither_flood_it_nor_hide_what_another_does() {
        let mut log = Log::new(true);
        assert_eq!((0..1000).filter(|_| log.may_refuse(1000)).count(), REFUSALS as usize);
        assert!(log.may_refuse(1001));
        assert_eq!(log.left_out, 900);
        for uid in 2000..10_000 {
            log.may_refuse(uid);
        }
        assert!(log.counted.len() <= MOST_COUNTED + 1);
    }
}
