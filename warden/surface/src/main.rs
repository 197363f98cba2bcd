//! `bulkhead-surface inside`: what is reachable from here, as one line of JSON. `bulkhead-surface filters PID…`: what
//! the seccomp filters in force allow, for each thread of these processes, read from outside. `wait` does nothing, so
//! that there is a workload to examine.
//!
//! The attempts gain nothing: system calls get arguments that cannot do harm, files are opened and closed without
//! reading or writing a byte, and everything that a call creates ends with its child process. `inside` needs no
//! privilege and takes none; `filters` needs CAP_SYS_ADMIN, with which it is started or not.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arguments;
mod bpf;
mod child;
mod devices;
mod filters;
mod identity;
mod interfaces;
mod machine;
mod mounts;
mod namespaces;
mod sockets;
mod sys;
mod syscalls_tried;
mod tree;

use serde::Serialize;
use std::process::ExitCode;

/// All findings.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inside {
    syscalls: syscalls_tried::Syscalls,
    capabilities: identity::Capabilities,
    identity: identity::Identity,
    devices: Vec<devices::Device>,
    ioctls: Vec<devices::Ioctl>,
    mounts: Vec<mounts::Mount>,
    files: tree::Files,
    interfaces: Vec<interfaces::Interface>,
    namespaces: Vec<namespaces::Namespace>,
    sockets: Vec<sockets::Family>,
    machine: machine::Machine,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let said = match words.split_first() {
        Some((role, [])) if role == "inside" => serde_json::to_string(&inside()),
        Some((role, [])) if role == "wait" => loop {
            std::thread::park();
        },
        Some((role, pids)) if role == "filters" && !pids.is_empty() => {
            let Some(pids) = pids.iter().map(|word| word.parse().ok()).collect::<Option<Vec<i32>>>() else {
                return usage();
            };
            serde_json::to_string(&filters::of(&pids))
        }
        _ => return usage(),
    };
    match said {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(_) => ExitCode::from(1),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: bulkhead-surface inside | wait | filters PID...");
    ExitCode::from(2)
}

fn inside() -> Inside {
    Inside {
        syscalls: syscalls_tried::all(),
        capabilities: identity::capabilities(),
        identity: identity::identity(),
        devices: devices::devices(),
        ioctls: devices::ioctls(),
        mounts: mounts::mounts(),
        files: tree::files(),
        interfaces: interfaces::interfaces(),
        namespaces: namespaces::creatable(),
        sockets: sockets::families(),
        machine: machine::machine(),
    }
}
