//! From a request to a running child, or to a result with the reason.

use crate::child::{self, Pipes, SocketWork, Work};
use crate::server::link::{belongs_to_egress, not_here};
use crate::server::operation::{Class, Operation};
use crate::server::{Server, Way};
use bulkhead_channel::request::{File, Listen, Stdin, Target};
use bulkhead_channel::{Kind, Outcome, Request};
use bulkhead_plan::{Code, Error};
use serde_json::{Map, Value};

/// Each is a process and a few descriptors.
const OPERATIONS_MAX: usize = 64;

impl Server {
    pub(super) fn request(&mut self, stream: u32, fields: Map<String, Value>) {
        if let Err(error) = self.start(stream, fields) {
            self.channel.outbox.json(Kind::Result, stream, &Outcome::Failed(error).to_json());
        }
    }

    fn start(&mut self, stream: u32, fields: Map<String, Value>) -> Result<(), Error> {
        let asked_us = bulkhead_sys::monotonic_us();
        let request = Request::read(fields)?;
        let (class, pipes, work, terminal) = match request {
            // If egress has its own connection, only its peer receives the workload's outgoing traffic.
            Request::Checkpoint if self.has_egress => return Err(not_here()),
            Request::Listen(listen) if self.has_egress && belongs_to_egress(&listen) => return Err(not_here()),
            Request::Listen(listen) => {
                self.channel.sockets.listen(stream, &listen, &mut self.channel.outbox)?;
                match listen {
                    Listen::Unix { path } => self.begin_job(Way::Channel, stream, SocketWork::Listen(path)),
                    Listen::Unixgram { path } => self.begin_job(Way::Channel, stream, SocketWork::Bind(path)),
                    Listen::Tcp { .. } | Listen::Udp { .. } => {}
                }
                return Ok(());
            }
            Request::Checkpoint => {
                self.hold(stream);
                return Ok(());
            }
            Request::Connect(target) => {
                self.channel.sockets.connect(stream, &target)?;
                if let Target::Unix { path } = target {
                    self.begin_job(Way::Channel, stream, SocketWork::Connect(path));
                }
                return Ok(());
            }
            Request::Exec(exec) => {
                self.check_user(exec.user.as_ref())?;
                let terminal = exec.tty.is_some();
                let pipes =
                    Pipes { input: exec.stdin == Stdin::Pipe && !terminal, output: !terminal, error: !terminal };
                (Class::Exec, pipes, Work::Exec(exec), terminal)
            }
            Request::File(file) => {
                let class = if matches!(file, File::Watch { .. }) { Class::Watch } else { Class::File(file.name()) };
                let pipes = Pipes {
                    input: matches!(file, File::Write { .. }),
                    output: matches!(file, File::Read { .. } | File::List { .. } | File::Watch { .. }),
                    error: false,
                };
                (class, pipes, Work::File(file), false)
            }
        };
        if self.operations.len() >= OPERATIONS_MAX {
            return Err(Error::new(Code::TooManyOperations, "request").detail(OPERATIONS_MAX.to_string()));
        }
        let process = child::start(&work, pipes, &self.inner, self.filter.as_ref())?;
        let marks = [self.began[0], self.began[1], asked_us, bulkhead_sys::monotonic_us()];
        self.operations.push(Operation::new(stream, class, process, terminal, marks));
        Ok(())
    }

    fn check_user(&self, user: Option<&bulkhead_plan::model::User>) -> Result<(), Error> {
        match user {
            Some(user) if !self.inner.switches_user && *user != self.inner.user => {
                Err(Error::new(Code::ExecUserFixed, "exec").detail("user"))
            }
            _ => Ok(()),
        }
    }
}
