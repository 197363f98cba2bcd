//! File operations.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::large_stack_arrays, missing_docs)]

mod support;

use bulkhead_channel::Frame;
use rustix::process::Resource;
use serde_json::{Value, json};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use support::{Init, Scratch};

fn put(init: &mut Init, request: Value, bytes: &[u8]) -> support::Stream {
    let stream = init.request(request);
    init.data(stream, bytes);
    init.end(stream);
    init.wait(stream)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn writes_and_reads_back() {
    let (scratch, mut init) = (Scratch::new("write"), Init::start());
    let path = scratch.path("a");
    assert_eq!(put(&mut init, json!({"op": "write", "path": path, "mode": 0o666}), b"hello").value()["bytes"], 5);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o666);
    let done = init.file(json!({"op": "read", "path": path}));
    assert_eq!((done.text().as_str(), done.value()["bytes"].clone()), ("hello", json!(5)));
    let done = init.file(json!({"op": "read", "path": path, "offset": 1, "length": 3}));
    assert_eq!(done.text(), "ell");
    put(&mut init, json!({"op": "write", "path": path, "append": true}), b" world");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello world");
    put(&mut init, json!({"op": "write", "path": path}), b"");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
    assert_eq!(put(&mut init, json!({"op": "write", "path": path, "exclusive": true}), b"x").code(), "FILE_EXISTS");
}

#[test]
fn a_large_file_goes_both_ways() {
    let (scratch, mut init) = (Scratch::new("large"), Init::start());
    let content: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
    std::fs::write(scratch.path("in"), &content).unwrap();
    let done = init.file(json!({"op": "read", "path": scratch.path("in")}));
    assert!(done.out == content);
}

#[test]
fn refuses_what_is_not_a_regular_file_without_blocking() {
    let (scratch, mut init) = (Scratch::new("special"), Init::start());
    let fifo = scratch.path("fifo");
    std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert_eq!(init.file(json!({"op": "read", "path": fifo})).code(), "FILE_NOT_REGULAR");
    assert_eq!(put(&mut init, json!({"op": "write", "path": fifo}), b"x").code(), "FILE_NOT_REGULAR");
    assert_eq!(init.file(json!({"op": "read", "path": "/dev/zero"})).code(), "FILE_NOT_REGULAR");
    assert_eq!(init.file(json!({"op": "read", "path": scratch.path("")})).code(), "FILE_IS_DIRECTORY");
    assert_eq!(put(&mut init, json!({"op": "write", "path": scratch.path(".")}), b"").code(), "FILE_IS_DIRECTORY");
}

#[test]
fn errors_have_code_operation_path_and_errno() {
    let (scratch, mut init) = (Scratch::new("errors"), Init::start());
    let path = scratch.path("none");
    let Some(bulkhead_channel::Outcome::Failed(error)) = init.file(json!({"op": "read", "path": path})).outcome else {
        panic!("it does not exist")
    };
    let expected = json!({"code": "FILE_NOT_FOUND", "operation": "open", "path": path, "errno": 2});
    assert_eq!(serde_json::to_value(error).unwrap(), expected);
    std::fs::write(scratch.path("file"), "").unwrap();
    assert_eq!(init.file(json!({"op": "list", "path": scratch.path("file")})).code(), "FILE_NOT_DIRECTORY");
    let below = scratch.path("file/below");
    assert_eq!(init.file(json!({"op": "mkdir", "path": below, "recursive": true})).code(), "FILE_NOT_DIRECTORY");
    assert_eq!(init.file(json!({"op": "mkdir", "path": scratch.path("file")})).code(), "FILE_EXISTS");
}

