//! What a hostile workload or a broken host can try: init stays small, keeps serving, or ends at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::large_stack_arrays, missing_docs)]

mod support;

use bulkhead_channel::Frame;
use rustix::process::Resource;
use serde_json::json;
use std::time::{Duration, Instant};
use support::{HANDED, Init, Scratch, hand};

/// Memory of one more init, in KiB.
fn private_kib(init: &Init) -> u64 {
    let path = format!("/proc/{}/smaps_rollup", init.child.id());
    let text = std::fs::read_to_string(path).unwrap();
    // Without the program's pages, which all inits share.
    let own = text.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap();
    own.trim().trim_end_matches(" kB").parse().unwrap()
}

fn gone(pid: u32) -> bool {
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        if !std::path::Path::new(&format!("/proc/{pid}")).exists() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn garbage_ends_it_at_once() {
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0, 0, 0, 5, 77, 0, 0, 0, 1], &[0xff; 64], &[0, 0, 0, 0]] {
        assert_eq!(Init::start().abuse(bytes), Some(76));
    }
}

#[test]
fn a_closed_channel_ends_it_and_what_it_runs() {
    let mut init = Init::start();
    let stream = init.shell("trap '' TERM HUP; sleep 100; sleep 100");
    let pid = init.accepted(stream).pid.unwrap();
    init.socket.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(init.child.wait().unwrap().code(), Some(0));
    assert!(gone(pid));
}

#[test]
fn more_than_64_operations_are_refused_one_by_one() {
    let mut init = Init::start();
    let running: Vec<u32> = (0..64).map(|_| init.exec(&["sleep", "100"])).collect();
    let refused: Vec<u32> = (0..10).map(|_| init.exec(&["true"])).collect();
    for stream in refused {
        assert_eq!(init.wait(stream).code(), "TOO_MANY_OPERATIONS");
    }
    for stream in &running {
        init.send(&Frame::Cancel { stream: *stream });
    }
    for stream in running {
        assert_eq!(init.wait(stream).value()["signal"], json!(9));
    }
    let stream = init.shell("echo again");
    assert_eq!(init.wait(stream).text(), "again\n");
}

#[test]
fn a_flood_that_nobody_reads_costs_bounded_memory() {
    let mut init = Init::start();
    init.reading = false;
    let streams: Vec<u32> = (0..8).map(|_| init.exec(&["head", "-c", "1G", "/dev/zero"])).collect();
    // Nothing at all is read from the socket here.
    std::thread::sleep(Duration::from_millis(1500));
    let used = private_kib(&init);
    assert!(used < 4 * 1024, "{used} KiB");
    init.reading = true;
    for stream in streams {
        init.send(&Frame::Cancel { stream });
    }
    let stream = init.shell("echo alive");
    assert_eq!(init.wait(stream).text(), "alive\n");
}

#[test]
fn requests_from_a_host_that_reads_no_answers_cost_bounded_memory() {
    let mut init = Init::start();
    init.socket.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut bytes = Vec::new();
    for stream in (1..200_000_u32).step_by(2) {
        let fields = json!({"op": "x"}).as_object().unwrap().clone();
        bulkhead_channel::encode::frame(&mut bytes, &Frame::Request { stream, fields }).unwrap();
    }
    let _ = std::io::Write::write_all(&mut init.socket, &bytes);
    let used = private_kib(&init);
    assert!(used < 8 * 1024, "{used} KiB");
}

#[test]
fn idle_it_is_small() {
    let mut init = Init::start();
    for _ in 0..3 {
        let stream = init.shell("echo hello");
        init.wait(stream);
    }
    let used = private_kib(&init);
    assert!(used < 400, "{used} KiB");
}

#[test]
fn orphans_by_the_thousand_are_reaped_while_it_serves() {
    let mut init = Init::start();
    let flood = init.shell("i=0; while [ $i -lt 2000 ]; do (true &); i=$((i+1)); done");
    for _ in 0..10 {
        let stream = init.exec(&["true"]);
        init.wait(stream);
    }
    init.wait(flood);
    std::thread::sleep(Duration::from_millis(300));
    let children = format!("/proc/{0}/task/{0}/children", init.child.id());
    assert_eq!(std::fs::read_to_string(children).unwrap(), "");
}

