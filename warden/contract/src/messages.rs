//! What other processes say: types, and the checks that the library reads them with.

use crate::schema::{Collected, Definitions};
use crate::{HEADER, checks, typescript};
use bulkhead_channel::answer::{Entry, Event, Exited, FileInfo};
use bulkhead_channel::{Accept, Connection, Control, Hello, Request};
use bulkhead_front::Message;
use bulkhead_guest::ToHost;
use bulkhead_plan::Error;

/// A broker's, and those of the supervisor of a guest.
pub fn control() -> Result<String, String> {
    text(&Collected::new().with::<Message<'_>>().with::<ToHost<'_>>().definitions())
}

/// Init's.
pub fn channel() -> Result<String, String> {
    let frames = Collected::new().with::<Hello>().with::<Accept>().with::<Connection>().with::<Error>();
    text(&frames.with::<Exited>().with::<FileInfo>().with::<Entry>().with::<Event>().definitions())
}

/// The host's: types alone, because init checks them.
pub fn requests() -> Result<String, String> {
    Ok(format!("{HEADER}{}", typescript::types(&definitions_of_requests())?))
}

fn definitions_of_requests() -> Definitions {
    Collected::reading().with::<Request>().with::<Control>().definitions()
}

fn text(definitions: &Definitions) -> Result<String, String> {
    let checks = checks::checks(definitions)?;
    Ok(format!("{HEADER}{}{}{checks}", checks::import(&checks), typescript::types(definitions)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    type Names = BTreeSet<String>;

    /// By operation, for each form of its request: the fields of its type, and those that are required.
    fn operations() -> BTreeMap<String, Vec<(Names, Names)>> {
        let definitions = definitions_of_requests();
        let alternatives = |name: &str| -> Vec<Value> {
            let schema = &definitions[name];
            let all = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
            all.cloned().unwrap_or_else(|| vec![schema.clone()])
        };
        let mut of: BTreeMap<String, Vec<(Names, Names)>> = BTreeMap::new();
        for one in alternatives("Request").iter().chain(&alternatives("FileRequest")) {
            let Some(op) = one.pointer("/properties/op/const").and_then(Value::as_str) else { continue };
            let base = one.get("$ref").and_then(Value::as_str).map(|name| name.trim_start_matches("#/$defs/"));
            for form in base.map_or_else(|| vec![Value::Null], alternatives) {
                let (mut all, mut required) = (Names::new(), Names::new());
                for schema in [one, &form].into_iter().filter(|schema| !schema.is_null()) {
                    all.extend(schema["properties"].as_object().unwrap().keys().cloned());
                    required.extend(
                        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()),
                    );
                }
                of.entry(op.to_owned()).or_default().push((all, required));
            }
        }
        of
    }

    /// The types come from these schemas, and a reader written by hand decides: the vectors that it accepts name each
    /// field, and each operation stands among them with its required fields alone.
    #[test]
    fn the_vectors_of_requests_have_every_operation_with_every_field() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../channel/vectors/requests.json");
        let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let seen: Vec<Names> = vectors["accepted"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vector| vector["request"].as_object().unwrap().iter().map(|(name, _)| name.clone()).collect())
            .collect();
        let ops: Vec<&str> =
            vectors["accepted"].as_array().unwrap().iter().map(|one| one["request"]["op"].as_str().unwrap()).collect();
        let operations = operations();
        assert_eq!(operations.keys().map(String::as_str).collect::<BTreeSet<_>>(), ops.iter().copied().collect());
        for (op, forms) in operations {
            let all: Names = forms.iter().flat_map(|(all, _)| all).cloned().collect();
            let of_op: Vec<&Names> =
                seen.iter().zip(&ops).filter(|(_, one)| **one == op).map(|(names, _)| names).collect();
            assert_eq!(of_op.iter().copied().flatten().cloned().collect::<Names>(), all, "fields of {op}");
            for (_, required) in &forms {
                assert!(of_op.contains(&required), "{op} with its required fields alone: {required:?}");
            }
        }
    }
}
