//! Setting one sandbox up: from the fork to the exec, straight down, in the process that becomes init, or a program that builds a wall of
//! its own. Until that exec it is trusted; from it on nothing is.
//!
//! It understands no plan, no JSON and no filter: it takes one order ([`bulkhead_order`]) and does what it says, with the rights of who
//! asked where it opens files of the host. Every protection is in force before init runs, so that init itself is behind the wall.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
mod birth;
mod identity;
mod mounts;
mod payload;
mod receive;

pub use answer::{GO, MAX_WATCHED, READY};
pub use birth::Birth;
pub use identity::map_self;
pub use mounts::{Ids, View, Wanted, source};
pub use receive::LIMITS;

use bulkhead_confine as confine;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{LAST_FD, Offer, Order, Terms, encode_error};
use mounts::{Prepared, Views};
use receive::Received;
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::net::SendFlags;
use std::cell::RefCell;
use std::convert::Infallible;
use std::path::Path;

const FAILED: Code = Code::LaunchFailed;

/// Never returns: the process becomes its program or ends, having said why.
pub fn run(birth: &Birth) -> ! {
    let done = prepare(birth).and_then(|prepared| {
        let received = receive::order(&birth.status, birth.base.is_some())?;
        become_program(birth, received, prepared)
    });
    let error = match done {
        Err(error) => error,
        Ok(never) => match never {},
    };
    let _ = rustix::net::send(&birth.status, &encode_error(&error), SendFlags::NOSIGNAL);
    bulkhead_sys::exit_now(125)
}

/// Everything that is the same for every order. Done ahead of time where possible: moving into a v1 cgroup alone makes the
/// kernel wait for a grace period of several milliseconds.
fn prepare(birth: &Birth) -> Result<Option<(Prepared, Views)>, Error> {
    // Dies with the broker; said again at the end, since changing ids forgets it.
    die_with_parent()?;
    // What the broker has open is not this sandbox's: other sandboxes' connections would stay open with it.
    let ours = [Some(&birth.status), Some(&birth.program), birth.user_namespace.as_ref()];
    // Not those that the program will start with.
    bulkhead_sys::close_all_but(i32::from(LAST_FD) + 1, ours.into_iter().flatten().map(AsRawFd::as_raw_fd).collect());
    // A session of its own: kill(0) must not cross the wall, and no terminal can be typed into.
    rustix::process::setsid().attempt(FAILED, "setsid")?;
    confine::keyring::join_new_session()?;
    rustix::process::umask(rustix::fs::Mode::empty());
    confine::priority::give_up()?;
    birth.groups.iter().try_for_each(|file| enter(file))?;
    if birth.own_cgroups {
        bulkhead_sys::unshare(libc::CLONE_NEWCGROUP).attempt(Code::NamespaceRefused, "unshare cgroup")?;
    }
    if birth.own_network {
        bulkhead_sys::loopback_up().attempt(Code::NamespaceRefused, "bring up loopback")?;
        // No capability is given for ports below 1024; in a network of one's own they are ordinary ports. Not there: not needed.
        let _ = std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    }
    mounts::detach_from_host()?;
    let Some(base) = birth.base else { return Ok(None) };
    Ok(Some((mounts::prepare(Ids::Range { base })?, Views::make(&birth.sources())?)))
}

fn enter(group: &Path) -> Result<(), Error> {
    // The kernel's files are never made by us: a missing one is an error, not a new file.
    let opened = std::fs::OpenOptions::new().write(true).open(group);
    let written = opened.and_then(|mut file| std::io::Write::write_all(&mut file, b"0"));
    written.attempt_on(Code::CgroupUnavailable, "write", &group.to_string_lossy())
}

