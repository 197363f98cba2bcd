//! The order of things, from the kernel's hand-over to the end of the machine.

use crate::command_line::Ports;
use crate::control::{Control, Heard};
use crate::message::{Awake, Boot, FromHost, GENERATION, ToHost, Value};
use crate::{Done, base64, boot_id, command_line, disks, images, modules, ports, system};
use bulkhead_alone::{Alone, Host};
use bulkhead_error::Attempt;
use bulkhead_plan::{Code, Error};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::OwnedFd;

const FAILED: Code = Code::GuestFailed;

pub fn run() -> Done {
    system::settle()?;
    let directory = modules::keep()?;
    system::enter()?;
    let line = std::fs::read_to_string("/proc/cmdline").attempt_on(FAILED, "read", "/proc/cmdline")?;
    let kind = command_line::ports(&line).ok_or_else(|| Error::new(FAILED, "read").path("bulkhead.ports"))?;
    modules::load(&directory, &line, kind)?;
    drop(directory);
    let disks = disks::release()?;
    let host = Host::find()?;
    let opened = ports::open(kind)?;
    let mut control = Control::new(opened.control);
    control.send(&ToHost::Ready { generation: GENERATION, facts: host.facts(), boot_us: system::uptime_us() });
    let Some(boot) = wait_for_boot(&mut control, opened.listener.as_ref())? else { return Ok(()) };
    control.booted();
    match start(&boot, host, disks, &opened.channel, kind) {
        Ok(sandbox) => Supervisor { control, listener: opened.listener, sandbox, quiet: false }.serve(),
        Err(error) => {
            control.send(&ToHost::Failed { error: &error });
            Err(error)
        }
    }
}

/// A machine may wait here for long, be copied, and be restored: nothing of anybody is in it yet.
fn wait_for_boot(control: &mut Control, listener: Option<&OwnedFd>) -> Done<Option<Box<Boot>>> {
    loop {
        match (control.receive()?, listener) {
            (Heard::Message(FromHost::Boot(boot)), _) => return Ok(Some(boot)),
            (Heard::Message(FromHost::Poweroff), _) | (Heard::Nobody, None) => return Ok(None),
            (Heard::Message(_), _) => return Err(Error::new(FAILED, "read control message").detail("before boot")),
            (Heard::Nobody, Some(listener)) => control.replace(ports::accept(listener)?),
        }
    }
}

fn start(boot: &Boot, host: Host, disks: disks::Released, channel: &OwnedFd, kind: Ports) -> Done<Alone> {
    boot.check()?;
    system::reseed(&boot.entropy.0)?;
    system::set_clock(boot.clock_us)?;
    boot_id::renew()?;
    disks.bind()?;
    images::mount(boot.images)?;
    if let Some(profile) = &boot.apparmor {
        let blob = base64::decode(profile).ok_or_else(|| Error::new(FAILED, "read boot message").detail("apparmor"))?;
        system::load_profile(&blob)?;
    }
    let cover = boot_id::cover()?;
    let egress = boot.egress.then(|| ports::open_egress(kind)).transpose()?;
    let set_up = |inside: &bulkhead_alone::Inside| inside.cover(&cover, boot_id::COVERS);
    let sandbox = host.launch(boot.plan.get(), channel, egress.as_slice(), set_up)?;
    rustix::system::sethostname(sandbox.hostname().as_bytes()).attempt(FAILED, "sethostname")?;
    Ok(sandbox)
}

struct Supervisor {
    control: Control,
    listener: Option<OwnedFd>,
    sandbox: Alone,
    /// Frozen for a snapshot: a connection that ends now was cut by a restore.
    quiet: bool,
}

impl Supervisor {
    fn serve(mut self) -> Done {
        let evidence = Box::new(self.sandbox.evidence(false)?);
        self.control.send(&ToHost::Booted { evidence, boot_us: system::uptime_us() });
        loop {
            let [asked, ended] = self.wait()?;
            if ended {
                let (code, stats) = self.sandbox.end();
                self.control.send(&ToHost::Ended { code, stats });
                return Ok(());
            }
            if !asked {
                self.sandbox.look();
                continue;
            }
            match (self.control.receive()?, &self.listener) {
                (Heard::Message(FromHost::Poweroff), _) => return Ok(()),
                (Heard::Message(message), _) => self.answer(message)?,
                (Heard::Nobody, Some(listener)) if self.quiet => {
                    let connection = ports::accept(listener)?;
                    self.control.replace(connection);
                }
                (Heard::Nobody, _) => return Ok(()),
            }
        }
    }

    fn wait(&self) -> Done<[bool; 2]> {
        let mut fds = [
            PollFd::from_borrowed_fd(self.control.fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.sandbox.exit_fd(), PollFlags::IN),
        ];
        let look = self.sandbox.look_in().filter(|_| !self.quiet).and_then(|left| Timespec::try_from(left).ok());
        match rustix::event::poll(&mut fds, look.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            failed => failed.map(drop).attempt(FAILED, "poll")?,
        }
        Ok(fds.map(|fd| !fd.revents().is_empty()))
    }

    fn answer(&mut self, message: FromHost) -> Done {
        let (seq, outcome) = match message {
            FromHost::Quiesce { seq } => (seq, self.quiesce().map(|()| Value::Nothing {})),
            FromHost::Awake(awake) => (awake.seq, self.awake(&awake).map(|()| Value::Nothing {})),
            FromHost::Stats { seq } => (seq, Ok(Value::Stats(self.sandbox.stats()))),
            FromHost::Evidence { seq } => (seq, self.sandbox.evidence(true).map(Box::new).map(Value::Evidence)),
            FromHost::Boot(_) | FromHost::Poweroff => {
                return Err(Error::new(FAILED, "read control message").detail("after boot"));
            }
        };
        self.control.send(&ToHost::reply(seq, outcome));
        Ok(())
    }

    fn quiesce(&mut self) -> Done {
        self.sandbox.freeze()?;
        self.quiet = true;
        Ok(())
    }

    /// Nothing of the sandbox runs before its copy of the machine is told apart from every other.
    fn awake(&mut self, awake: &Awake) -> Done {
        system::reseed(&awake.entropy.0)?;
        system::set_clock(awake.clock_us)?;
        boot_id::renew()?;
        rustix::system::sethostname(awake.hostname.as_bytes()).attempt(FAILED, "sethostname")?;
        self.sandbox.rename(&awake.hostname)?;
        self.sandbox.thaw()?;
        self.quiet = false;
        Ok(())
    }
}
