//! A host for init: starts the `plain` example with a socket and uses the channel.

// Each test program uses a part of this. Requests are written in place, so they are passed by value.
#![allow(dead_code, clippy::needless_pass_by_value)]

use bulkhead_channel::{Decoder, Frame, Hello, Outcome, Side, encode};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Everything received on one stream so far.
#[derive(Debug, Default, Clone)]
pub struct Stream {
    pub accepted: bool,
    pub pid: Option<u32>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    pub ended: [bool; 3],
    pub credit: u64,
    pub outcome: Option<Outcome>,
}

impl Stream {
    pub fn value(&self) -> Map<String, Value> {
        match self.outcome.clone() {
            Some(Outcome::Done(value)) => value,
            other => panic!("{other:?}"),
        }
    }

    pub fn code(&self) -> String {
        match self.outcome.clone() {
            Some(Outcome::Failed(error)) => serde_json::to_value(error.code).unwrap().as_str().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }
}

pub struct Init {
    pub child: Child,
    pub socket: UnixStream,
    decoder: Decoder,
    next: u32,
    pub streams: HashMap<u32, Stream>,
    /// Grants credit for received data, like a reader that keeps up.
    pub reading: bool,
}

pub fn plain() -> PathBuf {
    // target/<triple>/debug/deps/<test>, target/<triple>/debug/examples/plain
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples/plain")
}

impl Init {
    pub fn start() -> Self {
        Self::start_with(&[], |_| {})
    }

    pub fn start_with(args: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut command = Command::new(plain());
        command.args(args).stdin(OwnedFd::from(theirs.try_clone().unwrap())).stdout(OwnedFd::from(theirs));
        command.stderr(Stdio::inherit());
        prepare(&mut command);
        let child = command.spawn().unwrap();
        ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut init = Self {
            child,
            socket: ours,
            decoder: Decoder::new(Side::Init),
            next: 1,
            streams: HashMap::new(),
            reading: true,
        };
        init.send(&Frame::Hello(Hello::ours()));
        init
    }

    pub fn send(&mut self, frame: &Frame<'_>) {
        let mut bytes = Vec::new();
        encode::frame(&mut bytes, frame).unwrap();
        self.socket.write_all(&bytes).unwrap();
    }

    /// Becomes the host of a restored copy: streams are numbered from the beginning.
    pub fn begin_again(&mut self) {
        (self.next, self.decoder, self.streams) = (1, Decoder::new(Side::Init), HashMap::new());
        self.reading = true;
    }

    pub fn request(&mut self, request: Value) -> u32 {
        let stream = self.next;
        self.next += 2;
        let Value::Object(fields) = request else { panic!("a request is an object") };
        self.send(&Frame::Request { stream, fields });
        self.streams.insert(stream, Stream::default());
        stream
    }

    pub fn exec(&mut self, argv: &[&str]) -> u32 {
        self.exec_with(argv, json!({}))
    }

    pub fn shell(&mut self, script: &str) -> u32 {
        self.exec(&["sh", "-c", script])
    }

    pub fn exec_with(&mut self, argv: &[&str], more: Value) -> u32 {
        let mut request =
            json!({"op": "exec", "argv": argv, "env": {"PATH": "/usr/bin:/bin"}, "cwd": "/tmp", "stdin": "null"});
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        self.request(request)
    }

    pub fn data(&mut self, stream: u32, bytes: &[u8]) {
        for bytes in bytes.chunks(65_536) {
            self.send(&Frame::Data { stream, fd: 0, bytes });
        }
    }

    pub fn end(&mut self, stream: u32) {
        self.send(&Frame::End { stream, fd: 0 });
    }

    pub fn control(&mut self, stream: u32, control: bulkhead_channel::Control) {
        self.send(&Frame::Control { stream, control });
    }

    /// One read, and its frames. False at the end.
    pub fn receive(&mut self) -> bool {
        let count = self.socket.read(self.decoder.space()).expect("init answers within 20 s");
        self.decoder.filled(count);
        let mut grants = Vec::new();
        while let Some(frame) = self.decoder.next().expect("init keeps the rules") {
            let id = frame.stream();
            if id == 0 {
                continue;
            }
            let stream = self.streams.get_mut(&id).expect("init answers only what was asked");
            assert!(stream.outcome.is_none(), "a frame after the result: {frame:?}");
            match frame {
                Frame::Accept { accept, .. } => {
                    assert!(!stream.accepted);
                    (stream.accepted, stream.pid) = (true, accept.pid);
                }
                Frame::Result { outcome, .. } => stream.outcome = Some(outcome),
                Frame::Data { fd, bytes, .. } => {
                    assert!(stream.accepted && !stream.ended[usize::from(fd)]);
                    if fd == 1 { &mut stream.out } else { &mut stream.err }.extend_from_slice(bytes);
                    grants.push((id, fd, u32::try_from(bytes.len()).unwrap()));
                }
                Frame::End { fd, .. } => stream.ended[usize::from(fd)] = true,
                Frame::Credit { bytes, .. } => stream.credit += u64::from(bytes),
                other => panic!("{other:?}"),
            }
        }
        if self.reading {
            for (stream, fd, bytes) in grants {
                self.send(&Frame::Credit { stream, fd, bytes });
            }
        }
        count > 0
    }

    pub fn until(&mut self, mut done: impl FnMut(&HashMap<u32, Stream>) -> bool) {
        while !done(&self.streams) {
            assert!(self.receive(), "init closed the channel");
        }
    }

    pub fn wait(&mut self, stream: u32) -> Stream {
        self.until(|streams| streams[&stream].outcome.is_some());
        self.streams[&stream].clone()
    }

    pub fn accepted(&mut self, stream: u32) -> Stream {
        self.until(|streams| streams[&stream].accepted || streams[&stream].outcome.is_some());
        self.streams[&stream].clone()
    }

    pub fn file(&mut self, request: Value) -> Stream {
        let stream = self.request(request);
        self.wait(stream)
    }

    /// Sends raw bytes, which may be anything, and returns init's exit code.
    pub fn abuse(mut self, bytes: &[u8]) -> Option<i32> {
        let _ = self.socket.write_all(bytes);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        // It ends by itself when the channel closes; that is part of every test.
        let status = self.child.wait().unwrap();
        if !std::thread::panicking() {
            assert!(matches!(status.code(), Some(0 | 76)), "{status}");
        }
    }
}

/// Starts init with this limit; without root it cannot raise it again.
pub fn limit(command: &mut Command, resource: Resource, value: u64) {
    // SAFETY: setrlimit is async-signal-safe and touches nothing but the child.
    unsafe {
        command.pre_exec(move || {
            let limit = Rlimit { current: Some(value), maximum: Some(value.max(1024)) };
            setrlimit(resource, limit).map_err(Into::into)
        });
    }
}

/// Gives the program `from` at [`HANDED`], open across its exec.
pub fn hand(command: &mut Command, from: &impl AsRawFd) {
    let raw = from.as_raw_fd();
    // SAFETY: dup2 is async-signal-safe, and nothing else uses this number between fork and exec.
    unsafe {
        command.pre_exec(
            move || {
                if libc::dup2(raw, HANDED) == HANDED { Ok(()) } else { Err(std::io::Error::last_os_error()) }
            },
        );
    }
}

/// Above every descriptor that a test or the standard library has open: dup2 of a number onto itself would leave it to
/// be closed by exec, and the library hears of a failed exec through a pipe with a low number.
pub const HANDED: i32 = 200;

/// A directory that is removed at the end of the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bulkhead-init-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
