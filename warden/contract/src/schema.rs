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

    /// The type, and all that it is made of.
    pub fn with<T: JsonSchema>(mut self) -> Self {
        self.generator.subschema_for::<T>();
        self
    }

    pub fn definitions(mut self) -> Definitions {
        let mut definitions = self.generator.take_definitions(true);
        definitions.values_mut().for_each(speak_json);
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
