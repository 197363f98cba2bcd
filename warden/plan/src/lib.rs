//! The plan: the result of compiling a policy, a host report and a level, and the warden's only input.
//!
//! Plain data without logic. The library's types are generated from these (`bulkhead-contract`). This crate alone
//! judges a plan; the files in `fixtures/` test it.

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
