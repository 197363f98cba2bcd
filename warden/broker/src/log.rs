//! What a system broker did, for its owner: a line of JSON on stderr for each launch, refusal and end.
//!
//! Words of a plan are its caller's: they are cut, and escaped to ASCII, so that no line can forge another or act on a terminal.

use crate::message::Stats;
use crate::options::Options;
use crate::sandbox::Sandbox;
use bulkhead_plan::Error;
use bulkhead_plan::model::{Mount, Plan, RootSource};
use rustix::event::{PollFd, PollFlags, Timespec};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A pipe takes so much in one piece or not at all.
const LONGEST_LINE: usize = 4096;
const LONGEST_WORD: usize = 256;
const MOST_MOUNTS: usize = 8;
/// Refusals cost their caller nothing, and must not fill the owner's disk or hide what others did: of one user at most so many in a time.
const REFUSALS: u32 = 100;
const REFUSALS_IN: Duration = Duration::from_secs(10);
/// Users whose refusals are counted apart; all others together.
const MOST_COUNTED: usize = 256;
const ALL_OTHERS: u32 = u32::MAX;

struct Counted {
    since: Instant,
    refusals: u32,
}

pub struct Log {
    /// Private brokers report to the one program that they belong to.
    enabled: bool,
    counted: HashMap<u32, Counted>,
    /// Lines that were left out since the last one, for whatever reason.
    left_out: u64,
}

impl Log {
    pub fn new(enabled: bool) -> Self {
        Self { enabled, counted: HashMap::new(), left_out: 0 }
    }

    pub fn started(&mut self, options: &Options) {
        let fields = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "socket": options.socket,
            "allowUids": options.allow_uids,
            "maxima": options.maxima,
        });
        self.write("started", fields);
    }

    pub fn stopping(&mut self, sandboxes: usize) {
        self.write("stopping", json!({ "sandboxes": sandboxes }));
    }

    pub fn caller_refused(&mut self, uid: u32, pid: i32) {
        if self.may_refuse(uid) {
            self.write("caller-refused", json!({ "uid": uid, "callerPid": pid }));
        }
    }

    pub fn launched(&mut self, sandbox: &Sandbox, caller_pid: i32) {
        if !self.enabled {
            return;
        }
        let plan = &sandbox.plan;
        let fields = json!({
            "id": plan.id,
            "uid": sandbox.caller_uid,
            "callerPid": caller_pid,
            "level": plan.level,
            "pid": sandbox.pid,
            "root": root(plan),
            "mounts": mounts(plan),
            "limits": {
                "memoryBytes": plan.limits.memory_bytes,
                "pids": plan.limits.pids,
                "milliCpus": plan.limits.milli_cpus,
            },
        });
        self.write("launched", fields);
    }

    pub fn refused(&mut self, id: &str, uid: u32, error: &Error) {
        if self.may_refuse(uid) {
            let mut fields = json!({ "id": id, "uid": uid });
            add(&mut fields, error);
            self.write("refused", fields);
        }
    }

    pub fn killed(&mut self, sandbox: &Sandbox, by: u32, by_pid: i32) {
        self.write("killed", json!({ "id": sandbox.plan.id, "uid": sandbox.caller_uid, "byUid": by, "byPid": by_pid }));
    }

    pub fn ended(&mut self, sandbox: &Sandbox, stats: &Stats) {
        if !self.enabled {
            return;
        }
        let mut fields = json!({
            "id": sandbox.plan.id,
            "uid": sandbox.caller_uid,
            "cause": sandbox.cause,
            "lastedMs": u64::try_from(sandbox.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "stats": stats,
        });
        if let Some(error) = &sandbox.error {
            add(&mut fields, error);
        }
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

    fn write(&mut self, event: &str, fields: Value) {
        if !self.enabled {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
        let mut line = Map::new();
        line.insert("timeMs".to_owned(), json!(u64::try_from(now).unwrap_or(0)));
        line.insert("event".to_owned(), json!(event));
        if self.left_out > 0 {
            line.insert("leftOut".to_owned(), json!(self.left_out));
        }
        if let Value::Object(fields) = fields {
            line.extend(fields.into_iter().map(|(name, value)| (name, shortened(value))));
        }
        let mut text = ascii(&Value::Object(line.clone()).to_string());
        if text.len() >= LONGEST_LINE {
            // Escapes made it too long: what a caller chose is left out, what the broker knows stays.
            for name in ["mounts", "root", "detail", "path"] {
                line.remove(name);
            }
            text = ascii(&Value::Object(line).to_string());
        }
        text.push('\n');
        if text.len() <= LONGEST_LINE && print(text.as_bytes()) {
            self.left_out = 0;
        } else {
            self.left_out += 1;
        }
    }
}

/// The broker waits for nobody: a line that stderr has no room for is left out, and counted.
fn print(line: &[u8]) -> bool {
    let stderr = rustix::stdio::stderr();
    let mut polled = [PollFd::new(&stderr, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let ready = rustix::event::poll(&mut polled, Some(&at_once)).is_ok_and(|count| count > 0);
    let has_room = ready && polled[0].revents().contains(PollFlags::OUT);
    has_room && rustix::io::write(stderr, line).is_ok_and(|written| written == line.len())
}

fn add(fields: &mut Value, error: &Error) {
    if let (Value::Object(fields), Ok(Value::Object(error))) = (fields, serde_json::to_value(error)) {
        fields.extend(error);
    }
}

fn root(plan: &Plan) -> Value {
    match &plan.root.source {
        RootSource::Directory(directory) => json!(directory.path),
        RootSource::Layers(tree) => json!(tree.layers.first()),
        RootSource::Empty(_) => Value::Null,
    }
}

/// Host paths that are shown inside: the first few, and how many there are.
fn mounts(plan: &Plan) -> Value {
    let binds: Vec<Value> = plan
        .mounts
        .iter()
        .filter_map(|mount| match mount {
            Mount::Bind(bind) => Some(json!({ "source": bind.source, "writable": !bind.read_only })),
            _ => None,
        })
        .collect();
    json!({ "count": binds.len(), "first": binds.into_iter().take(MOST_MOUNTS).collect::<Vec<_>>() })
}

fn shortened(value: Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > LONGEST_WORD => {
            Value::String(text.chars().take(LONGEST_WORD).chain(std::iter::once('\u{2026}')).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(shortened).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, shortened(value))).collect())
        }
        value => value,
    }
}

/// Outside of strings JSON is ASCII, and within them every character may be escaped.
pub fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for character in json.chars() {
        if matches!(character, ' '..='~') {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_caller_acts_on_a_terminal_or_makes_a_line() {
        let hostile = json!({ "path": "a\n{\"event\":\"launched\"}\u{1b}[2J\u{9b}\u{202e}\u{2028}\u{1f480}\u{7f}" });
        let text = ascii(&shortened(hostile.clone()).to_string());
        assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), hostile);
    }

    #[test]
    fn words_are_cut_wherever_they_stand() {
        let long = "x".repeat(10_000);
        let text = shortened(json!({ "a": [{ "b": long }] })).to_string();
        assert!(text.len() < LONGEST_WORD + 64, "{}", text.len());
    }

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
