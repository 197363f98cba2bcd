//! JSON Schema of types, as they are written: with every field that has a default.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

/// By the names of the types.
pub type Definitions = Map<String, Value>;

pub struct Collected {
    generator: SchemaGenerator,
}

impl Collected {
    pub fn new() -> Self {
        Self { generator: SchemaSettings::draft2020_12().for_serialize().into_generator() }
    }

    /// Of types as they are read: fields that have a default may be missing.
    pub fn reading() -> Self {
        Self { generator: SchemaSettings::draft2020_12().for_deserialize().into_generator() }
    }

    /// The type, and all that it is made of.
    pub fn with<T: JsonSchema>(mut self) -> Self {
        self.generator.subschema_for::<T>();
        self
    }

    pub fn definitions(mut self) -> Definitions {
        let mut definitions = self.generator.take_definitions(true);
        definitions.values_mut().for_each(|schema| {
            speak_json(schema);
            leave_out(schema);
        });
        definitions
    }
}

/// Descriptions are comments of Rust: without links to its items, and with JSON's word for nothing.
fn speak_json(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = text.replace("[`", "`").replace("`]", "`").replace("`None`", "`null`").replace('\n', " ");
            }
            object.values_mut().for_each(speak_json);
        }
        Value::Array(list) => list.iter_mut().for_each(speak_json),
        _ => {}
    }
}

/// A field that may be missing is left out where there is nothing to say: it is never `null`.
fn leave_out(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(leave_out);
            let required = object.get("required").cloned().unwrap_or_default();
            let is_required = |name: &String| required.as_array().is_some_and(|all| all.iter().any(|one| one == name));
            let properties = object.get_mut("properties").and_then(Value::as_object_mut);
            for (_, schema) in properties.into_iter().flatten().filter(|(name, _)| !is_required(name)) {
                without_null(schema);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(leave_out),
        _ => {}
    }
}

fn without_null(schema: &mut Value) {
    if let Some([name, null]) = schema.get("type").and_then(Value::as_array).map(Vec::as_slice)
        && null == "null"
    {
        schema["type"] = name.clone();
    }
    if let Some([one, null]) = schema.get("anyOf").and_then(Value::as_array).map(Vec::as_slice)
        && null.get("type").is_some_and(|name| name == "null")
        && let (Value::Object(one), Some(schema)) = (one.clone(), schema.as_object_mut())
    {
        schema.remove("anyOf");
        schema.extend(one);
    }
}
