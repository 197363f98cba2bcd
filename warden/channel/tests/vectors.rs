//! The golden vectors, whole and in every split; the TypeScript decoder is tested with the same files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::format_collect, missing_docs)]

use bulkhead_channel::{Credit, Decoder, Frame, Order, Request, Side, Violation, encode};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

fn load(name: &str) -> Value {
    let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn side(vector: &Value) -> Side {
    if vector["from"] == "host" { Side::Host } else { Side::Init }
}

fn meaning(frame: &Frame<'_>) -> Value {
    match frame {
        Frame::Hello(hello) => json!({"kind": "hello", "stream": 0, "json": hello}),
        Frame::Request { stream, fields } => json!({"kind": "request", "stream": stream, "json": fields}),
        Frame::Accept { stream, accept } => json!({"kind": "accept", "stream": stream, "json": accept}),
        Frame::Result { stream, outcome } => json!({"kind": "result", "stream": stream, "json": outcome.to_json()}),
        Frame::Data { stream, fd, bytes } => json!({"kind": "data", "stream": stream, "fd": fd, "hex": hex(bytes)}),
        Frame::End { stream, fd } => json!({"kind": "end", "stream": stream, "fd": fd}),
        Frame::Credit { stream, fd, bytes } => json!({"kind": "credit", "stream": stream, "fd": fd, "bytes": bytes}),
        Frame::Control { stream, control } => json!({"kind": "control", "stream": stream, "json": control}),
        Frame::Cancel { stream } => json!({"kind": "cancel", "stream": stream}),
    }
}

/// A receiver: decodes, then applies the rules of the connection, then credit.
fn receive(side: Side, pieces: &[&[u8]]) -> (Vec<Value>, Option<(&'static str, Violation)>) {
    let (mut decoder, mut order, mut credits) = (Decoder::new(side), Order::new(side), HashMap::new());
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            let frame = match decoder.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(violation) => return (frames, Some(("frame", violation))),
            };
            frames.push(meaning(&frame));
            let mut check = order.admit(&frame);
            if let (Ok(()), Frame::Credit { stream, fd, bytes }) = (check, &frame) {
                check = credits.entry((*stream, *fd)).or_insert_with(Credit::default).grant(*bytes);
            }
            if let Err(violation) = check {
                return (frames, Some(("connection", violation)));
            }
        }
    }
    (frames, None)
}

fn splits(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut all: Vec<Vec<&[u8]>> = (0..=bytes.len()).map(|at| vec![&bytes[..at], &bytes[at..]]).collect();
    all.push(bytes.chunks(1).collect());
    all
}

#[test]
fn accepted_bytes_mean_what_the_vectors_say_in_any_split() {
    for vector in load("accepted")["vectors"].as_array().unwrap() {
        let input = bytes(vector["hex"].as_str().unwrap());
        for pieces in splits(&input) {
            let (frames, refused) = receive(side(vector), &pieces);
            assert_eq!(refused, None, "{}", vector["name"]);
            assert_eq!(&Value::Array(frames), &vector["frames"], "{}", vector["name"]);
        }
    }
}

#[test]
fn refused_bytes_are_refused_for_their_reason_in_any_split() {
    for vector in load("refused")["vectors"].as_array().unwrap() {
        let input = bytes(vector["hex"].as_str().unwrap());
        for pieces in splits(&input) {
            let (frames, refused) = receive(side(vector), &pieces);
            let (layer, violation) = refused.unwrap_or_else(|| panic!("let through: {}", vector["name"]));
            assert_eq!(
                (layer, violation.reason()),
                (vector["layer"].as_str().unwrap(), vector["reason"].as_str().unwrap()),
                "{}",
                vector["name"]
            );
            assert_eq!(&Value::Array(frames), &vector["frames"], "{}", vector["name"]);
        }
    }
}

#[test]
fn requests_are_read_or_refused_with_their_field() {
    let vectors = load("requests");
    let object = |vector: &Value| -> Map<String, Value> { vector["request"].as_object().unwrap().clone() };
    for vector in vectors["accepted"].as_array().unwrap() {
        Request::read(object(vector)).unwrap_or_else(|error| panic!("{}: {error}", vector["name"]));
    }
    for vector in vectors["refused"].as_array().unwrap() {
        let error = Request::read(object(vector)).expect_err(vector["name"].as_str().unwrap());
        assert_eq!(error.code, bulkhead_plan::Code::RequestInvalid, "{}", vector["name"]);
        assert_eq!(error.detail.as_deref(), vector["detail"].as_str(), "{}", vector["name"]);
    }
}

#[test]
fn the_largest_frames_pass() {
    let mut stream = Vec::new();
    encode::frame(&mut stream, &Frame::Data { stream: 1, fd: 0, bytes: &vec![7; 65_536] }).unwrap();
    let path = "a".repeat((1 << 20) - r#"{"path":""}"#.len());
    let fields = json!({ "path": path }).as_object().unwrap().clone();
    encode::frame(&mut stream, &Frame::Request { stream: 3, fields }).unwrap();
    let mut decoder = Decoder::new(Side::Host);
    decoder.push(&stream);
    assert!(matches!(decoder.next(), Ok(Some(Frame::Data { bytes, .. })) if bytes.len() == 65_536));
    assert!(matches!(decoder.next(), Ok(Some(Frame::Request { stream: 3, .. }))));
    assert_eq!(decoder.next(), Ok(None));
}

#[test]
fn a_large_frame_does_not_keep_its_memory() {
    let mut decoder = Decoder::new(Side::Host);
    let fields = json!({ "path": "a".repeat(1 << 19) }).as_object().unwrap().clone();
    let mut stream = Vec::new();
    encode::frame(&mut stream, &Frame::Request { stream: 1, fields }).unwrap();
    decoder.push(&stream);
    assert!(decoder.next().unwrap().is_some());
    assert!(decoder.capacity() > 1 << 19);
    decoder.space();
    assert!(decoder.capacity() <= 64 * 1024);
}
