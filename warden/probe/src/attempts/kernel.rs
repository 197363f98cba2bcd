//! System calls that a sandbox has no use for, with arguments that cannot do harm.

mod abi;
mod calls;
mod namespaces;

pub use abi::{int80, low_memory};

use super::Attempt;
use crate::report::{Stopped, Tried};
use crate::sys::{call, number, text};

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        usage: "syscall NAME",
        about: "one call of the table in calls.rs; it counts as reached when the kernel looked at the arguments",
        run: by_name,
    },
    Attempt { usage: "syscall-number N", about: "a number without a name", run: by_number },
    Attempt {
        usage: "abi-int80",
        about: "getpid by the 32-bit entry, where every number means another call",
        run: |_| abi::int80_getpid(),
    },
    Attempt {
        usage: "abi-x32",
        about: "getpid with the x32 bit, which escapes tables of numbers",
        run: |_| abi::x32_getpid(),
    },
    Attempt { usage: "unshare FLAG", about: "unshare(FLAG)", run: namespaces::unshare },
    Attempt { usage: "clone FLAG", about: "clone(FLAG), a child that ends at once", run: namespaces::clone },
    Attempt {
        usage: "clone3 FLAG",
        about: "clone3, whose flags lie in memory that no filter can read",
        run: namespaces::clone3,
    },
    Attempt {
        usage: "setns PID KIND",
        about: "join a namespace of another process through /proc/PID/ns/KIND",
        run: namespaces::setns,
    },
    Attempt { usage: "setns-pidfd PID", about: "join all of them through a pidfd", run: namespaces::setns_pidfd },
    Attempt {
        usage: "personality N",
        about: "personality(N): no address randomisation, or addresses below 4 GiB",
        run: personality,
    },
];

fn by_name(arguments: &[String]) -> Tried {
    let name = text(arguments, 0)?;
    let name = name.to_string_lossy();
    let entry = calls::CALLS.iter().find(|entry| entry.name == name).ok_or(Stopped::Usage("not in the table"))?;
    match call(entry.number, &(entry.arguments)()) {
        Err(errno) if entry.reached.contains(&errno) => {
            Ok(format!("the kernel answered errno {errno} to the arguments"))
        }
        Err(errno) => Err(Stopped::Errno(errno)),
        Ok(value) => Ok(format!("returned {value}")),
    }
}

fn by_number(arguments: &[String]) -> Tried {
    let wanted = libc::c_long::try_from(number(arguments, 0)?).map_err(|_| Stopped::Usage("too large"))?;
    match call(wanted, &[]) {
        Err(errno) => Err(Stopped::Errno(errno)),
        Ok(value) => Ok(format!("returned {value}")),
    }
}

fn personality(arguments: &[String]) -> Tried {
    let wanted = number(arguments, 0)?;
    call(libc::SYS_personality, &[wanted])?;
    let now = call(libc::SYS_personality, &[0xffff_ffff])?;
    if now == wanted { Ok(format!("personality {now:#x}")) } else { Err(Stopped::Errno(libc::EPERM)) }
}
