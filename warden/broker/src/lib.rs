//! The broker: takes plans, makes sandboxes, reports what is in force.
