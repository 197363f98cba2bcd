//! Init: PID 1 of a sandbox, serves the channel.
