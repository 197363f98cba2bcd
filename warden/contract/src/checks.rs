//! Checks of other processes' messages, written from JSON Schema as calls of the functions of `contract/check.ts`.
//! Every text and every list has a bound, its own or a common one.

use crate::schema::Definitions;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const FUNCTIONS: [&str; 11] =
    ["any", "flag", "list", "mapOf", "number", "oneOf", "orNull", "record", "tagged", "text", "whole"];

/// Of those that `checks` use.
pub fn import(checks: &str) -> String {
    let is_used = |name: &&str| {
        let word = |at: usize| {
            checks[..at].ends_with([' ', '(']) && !checks[at + name.len()..].starts_with(char::is_alphanumeric)
        };
        checks.match_indices(*name).any(|(at, _)| word(at))
    };
    let names: Vec<&str> = FUNCTIONS.iter().copied().filter(is_used).collect();
    format!("\nimport {{ type Check, {} }} from \"../check.js\";\n", names.join(", "))
}

/// Of a text, in bytes, and of a list, where the type says no other.
const MOST: u64 = 4096;

/// One exported constant for each definition, those first that others are made of.
pub fn checks(definitions: &Definitions) -> Result<String, String> {
    let mut written = BTreeSet::new();
    let mut text = String::new();
    for name in definitions.keys() {
        write(name, definitions, &mut written, &mut text).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(text)
}

fn write<'a>(
    name: &'a str,
    definitions: &'a Definitions,
    written: &mut BTreeSet<&'a str>,
    text: &mut String,
) -> Result<(), String> {
    if !written.insert(name) {
        return Ok(());
    }
    let schema = definitions.get(name).ok_or_else(|| format!("no definition of {name}"))?;
    for other in references(schema) {
        write(other, definitions, written, text)?;
    }
    let one = format!("\nexport const {}: Check<{name}> = {};\n", constant(name), check(schema)?);
    text.push_str(&one);
    Ok(())
}

