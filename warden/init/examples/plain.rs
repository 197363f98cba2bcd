//! Init as an ordinary process, without a wall around it: for tests of programs that use the channel.
//!
//! `plain [--switching] [--channel FD|stdio] [--inner JSON]`. Without arguments it uses stdin and stdout, and the
//! workload's user is the user who runs it. With `--switching`, as root, it first takes the identity that the broker
//! gives an init with its own id: uid 65535 with the four capabilities that it needs.

#![allow(clippy::expect_used)]

use bulkhead_confine::capabilities::keep_only;
use rustix::process::{Gid, Uid};
use std::ffi::OsString;

fn main() {
    let mut given: Vec<OsString> = std::env::args_os().skip(1).collect();
    if given.first().is_some_and(|arg| arg == "--switching") {
        given.remove(0);
        become_init();
    }
    let has = |name: &str| given.iter().any(|arg| arg == name);
    let mut args = given.clone();
    if !has("--channel") {
        args.extend(["--channel", "stdio"].map(OsString::from));
    }
    if !has("--inner") {
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let inner = serde_json::json!({
            "user": { "uid": uid, "gid": gid, "groups": [] },
            "switchesUser": false, "capabilities": [], "openFiles": 1024,
        });
        args.extend([OsString::from("--inner"), OsString::from(inner.to_string())]);
    }
    std::process::exit(bulkhead_init::main(args));
}

fn become_init() {
    let (uid, gid) = (Uid::from_raw(65_535), Gid::from_raw(65_535));
    rustix::thread::set_thread_groups(&[]).expect("setgroups");
    rustix::thread::set_thread_res_gid(gid, gid, gid).expect("setresgid");
    rustix::thread::set_keep_capabilities(true).expect("prctl");
    rustix::thread::set_thread_res_uid(uid, uid, uid).expect("setresuid");
    keep_only(&["SETUID", "SETGID", "KILL", "SETPCAP"].map(str::to_owned)).expect("keep_only");
}
