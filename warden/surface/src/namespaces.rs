//! Namespaces that this process could make: each one opens parts of the kernel that otherwise only root meets.

use crate::child::{End, attempt};
use crate::sys::call;
use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Namespace {
    pub name: &'static str,
    pub creatable: bool,
    /// A user namespace first, then this one in it.
    pub through_user: bool,
}

const KINDS: [(&str, libc::c_int); 8] = [
    ("user", libc::CLONE_NEWUSER),
    ("mount", libc::CLONE_NEWNS),
    ("pid", libc::CLONE_NEWPID),
    ("net", libc::CLONE_NEWNET),
    ("ipc", libc::CLONE_NEWIPC),
    ("uts", libc::CLONE_NEWUTS),
    ("cgroup", libc::CLONE_NEWCGROUP),
    ("time", 0x80),
];

pub fn creatable() -> Vec<Namespace> {
    let made = |flags: libc::c_int| {
        let flags = usize::try_from(flags).unwrap_or(0);
        let end = attempt(|| call(libc::SYS_unshare, [flags, 0, 0, 0, 0, 0]).map_or(1, |_| 0));
        end == End::Exited(0)
    };
    KINDS
        .iter()
        .map(|&(name, flag)| Namespace { name, creatable: made(flag), through_user: made(flag | libc::CLONE_NEWUSER) })
        .collect()
}
