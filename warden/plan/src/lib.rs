//! The plan: what a policy, a host report and a level compile to, and all that the warden executes.
//!
//! Plain data with no logic in it. `packages/bulkhead/src/plan/schema.ts` describes the same document; the files in
//! `fixtures/` must be accepted or refused alike by both.

pub mod accounts;
pub mod custom;
pub mod facts;
pub mod inner;
pub mod model;
pub mod owner;
pub mod payload;
pub mod profile;
pub mod validate;

pub use bulkhead_error::{Code, Error};
pub use bulkhead_order::advertised;
pub use inner::InnerPlan;
pub use model::Plan;
