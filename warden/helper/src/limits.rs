//! Resource limits of a helper. It writes to pipes and sockets only, and starts no process.

use crate::failed;
use bulkhead_error::Error;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Threads of one program; only where no other process counts against the same uid.
const THREADS: u64 = 128;

/// `own_uid`: no other process counts against the process limit.
pub fn apply(files: u64, own_uid: bool) -> Result<(), Error> {
    // 1 is the value at which the kernel opens no pipe to the host's core_pattern, and too little for a file (core(5)).
    set(Resource::Core, 1)?;
    // It writes to pipes and sockets only.
    set(Resource::Fsize, 0)?;
    set(Resource::Nofile, files)?;
    set(Resource::Memlock, 0)?;
    set(Resource::Msgqueue, 0)?;
    set(Resource::Rtprio, 0)?;
    set(Resource::Nice, 0)?;
    if own_uid { set(Resource::Nproc, THREADS) } else { Ok(()) }
}

/// Lowers soft and hard limits; a lower hard limit stays.
fn set(resource: Resource, wanted: u64) -> Result<(), Error> {
    let most = getrlimit(resource).maximum.map_or(wanted, |hard| hard.min(wanted));
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }).map_err(failed("setrlimit"))
}
