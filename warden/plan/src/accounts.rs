//! The users and groups that a sandbox knows by name: `warden/front/src/accounts.rs` writes the files.

use serde::{Deserialize, Serialize};

/// Lines of an /etc/passwd, in ids as the plan counts them. Without a user namespace the workload has other ids, which
/// only the broker knows: the broker then writes each line with those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Passwd {
    pub at: String,
    pub accounts: Vec<Account>,
}

/// No field holds a `:` or a control character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub comment: String,
    pub home: String,
    pub shell: String,
}

/// Lines of an /etc/group, as in [`Passwd`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GroupFile {
    pub at: String,
    pub groups: Vec<Group>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Group {
    pub name: String,
    pub gid: u32,
    /// Names of users.
    pub members: Vec<String>,
}
