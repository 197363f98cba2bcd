//! Exhausting a resource. Each attempt stops when it is refused, or at a bound from the suite, and then stays until it
//! is killed if that is the attack.

use super::Attempt;
use crate::report::{Stopped, Tried};
use crate::sys::{CWD, address, call, errno, flags, fork, number, open_at, plain, pointer, raw, sleep_for_ever, text};
use std::ffi::CString;
use std::os::fd::AsRawFd;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { usage: "fork-bomb", about: "fork for ever, in every child too", run: |_| fork_bomb() },
    Attempt { usage: "threads N", about: "start threads until it is refused", run: threads },
    Attempt { usage: "processes N", about: "fork, again and again where it is refused", run: processes },
    Attempt {
        usage: "zombies N",
        about: "children that nobody waits for, then their parent's end makes them init's",
        run: zombies,
    },
    Attempt { usage: "memory-bomb", about: "touch memory for ever", run: |_| memory_bomb() },
    Attempt { usage: "memory-shared BYTES", about: "fill a memfd: memory of no process", run: memfd },
    Attempt { usage: "memory-locked BYTES", about: "mlock, so that the host cannot swap", run: locked },
    Attempt { usage: "memory-sysv BYTES", about: "a SysV segment, which outlives its maker", run: sysv },
    Attempt { usage: "open-files N", about: "open descriptors until it is refused", run: open_files },
    Attempt { usage: "pipes N", about: "fill pipe buffers, which are kernel memory", run: pipes },
    Attempt { usage: "sockets N", about: "fill socket buffers, which are kernel memory", run: sockets },
    Attempt { usage: "disk DIR BYTES", about: "write one file until it is refused", run: disk },
    Attempt { usage: "inodes DIR N", about: "make empty files until it is refused", run: inodes },
    Attempt { usage: "deep DIR N", about: "directories in directories, which recursive code cannot walk", run: deep },
    Attempt { usage: "sparse PATH BYTES", about: "a huge file that takes no space, for whoever reads it", run: sparse },
    Attempt {
        usage: "map PATH BYTES MS",
        about: "fill a sparse file through a mapping: no call that could fail",
        run: fill_mapping,
    },
    Attempt { usage: "output BYTES", about: "print zeroes", run: output },
    Attempt { usage: "queues N", about: "POSIX message queues, which are kernel memory", run: queues },
    Attempt { usage: "core", about: "die with a core dump", run: |_| core() },
    Attempt { usage: "spin", about: "burn processor time for ever", run: |_| spin() },
];

fn fork_bomb() -> Tried {
    loop {
        let _ = fork(|| {
            loop {
                let _ = fork(|| {});
            }
        });
    }
}

/// Repeats until it is refused; `Ok` if all `count` succeeded.
fn until_refused(count: usize, mut step: impl FnMut(usize) -> Result<(), i32>) -> Tried {
    for index in 0..count {
        step(index).map_err(|errno| Stopped::After(errno, index.to_string()))?;
    }
    Ok(format!("all {count}"))
}

fn threads(arguments: &[String]) -> Tried {
    until_refused(number(arguments, 0)?, |_| {
        let builder = std::thread::Builder::new().stack_size(32 * 1024);
        builder.spawn(|| sleep_for_ever()).map(drop).map_err(|error| error.raw_os_error().unwrap_or(libc::EAGAIN))
    })
}

/// How many attempts succeeded: a limit that refuses only some of them is none.
fn processes(arguments: &[String]) -> Tried {
    let attempts = number(arguments, 0)?;
    let had: Vec<_> = (0..attempts).filter_map(|_| fork(|| sleep_for_ever()).ok()).collect();
    for child in &had {
        // SAFETY: ends and collects a child of our own; a null status pointer is allowed.
        unsafe {
            libc::kill(*child, libc::SIGKILL);
            libc::waitpid(*child, std::ptr::null_mut(), 0);
        }
    }
    Ok(format!("{} processes", had.len()))
}

