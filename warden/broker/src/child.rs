//! The child that becomes init, or a program that builds a wall of its own: from `clone3` to `exec`, straight down. Still the broker's code, still trusted; from the exec on nothing is.
//!
//! Every protection is in force before init runs, so that init itself is behind the wall.

use crate::caller::Caller;
use crate::cgroup::Group;
use bulkhead_error::Attempt;

use crate::launch::FilterCache;
use crate::mounts::{self, Ids, Prepared, Sources, Views};
use crate::orders;
use crate::payload::{self, Executable};
use crate::processors::Offer;
use bulkhead_confine as confine;
use bulkhead_plan::model::{Level, Namespace, Payload, Plan};
use bulkhead_plan::payload::LAST_FD;
use bulkhead_plan::{Code, Error};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use std::io::IoSlice;

/// Init's own id inside, where it can have one: no workload can be this user.
pub const INIT_ID: u32 = 65_535;
/// Lets init become the workload's user, end its processes and drop the bounding set; over nothing but the sandbox's own ids.
pub const INIT_CAPABILITIES: [&str; 4] = ["SETUID", "SETGID", "KILL", "SETPCAP"];

/// What the child is born with. It does not know yet what it will be: the broker keeps a few such children ready.
pub struct Birth<'a> {
    /// The namespaces that a plan for this child must have.
    pub namespaces: &'a [Namespace],
    /// First of the sandbox's range as the host counts it; none without root, where ids are those inside.
    pub base: Option<u32>,
    /// To be entered last of all namespaces; only as root.
    pub user_namespace: Option<OwnedFd>,
    pub group: Option<&'a Group>,
    /// To the broker: orders in, progress and errors out.
    pub status: OwnedFd,
    pub program: OwnedFd,
    pub views: Sources<'a>,
    /// Compiled already, for the plans that are seen most.
    pub filters: &'a FilterCache,
}

/// What it is to become.
pub struct Orders {
    pub plan: Plan,
    pub caller: Caller,
    /// The launch connection.
    pub channel: OwnedFd,
    /// The connections that the payload names, in its order.
    pub attached: Vec<OwnedFd>,
    /// For each `owner` of the plan in order, the user namespace of its idmapped mount.
    pub idmaps: Vec<OwnedFd>,
    pub offer: Offer,
}

/// What the child tells the broker: all is in force, look at me.
pub const READY: &[u8] = b"R";
/// What the broker answers: it has seen that this is so.
pub const GO: &[u8] = b"G";

/// Never returns: the process becomes its payload or ends, having said why.
pub fn run(birth: &Birth) -> ! {
    let done = prepare(birth).and_then(|prepared| {
        let mut orders = orders::receive(&birth.status)?;
        become_payload(birth, &mut orders, prepared)
    });
    let error = match done {
        Err(error) => error,
        Ok(never) => match never {},
    };
    let text = serde_json::to_vec(&error).unwrap_or_default();
    let _ = rustix::net::send(&birth.status, &text, SendFlags::NOSIGNAL);
    bulkhead_sys::exit_now(125)
}

/// Everything that is the same for every plan. Done ahead of time where possible: moving into a v1 cgroup alone makes the
/// kernel wait for a grace period of several milliseconds.
fn prepare(birth: &Birth) -> Result<Option<(Prepared, Views)>, Error> {
    let failed = Code::LaunchFailed;
    // Dies with the broker; said again at the end, since changing ids forgets it.
    die_with_parent()?;
    // What the broker has open is not this sandbox's: other sandboxes' connections would stay open with it.
    let ours = [Some(&birth.status), Some(&birth.program), birth.user_namespace.as_ref()];
    // Not those that the payload will start with.
    bulkhead_sys::close_all_but(i32::from(LAST_FD) + 1, ours.into_iter().flatten().map(AsRawFd::as_raw_fd).collect());
    // A session of its own: kill(0) must not cross the wall, and no terminal can be typed into (§4.8 of the design, 1).
    rustix::process::setsid().attempt(failed, "setsid")?;
    confine::keyring::join_new_session()?;
    rustix::process::umask(rustix::fs::Mode::empty());
    confine::priority::give_up()?;
    if let Some(group) = birth.group {
        group.enter()?;
    }
    if birth.namespaces.contains(&Namespace::Cgroup) {
        bulkhead_sys::unshare(libc::CLONE_NEWCGROUP).attempt(Code::NamespaceRefused, "unshare cgroup")?;
    }
    if birth.namespaces.contains(&Namespace::Net) {
        bulkhead_sys::loopback_up().attempt(Code::NamespaceRefused, "bring up loopback")?;
        // No capability is given for ports below 1024; in a network of one's own they are ordinary ports. Not there: not needed.
        let _ = std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    }
    mounts::detach_from_host()?;
    let Some(base) = birth.base else { return Ok(None) };
    Ok(Some((Prepared::make(Ids::Range { base })?, Views::make(&birth.views)?)))
}

