//! Applying seccomp, Landlock, capabilities and limits to the calling process.
