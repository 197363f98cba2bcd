//! The front's process.

mod connections;
mod launches;
mod manage;
mod run;
mod state;

pub use run::run;
pub use state::Setting;