fn become_payload(
    birth: &Birth,
    orders: &mut Orders,
    prepared: Option<(Prepared, Views)>,
) -> Result<std::convert::Infallible, Error> {
    let failed = Code::LaunchFailed;
    let plan = &orders.plan;
    let filters = birth
        .filters
        .find(&plan.seccomp, &plan.capabilities)
        .map_or_else(|| confine::seccomp::compile(&plan.seccomp, &plan.capabilities).map(std::rc::Rc::new), Ok)?;

    if birth.base.is_none() {
        // Without root the user namespace came first: everything else needs the rights that it gives.
        map_self((plan.user.uid, plan.user.gid), (orders.caller.uid, orders.caller.gid))?;
    }
    if let Some(profile) = &plan.apparmor {
        // Takes effect at the exec of init. Here, because the /proc of the sandbox is read-only.
        let file = "/proc/self/attr/apparmor/exec";
        std::fs::write(file, format!("exec {profile}")).attempt_on(Code::ApparmorFailed, "write", file)?;
    }

    if let Some(label) = &plan.selinux {
        // As above. A kernel without SELinux refuses it, and so does one whose policy does not know the label.
        let file = "/proc/self/attr/exec";
        std::fs::write(file, label).attempt_on(Code::SelinuxFailed, "write", file)?;
    }

    if plan.reserved_addresses {
        bulkhead_sys::loopback_answers_for_reserved()
            .attempt(Code::NamespaceRefused, "route 198.18.0.0/15 to loopback")?;
    }

    let ids = match birth.base {
        Some(base) => Ids::Range { base },
        None => Ids::Only { uid: plan.user.uid, gid: plan.user.gid },
    };
    let idmaps = std::mem::take(&mut orders.idmaps);
    let privileged = birth.base.is_some();
    let (prepared, views) = match prepared {
        Some((prepared, views)) => (Some(prepared), views),
        None => (None, Views::make(&birth.views)?),
    };
    orders.offer.settle();
    views.tell(plan.advertised.as_ref(), &birth.views)?;
    let own_ids = plan.namespaces.contains(&Namespace::User);
    let caller = &orders.caller;
    let context = mounts::Context { caller, ids, own_ids, user: &plan.user, privileged, prepared, idmaps };
    let watched = mounts::enter(plan, &context, &views)?;
    drop((context, views));

    if plan.namespaces.contains(&Namespace::Uts) {
        rustix::system::sethostname(plan.hostname.as_bytes()).attempt(failed, "sethostname")?;
    }
    confine::limits::apply(&plan.limits, matches!(plan.payload, Payload::Init(_)))?;

    let switches_user = birth.user_namespace.is_some();
    if let Some(namespace) = &birth.user_namespace {
        // Last of the namespaces: whoever is root in it owns none of the others.
        let own = Some(rustix::thread::LinkNameSpaceType::User);
        rustix::thread::move_into_link_name_space(namespace.as_fd(), own).attempt(Code::UsernsRefused, "setns user")?;
    }
    confine::process::no_new_privs()?;
    if let Some(landlock) = &plan.landlock {
        confine::landlock::restrict(landlock)?;
    }
    change_ids(birth, plan, switches_user)?;
    // Without root the broker could not look at a process that is not dumpable; init makes itself so first of all.
    confine::process::dumpable(birth.base.is_none())?;
    die_with_parent()?;

    // Init needs more calls than some workloads may have: what is for these alone it puts in force in each program that it starts.
    let workload = match plan.payload {
        Payload::Init(_) => filters.workload(),
        Payload::Program(_) => None,
    };
    let executable = Executable::of(plan, switches_user, workload.is_some())?;
    payload::arrange(plan, &orders.channel, &orders.attached)?;
    if let Some(workload) = workload {
        payload::hand_over(workload)?;
    }
    match plan.payload {
        Payload::Init(_) => confine::seccomp::install_base(&filters)?,
        Payload::Program(_) => confine::seccomp::install(&filters)?,
    }
    // The descriptors of the writable file systems go to the broker, which reads from them how full they are.
    report_ready(&birth.status, &watched)?;
    drop(watched);
    wait_for_go(&birth.status)?;
    Err(executable.execute(&birth.program))
}

