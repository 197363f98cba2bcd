//! Unix sockets inside, which init listens on and connects to for the host.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::large_stack_arrays, missing_docs)]

mod support;

use bulkhead_channel::{Decoder, Frame, Outcome, Side, encode};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::Init;

/// The channel's end, with frames of connections that init opens.
struct Host {
    init: Init,
    decoder: Decoder,
    next: u32,
}

/// A directory that is removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("init-unix-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Host {
    fn start() -> Self {
        Self { init: Init::start(), decoder: Decoder::new(Side::Init), next: 1 }
    }

    fn send(&mut self, frame: &Frame<'_>) {
        let mut bytes = Vec::new();
        encode::frame(&mut bytes, frame).unwrap();
        self.init.socket.write_all(&bytes).unwrap();
    }

    fn request(&mut self, request: &Value) -> u32 {
        let stream = self.next;
        self.next += 2;
        self.send(&Frame::Request { stream, fields: request.as_object().unwrap().clone() });
        stream
    }

    fn listen(&mut self, path: &Path) -> u32 {
        self.request(&json!({"op": "listen", "transport": "unix", "path": path}))
    }

    fn bind(&mut self, path: &Path) -> u32 {
        self.request(&json!({"op": "listen", "transport": "unixgram", "path": path}))
    }

    fn connect(&mut self, path: &Path) -> u32 {
        self.request(&json!({"op": "connect", "path": path}))
    }

    fn until<T>(&mut self, mut pick: impl FnMut(&Frame<'_>) -> Option<T>) -> T {
        loop {
            while let Some(frame) = self.decoder.next().unwrap() {
                if let Some(found) = pick(&frame) {
                    return found;
                }
            }
            let count = self.init.socket.read(self.decoder.space()).expect("init answers within 20 s");
            assert!(count > 0, "init closed the connection");
            self.decoder.filled(count);
        }
    }

    fn accepted(&mut self, stream: u32) {
        self.until(|frame| match frame {
            Frame::Accept { stream: of, .. } if *of == stream => Some(()),
            Frame::Result { stream: of, outcome } if *of == stream => panic!("{outcome:?}"),
            _ => None,
        });
    }

    fn outcome(&mut self, stream: u32) -> Outcome {
        self.until(|frame| match frame {
            Frame::Result { stream: of, outcome } if *of == stream => Some(outcome.clone()),
            _ => None,
        })
    }

    /// Code and errno of a failure.
    fn failure(&mut self, stream: u32) -> (String, Option<i32>) {
        match self.outcome(stream) {
            Outcome::Failed(error) => {
                (serde_json::to_value(error.code).unwrap().as_str().unwrap().to_owned(), error.errno)
            }
            other @ Outcome::Done(_) => panic!("{other:?}"),
        }
    }

    fn data(&mut self, stream: u32) -> Vec<u8> {
        self.until(|frame| match frame {
            Frame::Data { stream: of, bytes, .. } if *of == stream => Some(bytes.to_vec()),
            _ => None,
        })
    }
}

fn is_gone(path: &Path) -> bool {
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        if !path.exists() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn connects_to_a_socket() {
    let (directory, mut host) = (Directory::new("connect"), Host::start());
    let server = UnixListener::bind(directory.join("server")).unwrap();
    let stream = host.connect(&directory.join("server"));
    // Before it is connected.
    host.send(&Frame::Data { stream, fd: 0, bytes: b"early " });
    host.send(&Frame::Data { stream, fd: 0, bytes: b"bytes" });
    host.send(&Frame::End { stream, fd: 0 });
    let (mut peer, _) = server.accept().unwrap();
    let mut said = String::new();
    peer.read_to_string(&mut said).unwrap();
    assert_eq!(said, "early bytes");
    host.accepted(stream);
    peer.write_all(b"answer").unwrap();
    drop(peer);
    assert_eq!(host.data(stream), b"answer");
    assert_eq!(host.outcome(stream), Outcome::Done(serde_json::Map::new()));
}

#[test]
fn listens_on_a_path_and_removes_it() {
    let (directory, mut host) = (Directory::new("listen"), Host::start());
    let path = directory.join("socket");
    let listener = host.listen(&path);
    host.accepted(listener);
    let kind = std::fs::symlink_metadata(&path).unwrap();
    assert!(kind.file_type().is_socket());
    assert_eq!(kind.permissions().mode() & 0o7777, 0o666, "every user of the sandbox may connect");
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"to the host").unwrap();
    let stream = host.until(|frame| match frame {
        Frame::Request { stream, fields } => Some((*stream, fields["listen"].clone())),
        _ => None,
    });
    assert_eq!(stream, (2, json!(listener)));
    assert_eq!(host.data(2), b"to the host");
    host.send(&Frame::Cancel { stream: listener });
    assert_eq!(host.outcome(listener), Outcome::Done(serde_json::Map::new()));
    assert!(!path.exists());
    // Its connections stay.
    host.send(&Frame::Data { stream: 2, fd: 0, bytes: b"and back" });
    host.send(&Frame::End { stream: 2, fd: 0 });
    let mut back = String::new();
    client.read_to_string(&mut back).unwrap();
    assert_eq!(back, "and back");
    let again = host.listen(&path);
    host.accepted(again);
}

