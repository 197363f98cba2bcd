//! A policy's custom seccomp profile, in the plan itself: an OCI profile after its conditions about the machine
//! (architecture, kernel, capabilities) are evaluated.
//!
//! It is in force together with Bulkhead's own floor (the entries marked `floor` in `profiles/default.json`), and the
//! kernel applies the stricter of two filters: a custom profile can allow less than Bulkhead's floor, never more.

use crate::validate::{Checked, need};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const MAX_RULES: usize = 1024;
const MAX_NAMES: usize = 1024;
const MAX_NAME: usize = 64;

/// The largest that the kernel returns; it would truncate a larger one to this.
const MAX_ERRNO: u16 = 4095;

/// Rules, and the action for every call that no rule covers. Where rules overlap, the strictest applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CustomProfile {
    pub default: Action,
    pub rules: Vec<Rule>,
    /// Calls that it does not allow also go to the host's audit log (`SECCOMP_FILTER_FLAG_LOG`).
    #[serde(default)]
    pub log: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    /// Names from the kernel's table; those that this architecture lacks are skipped.
    pub names: Vec<String>,
    pub action: Action,
    /// All must hold; no argument is compared twice. Empty: whatever the arguments.
    pub args: Vec<Argument>,
}

/// From strict to lenient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Action {
    KillProcess,
    KillThread,
    /// SIGSYS, which a program may catch.
    Trap,
    /// Fails with this errno. Never 0: a call that does nothing and reports success could keep init from dropping its
    /// rights.
    Errno(u16),
    /// Allowed, and written to the host's audit log.
    Log,
    Allow,
}

/// Compares a whole 64-bit argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Argument {
    /// 0 to 5.
    pub index: u8,
    pub op: Comparison,
    /// The mask, for `maskedEqual`.
    #[cfg_attr(feature = "schema", schemars(with = "String", regex(pattern = r"^0x(0|[1-9a-f][0-9a-f]{0,15})$")))]
    pub value: Word64,
    /// The value under the mask, for `maskedEqual`; else 0.
    #[cfg_attr(feature = "schema", schemars(with = "String", regex(pattern = r"^0x(0|[1-9a-f][0-9a-f]{0,15})$")))]
    pub value_two: Word64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Comparison {
    NotEqual,
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
    MaskedEqual,
}

/// 64 bits, written `0x…` in lower case and without leading zeros: not every JSON parser keeps numbers that exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word64(pub u64);

impl Serialize for Word64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Word64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let word = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        word.filter(|word| format!("{word:#x}") == text)
            .map(Self)
            .ok_or_else(|| de::Error::custom("not a 64-bit hexadecimal number"))
    }
}

pub(crate) fn check(profile: &CustomProfile) -> Checked {
    need(profile.rules.len() <= MAX_RULES, "seccomp.profile.rules")?;
    action(profile.default, "seccomp.profile.default")?;
    for (index, rule) in profile.rules.iter().enumerate() {
        let field = |name: &str| format!("seccomp.profile.rules[{index}].{name}");
        need((1..=MAX_NAMES).contains(&rule.names.len()), &field("names"))?;
        for (at, name) in rule.names.iter().enumerate() {
            let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            let fits = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(letter);
            need(fits, &field(&format!("names[{at}]")))?;
        }
        action(rule.action, &field("action"))?;
        for (at, argument) in rule.args.iter().enumerate() {
            let part = |name: &str| field(&format!("args[{at}].{name}"));
            let again = rule.args.iter().take(at).any(|earlier| earlier.index == argument.index);
            need(argument.index <= 5 && !again, &part("index"))?;
            // A bit outside the mask could never be equal; a second value without a mask has no meaning.
            let masked = argument.op == Comparison::MaskedEqual;
            let meaningful = if masked { argument.value.0 } else { 0 };
            need(argument.value_two.0 & !meaningful == 0, &part("valueTwo"))?;
        }
    }
    Ok(())
}

fn action(action: Action, field: &str) -> Checked {
    match action {
        Action::Errno(errno) => need((1..=MAX_ERRNO).contains(&errno), &format!("{field}.errno")),
        _ => Ok(()),
    }
}