fn references(schema: &Value) -> Vec<&str> {
    match schema {
        Value::Object(object) => {
            let own = object.get("$ref").and_then(Value::as_str).map(bare);
            own.into_iter().chain(object.values().flat_map(references)).collect()
        }
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

fn bare(reference: &str) -> &str {
    reference.trim_start_matches("#/$defs/")
}

fn constant(name: &str) -> String {
    format!("check{name}")
}

fn check(schema: &Value) -> Result<String, String> {
    let Some(object) = schema.as_object() else {
        return if schema == &Value::Bool(true) {
            Ok("any".to_owned())
        } else {
            Err(format!("not a schema: {schema}"))
        };
    };
    if let Some(name) = object.get("$ref").and_then(Value::as_str) {
        return Ok(constant(bare(name)));
    }
    if let Some(literals) = literals(schema) {
        return Ok(format!("oneOf({literals})"));
    }
    if let Some(alternatives) = object.get("oneOf").or_else(|| object.get("anyOf")).and_then(Value::as_array) {
        return union(alternatives);
    }
    match object.get("type") {
        Some(Value::String(name)) => named(name, object),
        Some(Value::Array(names)) => match names.iter().filter_map(Value::as_str).collect::<Vec<_>>()[..] {
            [name, "null"] => Ok(format!("orNull({})", named(name, object)?)),
            _ => Err(format!("no check for {names:?}")),
        },
        // Whatever it is.
        None if !object.contains_key("properties") => Ok("any".to_owned()),
        _ => Err(format!("no type: {schema}")),
    }
}

fn union(alternatives: &[Value]) -> Result<String, String> {
    let literals: Option<Vec<String>> = alternatives.iter().map(literals).collect();
    if let Some(literals) = literals {
        return Ok(format!("oneOf({})", literals.join(", ")));
    }
    let is_null = |one: &&Value| one.get("type") == Some(&Value::from("null"));
    let others: Vec<&Value> = alternatives.iter().filter(|one| !is_null(one)).collect();
    if others.len() < alternatives.len() {
        let checks: Result<Vec<_>, _> = others.into_iter().map(check).collect();
        return match &checks?[..] {
            [one] => Ok(format!("orNull({one})")),
            _ => Err("no check for alternatives without a tag".to_owned()),
        };
    }
    let tag = |one: &Value| one.pointer("/properties/type/const").map(Value::to_string);
    if alternatives.iter().all(|one| tag(one).is_some()) {
        let all: Result<Vec<_>, String> =
            alternatives.iter().map(|one| Ok(format!("{}: {}", tag(one).unwrap_or_default(), check(one)?))).collect();
        return Ok(format!("tagged(\"type\", {{\n{},\n}})", all?.join(",\n")));
    }
    match alternatives {
        [one] => check(one),
        _ => Err("no check for alternatives without a tag".to_owned()),
    }
}

/// Those of a type that is nothing else.
fn literals(schema: &Value) -> Option<String> {
    let list = schema
        .get("enum")
        .and_then(Value::as_array)
        .cloned()
        .or_else(|| schema.get("const").map(|one| vec![one.clone()]))?;
    Some(list.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
}

fn named(name: &str, object: &Map<String, Value>) -> Result<String, String> {
    let bound = |key: &str| object.get(key).and_then(Value::as_u64).unwrap_or(MOST);
    Ok(match name {
        "boolean" => "flag".to_owned(),
        "number" => "number".to_owned(),
        "integer" => whole(object)?,
        "string" => match object.get("pattern").and_then(Value::as_str) {
            Some(pattern) => format!("text({}, /{}/)", bound("maxLength"), pattern.replace('/', "\\/")),
            None => format!("text({})", bound("maxLength")),
        },
        "array" => {
            let item = check(object.get("items").unwrap_or(&Value::Bool(true)))?;
            format!("list({item}, {})", bound("maxItems"))
        }
        "object" => {
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                return record(object, properties);
            }
            let value = check(object.get("additionalProperties").unwrap_or(&Value::Bool(true)))?;
            format!("mapOf({value}, {MOST})")
        }
        other => return Err(format!("no check for type {other}")),
    })
}

/// Within the bounds of the type, and what JSON carries exactly.
fn whole(object: &Map<String, Value>) -> Result<String, String> {
    const EXACT: i64 = (1 << 53) - 1;
    let (least, most) = match object.get("format").and_then(Value::as_str) {
        Some("uint8") => (0, i64::from(u8::MAX)),
        Some("uint16") => (0, i64::from(u16::MAX)),
        Some("uint32") => (0, i64::from(u32::MAX)),
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Some("uint64" | "uint") => (0, EXACT),
        format => return Err(format!("no check for {format:?}")),
    };
    let own = |key: &str, otherwise| object.get(key).and_then(Value::as_i64).unwrap_or(otherwise);
    let (least, most) = (own("minimum", least), own("maximum", most));
    Ok(if most == EXACT { format!("whole({least})") } else { format!("whole({least}, {most})") })
}

fn record(object: &Map<String, Value>, properties: &Map<String, Value>) -> Result<String, String> {
    let required: Vec<&str> =
        object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let of = |wanted: bool| -> Result<String, String> {
        let all: Result<Vec<_>, String> = properties
            .iter()
            .filter(|(name, _)| required.contains(&name.as_str()) == wanted)
            .map(|(name, schema)| Ok(format!("{name}: {}", check(schema)?)))
            .collect();
        let all = all?;
        Ok(if all.is_empty() { "{}".to_owned() } else { format!("{{\n  {},\n}}", all.join(",\n  ")) })
    };
    // Nothing else may be there, whether or not the type itself says so: what nobody has looked at goes no further.
    let optional = of(false)?;
    Ok(if optional == "{}" { format!("record({})", of(true)?) } else { format!("record({}, {optional})", of(true)?) })
}
