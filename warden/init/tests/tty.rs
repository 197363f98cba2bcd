//! Programs on a terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::large_stack_arrays, missing_docs)]

mod support;

use bulkhead_channel::Control;
use serde_json::json;
use support::Init;

fn terminal(init: &mut Init, script: &str) -> u32 {
    init.exec_with(&["sh", "-c", script], json!({"stdin": "pipe", "tty": {"rows": 24, "cols": 80}}))
}

#[test]
fn it_has_a_terminal_of_the_given_size_that_controls_it() {
    let mut init = Init::start();
    let stream =
        terminal(&mut init, "tty; stty size; echo yes > /dev/tty; test -t 0 && test -t 2 && echo all; echo err >&2");
    let text = init.wait(stream).text();
    assert!(text.starts_with("/dev/pts/"), "{text}");
    assert!(text.ends_with("24 80\r\nyes\r\nall\r\nerr\r\n"), "{text}");
}

#[test]
fn keys_are_echoed_and_interrupt() {
    let mut init = Init::start();
    let stream = terminal(
        &mut init,
        "trap 'echo interrupted; exit 5' INT; echo ready; while :; do read line; echo got $line; done",
    );
    init.until(|streams| streams[&stream].text().contains("ready"));
    init.data(stream, b"hello\r");
    init.until(|streams| streams[&stream].text().contains("got hello"));
    init.data(stream, b"\x03");
    let done = init.wait(stream);
    assert!(done.text().contains("interrupted"));
    assert_eq!(done.value()["exitCode"], json!(5));
}

#[test]
fn keys_sent_before_it_runs_are_kept() {
    let mut init = Init::start();
    let stream = terminal(&mut init, "read line; echo got $line");
    init.data(stream, b"early\r");
    assert!(init.wait(stream).text().ends_with("got early\r\n"));
}

#[test]
fn resizing_tells_it() {
    let mut init = Init::start();
    let stream = terminal(&mut init, "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done");
    init.until(|streams| streams[&stream].text().contains("ready"));
    init.control(stream, Control::Resize { rows: 50, cols: 132 });
    assert!(init.wait(stream).text().ends_with("50 132\r\n"));
}

#[test]
fn the_end_of_input_is_the_end_of_file_character() {
    let mut init = Init::start();
    let stream = terminal(&mut init, "cat; echo after");
    init.data(stream, b"line\r");
    init.end(stream);
    assert!(init.wait(stream).text().ends_with("after\r\n"));
}

#[test]
fn job_control_works() {
    let mut init = Init::start();
    let stream = init.exec_with(
        &["bash", "--norc", "-i"],
        json!({"stdin": "pipe", "tty": {"rows": 24, "cols": 80}, "env": {"PATH": "/usr/bin:/bin", "PS1": "$ "}}),
    );
    init.data(stream, b"sleep 50\r");
    std::thread::sleep(std::time::Duration::from_millis(700));
    init.data(stream, b"\x1a");
    init.until(|streams| streams[&stream].text().contains("Stopped"));
    init.data(stream, b"kill %1; exit 0\rexit 0\r");
    let done = init.wait(stream);
    assert!(!done.text().contains("no job control"), "{}", done.text());
}

#[test]
fn ending_hangs_up_what_stays_behind() {
    let mut init = Init::start();
    let stream = terminal(&mut init, "sleep 100 & echo pid $!; exit 0");
    let text = init.wait(stream).text();
    let pid = text.split_whitespace().nth(1).unwrap().to_owned();
    for _ in 0..100 {
        if !std::path::Path::new(&format!("/proc/{pid}")).exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    panic!("it outlived its terminal");
}
