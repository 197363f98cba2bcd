//! Running programs: how init starts them, what it forwards, and its results.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::large_stack_arrays, missing_docs)]

mod support;

use bulkhead_channel::{Control, Frame};
use serde_json::{Value, json};
use support::{Init, Scratch};

#[test]
fn gives_the_exit_code_and_what_was_used() {
    let mut init = Init::start();
    let stream = init.shell("echo out; echo err >&2; exit 7");
    let done = init.wait(stream);
    let value = done.value();
    assert_eq!((value["exitCode"].clone(), value["signal"].clone()), (json!(7), Value::Null));
    assert_eq!((done.text().as_str(), done.err.as_slice()), ("out\n", b"err\n".as_slice()));
    assert!(done.pid.unwrap() > 1 && value["maxRssBytes"].as_u64().unwrap() > 100_000);
}

#[test]
fn gives_the_signal_that_ended_it() {
    let mut init = Init::start();
    let stream = init.shell("kill -TERM $$");
    let value = init.wait(stream).value();
    assert_eq!((value["exitCode"].clone(), value["signal"].clone()), (Value::Null, json!(15)));
}

#[test]
fn the_program_has_the_given_environment_and_directory_and_nothing_else() {
    let mut init = Init::start();
    let stream = init.exec_with(&["/usr/bin/env"], json!({"env": {"A": "1", "B": "x=y"}}));
    assert_eq!(init.wait(stream).text(), "A=1\nB=x=y\n");
    let stream =
        init.shell("pwd; ls /proc/self/fd | wc -l; ulimit -n; umask; grep -E 'SigBlk|SigIgn' /proc/self/status");
    // 0, 1, 2, and the one that ls has open.
    let expected = "/tmp\n4\n1024\n0022\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n";
    assert_eq!(init.wait(stream).text(), expected);
}

#[test]
fn it_leads_a_session_and_a_group_of_its_own() {
    let mut init = Init::start();
    let stream = init.exec(&["sh", "-c", "cut -d' ' -f1,5,6 /proc/$$/stat"]);
    let done = init.wait(stream);
    let pid = done.pid.unwrap();
    assert_eq!(done.text(), format!("{pid} {pid} {pid}\n"));
}

#[test]
fn says_why_it_could_not_be_run() {
    let scratch = Scratch::new("exec-errors");
    std::fs::write(scratch.path("plain"), "x").unwrap();
    let mut init = Init::start();
    for (argv, more, code) in [
        (vec!["no-such-program"], json!({}), "EXEC_NOT_FOUND"),
        (vec!["ls"], json!({"env": {}}), "EXEC_NOT_FOUND"),
        (vec!["/no/such/program"], json!({}), "EXEC_NOT_FOUND"),
        (vec!["/etc/passwd"], json!({}), "EXEC_NOT_EXECUTABLE"),
        (vec!["/tmp"], json!({}), "EXEC_NOT_EXECUTABLE"),
        (vec!["plain"], json!({"env": {"PATH": scratch.0}}), "EXEC_NOT_EXECUTABLE"),
        (vec!["true"], json!({"cwd": "/no/such/directory"}), "CWD_UNAVAILABLE"),
        (vec!["true"], json!({"user": {"uid": 12345, "gid": 0, "groups": []}}), "EXEC_USER_FIXED"),
        (vec!["true"], json!({"bogus": 1}), "REQUEST_INVALID"),
    ] {
        let stream = init.exec_with(&argv, more);
        let done = init.wait(stream);
        assert_eq!(done.code(), code, "{argv:?}");
        assert!(!done.accepted);
    }
}

#[test]
fn stdin_reaches_it_and_ends() {
    let mut init = Init::start();
    let stream = init.exec_with(&["cat"], json!({"stdin": "pipe"}));
    init.data(stream, b"one ");
    init.accepted(stream);
    init.data(stream, b"two");
    init.end(stream);
    assert_eq!(init.wait(stream).text(), "one two");
}

#[test]
fn stdin_beyond_the_first_window_flows_as_credit_comes_back() {
    let mut init = Init::start();
    let stream = init.exec_with(&["wc", "-c"], json!({"stdin": "pipe"}));
    let (mut credit, mut sent, total) = (262_144, 0, 3_000_000_usize);
    while sent < total {
        let count = (total - sent).min(65_536).min(credit);
        if count == 0 {
            let before = init.streams[&stream].credit;
            init.until(|streams| streams[&stream].credit > before);
            credit += usize::try_from(init.streams[&stream].credit - before).unwrap();
            continue;
        }
        init.data(stream, &vec![b'x'; count]);
        (sent, credit) = (sent + count, credit - count);
    }
    init.end(stream);
    assert_eq!(init.wait(stream).text().trim(), "3000000");
}

#[test]
fn a_program_that_does_not_read_costs_one_window_and_more_is_a_violation() {
    let mut init = Init::start();
    let stream = init.exec_with(&["sleep", "60"], json!({"stdin": "pipe"}));
    init.accepted(stream);
    init.data(stream, &vec![0; 262_144]);
    let other = init.shell("echo alive");
    assert_eq!(init.wait(other).text(), "alive\n");
    init.data(stream, &[0; 100_000]);
    assert_eq!(init.child.wait().unwrap().code(), Some(76));
}

