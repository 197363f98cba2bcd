//! TypeScript types from JSON Schema: of the part of JSON Schema that schemars writes for our types, and nothing
//! besides.

use crate::schema::Definitions;
use serde_json::{Map, Value};

/// Says something about a value that its type does not.
const UNTYPED: [&str; 8] =
    ["description", "default", "format", "minimum", "maximum", "pattern", "maxLength", "maxItems"];
const TYPED: [&str; 10] =
    ["$ref", "const", "enum", "oneOf", "anyOf", "type", "items", "properties", "required", "additionalProperties"];

const WIDTH: usize = 120;

/// One exported type for each definition.
pub fn types(definitions: &Definitions) -> Result<String, String> {
    definitions
        .iter()
        .map(|(name, schema)| {
            let said = object_of(schema).map(|object| comment(object, ""));
            let body = type_of(schema, "");
            said.and_then(|said| Ok(format!("\n{said}export type {name} = {};\n", body?)))
                .map_err(|error| format!("{name}: {error}"))
        })
        .collect()
}

fn object_of(schema: &Value) -> Result<&Map<String, Value>, String> {
    schema.as_object().ok_or_else(|| format!("not a schema: {schema}"))
}

fn type_of(schema: &Value, indent: &str) -> Result<String, String> {
    if schema == &Value::Bool(true) {
        return Ok("unknown".to_owned());
    }
    let object = object_of(schema)?;
    if let Some(key) = object.keys().find(|key| !UNTYPED.contains(&key.as_str()) && !TYPED.contains(&key.as_str())) {
        return Err(format!("no counterpart for {key}"));
    }
    if let Some(name) = object.get("$ref").and_then(Value::as_str) {
        let name = name.trim_start_matches("#/$defs/");
        let rest: Map<String, Value> = object.clone().into_iter().filter(|(key, _)| key != "$ref").collect();
        if rest.keys().any(|key| TYPED.contains(&key.as_str())) {
            return Ok(format!("({name} & {})", type_of(&Value::Object(rest), indent)?));
        }
        return Ok(name.to_owned());
    }
    if let Some(literal) = object.get("const") {
        return Ok(literal.to_string());
    }
    if let Some(literals) = object.get("enum").and_then(Value::as_array) {
        return Ok(union(&literals.iter().map(Value::to_string).collect::<Vec<_>>()));
    }
    if let Some(alternatives) = object.get("oneOf").or_else(|| object.get("anyOf")).and_then(Value::as_array) {
        let types: Result<Vec<_>, _> = alternatives.iter().map(|one| type_of(one, indent)).collect();
        return types.map(|types| union(&types));
    }
    match object.get("type") {
        Some(Value::String(name)) => named(name, object, indent),
        Some(Value::Array(names)) => {
            let types: Result<Vec<_>, _> =
                names.iter().filter_map(Value::as_str).map(|name| named(name, object, indent)).collect();
            types.map(|types| union(&types))
        }
        _ => Err(format!("no type: {schema}")),
    }
}

fn union(types: &[String]) -> String {
    types.join(" | ")
}

fn named(name: &str, object: &Map<String, Value>, indent: &str) -> Result<String, String> {
    Ok(match name {
        "integer" | "number" => "number".to_owned(),
        "string" | "boolean" | "null" => name.to_owned(),
        "array" => {
            let item = type_of(object.get("items").unwrap_or(&Value::Bool(true)), indent)?;
            if item.contains([' ', '|']) { format!("readonly ({item})[]") } else { format!("readonly {item}[]") }
        }
        "object" => {
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                return fields(object, properties, indent);
            }
            let value = type_of(object.get("additionalProperties").unwrap_or(&Value::Bool(true)), indent)?;
            format!("Readonly<Record<string, {value}>>")
        }
        other => return Err(format!("no counterpart for type {other}")),
    })
}

/// Those that are always there first, in the order of the type; the rest may be missing.
fn fields(object: &Map<String, Value>, properties: &Map<String, Value>, indent: &str) -> Result<String, String> {
    let required: Vec<&str> =
        object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let optional = properties.keys().map(String::as_str).filter(|name| !required.contains(name));
    let deeper = format!("{indent}  ");
    let all = required.iter().copied().chain(optional).map(|name| {
        let schema = properties.get(name).ok_or_else(|| format!("no property {name}"))?;
        let mark = if required.contains(&name) { "" } else { "?" };
        let said = schema.as_object().map(|object| comment(object, &deeper)).unwrap_or_default();
        Ok(format!("{said}{deeper}readonly {name}{mark}: {};\n", type_of(schema, &deeper)?))
    });
    let all: Result<String, String> = all.collect();
    Ok(format!("{{\n{}{indent}}}", all?))
}

fn comment(object: &Map<String, Value>, indent: &str) -> String {
    let Some(text) = object.get("description").and_then(Value::as_str) else { return String::new() };
    let line = format!("{indent}/** {text} */\n");
    if line.len() <= WIDTH + 1 {
        return line;
    }
    let mut lines = vec![format!("{indent} *")];
    for word in text.split_whitespace() {
        if lines.last().is_some_and(|line| line.len() + 1 + word.len() > WIDTH) {
            lines.push(format!("{indent} *"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    format!("{indent}/**\n{}\n{indent} */\n", lines.join("\n"))
}
