//! Capabilities, limits and the keyring, as `/proc` shows them after an exec.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use bulkhead_confine::{capabilities, keyring, limits, process};
use bulkhead_plan::model::Limits;
use bulkhead_plan::{Code, Error};
use rustix::process::{Resource, Rlimit, Uid, getrlimit, getuid, setrlimit};
use rustix::thread::{UnshareFlags, set_keep_capabilities, set_thread_uid, unshare_unsafe};
use std::fs;
use support::{confined, output};

/// The capability sets of a process, in the order of `/proc/<pid>/status`.
#[derive(Debug, PartialEq, Eq)]
struct Sets {
    inheritable: u64,
    permitted: u64,
    effective: u64,
    bounding: u64,
    ambient: u64,
}

impl Sets {
    fn only(bits: u64) -> Self {
        Self { inheritable: bits, permitted: bits, effective: bits, bounding: bits, ambient: bits }
    }

    fn of(status: &str) -> Self {
        let set = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        Self {
            inheritable: set("CapInh:"),
            permitted: set("CapPrm:"),
            effective: set("CapEff:"),
            bounding: set("CapBnd:"),
            ambient: set("CapAmb:"),
        }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// A user namespace in which this process has an id that is not 0, as init has.
fn user_namespace(inside: u32) -> Result<(), Error> {
    let failed = |operation: &'static str| {
        move |error: std::io::Error| Error::new(Code::UsernsRefused, operation).errno(error.raw_os_error().unwrap_or(0))
    };
    let outside = getuid().as_raw();
    // SAFETY: shares nothing that another thread relies on; this process has one thread.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER) }.map_err(|errno| failed("unshare")(errno.into()))?;
    fs::write("/proc/self/uid_map", format!("{inside} {outside} 1")).map_err(failed("uid_map"))
}

#[test]
fn names_are_the_kernels() {
    let names: Vec<_> = capabilities::names().collect();
    assert_eq!((names.first(), names.len()), (Some(&"CHOWN"), 41));
    assert!(capabilities::parse(&owned(&["CHOWN", "SYS_CHROOT"])).is_ok());
    for wrong in ["CAP_CHOWN", "chown", "", "ALL"] {
        let error = capabilities::parse(&owned(&[wrong])).unwrap_err();
        assert_eq!((error.code, error.detail.as_deref()), (Code::PlanInvalid, Some(wrong)));
    }
}

#[test]
fn kept_over_exec_by_an_id_other_than_root() {
    let keep = owned(&["KILL", "SETGID", "SETUID", "SETPCAP"]);
    let mut command = confined("cat", move || {
        user_namespace(65_535)?;
        process::no_new_privs()?;
        capabilities::keep_only(&keep)
    });
    let status = output(command.arg("/proc/self/status"));
    assert!(status.contains("Uid:\t65535\t65535"));
    assert_eq!(Sets::of(&status), Sets::only(0b1_1110_0000));
}

/// Init does this for each process it starts: it drops some of its own capabilities, although ambient ones are locked
/// by then.
#[test]
fn a_second_call_leaves_less() {
    for (workload, bits) in [(owned(&[]), 0), (owned(&["KILL"]), 0b10_0000)] {
        let init = owned(&["KILL", "SETGID", "SETUID", "SETPCAP"]);
        let mut command = confined("cat", move || {
            user_namespace(65_535)?;
            capabilities::keep_only(&init)?;
            capabilities::keep_only(&workload)?;
            // Once nothing is left to drop, finding that out needs no capability.
            capabilities::keep_only(&workload)
        });
        assert_eq!(Sets::of(&output(command.arg("/proc/self/status"))), Sets::only(bits));
    }
}

#[test]
fn root_inside_gains_nothing_by_exec() {
    let mut command = confined("cat", || {
        user_namespace(0)?;
        capabilities::keep_only(&owned(&["CHOWN"]))
    });
    let status = output(command.arg("/proc/self/status"));
    assert!(status.contains("Uid:\t0\t0"));
    assert_eq!(Sets::of(&status), Sets::only(1));
}

#[test]
fn nothing_that_was_not_there_comes_back() {
    let mut command = confined("true", || {
        user_namespace(65_535)?;
        capabilities::keep_only(&owned(&["SETPCAP"]))?;
        capabilities::keep_only(&owned(&["SETPCAP", "KILL"]))
    });
    assert_eq!(command.status().unwrap_err().raw_os_error(), Some(libc::EPERM));
}

/// The `chroot` level: from the host's root to a separate id, without a user namespace.
#[test]
fn from_root_to_an_id_of_its_own() {
    if !support::root() {
        return;
    }
    let mut command = confined("cat", || {
        set_keep_capabilities(true)
            .map_err(|errno| Error::new(Code::LaunchFailed, "keepcaps").errno(errno.raw_os_error()))?;
        let id = Uid::from_raw(54_321);
        set_thread_uid(id).map_err(|errno| Error::new(Code::LaunchFailed, "setuid").errno(errno.raw_os_error()))?;
        capabilities::keep_only(&[])
    });
    let status = output(command.arg("/proc/self/status"));
    assert!(status.contains("Uid:\t54321\t54321"));
    assert_eq!(Sets::of(&status), Sets::only(0));
}

const LIMITS: Limits = Limits {
    memory_bytes: 1 << 29,
    pids: 64,
    milli_cpus: 1000,
    open_files: 1024,
    file_bytes: Some(1 << 20),
    locked_bytes: 1 << 16,
    address_space_bytes: Some(1 << 32),
    processes: Some(1 << 12),
};

#[test]
fn limits_are_set_hard() {
    let table = output(confined("cat", || limits::apply(&LIMITS, true)).arg("/proc/self/limits"));
    let line = |name: &str| both(&table, name);
    for (name, value) in [
        // The one value at which the kernel starts no core_pattern program.
        ("Max core file size", "1"),
        ("Max open files", "4096"),
        ("Max file size", "1048576"),
        ("Max locked memory", "65536"),
        ("Max address space", "4294967296"),
        ("Max processes", "4096"),
        ("Max pending signals", "4096"),
        ("Max msgqueue size", "819200"),
        ("Max nice priority", "0"),
        ("Max realtime priority", "0"),
    ] {
        assert_eq!(line(name), [value, value], "{name}");
    }
    assert_eq!(line("Max stack size")[0], "8388608");
}

#[test]
fn a_plan_without_a_file_size_takes_away_what_our_caller_had() {
    let table = output(
        confined("cat", || {
            let lower = Rlimit { current: Some(1 << 20), maximum: getrlimit(Resource::Fsize).maximum };
            setrlimit(Resource::Fsize, lower).map_err(|_| Error::new(Code::LaunchFailed, "lower"))?;
            limits::apply(&Limits { file_bytes: None, ..LIMITS }, true)
        })
        .arg("/proc/self/limits"),
    );
    assert_eq!(both(&table, "Max file size"), ["unlimited", "unlimited"]);
}

#[test]
fn only_init_has_more_files_than_the_plan_says() {
    let table = output(confined("cat", || limits::apply(&LIMITS, false)).arg("/proc/self/limits"));
    assert_eq!(both(&table, "Max open files"), ["1024", "1024"]);
}

/// The soft and the hard limit of this name.
fn both(table: &str, name: &str) -> Vec<String> {
    let line = table.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().take(2).map(str::to_owned).collect()
}

#[test]
fn session_keyring_is_new() {
    const GET_KEYRING_ID: libc::c_long = 0;
    const SESSION_KEYRING: libc::c_long = -3;
    // SAFETY: asks for a number; without a session keyring of its own a process has that of its user.
    let serial = || unsafe { libc::syscall(libc::SYS_keyctl, GET_KEYRING_ID, SESSION_KEYRING, 0) };
    let before = serial();
    if before < 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ENOSYS) {
        eprintln!("skipped: this kernel has no keyrings");
        return;
    }
    let end = support::in_child(|| match keyring::join_new_session() {
        Ok(()) => i32::from(serial() < 0 || serial() == before),
        Err(_) => 2,
    });
    assert_eq!(end, support::End::Exit(0));
}

#[test]
fn not_dumpable() {
    let end = support::in_child(|| {
        if process::dumpable(false).is_err() {
            return 1;
        }
        // SAFETY: asks for a number.
        unsafe { libc::prctl(libc::PR_GET_DUMPABLE) }
    });
    assert_eq!(end, support::End::Exit(0));
}
