//! `warden sandboxes`: asks each broker of this machine that its caller may trust to list its live sandboxes, or to end
//! one. Runs as its caller.
//!
//! The kernel lists the names under which private brokers listen. Any user may listen under such a name, so the kernel
//! is asked for the uid of the listener. Answers from another user's process are neither shown nor trusted; root trusts
//! them only about that user's own sandboxes.

use bulkhead_front::wire::{Read, Reader, Writer};
use bulkhead_order::Level;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

pub const USAGE: &str = "usage: warden sandboxes (list | kill ID) [--socket PATH]";
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// For all brokers together: a user who listens under a thousand names delays nobody.
const ALL_LIMIT: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: usize = 256 << 10;
const LONGEST_ID: usize = 64;

/// A `message::Live`, with the broker that reported it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Live {
    id: String,
    level: Level,
    state: String,
    uid: u32,
    pid: i32,
    caller_pid: i32,
    age_ms: u64,
}

#[derive(Deserialize)]
struct Listed {
    sandboxes: Vec<Live>,
    more: u64,
}

struct Broker {
    /// `None` for a private broker.
    path: Option<String>,
    address: SocketAddrUnix,
}

struct Asking {
    brokers: Vec<Broker>,
    until: Instant,
    uid: u32,
    /// Brokers that may be the caller's and did not answer, and rows that did not fit.
    missing: u64,
    /// No process listens at the path given.
    unreached: bool,
}

/// Prints one JSON object. Returns the exit code: 0 also if there is nothing to list or to kill.
pub fn main(arguments: &[OsString]) -> i32 {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let (id, socket) = match words.as_slice() {
        ["list"] if arguments.len() == 1 => (None, None),
        ["list", "--socket", path] => (None, Some(*path)),
        ["kill", id] if arguments.len() == 2 => (Some(*id), None),
        ["kill", id, "--socket", path] => (Some(*id), Some(*path)),
        _ => {
            eprintln!("bulkhead: USAGE: {USAGE}");
            return 125;
        }
    };
    let mut asking = Asking {
        brokers: brokers(socket),
        until: Instant::now() + ALL_LIMIT,
        uid: rustix::process::geteuid().as_raw(),
        missing: 0,
        unreached: false,
    };
    let answer = match id {
        None => asking.list(),
        Some(id) => asking.kill(id),
    };
    if asking.unreached {
        eprintln!("bulkhead: BROKER_UNAVAILABLE: connect {}", ascii(socket.unwrap_or_default()));
        return 125;
    }
    println!("{}", ascii(&answer.to_string()));
    0
}

impl Asking {
    fn list(&mut self) -> Value {
        let mut rows = Vec::new();
        for broker in std::mem::take(&mut self.brokers) {
            for live in self.listed(&broker) {
                rows.push(json!({ "broker": broker.path, "sandbox": live }));
            }
        }
        json!({ "sandboxes": rows, "missing": self.missing })
    }

    /// Asks each broker that reports the sandbox: another user's broker may claim any id, and must not prevent the
    /// kill.
    fn kill(&mut self, id: &str) -> Value {
        let mut killed = false;
        for broker in std::mem::take(&mut self.brokers) {
            if self.listed(&broker).iter().any(|live| live.id == id) {
                let answer = self.ask(&broker, &json!({ "type": "kill", "id": id }));
                killed |= answer.is_some_and(|(_, answer)| answer.get("value").is_some());
            }
        }
        json!({ "killed": killed, "missing": self.missing })
    }

    fn listed(&mut self, broker: &Broker) -> Vec<Live> {
        let Some((peer, answer)) = self.ask(broker, &json!({ "type": "list" })) else { return Vec::new() };
        if answer.get("type").is_some_and(|kind| kind == "refused") {
            return Vec::new(); // it serves other users
        }
        let Ok(Listed { sandboxes, more }) = serde_json::from_value(answer) else {
            self.missing += 1;
            return Vec::new();
        };
        self.missing = self.missing.saturating_add(more);
        sandboxes.into_iter().filter(|live| is_credible(live, peer, self.uid)).collect()
    }

    /// Sends one question; returns the answer and the uid of the process that gave it.
    fn ask(&mut self, broker: &Broker, question: &Value) -> Option<(u32, Value)> {
        let until = self.until.min(Instant::now() + ANSWER_LIMIT);
        let Some(socket) = connect(&broker.address) else {
            self.unreached |= broker.path.is_some();
            return None;
        };
        let peer = bulkhead_sys::peer_uid(&socket)?;
        if !may_trust(peer, self.uid, broker.path.is_some()) {
            return None;
        }
        let answer = exchange(&socket, question, until).and_then(|body| serde_json::from_slice(&body).ok());
        self.missing += u64::from(answer.is_none());
        answer.map(|answer| (peer, answer))
    }
}

