//! `fixtures/`: documents that are accepted or refused.
//!
//! `accepted/` holds whole plans. Each file of `refused/` changes one of them in one way, and names the field at fault;
//! null if the document does not even have the shape of a plan.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bulkhead_plan::{Code, Plan, validate};
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn documents(name: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(directory(name)).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect()
}

/// The container (object or array) that a JSON pointer ends in, and the last part of the pointer.
fn target<'v, 'p>(document: &'v mut Value, pointer: &'p str) -> (&'v mut Value, &'p str) {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    (document.pointer_mut(parent).expect(pointer), last)
}

fn put(document: &mut Value, pointer: &str, value: &Value) {
    match target(document, pointer) {
        (Value::Object(object), key) => {
            object.insert(key.to_owned(), value.clone());
        }
        (Value::Array(array), index) => {
            let index: usize = index.parse().unwrap();
            array.truncate(array.len().max(index));
            if index == array.len() {
                array.push(value.clone());
            } else {
                array[index] = value.clone();
            }
        }
        _ => panic!("{pointer}"),
    }
}

/// The refused plan as text: one fixture is no valid Rust string, so it must not pass through one.
fn changed(fixture: &[u8]) -> (Vec<u8>, Value) {
    // Half a surrogate pair cannot be held in memory; a placeholder replaces it in the text until the end.
    const HALF: &str = "\\ud800";
    const STAND_IN: &str = "half-a-surrogate-pair";
    let text = String::from_utf8(fixture.to_vec()).unwrap().replace(HALF, STAND_IN);
    let fixture: Value = serde_json::from_str(&text).unwrap();
    let base = format!("{}.json", fixture["base"].as_str().unwrap());
    let mut plan: Value = serde_json::from_slice(&fs::read(directory("accepted").join(base)).unwrap()).unwrap();
    for (pointer, value) in fixture["put"].as_object().unwrap_or(&Map::new()) {
        put(&mut plan, pointer, value);
    }
    for pointer in fixture["remove"].as_array().unwrap_or(&Vec::new()) {
        let (parent, key) = target(&mut plan, pointer.as_str().unwrap());
        parent.as_object_mut().unwrap().remove(key).unwrap();
    }
    (plan.to_string().replace(STAND_IN, HALF).into_bytes(), fixture["field"].clone())
}

#[test]
fn accepted() {
    let documents = documents("accepted");
    assert!(documents.len() >= 8);
    for (name, document) in documents {
        let plan = Plan::parse(&document).unwrap_or_else(|error| panic!("{name}: {error}"));
        // A plan that we write must read back the same.
        let again = Plan::parse(&serde_json::to_vec(&plan).unwrap()).unwrap();
        assert_eq!(plan, again, "{name}");
    }
}

#[test]
fn refused() {
    let documents = documents("refused");
    assert!(documents.len() >= 40);
    for (name, document) in documents {
        let (plan, field) = changed(&document);
        let error = Plan::parse(&plan).expect_err(&name);
        assert_eq!(error.code, Code::PlanInvalid, "{name}");
        match field.as_str() {
            Some(field) => {
                assert_eq!((error.operation.as_str(), error.detail.as_deref()), ("check", Some(field)), "{name}");
            }
            None => assert_eq!(error.operation, "parse", "{name}"),
        }
    }
}

/// A case that a JavaScript object cannot hold, and so no fixture can show.
#[test]
fn refused_as_text_only() {
    let plan = fs::read_to_string(directory("accepted").join("container.json")).unwrap();
    let refused = |text: String| Plan::parse(text.as_bytes()).unwrap_err();
    for (from, to) in [
        ("\"version\": 1,", "\"version\": 1, \"version\": 1,"),
        ("\"version\": 1,", "\"version\": 1.0,"),
        ("\"pids\": 64,", "\"pids\": 6.4e1,"),
        ("\"readOnly\": true,", "\"readOnly\": true, \"readOnly\": false,"),
    ] {
        assert!(plan.contains(from));
        assert_eq!(refused(plan.replacen(from, to, 1)).code, Code::PlanInvalid, "{to}");
    }
    assert_eq!(refused(format!("{plan}{plan}")).code, Code::PlanInvalid);
    assert_eq!(refused("[".repeat(100_000)).code, Code::PlanInvalid);
    let padded = format!("{plan}{}", " ".repeat(validate::MAX_BYTES));
    assert_eq!(refused(padded).detail.as_deref(), Some("bytes"));
    let named = plan.replacen("\"version\"", &format!("\"{}\"", "x".repeat(100_000)), 1);
    assert!(refused(named).detail.unwrap().len() <= 200);
}
