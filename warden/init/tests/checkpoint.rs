//! Silence for a snapshot, and the two ways out of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use bulkhead_channel::{Control, Frame, Hello};
use serde_json::json;
use std::io::Read;
use std::time::Duration;
use support::Init;

/// Falls silent, and shows that it is although a program has output.
fn silent() -> (Init, u32, u32) {
    let mut init = Init::start();
    let talking = init.shell("echo before; while :; do echo more; sleep 0.02; done");
    init.until(|streams| streams[&talking].text().contains("before"));
    // A host may not grant credit in the silence either.
    init.reading = false;
    let checkpoint = init.request(json!({"op": "checkpoint"}));
    init.accepted(checkpoint);
    init.socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let said = init.socket.read(&mut [0; 1]);
    assert!(said.is_err(), "{said:?}");
    init.socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    (init, talking, checkpoint)
}

#[test]
fn after_continue_everything_goes_on() {
    let (mut init, talking, checkpoint) = silent();
    let before = init.streams[&talking].out.len();
    init.send(&Frame::Control { stream: checkpoint, control: Control::Continue {} });
    assert!(init.wait(checkpoint).value().is_empty());
    init.until(|streams| streams[&talking].out.len() > before);
    let next = init.shell("echo next");
    assert_eq!(init.wait(next).text(), "next\n");
}

#[test]
fn after_hello_all_is_forgotten_and_what_ran_runs_on() {
    let (mut init, talking, _) = silent();
    let pid = init.streams[&talking].pid.unwrap();
    init.begin_again();
    init.send(&Frame::Hello(Hello::ours()));
    let stream = init.shell(&format!("kill -0 {pid} && echo alive; kill {pid}"));
    assert_eq!(stream, 1);
    assert_eq!(init.wait(stream).text(), "alive\n");
    assert_eq!(init.streams.len(), 1);
}

#[test]
fn any_other_frame_in_the_silence_is_the_end() {
    let (mut init, talking, _) = silent();
    init.send(&Frame::Control { stream: talking, control: Control::Continue {} });
    assert_eq!(init.child.wait().unwrap().code(), Some(76));
    let (mut init, _, _) = silent();
    init.request(json!({"op": "stat", "path": "/"}));
    assert_eq!(init.child.wait().unwrap().code(), Some(76));
}

#[test]
fn a_host_that_goes_away_in_the_silence_ends_it() {
    let (mut init, _, _) = silent();
    init.socket.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(init.child.wait().unwrap().code(), Some(0));
}
