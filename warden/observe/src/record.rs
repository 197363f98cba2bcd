//! The observations, added up, and their report.

use crate::calls::{self, Call, PathArgument, Use, Wanted};
use crate::{interpreter, tracee};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

/// Further distinct paths are not recorded; the report then says that it is cut off.
const MOST_PATHS: usize = 20_000;
const MOST_VALUES: usize = 256;
const MOST_PEERS: usize = 1_024;

#[derive(Default)]
pub struct Record {
    calls: BTreeMap<&'static str, Seen>,
    files: BTreeMap<PathBuf, BTreeSet<Use>>,
    peers: BTreeSet<Peer>,
    cut_off: bool,
}

#[derive(Default)]
struct Seen {
    count: u64,
    /// By argument, the values that determine a call's purpose.
    values: BTreeMap<usize, BTreeSet<u32>>,
}

/// The report: `{"version":1,"syscalls":[…],"files":[…],"peers":[…],"cutOff":bool}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    version: u32,
    syscalls: Vec<SyscallSeen<'a>>,
    files: Vec<FileSeen>,
    peers: Vec<&'a Peer>,
    cut_off: bool,
}

#[derive(Serialize)]
struct SyscallSeen<'a> {
    name: &'a str,
    count: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    values: &'a BTreeMap<usize, BTreeSet<u32>>,
}

#[derive(Serialize)]
struct FileSeen {
    path: String,
    uses: BTreeSet<Use>,
    kind: &'static str,
}

/// An address that was connected to or bound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Peer {
    call: &'static str,
    family: &'static str,
    address: String,
    port: u16,
}

impl Record {
    pub fn add(&mut self, call: &Call) {
        let Some(name) = call.name() else { return };
        let seen = self.calls.entry(name).or_default();
        seen.count += 1;
        for &(argument, mask) in calls::telling(name) {
            let values = seen.values.entry(argument).or_default();
            if values.len() < MOST_VALUES {
                values.insert(call.int(argument).cast_unsigned() & mask);
            } else {
                self.cut_off = true;
            }
        }
        for argument in calls::paths(name) {
            self.add_path(call, &argument);
        }
        if let Some(peer) = peer(name, call) {
            self.add_peer(peer);
        }
    }

    fn add_peer(&mut self, peer: Peer) {
        if self.peers.len() < MOST_PEERS || self.peers.contains(&peer) {
            self.peers.insert(peer);
        } else {
            self.cut_off = true;
        }
    }

    fn add_path(&mut self, call: &Call, argument: &PathArgument) {
        let Some(text) = tracee::string(call.tid, call.arguments[argument.path]) else { return };
        if text.is_empty() && !matches!(argument.wanted, Wanted::Executed) {
            return;
        }
        let directory = argument.directory.map_or(libc::AT_FDCWD, |number| call.int(number));
        let Some(path) = tracee::absolute(call.tid, directory, &text) else { return };
        let exists = fs::symlink_metadata(&path).is_ok();
        let uses = match argument.wanted {
            Wanted::Always(wanted) => vec![wanted],
            Wanted::Executed => vec![Use::Execute],
            Wanted::Flags(number) => calls::uses_of_flags(call.int(number), exists),
            Wanted::How(number) => match tracee::memory(call.tid, call.arguments[number], 8) {
                Some(flags) if flags.len() == 8 => {
                    let flags = i32::from_le_bytes([flags[0], flags[1], flags[2], flags[3]]);
                    calls::uses_of_flags(flags, exists)
                }
                _ => vec![Use::Read, Use::Write],
            },
        };
        let executed = uses.contains(&Use::Execute);
        // Looked for and not found: nothing was used.
        if !exists && !uses.contains(&Use::Create) {
            return;
        }
        self.note(&path, &uses);
        if executed {
            for interpreter in interpreter::of(&path) {
                self.note(&interpreter, &[Use::Execute]);
            }
        }
    }