/// Root's brokers may hold any user's sandboxes, and root may ask all brokers. A path was either given by the caller or
/// is one that only root can create.
fn may_trust(peer: u32, own: u32, named: bool) -> bool {
    peer == own || peer == 0 || own == 0 || named
}

fn is_credible(live: &Live, peer: u32, own: u32) -> bool {
    let plain = !live.id.is_empty()
        && live.id.len() <= LONGEST_ID
        && live.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let known = ["launching", "running", "paused", "ending"].contains(&live.state.as_str());
    // A user's own broker holds only that user's sandboxes.
    plain && known && (own == 0 || live.uid == own) && (peer == 0 || peer == own || live.uid == peer)
}

fn exchange(socket: &OwnedFd, question: &Value, until: Instant) -> Option<Vec<u8>> {
    if !Writer::default().send(socket, question) {
        return None;
    }
    let mut reader = Reader::default();
    loop {
        match reader.read(socket, LARGEST_ANSWER) {
            Read::Message(body) => return Some(body),
            Read::End => return None,
            Read::Later => {
                let left = until.checked_duration_since(Instant::now())?;
                let mut polled = [PollFd::new(socket, PollFlags::IN)];
                rustix::event::poll(&mut polled, Some(&left.try_into().ok()?)).ok()?;
            }
        }
    }
}

/// Does not wait: a broker with a full queue is skipped.
fn connect(address: &SocketAddrUnix) -> Option<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).ok()?;
    rustix::net::connect(&socket, address).ok()?;
    Some(socket)
}

fn brokers(socket: Option<&str>) -> Vec<Broker> {
    let system =
        socket.and_then(|path| Some(Broker { path: Some(path.to_owned()), address: SocketAddrUnix::new(path).ok()? }));
    let listed = std::fs::read("/proc/net/unix").unwrap_or_default();
    let listed = String::from_utf8_lossy(&listed);
    let private =
        private_names(&listed).into_iter().filter_map(|name| SocketAddrUnix::new_abstract_name(name.as_bytes()).ok());
    system.into_iter().chain(private.map(|address| Broker { path: None, address })).collect()
}

/// Each name once: the kernel also lists a broker's connections under its name.
fn private_names(listed: &str) -> Vec<&str> {
    let names = listed.lines().filter_map(|line| line.split_whitespace().nth(7)?.strip_prefix('@'));
    let mut names: Vec<&str> = names.filter(|name| is_of_a_broker(name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn is_of_a_broker(name: &str) -> bool {
    let Some(random) = name.strip_prefix("bulkhead-") else { return false };
    let digits = random.trim_start_matches('-');
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Outside strings JSON is ASCII, and inside them every character may be escaped.
fn ascii(json: &str) -> String {
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

    fn live(id: &str, uid: u32) -> Live {
        Live {
            id: id.to_owned(),
            level: Level::Container,
            state: "running".to_owned(),
            uid,
            pid: 2,
            caller_pid: 3,
            age_ms: 4,
        }
    }

    #[test]
    fn names_of_brokers_are_found_once_among_others() {
        let name = format!("bulkhead-{}{}", "-".repeat(66), "0a".repeat(16));
        let listed = format!(
            "Num       RefCount Protocol Flags    Type St Inode Path\n\
             0: 00000002 00000000 00010000 0001 01 1 @{name}\n\
             0: 00000003 00000000 00000000 0001 03 2 @{name}\n\
             0: 00000003 00000000 00000000 0001 03 3\n\
             0: 00000002 00000000 00010000 0001 01 4 @bulkhead-short\n\
             0: 00000002 00000000 00010000 0001 01 5 /run/bulkhead-{name}\n"
        );
        assert_eq!(private_names(&listed), [name]);
    }

    #[test]
    fn nobody_is_shown_what_another_user_made_up() {
        assert!(may_trust(1000, 1000, false) && may_trust(0, 1000, false) && may_trust(1001, 0, false));
        assert!(!may_trust(1001, 1000, false));
        assert!(is_credible(&live("s1", 1000), 1000, 1000) && is_credible(&live("s1", 1000), 0, 1000));
        assert!(!is_credible(&live("s1", 1001), 0, 1000), "another user's");
        assert!(is_credible(&live("s1", 1001), 1001, 0) && is_credible(&live("s1", 1001), 0, 0));
        assert!(!is_credible(&live("s1", 0), 1001, 0), "not that user's own");
        for id in ["", "a\nb", "\u{1b}[2J", &"x".repeat(65)] {
            assert!(!is_credible(&live(id, 0), 0, 0), "{id:?}");
        }
    }
}