fn become_program(birth: &Birth, received: Received, prepared: Option<(Prepared, Views)>) -> Result<Infallible, Error> {
    let Received { order, terms, channel, attached, sources } = received;
    let order = &order;
    if birth.base.is_none() {
        // Without root the user namespace came first: everything else needs the rights that it gives.
        map_self((order.owner.uid, order.owner.gid), (terms.caller.uid, terms.caller.gid))?;
    }
    label_exec(order)?;
    if order.reserved_addresses {
        bulkhead_sys::loopback_answers_for_reserved()
            .attempt(Code::NamespaceRefused, "route 198.18.0.0/15 to loopback")?;
    }
    let watched = build_tree(birth, order, &terms, sources, prepared)?;
    if let Some(hostname) = &order.hostname {
        rustix::system::sethostname(hostname.as_bytes()).attempt(FAILED, "sethostname")?;
    }
    confine::limits::apply(&order.limits, order.program.is_init)?;
    if let Some(namespace) = &birth.user_namespace {
        // Last of the namespaces: whoever is root in it owns none of the others.
        identity::enter_user_namespace(namespace)?;
    }
    confine::process::no_new_privs()?;
    if let Some(landlock) = &order.landlock {
        confine::landlock::restrict(landlock)?;
    }
    identity::change(birth, order)?;
    // Without root the broker could not look at a process that is not dumpable; init makes itself so first of all.
    confine::process::dumpable(birth.base.is_none())?;
    die_with_parent()?;

    payload::arrange(&order.program, &channel, &attached)?;
    if order.program.is_init {
        // Init needs more calls than some workloads may have: what is for these alone it puts in force in each program that it starts.
        if let Some(workload) = &order.filters.workload {
            payload::hand_over(workload)?;
        }
        confine::seccomp::install_base(&order.filters)?;
    } else {
        confine::seccomp::install(&order.filters)?;
    }
    // The descriptors of the writable file systems go to the broker, which reads from them how full they are.
    answer::ready(&birth.status, &watched)?;
    drop(watched);
    answer::wait_for_go(&birth.status)?;
    Err(payload::execute(&order.program, &birth.program))
}

/// Both take effect at the exec. Here, because the /proc of the sandbox is read-only.
fn label_exec(order: &Order) -> Result<(), Error> {
    if let Some(profile) = &order.apparmor {
        let file = "/proc/self/attr/apparmor/exec";
        std::fs::write(file, format!("exec {profile}")).attempt_on(Code::ApparmorFailed, "write", file)?;
    }
    if let Some(label) = &order.selinux {
        // A kernel without SELinux refuses it, and so does one whose policy does not know the label.
        let file = "/proc/self/attr/exec";
        std::fs::write(file, label).attempt_on(Code::SelinuxFailed, "write", file)?;
    }
    Ok(())
}

fn build_tree(
    birth: &Birth,
    order: &Order,
    terms: &Terms,
    sources: Vec<OwnedFd>,
    prepared: Option<(Prepared, Views)>,
) -> Result<Vec<OwnedFd>, Error> {
    let ids = match birth.base {
        Some(base) => Ids::Range { base },
        None => Ids::Only { uid: order.owner.uid, gid: order.owner.gid },
    };
    let privileged = birth.base.is_some();
    let (prepared, views) = match prepared {
        Some((prepared, views)) => (Some(prepared), views),
        None => (None, Views::make(&birth.sources())?),
    };
    settle(&terms.offer);
    views.tell(order.advertised.as_ref(), &birth.sources())?;
    let (caller, user, described) = (&terms.caller, &order.owner, order.sources.as_slice());
    // Without root nobody could do this before.
    let sources = if privileged { sources } else { mounts::source::own(order, caller)? };
    let sources = RefCell::new(sources.into_iter().map(Some).collect());
    mounts::enter(order, &mounts::Context { caller, ids, user, privileged, prepared, described, sources }, &views)
}

/// Binds the process to processors. Of equals it takes the one that it runs on: to move would cost it time, and the scheduler had a
/// reason to run it there.
fn settle(offer: &Offer) {
    if offer.wanted == 0 {
        return;
    }
    let now = u32::try_from(rustix::thread::sched_getcpu()).ok();
    // What programs inside are told is read from the process afterwards, so it is true also where the kernel refuses this.
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