#[test]
fn a_path_that_exists_stays_untouched() {
    let (directory, mut host) = (Directory::new("exists"), Host::start());
    let (file, link) = (directory.join("file"), directory.join("link"));
    std::fs::write(&file, "kept").unwrap();
    std::os::unix::fs::symlink(directory.join("elsewhere"), &link).unwrap();
    for path in [&file, &link] {
        let stream = host.listen(path);
        assert_eq!(host.failure(stream), ("LISTEN_FAILED".to_owned(), Some(libc::EADDRINUSE)));
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    assert!(!directory.join("elsewhere").exists());
    let missing = host.listen(&directory.join("none/socket"));
    assert_eq!(host.failure(missing), ("LISTEN_FAILED".to_owned(), Some(libc::ENOENT)));
}

#[test]
fn names_why_it_cannot_connect() {
    let (directory, mut host) = (Directory::new("refused"), Host::start());
    std::fs::write(directory.join("file"), "").unwrap();
    drop(UnixListener::bind(directory.join("stale")).unwrap());
    for (name, errno) in [("file", libc::ECONNREFUSED), ("stale", libc::ECONNREFUSED), ("none", libc::ENOENT)] {
        let stream = host.connect(&directory.join(name));
        assert_eq!(host.failure(stream), ("CONNECT_FAILED".to_owned(), Some(errno)), "{name}");
    }
}

#[test]
fn a_server_that_accepts_nothing_stalls_nobody() {
    let (directory, mut host) = (Directory::new("full"), Host::start());
    let _server = UnixListener::bind(directory.join("server")).unwrap();
    // More than its queue holds, and more at once than may be in progress.
    let streams: Vec<u32> = (0..400).map(|_| host.connect(&directory.join("server"))).collect();
    let exec = json!({"op": "exec", "argv": ["/bin/true"], "env": {}, "cwd": "/", "stdin": "null"});
    let program = host.request(&exec);
    assert!(matches!(host.outcome(program), Outcome::Done(_)));
    assert!(streams.len() > 128);
}

#[test]
fn a_listener_cancelled_at_once_leaves_no_file() {
    let (directory, mut host) = (Directory::new("cancel"), Host::start());
    for turn in 0..20 {
        let path = directory.join(&format!("socket{turn}"));
        let stream = host.listen(&path);
        host.send(&Frame::Cancel { stream });
        assert_eq!(host.outcome(stream), Outcome::Done(serde_json::Map::new()));
        assert!(is_gone(&path));
    }
}

#[test]
fn something_else_in_the_place_of_its_file_stays() {
    let (directory, mut host) = (Directory::new("replaced"), Host::start());
    let path = directory.join("socket");
    let stream = host.listen(&path);
    host.accepted(stream);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "the workload's").unwrap();
    host.send(&Frame::Cancel { stream });
    host.outcome(stream);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the workload's");
}

#[test]
fn passes_on_datagrams_whole_and_removes_their_socket() {
    let (directory, mut host) = (Directory::new("datagrams"), Host::start());
    let path = directory.join("notify");
    let stream = host.bind(&path);
    host.accepted(stream);
    let kind = std::fs::symlink_metadata(&path).unwrap();
    assert!(kind.file_type().is_socket());
    assert_eq!(kind.permissions().mode() & 0o7777, 0o666);
    let sender = UnixDatagram::unbound().unwrap();
    // The largest, one that is larger, and one of nothing.
    for datagram in [vec![b'a'; 4096], vec![b'b'; 4097], Vec::new(), b"READY=1".to_vec()] {
        sender.send_to(&datagram, &path).unwrap();
    }
    let mut seen = Vec::new();
    while !seen.ends_with(b"READY=1") {
        seen.extend(host.data(stream));
    }
    let head = |length: u16| [[0; 4].as_slice(), &length.to_be_bytes()].concat();
    let wanted = [head(4096), vec![b'a'; 4096], head(0), head(7), b"READY=1".to_vec()].concat();
    assert!(seen == wanted, "{} bytes instead of {}", seen.len(), wanted.len());
    // What the host says goes nowhere.
    host.send(&Frame::Data { stream, fd: 0, bytes: &[0, 0, 0, 0, 0, 1, b'x'] });
    host.send(&Frame::Cancel { stream });
    assert_eq!(host.outcome(stream), Outcome::Done(serde_json::Map::new()));
    assert!(!path.exists());
    let missing = host.bind(&directory.join("none/notify"));
    assert_eq!(host.failure(missing), ("LISTEN_FAILED".to_owned(), Some(libc::ENOENT)));
}

#[test]
fn reads_no_more_datagrams_than_the_host_takes() {
    let (directory, mut host) = (Directory::new("flood"), Host::start());
    let path = directory.join("notify");
    let stream = host.bind(&path);
    host.accepted(stream);
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    sender.connect(&path).unwrap();
    let (mut sent, until) = (0, Instant::now() + Duration::from_secs(20));
    // Until init has read a window's worth, and the kernel's queue is full.
    let mut idle = 0;
    while idle < 50 && Instant::now() < until {
        if sender.send(&[b'x'; 4000]).is_ok() {
            (sent, idle) = (sent + 1, 0);
        } else {
            idle += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    assert_eq!(idle, 50, "init read on after {sent} datagrams");
    // Granted credit is used.
    host.send(&Frame::Credit { stream, fd: 1, bytes: 65_536 });
    while sender.send(b"x").is_err() {
        assert!(Instant::now() < until, "init reads nothing more");
        std::thread::sleep(Duration::from_millis(10));
    }
}
