//! Capabilities by their kernel names, without `CAP_`.

use bulkhead_plan::Error;

/// Leaves the calling thread `names` and nothing else: bounding = permitted = effective = inheritable = ambient.
pub fn keep_only(names: &[String]) -> Result<(), Error> {
    let _ = names;
    todo!()
}
