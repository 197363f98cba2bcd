//! Sets up one sandbox, from the fork to the exec, straight down, in the process that becomes init or a program that
//! builds a sandbox of its own. Until that exec the process is trusted; after it, it is not.
//!
//! Setup understands no plan, no JSON and no filter: it takes one order ([`bulkhead_order`]) and executes it, with the
//! caller's rights where it opens host files. Every protection is in force before init runs, so that init itself is
//! confined.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
mod identity;
mod mounts;
mod payload;
mod receive;
mod spawn_context;

pub use answer::{GO, MAX_WATCHED, READY};
pub use identity::map_self;
pub use mounts::{Ids, View, ViewRequest, source};
pub use receive::LIMITS;
pub use spawn_context::SpawnContext;

use bulkhead_confine as confine;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{LAST_FD, Offer, Order, Terms, encode_error};
use bulkhead_sys::monotonic_us;
use mounts::{Prepared, Views};
use receive::Received;
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::net::SendFlags;
use std::cell::RefCell;
use std::convert::Infallible;
use std::path::Path;

const FAILED: Code = Code::LaunchFailed;

/// Never returns: the process executes its program, or reports an error and ends.
pub fn run(spawn: &SpawnContext) -> ! {
    let mut marks = vec![monotonic_us()];
    let done = prepare(spawn).and_then(|prepared| {
        marks.push(monotonic_us());
        let received = receive::order(&spawn.status, spawn.base.is_some())?;
        marks.push(monotonic_us());
        become_program(spawn, received, prepared, marks)
    });
    let error = match done {
        Err(error) => error,
        Ok(never) => match never {},
    };
    let _ = rustix::net::send(&spawn.status, &encode_error(&error), SendFlags::NOSIGNAL);
    bulkhead_sys::exit_now(125)
}

/// Performs the steps that are the same for every order, ahead of time if possible: moving into a v1 cgroup alone waits
/// for a grace period of several milliseconds in the kernel.
fn prepare(spawn: &SpawnContext) -> Result<Option<(Prepared, Views)>, Error> {
    // Dies with the broker; set again at the end, since a change of ids clears it.
    die_with_parent()?;
    // Close the broker's descriptors: other sandboxes' connections would stay open in this one.
    let ours = [Some(&spawn.status), Some(&spawn.program), spawn.user_namespace.as_ref()];
    // Except those that the program will start with.
    bulkhead_sys::close_all_but(i32::from(LAST_FD) + 1, ours.into_iter().flatten().map(AsRawFd::as_raw_fd).collect());
    // A session of its own: kill(0) must not reach processes outside, and no terminal can be typed into.
    rustix::process::setsid().attempt(FAILED, "setsid")?;
    confine::keyring::join_new_session()?;
    rustix::process::umask(rustix::fs::Mode::empty());
    confine::priority::give_up()?;
    spawn.groups.iter().try_for_each(|file| enter(file))?;
    if spawn.own_cgroups {
        bulkhead_sys::unshare(libc::CLONE_NEWCGROUP).attempt(Code::NamespaceRefused, "unshare cgroup")?;
    }
    if spawn.own_network {
        bulkhead_sys::loopback_up().attempt(Code::NamespaceRefused, "bring up loopback")?;
        // Ports below 1024 need a capability that no workload has; in the sandbox's own network they are ordinary
        // ports. If the file is missing, it is not needed.
        let _ = std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    }
    mounts::detach_from_host()?;
    let Some(base) = spawn.base else { return Ok(None) };
    Ok(Some((mounts::prepare(Ids::Range { base })?, Views::make(&spawn.sources())?)))
}

fn enter(group: &Path) -> Result<(), Error> {
    // Never creates a file: a missing one is an error.
    let opened = std::fs::OpenOptions::new().write(true).open(group);
    let written = opened.and_then(|mut file| std::io::Write::write_all(&mut file, b"0"));
    written.attempt_on(Code::CgroupUnavailable, "write", &group.to_string_lossy())
}

