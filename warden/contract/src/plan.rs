//! The plan.

use crate::HEADER;
use crate::schema::{Collected, Definitions};
use crate::typescript;
use bulkhead_plan::Plan;
use serde_json::{Value, json};

fn definitions() -> Definitions {
    Collected::new().with::<Plan>().definitions()
}

pub fn types() -> Result<String, String> {
    Ok(format!("{HEADER}{}", typescript::types(&definitions())?))
}

/// As a document of its own, for programs that read what `bulkhead explain --plan` prints.
pub fn json_schema() -> Result<String, String> {
    let mut definitions = definitions();
    let Some(Value::Object(plan)) = definitions.remove("Plan") else { return Err("no plan".to_owned()) };
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plan of Bulkhead",
    });
    if let Some(document) = document.as_object_mut() {
        document.extend(plan);
        document.insert("$defs".to_owned(), Value::Object(definitions));
    }
    let text = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
    Ok(format!("{HEADER}\n/** JSON Schema (2020-12) of a plan. */\nexport const planSchema = {text};\n"))
}
