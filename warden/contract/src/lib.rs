//! What the warden and the library say to each other, written down for the library: from the types of the warden.
//!
//! Only `bulkhead-contract` turns on the features `schema`: no program that is shipped contains a line of it.

mod checks;
mod constants;
mod messages;
mod plan;
mod schema;
mod typescript;

/// Where the library keeps what is generated, relative to the repository.
pub const FOLDER: &str = "packages/bulkhead/src/contract/generated";

/// One file of [`FOLDER`].
pub struct Generated {
    pub name: &'static str,
    pub text: String,
}

/// Every file.
///
/// # Errors
/// Where a type says something that has no counterpart in TypeScript here.
pub fn files() -> Result<Vec<Generated>, String> {
    Ok(vec![
        Generated { name: "plan.ts", text: plan::types()? },
        Generated { name: "plan-schema.ts", text: plan::json_schema()? },
        Generated { name: "plan-constants.ts", text: constants::plan()? },
        Generated { name: "channel.ts", text: constants::channel()? },
        Generated { name: "channel-messages.ts", text: messages::channel()? },
        Generated { name: "channel-requests.ts", text: messages::requests()? },
        Generated { name: "control-messages.ts", text: messages::control()? },
        Generated { name: "control-constants.ts", text: constants::control()? },
        Generated { name: "ids.ts", text: constants::ids()? },
        Generated { name: "codes.ts", text: constants::codes()? },
    ])
}

/// The first line of each.
const HEADER: &str = "// Generated from the types of the warden by `npm run generate`: change those, not this file.\n";
