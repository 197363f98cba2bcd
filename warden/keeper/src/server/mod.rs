//! The keeper's process.

mod answers;
mod front;
mod fronts;
mod give_up;
mod run;
mod sandboxes;
mod state;

pub use state::{Keeper, Settings, Start};