#[test]
fn input_for_a_program_that_closed_its_stdin_is_swallowed() {
    let mut init = Init::start();
    let stream = init.exec_with(&["sh", "-c", "exec 0<&-; sleep 0.3; echo done"], json!({"stdin": "pipe"}));
    init.accepted(stream);
    for _ in 0..4 {
        init.data(stream, &[0; 65_536]);
    }
    assert_eq!(init.wait(stream).text(), "done\n");
}

#[test]
fn output_waits_for_credit_and_stalls_nobody_else() {
    let mut init = Init::start();
    init.reading = false;
    let stream = init.exec(&["head", "-c", "1000000", "/dev/zero"]);
    init.until(|streams| streams[&stream].out.len() == 262_144);
    let other = init.shell("echo alive");
    assert_eq!(init.wait(other).text(), "alive\n");
    assert_eq!(init.streams[&stream].out.len(), 262_144);
    init.reading = true;
    init.send(&Frame::Credit { stream, fd: 1, bytes: 262_144 });
    assert_eq!(init.wait(stream).out.len(), 1_000_000);
}

#[test]
fn signals_go_to_the_whole_group() {
    let mut init = Init::start();
    let stream =
        init.shell("sleep 100 & trap 'kill -0 $! 2>/dev/null; wait; echo caught; exit 3' TERM; echo ready; wait");
    init.until(|streams| streams[&stream].out.ends_with(b"ready\n"));
    init.control(stream, Control::Signal { signal: 15 });
    let done = init.wait(stream);
    assert_eq!((done.text().as_str(), done.value()["exitCode"].clone()), ("ready\ncaught\n", json!(3)));
}

#[test]
fn a_signal_right_behind_the_request_is_not_lost() {
    let mut init = Init::start();
    for _ in 0..20 {
        let stream = init.exec(&["sleep", "100"]);
        init.control(stream, Control::Signal { signal: 15 });
        assert_eq!(init.wait(stream).value()["signal"], json!(15));
    }
}

#[test]
fn cancel_kills_and_the_result_follows() {
    let mut init = Init::start();
    let stream = init.shell("trap '' TERM; echo before; sleep 100");
    init.until(|streams| streams[&stream].out.ends_with(b"before\n"));
    init.send(&Frame::Cancel { stream });
    assert_eq!(init.wait(stream).value()["signal"], json!(9));
    // It is closed now: late data is dropped.
    init.send(&Frame::Cancel { stream });
    init.send(&Frame::End { stream, fd: 0 });
    let other = init.shell("echo alive");
    assert_eq!(init.wait(other).text(), "alive\n");
}

#[test]
fn a_background_process_delays_nothing_and_goes_on() {
    let scratch = Scratch::new("background");
    let file = scratch.path("alive");
    let mut init = Init::start();
    // It writes far more than a pipe holds after its parent has ended, then leaves a mark.
    let stream = init.shell(&format!("(sleep 0.3; head -c 300000 /dev/zero; echo done > {file}) & echo parent"));
    assert_eq!(init.wait(stream).text(), "parent\n");
    for _ in 0..100 {
        if std::path::Path::new(&file).exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the background process was stopped");
}

#[test]
fn a_background_flood_does_not_hold_up_the_result() {
    let mut init = Init::start();
    let stream = init.shell("yes & echo $!");
    let done = init.wait(stream);
    assert!(done.out.len() < 4_000_000);
    let pid = done.text().lines().find_map(|line| line.parse::<i32>().ok()).unwrap();
    let stream = init.exec(&["kill", &pid.to_string()]);
    assert_eq!(init.wait(stream).value()["exitCode"], json!(0));
}

#[test]
fn everything_a_program_printed_arrives_before_its_result() {
    let mut init = Init::start();
    for _ in 0..20 {
        let stream = init.exec(&["head", "-c", "200000", "/dev/zero"]);
        assert_eq!(init.wait(stream).out.len(), 200_000);
    }
}

#[test]
fn another_user_when_init_can_switch() {
    if !rustix::process::getuid().is_root() {
        eprintln!("skipped: only root can start an init that switches users");
        return;
    }
    let inner = json!({"user": {"uid": 1000, "gid": 1001, "groups": [1002]}, "switchesUser": true, "capabilities": [], "openFiles": 64});
    let mut init = Init::start_with(&["--switching", "--inner", &inner.to_string()], |_| {});
    let status = "grep -E '^(Uid|Gid|Groups|Cap)' /proc/self/status | tr -s '\\t ' ' '";
    let stream = init.shell(status);
    let done = init.wait(stream);
    let none = "0000000000000000";
    assert_eq!(
        done.text(),
        format!(
            "Uid: 1000 1000 1000 1000\nGid: 1001 1001 1001 1001\nGroups: 1002 \nCapInh: {none}\nCapPrm: {none}\nCapEff: {none}\nCapBnd: {none}\nCapAmb: {none}\n"
        ),
        "{done:?}"
    );
    let stream = init.exec_with(&["sh", "-c", status], json!({"user": {"uid": 0, "gid": 0, "groups": []}}));
    let done = init.wait(stream);
    assert!(done.text().starts_with("Uid: 0 0 0 0\nGid: 0 0 0 0\nGroups:"), "{done:?}");
    assert!(done.text().contains(&format!("CapEff: {none}\nCapBnd: {none}")), "{}", done.text());
}
