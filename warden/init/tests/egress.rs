//! The second connection: it serves the sandbox's egress and nothing else, and everything it served ends with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::large_stack_arrays, missing_docs)]

mod support;

use bulkhead_channel::{Decoder, Frame, Hello, Outcome, Side, encode};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use support::{HANDED, Init, hand};

/// The gate's end.
struct Gate {
    socket: UnixStream,
    decoder: Decoder,
}

fn start() -> (Init, Gate) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let init = Init::start_with(&["--egress", &HANDED.to_string()], |command| hand(command, &theirs));
    ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut gate = Gate { socket: ours, decoder: Decoder::new(Side::Init) };
    gate.send(&Frame::Hello(Hello::ours()));
    (init, gate)
}

impl Gate {
    fn send(&mut self, frame: &Frame<'_>) {
        let mut bytes = Vec::new();
        encode::frame(&mut bytes, frame).unwrap();
        self.socket.write_all(&bytes).unwrap();
    }

    fn request(&mut self, stream: u32, request: &Value) {
        self.send(&Frame::Request { stream, fields: request.as_object().unwrap().clone() });
    }

    /// The result of `pick` for the incoming frames.
    fn until<T>(&mut self, mut pick: impl FnMut(&Frame<'_>) -> Option<T>) -> T {
        loop {
            while let Some(frame) = self.decoder.next().unwrap() {
                if let Some(found) = pick(&frame) {
                    return found;
                }
            }
            let count = self.socket.read(self.decoder.space()).expect("init answers within 20 s");
            assert!(count > 0, "init closed the connection");
            self.decoder.filled(count);
        }
    }

    fn listen(&mut self, stream: u32, port: u16) {
        self.request(stream, &json!({"op": "listen", "transport": "tcp", "address": "127.0.0.1", "port": port}));
        self.until(|frame| matches!(frame, Frame::Accept { stream: of, .. } if *of == stream).then_some(()));
    }

    fn refusal(&mut self, stream: u32) -> String {
        self.until(|frame| match frame {
            Frame::Result { stream: of, outcome: Outcome::Failed(error) } if *of == stream => {
                Some(serde_json::to_value(error.code).unwrap().as_str().unwrap().to_owned())
            }
            _ => None,
        })
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn refuses(port: u16) -> bool {
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        if TcpStream::connect(("127.0.0.1", port)).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn carries_connections_beside_the_channel() {
    let ((mut init, mut gate), port) = (start(), free_port());
    gate.listen(1, port);
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.write_all(b"to the gate").unwrap();
    let (stream, said) = gate.until(|frame| match frame {
        Frame::Data { stream, bytes, .. } => Some((*stream, bytes.to_vec())),
        _ => None,
    });
    assert_eq!((stream, said.as_slice()), (2, &b"to the gate"[..]));
    gate.send(&Frame::Data { stream, fd: 0, bytes: b"and back" });
    gate.send(&Frame::End { stream, fd: 0 });
    let mut back = String::new();
    client.read_to_string(&mut back).unwrap();
    assert_eq!(back, "and back");
    let echo = init.shell("echo beside it");
    assert_eq!(init.wait(echo).text(), "beside it\n");
}

#[test]
fn serves_nothing_but_listening() {
    let (_init, mut gate) = start();
    let others = [
        json!({"op": "exec", "argv": ["true"], "env": {}, "cwd": "/", "stdin": "null"}),
        json!({"op": "read", "path": "/etc/passwd"}),
        json!({"op": "stat", "path": "/"}),
        json!({"op": "connect", "port": 80}),
        json!({"op": "connect", "path": "/run/socket"}),
        json!({"op": "listen", "transport": "unix", "path": "/tmp/never-made"}),
        json!({"op": "listen", "transport": "tcp", "address": "127.0.0.2", "port": 80}),
        json!({"op": "checkpoint"}),
        json!({"op": "other"}),
    ];
    for (index, request) in (0_u32..).zip(&others) {
        gate.request(2 * index + 1, request);
        assert_eq!(gate.refusal(2 * index + 1), "REQUEST_INVALID", "{request}");
    }
}

#[test]
fn what_the_workload_sends_out_is_taken_nowhere_else() {
    let (mut init, _gate) = start();
    for request in [
        json!({"op": "listen", "transport": "tcp", "address": "127.0.0.1", "port": free_port()}),
        json!({"op": "listen", "transport": "udp", "address": "127.0.0.1", "port": free_port()}),
        json!({"op": "listen", "transport": "udp", "address": "127.0.0.2", "port": free_port()}),
        json!({"op": "listen", "transport": "tcp", "address": "198.18.0.1", "port": free_port()}),
        json!({"op": "listen", "transport": "tcp", "address": "127.64.0.1", "port": free_port()}),
        json!({"op": "listen", "transport": "tcp", "address": "127.127.0.1", "port": free_port()}),
        json!({"op": "listen", "transport": "tcp", "address": "::1", "port": free_port()}),
        json!({"op": "checkpoint"}),
    ] {
        let stream = init.request(request.clone());
        assert_eq!(init.wait(stream).code(), "REQUEST_INVALID", "{request}");
    }
}

#[test]
fn channels_between_components_work_beside_it() {
    let (mut init, _gate) = start();
    let path = std::env::temp_dir().join(format!("init-beside-{}", std::process::id()));
    for request in [
        json!({"op": "listen", "transport": "tcp", "address": "127.0.0.2", "port": free_port()}),
        json!({"op": "listen", "transport": "tcp", "address": "127.128.0.1", "port": free_port()}),
        json!({"op": "listen", "transport": "unix", "path": path}),
    ] {
        let stream = init.request(request.clone());
        while !init.streams[&stream].accepted {
            assert!(init.receive(), "{request}");
        }
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn its_end_ends_what_it_served_and_nothing_else() {
    let ((mut init, mut gate), port) = (start(), free_port());
    gate.listen(1, port);
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    gate.until(|frame| matches!(frame, Frame::Request { .. }).then_some(()));
    drop(gate);
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let reset = client.read(&mut [0; 8]).unwrap_err();
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset, "an end would be taken for all there is");
    assert!(refuses(port));
    let echo = init.shell("echo alive");
    assert_eq!(init.wait(echo).text(), "alive\n");
    let listen = init.request(json!({"op": "listen", "transport": "tcp", "address": "127.0.0.1", "port": port}));
    assert_eq!(init.wait(listen).code(), "REQUEST_INVALID", "nothing takes its place");
}

#[test]
fn garbage_on_it_ends_init() {
    let (mut init, mut gate) = start();
    gate.socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(init.child.wait().unwrap().code(), Some(76));
}

#[test]
fn a_gate_that_reads_nothing_stalls_nobody() {
    let ((mut init, mut gate), port) = (start(), free_port());
    gate.listen(1, port);
    let mut clients: Vec<TcpStream> = (0..16).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    for client in &mut clients {
        client.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
        while client.write(&[0; 65_536]).is_ok_and(|count| count > 0) {}
    }
    let echo = init.shell("echo alive");
    assert_eq!(init.wait(echo).text(), "alive\n");
    drop(gate);
    assert!(refuses(port));
}
