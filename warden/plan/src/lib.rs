//! The plan: what a policy, a host report and a level compile to, and all that the warden executes.
//!
//! Plain data with no logic in it. The library's types are generated from these (`bulkhead-contract`); this crate alone judges a
//! plan, and the files in `fixtures/` hold it to that.

pub mod accounts;
pub mod custom;
pub mod inner;
pub mod model;
pub mod payload;
pub mod profile;
pub mod validate;

pub use bulkhead_error::{Code, Error};
pub use bulkhead_order::advertised;
pub use inner::InnerPlan;
pub use model::Plan;