#[test]
fn stat_and_list_describe_alike() {
    let (scratch, mut init) = (Scratch::new("list"), Init::start());
    std::fs::write(scratch.path("file"), "abc").unwrap();
    std::os::unix::fs::symlink("file", scratch.path("link")).unwrap();
    std::fs::create_dir(scratch.path("directory")).unwrap();
    std::fs::write(scratch.0.join(std::ffi::OsStr::from_bytes(b"odd\xff")), "").unwrap();
    let done = init.file(json!({"op": "list", "path": scratch.path("")}));
    let mut entries = lines(&done.text());
    entries.sort_by_key(|entry| entry["name"].as_str().unwrap().to_owned());
    assert_eq!(done.value()["entries"], 4);
    let kinds: Vec<_> = entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["directory", "file", "symlink", "file"]);
    assert_eq!((entries[2]["target"].clone(), entries[1]["size"].clone()), (json!("file"), json!(3)));
    assert_eq!(
        (entries[3]["name"].clone(), entries[3]["nameBase64"].clone()),
        (json!("odd\u{fffd}"), json!("b2Rk/w=="))
    );
    let mut link = init.file(json!({"op": "stat", "path": scratch.path("link"), "follow": false})).value();
    link.insert("name".into(), json!("link"));
    assert_eq!(Value::Object(link), entries[2]);
    assert_eq!(init.file(json!({"op": "stat", "path": scratch.path("link")})).value()["type"], "file");
}

#[test]
fn makes_renames_and_removes() {
    let (scratch, mut init) = (Scratch::new("change"), Init::start());
    let path = |name: &str| scratch.path(name);
    init.file(json!({"op": "mkdir", "path": path("a/b/c"), "recursive": true, "mode": 0o700})).value();
    assert_eq!(std::fs::metadata(path("a/b/c")).unwrap().permissions().mode() & 0o7777, 0o700);
    init.file(json!({"op": "mkdir", "path": path("a/b"), "recursive": true})).value();
    assert_eq!(init.file(json!({"op": "mkdir", "path": path("x/y")})).code(), "FILE_NOT_FOUND");
    init.file(json!({"op": "rename", "from": path("a/b"), "to": path("a/d")})).value();
    assert_eq!(init.file(json!({"op": "remove", "path": path("a")})).code(), "FILE_NOT_EMPTY");
    init.file(json!({"op": "remove", "path": path("a/d/c")})).value();
    std::fs::write(path("kept"), "kept").unwrap();
    std::os::unix::fs::symlink(&scratch.0, path("a/out")).unwrap();
    init.file(json!({"op": "remove", "path": path("a"), "recursive": true})).value();
    assert!(!std::path::Path::new(&path("a")).exists());
    assert_eq!(std::fs::read_to_string(path("kept")).unwrap(), "kept");
    assert_eq!(init.file(json!({"op": "remove", "path": path("a")})).code(), "FILE_NOT_FOUND");
}

#[test]
fn watches_until_cancelled() {
    let (scratch, mut init) = (Scratch::new("watch"), Init::start());
    let stream = init.request(json!({"op": "watch", "path": scratch.path("")}));
    assert!(init.accepted(stream).accepted);
    std::fs::write(scratch.path("new"), "x").unwrap();
    std::fs::remove_file(scratch.path("new")).unwrap();
    init.until(|streams| streams[&stream].text().contains("remove"));
    let events = lines(&init.streams[&stream].text());
    assert_eq!(events[0], json!({"event": "create", "name": "new"}));
    assert!(events.contains(&json!({"event": "change", "name": "new"})));
    init.send(&Frame::Cancel { stream });
    assert!(init.wait(stream).value().is_empty());
    assert_eq!(init.file(json!({"op": "watch", "path": scratch.path("none")})).code(), "FILE_NOT_FOUND");
}

#[test]
fn a_cancelled_write_is_an_error() {
    let (scratch, mut init) = (Scratch::new("cancel"), Init::start());
    let stream = init.request(json!({"op": "write", "path": scratch.path("a")}));
    init.accepted(stream);
    init.send(&Frame::Cancel { stream });
    assert_eq!(init.wait(stream).code(), "FILE_FAILED");
}

#[test]
fn a_file_above_the_limit_is_said_as_such() {
    let scratch = Scratch::new("limit");
    let mut init = Init::start_with(&[], |command| support::limit(command, Resource::Fsize, 1000));
    let done = put(&mut init, json!({"op": "write", "path": scratch.path("a")}), &[0; 2000]);
    assert_eq!(done.code(), "FILE_TOO_LARGE");
    assert_eq!(std::fs::metadata(scratch.path("a")).unwrap().len(), 1000);
}