fn die_with_parent() -> Result<(), Error> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .attempt(Code::LaunchFailed, "PR_SET_PDEATHSIG")
}

/// Maps one uid and gid inside to the caller's own: all that the kernel allows without privilege. Groups cannot be changed any more.
pub fn map_self(inside: (u32, u32), caller: (u32, u32)) -> Result<(), Error> {
    // The files below belong to root as long as the process is as undumpable as the broker.
    confine::process::dumpable(true)?;
    for (file, text) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("{} {} 1\n", inside.0, caller.0)),
        ("/proc/self/gid_map", format!("{} {} 1\n", inside.1, caller.1)),
    ] {
        std::fs::write(file, text).attempt_on(Code::UsernsRefused, "write", file)?;
    }
    Ok(())
}

/// Becomes the payload's user and gives up everything that the payload does not need.
fn change_ids(birth: &Birth, plan: &Plan, switches_user: bool) -> Result<(), Error> {
    let failed = Code::LaunchFailed;
    let user = payload::user_of(plan, switches_user);
    if switches_user {
        bulkhead_sys::become_for_good(user.uid, user.gid, Some(&user.groups)).attempt(failed, "setresuid")?;
        return keep_capabilities(plan, true);
    }
    if let Some(base) = birth.base {
        // They must outlive the change of ids, or the bounding set could not be emptied any more.
        rustix::thread::set_keep_capabilities(true).attempt(failed, "PR_SET_KEEPCAPS")?;
        let groups: Vec<u32> = user.groups.iter().map(|group| base + group).collect();
        bulkhead_sys::become_for_good(base + user.uid, base + user.gid, Some(&groups)).attempt(failed, "setresuid")?;
    }
    keep_capabilities(plan, false)
}

fn keep_capabilities(plan: &Plan, switches_user: bool) -> Result<(), Error> {
    let kept = payload::capabilities_of(plan, switches_user);
    match plan.level {
        Level::Gvisor => confine::capabilities::keep_to_hand_on(&kept),
        Level::Chroot | Level::Container | Level::Microvm => confine::capabilities::keep_only(&kept),
    }
}

fn report_ready(status: &OwnedFd, watched: &[OwnedFd]) -> Result<(), Error> {
    let fds: Vec<BorrowedFd> = watched.iter().take(MAX_WATCHED).map(AsFd::as_fd).collect();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_WATCHED))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&fds));
    }
    rustix::net::sendmsg(status, &[IoSlice::new(READY)], &mut control, SendFlags::NOSIGNAL)
        .attempt(Code::LaunchFailed, "report ready")?;
    Ok(())
}

/// The broker looks at this process from outside before anything untrusted runs in it.
fn wait_for_go(status: &OwnedFd) -> Result<(), Error> {
    let failed = Code::LaunchFailed;
    // One more than `GO` has: a longer answer must not pass for it.
    let mut answer = [0; GO.len() + 1];
    let (length, _) = rustix::net::recv(status, &mut answer, rustix::net::RecvFlags::empty())
        .attempt(failed, "wait for the broker")?;
    if answer.get(..length) == Some(GO) { Ok(()) } else { Err(Error::new(failed, "wait for the broker")) }
}

/// Writable file systems whose fill level is watched: as many as one message can carry (SCM_MAX_FD), which is more than a policy can name.
pub const MAX_WATCHED: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    #[test]
    fn only_go_lets_a_child_go_on() {
        for (answer, goes) in [(GO, true), (READY, false), (b"GG", false), (b"g", false), (b"\0", false), (b"", false)]
        {
            let (ours, theirs) =
                socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
            rustix::net::send(&ours, answer, SendFlags::NOSIGNAL).unwrap();
            assert_eq!(wait_for_go(&theirs).is_ok(), goes, "{answer:?}");
        }
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        drop(ours);
        assert!(wait_for_go(&theirs).is_err(), "the broker is gone");
    }
}
