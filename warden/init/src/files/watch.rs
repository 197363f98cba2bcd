//! Changes of a file or of a directory's entries, one JSON object per line, until the operation is cancelled.

use crate::child::Reporter;
use crate::files::error::failed;
use crate::files::list::line;
use crate::files::{Fields, name};
use bulkhead_channel::answer::{Event, EventKind};
use bulkhead_plan::Error;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use std::ffi::CStr;
use std::mem::MaybeUninit;

const BUFFER: usize = 4096;

/// Ends by itself only when the watched file is gone.
pub fn watch(path: &CStr, reporter: &Reporter) -> Result<Fields, Error> {
    let watched = WatchFlags::CREATE
        | WatchFlags::MOVED_TO
        | WatchFlags::DELETE
        | WatchFlags::MOVED_FROM
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::MODIFY
        | WatchFlags::ATTRIB;
    let queue = inotify::init(CreateFlags::CLOEXEC).map_err(failed("inotify_init1", path))?;
    inotify::add_watch(&queue, path, watched).map_err(failed("inotify_add_watch", path))?;
    // Only now: a caller that sees `accept` misses no event.
    reporter.begun();
    let mut buffer = [MaybeUninit::uninit(); BUFFER];
    let mut events = Reader::new(&queue, &mut buffer);
    let mut out = std::io::stdout().lock();
    loop {
        let event = events.next().map_err(failed("read", path))?;
        if event.events().contains(ReadFlags::IGNORED) {
            return Ok(Fields::new());
        }
        let name = name::of(event.file_name().map_or(b"", CStr::to_bytes));
        line(&mut out, &Event { event: kind(event.events()), name })?;
    }
}

/// A queue that overflowed lost events: it reports "something changed" without a name.
fn kind(events: ReadFlags) -> EventKind {
    if events.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
        EventKind::Create
    } else if events
        .intersects(ReadFlags::DELETE | ReadFlags::MOVED_FROM | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF)
    {
        EventKind::Remove
    } else {
        EventKind::Change
    }
}
