//! The last step of a child: descriptors in place, then init or the plan's program.

use crate::child::{INIT_CAPABILITIES, INIT_ID};
use bulkhead_error::Attempt;

use bulkhead_confine::seccomp::Workload;
use bulkhead_plan::model::{Payload, Plan, User};
use bulkhead_plan::payload::{self, Channel, Descriptor, Init, Program};
use bulkhead_plan::{Code, Error, InnerPlan};
use bulkhead_sys::Strings;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, MemfdFlags, Mode, OFlags, ResolveFlags};
use std::ffi::CString;
use std::os::unix::fs::FileExt;

const FAILED: Code = Code::LaunchFailed;
/// Where init finds its channel.
const CHANNEL: i32 = 3;
/// Where init finds the filter for what it starts, when there is one.
const FILTER: i32 = 4;
/// Where init finds the connection of the sandbox's egress, when there is one.
const EGRESS: i32 = 5;

/// What is to be executed, as `execve` wants it.
pub struct Executable {
    /// None: the warden.
    path: Option<CString>,
    argv: Vec<CString>,
    env: Vec<CString>,
}

impl Executable {
    /// `switches_user`: init has an id of its own inside. `filters`: it finds a filter for what it starts.
    pub fn of(plan: &Plan, switches_user: bool, filters: bool) -> Result<Self, Error> {
        match &plan.payload {
            Payload::Init(init) => Self::init(plan, init, switches_user, filters),
            Payload::Program(program) => Self::program(program),
        }
    }

    fn init(plan: &Plan, init: &Init, switches_user: bool, filters: bool) -> Result<Self, Error> {
        let inner = InnerPlan {
            user: plan.user.clone(),
            switches_user,
            capabilities: plan.capabilities.clone(),
            open_files: plan.limits.open_files,
            sentry: None,
        };
        let json = serde_json::to_string(&inner).map_err(|_| Error::new(FAILED, "encode inner plan"))?;
        // With an empty environment: it is readable inside.
        let filter: &[&str] = if filters { &["--filter", "4"] } else { &[] };
        let egress: &[&str] = if init.egress { &["--egress", "5"] } else { &[] };
        let argv = ["init", "--channel", "3", "--inner", &json].into_iter().chain(filter.iter().chain(egress).copied());
        Ok(Self { path: None, argv: words(argv)?, env: Vec::new() })
    }

    fn program(program: &Program) -> Result<Self, Error> {
        let path = (program.path != payload::WARDEN).then(|| word(&program.path)).transpose()?;
        let env: Vec<String> = program.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(Self {
            path,
            argv: words(program.argv.iter().map(String::as_str))?,
            env: words(env.iter().map(String::as_str))?,
        })
    }

    /// Returns only on failure.
    pub fn execute(&self, warden: &OwnedFd) -> Error {
        let (argv, env) = (Strings::new(&self.argv), Strings::new(&self.env));
        match &self.path {
            None => {
                Error::new(FAILED, "execveat").errno(bulkhead_sys::execute(warden, c"", &argv, &env).raw_os_error())
            }
            Some(path) => Error::new(FAILED, "execve")
                .path(&path.to_string_lossy())
                .errno(bulkhead_sys::execute(CWD, path, &argv, &env).raw_os_error()),
        }
    }
}

/// Whom the payload starts as: init is nobody that a workload can be, where it can become the workload's user; a program is the plan's user.
pub fn user_of(plan: &Plan, switches_user: bool) -> User {
    match plan.payload {
        Payload::Init(_) if switches_user => User { uid: INIT_ID, gid: INIT_ID, groups: Vec::new() },
        _ => plan.user.clone(),
    }
}

/// What the payload holds. Init, where it switches users, some of its own beside the workload's; without an own user namespace nobody holds any,
/// but for a program of a rootless plan, which has its user namespace already.
pub fn capabilities_of(plan: &Plan, switches_user: bool) -> Vec<String> {
    let own: &[&str] = match plan.payload {
        Payload::Init(_) if switches_user => &INIT_CAPABILITIES,
        Payload::Init(_) => return Vec::new(),
        Payload::Program(_) => &[],
    };
    own.iter().map(|name| (*name).to_owned()).chain(plan.capabilities.iter().cloned()).collect()
}

/// Puts the channel and what else the payload gets where it looks for them, and null on what is left of 0, 1 and 2. Nothing of the
/// broker's has a number below 16; all else closes itself on exec.
pub fn arrange(plan: &Plan, channel: &OwnedFd, attached: &[OwnedFd]) -> Result<(), Error> {
    let null =
        std::fs::OpenOptions::new().read(true).write(true).open("/dev/null").attempt_on(FAILED, "open", "/dev/null")?;
    let null = rustix::io::fcntl_dupfd_cloexec(&null, i32::from(payload::LAST_FD) + 1).attempt(FAILED, "dup")?;
    for number in 0..=2 {
        place(&null, number)?;
    }
    let mut attached = attached.iter();
    let mut connection = |name: &str| attached.next().ok_or_else(|| Error::new(FAILED, "attach").detail(name));
    let program = match &plan.payload {
        Payload::Program(program) => program,
        Payload::Init(init) => {
            place(channel, CHANNEL)?;
            return if init.egress { place(connection(payload::EGRESS)?, EGRESS) } else { Ok(()) };
        }
    };
    match program.channel {
        Channel::Fd(number) => place(channel, i32::from(number))?,
        Channel::Stdio(_) => {
            place(channel, 0)?;
            place(channel, 1)?;
        }
    }
    for descriptor in &program.descriptors {
        let number = i32::from(descriptor.fd());
        match descriptor {
            Descriptor::Open(open) => place(&open_inside(&open.path, open.write)?, number)?,
            Descriptor::Attached(one) => place(connection(&one.name)?, number)?,
        }
    }
    Ok(())
}

/// Puts the workload's filter where init looks for it: in memory, since it is too long for an argument.
pub fn hand_over(workload: &Workload) -> Result<(), Error> {
    let file = rustix::fs::memfd_create("filter", MemfdFlags::CLOEXEC).attempt(FAILED, "memfd_create")?;
    let file = std::fs::File::from(file);
    file.write_all_at(&workload.to_bytes(), 0).attempt(FAILED, "write the filter")?;
    place(&file, FILTER)
}

/// The jail may hold files of the workload's: no link in it leads the way.
fn open_inside(path: &str, write: bool) -> Result<OwnedFd, Error> {
    let flags = if write { OFlags::RDWR } else { OFlags::RDONLY } | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS).attempt_on(
        FAILED,
        "open for the program",
        path,
    )?;
    rustix::io::fcntl_dupfd_cloexec(&file, i32::from(payload::LAST_FD) + 1).attempt(FAILED, "dup")
}

fn place(from: impl AsFd, number: i32) -> Result<(), Error> {
    // What was at `number`, below 16, belongs to nobody in this process.
    bulkhead_sys::place(from, number).attempt(FAILED, "dup2")
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Vec<CString>, Error> {
    words.into_iter().map(word).collect()
}

fn word(text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::new(Code::PlanInvalid, "encode arguments").detail("NUL"))
}
