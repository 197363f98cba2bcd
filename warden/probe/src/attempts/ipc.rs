//! Message queues and copies between pipes: what works inside, for the sandbox alone.

use super::Attempt;
use crate::report::{Stopped, Tried};
use crate::sys::{address, call, done, flags, number, text};
use std::ffi::CString;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { usage: "queue NAME", about: "make a POSIX message queue, and send a message through it", run: queue },
    Attempt { usage: "queue-open NAME", about: "open a POSIX message queue that somebody else made", run: queue_open },
    Attempt {
        usage: "queue-flood TIMES",
        about: "the largest POSIX message queues that may be made, until one is refused",
        run: queue_flood,
    },
    Attempt { usage: "tee", about: "copy from one pipe into another, and read it twice", run: tee },
];

const MODE: usize = 0o600;

fn queue(arguments: &[String]) -> Tried {
    let name = text(arguments, 0)?;
    let how = flags(libc::O_CREAT | libc::O_EXCL | libc::O_RDWR | libc::O_NONBLOCK);
    let queue = call(libc::SYS_mq_open, &[address(&name), how, MODE, 0])?;
    let sent = b"through a queue";
    let mut room = [0_u8; 8192];
    call(libc::SYS_mq_timedsend, &[queue, sent.as_ptr().addr(), sent.len(), 0, 0])?;
    let got = call(libc::SYS_mq_timedreceive, &[queue, room.as_mut_ptr().addr(), room.len(), 0, 0])?;
    call(libc::SYS_mq_unlink, &[address(&name)])?;
    Ok(String::from_utf8_lossy(&room[..got]).into_owned())
}

fn queue_open(arguments: &[String]) -> Tried {
    let name = text(arguments, 0)?;
    done(call(libc::SYS_mq_open, &[address(&name), flags(libc::O_RDONLY), 0, 0]), "opened")
}

fn queue_flood(arguments: &[String]) -> Tried {
    let times = number(arguments, 0)?;
    // flags, messages, bytes of each, messages now in it: `struct mq_attr`.
    let attributes = [0_i64, 10, 8192, 0, 0, 0, 0, 0];
    for made in 0..times {
        let name = CString::new(format!("flood-{made}")).map_err(|_| Stopped::Usage("not a name"))?;
        let how = flags(libc::O_CREAT | libc::O_RDWR);
        if let Err(errno) = call(libc::SYS_mq_open, &[address(&name), how, MODE, attributes.as_ptr().addr()]) {
            return if made == 0 { Err(errno.into()) } else { Err(Stopped::Absent(format!("{made} queues"))) };
        }
    }
    Ok(format!("{times} queues"))
}

fn tee(_: &[String]) -> Tried {
    let [first, second] = [pipe()?, pipe()?];
    let sent = b"twice";
    call(libc::SYS_write, &[first[1], sent.as_ptr().addr(), sent.len()])?;
    call(libc::SYS_tee, &[first[0], second[1], sent.len(), 0])?;
    let mut copies = String::new();
    for end in [first[0], second[0]] {
        let mut room = [0_u8; 16];
        let got = call(libc::SYS_read, &[end, room.as_mut_ptr().addr(), room.len()])?;
        copies.push_str(&String::from_utf8_lossy(&room[..got]));
    }
    Ok(copies)
}

fn pipe() -> Result<[usize; 2], Stopped> {
    let mut ends = [0_i32; 2];
    call(libc::SYS_pipe2, &[ends.as_mut_ptr().addr(), flags(libc::O_NONBLOCK)])?;
    Ok(ends.map(crate::sys::plain))
}