fn zombies(arguments: &[String]) -> Tried {
    let count = number(arguments, 0)?;
    for _ in 0..count {
        // Each child leaves ten grandchildren behind, dead or dying.
        let child = fork(|| {
            for _ in 0..10 {
                let _ = fork(|| {});
            }
        })?;
        // SAFETY: waits for our own child; a null status pointer is allowed.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    }
    Ok(format!("{} orphans", count * 10))
}

fn map(bytes: usize) -> Result<*mut u8, i32> {
    // SAFETY: a new anonymous mapping, at an address of the kernel's choice.
    let memory = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if memory == libc::MAP_FAILED { Err(errno()) } else { Ok(memory.cast()) }
}

const CHUNK: usize = 16 << 20;

fn memory_bomb() -> Tried {
    loop {
        let memory = map(CHUNK)?;
        // SAFETY: the mapping is ours and CHUNK bytes long.
        unsafe { std::ptr::write_bytes(memory, 0xa5, CHUNK) };
    }
}

fn fill(fd: usize, bytes: usize) -> Tried {
    let chunk = vec![0xa5_u8; 1 << 20];
    let mut wrote = 0;
    while wrote < bytes {
        wrote += call(libc::SYS_write, &[fd, chunk.as_ptr().addr(), chunk.len().min(bytes - wrote)])
            .map_err(|errno| Stopped::After(errno, format!("{wrote} bytes")))?;
    }
    Ok(format!("{wrote} bytes"))
}

fn memfd(arguments: &[String]) -> Tried {
    let name = CString::from(c"flood");
    let fd = call(libc::SYS_memfd_create, &[address(&name), 0])?;
    fill(fd, number(arguments, 0)?)
}

fn locked(arguments: &[String]) -> Tried {
    let bytes = number(arguments, 0)?;
    let memory = map(bytes)?;
    call(libc::SYS_mlock, &[memory.addr(), bytes])?;
    Ok("locked".into())
}

fn sysv(arguments: &[String]) -> Tried {
    let bytes = number(arguments, 0)?;
    let id = call(libc::SYS_shmget, &[0x6275_6c6b, bytes, flags(libc::IPC_CREAT | 0o666)])?;
    Ok(format!("segment {id}"))
}

fn open_files(arguments: &[String]) -> Tried {
    until_refused(number(arguments, 0)?, |_| call(libc::SYS_dup, &[0]).map(drop))
}

fn pipes(arguments: &[String]) -> Tried {
    const F_SETPIPE_SZ: usize = 1031;
    let chunk = vec![0_u8; 1 << 20];
    until_refused(number(arguments, 0)?, |_| {
        let mut ends = [0_i32; 2];
        call(libc::SYS_pipe2, &[ends.as_mut_ptr().addr(), flags(libc::O_NONBLOCK)])?;
        let _ = call(libc::SYS_fcntl, &[plain(ends[1]), F_SETPIPE_SZ, 1 << 20]);
        call(libc::SYS_write, &[plain(ends[1]), chunk.as_ptr().addr(), chunk.len()]).map(drop)
    })
}

fn sockets(arguments: &[String]) -> Tried {
    let chunk = vec![0_u8; 64 << 10];
    until_refused(number(arguments, 0)?, |_| {
        let mut ends = [0_i32; 2];
        call(libc::SYS_socketpair, &[1, flags(libc::SOCK_STREAM | libc::SOCK_NONBLOCK), 0, ends.as_mut_ptr().addr()])?;
        while call(libc::SYS_write, &[plain(ends[0]), chunk.as_ptr().addr(), chunk.len()]).is_ok() {}
        Ok(())
    })
}

fn disk(arguments: &[String]) -> Tried {
    let path =
        CString::new(format!("{}/flood", text(arguments, 0)?.to_string_lossy())).map_err(|_| Stopped::Usage("NUL"))?;
    let file = open_at(CWD, &path, libc::O_WRONLY | libc::O_CREAT, 0o644)?;
    fill(raw(&file), number(arguments, 1)?)
}

fn inodes(arguments: &[String]) -> Tried {
    let dir = text(arguments, 0)?.to_string_lossy().into_owned();
    until_refused(number(arguments, 1)?, |index| {
        let path = CString::new(format!("{dir}/{index}")).map_err(|_| libc::EINVAL)?;
        open_at(CWD, &path, libc::O_WRONLY | libc::O_CREAT, 0o644).map(drop)
    })
}

fn deep(arguments: &[String]) -> Tried {
    call(libc::SYS_chdir, &[address(&text(arguments, 0)?)])?;
    let name = CString::from(c"d");
    until_refused(number(arguments, 1)?, |_| {
        call(libc::SYS_mkdirat, &[CWD, address(&name), 0o755])?;
        call(libc::SYS_chdir, &[address(&name)]).map(drop)
    })
}

fn sparse(arguments: &[String]) -> Tried {
    let file = open_at(CWD, &text(arguments, 0)?, libc::O_WRONLY | libc::O_CREAT, 0o644)?;
    call(libc::SYS_ftruncate, &[raw(&file), number(arguments, 1)?])?;
    Ok("made".into())
}

/// In a child, which SIGBUS kills; later the file is removed, as programs do that clean up.
fn fill_mapping(arguments: &[String]) -> Tried {
    let path = text(arguments, 0)?;
    let bytes = number(arguments, 1)?;
    let file = open_at(CWD, &path, libc::O_RDWR | libc::O_CREAT, 0o600)?;
    call(libc::SYS_ftruncate, &[raw(&file), bytes])?;
    let child = fork(|| {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping of a file of that length, at an address of the kernel's choice.
        let memory =
            unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        if memory != libc::MAP_FAILED {
            // SAFETY: the mapping is ours and `bytes` long; where there is no room for a page of it, the signal ends
            // this child.
            unsafe { std::ptr::write_bytes(memory.cast::<u8>(), 0xa5, bytes) };
        }
    })?;
    let mut status = 0;
    // SAFETY: waits for our own child.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    std::thread::sleep(std::time::Duration::from_millis(number(arguments, 2)? as u64));
    call(libc::SYS_unlinkat, &[CWD, address(&path), 0])?;
    Ok(format!("signal {}", status & 0x7f))
}

fn output(arguments: &[String]) -> Tried {
    fill(1, number(arguments, 0)?)
}

fn queues(arguments: &[String]) -> Tried {
    until_refused(number(arguments, 0)?, |index| {
        let name = CString::new(format!("flood{index}")).map_err(|_| libc::EINVAL)?;
        call(libc::SYS_mq_open, &[address(&name), flags(libc::O_CREAT | libc::O_RDWR), 0o600, 0]).map(drop)
    })
}

fn core() -> Tried {
    let unlimited: [u64; 2] = [u64::MAX, u64::MAX];
    let what = usize::try_from(libc::RLIMIT_CORE).unwrap_or(0);
    let _ = call(libc::SYS_setrlimit, &[what, pointer(&unlimited)]);
    std::process::abort()
}

fn spin() -> Tried {
    loop {
        std::hint::spin_loop();
    }
}