#[test]
fn out_of_descriptors_is_a_clean_error() {
    // Room for init itself and little else.
    let mut init = Init::start_with(&[], |command| support::limit(command, Resource::Nofile, 20));
    let streams: Vec<u32> = (0..6).map(|_| init.exec_with(&["sleep", "100"], json!({"stdin": "pipe"}))).collect();
    let refused = streams.iter().filter(|stream| {
        let stream = init.accepted(**stream);
        !stream.accepted && stream.code() == "EXEC_FAILED"
    });
    assert!(refused.count() >= 3);
    init.send(&Frame::Cancel { stream: 1 });
    assert_eq!(init.wait(1).value()["signal"], json!(9));
    let stream = init.shell("echo again");
    assert_eq!(init.wait(stream).text(), "again\n");
}

#[test]
fn out_of_processes_is_a_clean_error() {
    if !rustix::process::getuid().is_root() {
        eprintln!("skipped: needs an init with a uid of its own, since the limit is per uid");
        return;
    }
    let inner = json!({"user": {"uid": 1000, "gid": 1000, "groups": []}, "switchesUser": true, "capabilities": [], "openFiles": 64});
    let mut init = Init::start_with(&["--switching", "--inner", &inner.to_string()], |command| {
        support::limit(command, Resource::Nproc, 0);
    });
    for (request, code) in [
        (json!({"op": "exec", "argv": ["/bin/true"], "env": {}, "cwd": "/", "stdin": "null"}), "EXEC_FAILED"),
        (json!({"op": "stat", "path": "/"}), "FILE_FAILED"),
    ] {
        let stream = init.request(request);
        let done = init.wait(stream);
        assert_eq!(done.code(), code);
        let Some(bulkhead_channel::Outcome::Failed(error)) = done.outcome else { panic!("it failed") };
        assert_eq!((error.operation.as_str(), error.errno), ("fork", Some(libc::EAGAIN)));
    }
}

#[test]
fn the_channel_can_be_a_descriptor() {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut init = Init::start_with(&["--channel", &HANDED.to_string()], |command| hand(command, &theirs));
    drop(theirs);
    init.socket = ours;
    init.send(&Frame::Hello(bulkhead_channel::Hello::ours()));
    let stream = init.shell("ls /proc/self/fd | wc -l");
    assert_eq!(init.wait(stream).text(), "4\n");
}

#[test]
fn a_pipe_that_the_workload_reads_itself_does_not_block_it() {
    let mut init = Init::start();
    // It opens the other side of its own stdout and reads the data announced to init.
    let stream = init.shell("exec 3</proc/self/fd/1; i=0; while [ $i -lt 200 ]; do echo x; dd if=/proc/self/fd/3 bs=64k count=1 2>/dev/null >/dev/null & i=$((i+1)); done; exec 3<&-; kill $(jobs -p) 2>/dev/null; exit 0");
    let other = init.shell("echo alive");
    assert_eq!(init.wait(other).text(), "alive\n");
    init.wait(stream);
}

#[test]
fn a_file_operation_that_is_killed_or_stopped_stalls_only_itself() {
    let (scratch, mut init) = (Scratch::new("killed"), Init::start());
    let stream = init.request(json!({"op": "write", "path": scratch.path("a")}));
    init.accepted(stream);
    let children = format!("/proc/{0}/task/{0}/children", init.child.id());
    let pid = std::fs::read_to_string(children).unwrap().trim().to_owned();
    let kill = init.exec(&["kill", "-STOP", &pid]);
    init.wait(kill);
    init.data(stream, &[0; 262_144]);
    let other = init.shell("echo alive");
    assert_eq!(init.wait(other).text(), "alive\n");
    let kill = init.exec(&["kill", "-KILL", &pid]);
    init.wait(kill);
    assert_eq!(init.wait(stream).code(), "FILE_FAILED");
}

#[test]
fn init_is_not_dumpable_and_holds_nothing_but_its_channel() {
    let init = Init::start();
    std::thread::sleep(Duration::from_millis(100));
    let proc = format!("/proc/{}", init.child.id());
    let mut open: Vec<String> = std::fs::read_dir(format!("{proc}/fd"))
        .unwrap()
        .map(|entry| std::fs::read_link(entry.unwrap().path()).unwrap().to_str().unwrap().to_owned())
        .map(|target| target.split(':').next().unwrap().to_owned())
        .collect();
    open.sort();
    assert_eq!(open, ["/dev/null", "/dev/null", "/dev/null", "anon_inode", "socket", "socket"]);
}