    /// Rules are about files, not about the links that lead to them: this records a path's target and, for a created or
    /// removed file, its directory's.
    fn note(&mut self, path: &Path, uses: &[Use]) {
        let resolved = if uses.iter().any(|wanted| matches!(wanted, Use::Create | Use::Remove)) {
            path.parent()
                .and_then(|parent| fs::canonicalize(parent).ok())
                .and_then(|parent| path.file_name().map(|name| parent.join(name)))
        } else {
            fs::canonicalize(path).ok()
        };
        let path = resolved.unwrap_or_else(|| path.to_owned());
        if self.files.len() >= MOST_PATHS && !self.files.contains_key(&path) {
            self.cut_off = true;
            return;
        }
        self.files.entry(path).or_default().extend(uses.iter().copied());
    }

    pub fn report(&self) -> Report<'_> {
        let syscalls =
            self.calls.iter().map(|(&name, seen)| SyscallSeen { name, count: seen.count, values: &seen.values });
        let files = self.files.iter().map(|(path, uses)| FileSeen {
            // A name that is not UTF-8 fits no rule of a policy, which is text; its directory's name does.
            path: path.to_string_lossy().into_owned(),
            uses: uses.clone(),
            kind: kind(path),
        });
        Report {
            version: 1,
            syscalls: syscalls.collect(),
            files: files.collect(),
            peers: self.peers.iter().collect(),
            cut_off: self.cut_off,
        }
    }
}

/// As it is when the command has ended.
fn kind(path: &Path) -> &'static str {
    match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => "directory",
        Ok(data) if data.is_file() => "file",
        Ok(_) => "other",
        Err(_) => "gone",
    }
}

fn peer(name: &'static str, call: &Call) -> Option<Peer> {
    let (address, length) = match name {
        "connect" | "bind" => (1, 2),
        "sendto" => (4, 5),
        _ => return None,
    };
    let length = usize::try_from(call.arguments[length]).ok()?.min(128);
    if call.arguments[address] == 0 || length < 2 {
        return None;
    }
    let bytes = tracee::memory(call.tid, call.arguments[address], length)?;
    let port = || bytes.get(2..4).map(|port| u16::from_be_bytes([port[0], port[1]]));
    let family = i32::from(u16::from_le_bytes([*bytes.first()?, *bytes.get(1)?]));
    Some(match family {
        libc::AF_INET => {
            let octets: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            Peer { call: name, family: "inet", address: Ipv4Addr::from(octets).to_string(), port: port()? }
        }
        libc::AF_INET6 => {
            let octets: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            Peer { call: name, family: "inet6", address: Ipv6Addr::from(octets).to_string(), port: port()? }
        }
        libc::AF_UNIX => {
            let name_bytes = bytes.get(2..).unwrap_or_default();
            let end = name_bytes.iter().skip(1).position(|&byte| byte == 0).map_or(name_bytes.len(), |end| end + 1);
            let text = String::from_utf8_lossy(&name_bytes[..end]).replace('\0', "@");
            Peer { call: name, family: "unix", address: text, port: 0 }
        }
        libc::AF_NETLINK => Peer { call: name, family: "netlink", address: String::new(), port: 0 },
        _ => Peer { call: name, family: "other", address: family.to_string(), port: 0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_there_is_no_room_for_is_said_to_be_missing() {
        let mut record = Record::default();
        let peer = |number: usize| Peer {
            call: "connect",
            family: "inet",
            address: "127.0.0.1".into(),
            port: u16::try_from(number).expect("a port"),
        };
        for number in 0..MOST_PEERS {
            record.add_peer(peer(number));
        }
        record.add_peer(peer(0));
        assert!(!record.cut_off, "all of them are there");
        record.add_peer(peer(MOST_PEERS));
        assert!(record.cut_off);
        assert_eq!(record.peers.len(), MOST_PEERS);
    }
}