fn become_program(
    spawn: &SpawnContext,
    received: Received,
    prepared: Option<(Prepared, Views)>,
    mut marks: Vec<u64>,
) -> Result<Infallible, Error> {
    let Received { order, terms, channel, attached, sources } = received;
    let order = &order;
    if spawn.base.is_none() {
        // Without root, the user namespace came first: all further steps need its rights.
        map_self((order.owner.uid, order.owner.gid), (terms.caller.uid, terms.caller.gid))?;
    }
    label_exec(order)?;
    if order.reserved_addresses {
        bulkhead_sys::loopback_answers_for_reserved()
            .attempt(Code::NamespaceRefused, "route 198.18.0.0/15 to loopback")?;
    }
    let watched = build_tree(spawn, order, &terms, sources, prepared)?;
    marks.push(monotonic_us());
    if let Some(hostname) = &order.hostname {
        rustix::system::sethostname(hostname.as_bytes()).attempt(FAILED, "sethostname")?;
    }
    confine::limits::apply(&order.limits, order.program.is_init)?;
    if let Some(namespace) = &spawn.user_namespace {
        // Last of the namespaces, so that root in it owns none of the others.
        identity::enter_user_namespace(namespace)?;
    }
    confine::process::no_new_privs()?;
    if let Some(landlock) = &order.landlock {
        confine::landlock::restrict(landlock)?;
    }
    identity::change(spawn, order)?;
    // Without root, the broker could not inspect a process that is not dumpable; init makes itself so first of all.
    confine::process::dumpable(spawn.base.is_none())?;
    die_with_parent()?;

    payload::arrange(&order.program, &channel, &attached)?;
    if order.program.is_init {
        // Init needs more calls than some workloads may use, so it installs the workloads' filter in each program that
        // it starts.
        if let Some(workload) = &order.filters.workload {
            payload::hand_over(workload)?;
        }
        confine::seccomp::install_base(&order.filters)?;
    } else {
        confine::seccomp::install(&order.filters)?;
    }
    // Passes the writable file systems to the broker, which reads their fill level from the descriptors.
    marks.push(monotonic_us());
    answer::ready(&spawn.status, &watched, &marks)?;
    drop(watched);
    answer::wait_for_go(&spawn.status)?;
    Err(payload::execute(&order.program, &spawn.program))
}

/// Both take effect at the exec. Set here, because the sandbox's /proc is read-only.
fn label_exec(order: &Order) -> Result<(), Error> {
    if let Some(profile) = &order.apparmor {
        let file = "/proc/self/attr/apparmor/exec";
        std::fs::write(file, format!("exec {profile}")).attempt_on(Code::ApparmorFailed, "write", file)?;
    }
    if let Some(label) = &order.selinux {
        // A kernel without SELinux refuses it, as does one whose policy does not know the label.
        let file = "/proc/self/attr/exec";
        std::fs::write(file, label).attempt_on(Code::SelinuxFailed, "write", file)?;
    }
    Ok(())
}

fn build_tree(
    spawn: &SpawnContext,
    order: &Order,
    terms: &Terms,
    sources: Vec<OwnedFd>,
    prepared: Option<(Prepared, Views)>,
) -> Result<Vec<OwnedFd>, Error> {
    let ids = match spawn.base {
        Some(base) => Ids::Range { base },
        None => Ids::Only { uid: order.owner.uid, gid: order.owner.gid },
    };
    let privileged = spawn.base.is_some();
    let (prepared, views) = match prepared {
        Some((prepared, views)) => (Some(prepared), views),
        None => (None, Views::make(&spawn.sources())?),
    };
    settle(&terms.offer);
    views.tell(order.advertised.as_ref(), &spawn.sources())?;
    let (caller, user, described) = (&terms.caller, &order.owner, order.sources.as_slice());
    // Without root, no other process could do this earlier.
    let sources = if privileged { sources } else { mounts::source::own(order, caller)? };
    let sources = RefCell::new(sources.into_iter().map(Some).collect());
    mounts::enter(order, &mounts::Context { caller, ids, user, privileged, prepared, described, sources }, &views)
}

/// Binds the process to processors. Among equals it takes the one that it runs on: moving would cost time, and the
/// scheduler had a reason to run it there.
fn settle(offer: &Offer) {
    if offer.wanted == 0 {
        return;
    }
    let now = u32::try_from(rustix::thread::sched_getcpu()).ok();
    // The values shown to programs are read from the process afterwards, so they are correct even if the kernel refuses
    // this.
    let _ = bulkhead_sys::set_affinity(0, &chosen(offer, now));
}

fn chosen(offer: &Offer, now: Option<u32>) -> Vec<u32> {
    let (wanted, equal) = (offer.wanted as usize, offer.equal as usize);
    let mut processors = offer.processors.clone();
    let at = processors.iter().take(equal).position(|one| Some(*one) == now);
    if let Some(at) = at.filter(|at| *at >= wanted) {
        processors.swap(at, wanted.saturating_sub(1));
    }
    processors.truncate(wanted);
    processors
}

fn die_with_parent() -> Result<(), Error> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .attempt(FAILED, "PR_SET_PDEATHSIG")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn among_equals_it_stays_where_it_runs() {
        let offer = |wanted, equal, processors: &[u32]| Offer { wanted, equal, processors: processors.to_vec() };
        assert_eq!(chosen(&offer(1, 4, &[1, 2, 3, 0]), Some(3)), [3]);
        assert_eq!(chosen(&offer(1, 3, &[2, 0, 1, 3]), Some(3)), [2]);
        assert_eq!(chosen(&offer(2, 2, &[1, 3, 0]), Some(0)), [1, 3]);
        assert_eq!(chosen(&offer(2, 4, &[1, 2, 3, 0]), None), [1, 2]);
    }
}
