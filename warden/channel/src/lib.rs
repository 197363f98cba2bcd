//! The channel between library and init: frames and their bounds.
