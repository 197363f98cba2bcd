//! The payload, and that the level fits it.

use super::{Checked, distinct, need, text};
use crate::model::{Level, Mount, Plan};
use crate::payload::{Channel, Descriptor, LAST_FD, MAX_ATTACHED, Program, WARDEN};

const MAX_WORDS: usize = 256;
/// Below the kernel's MAX_ARG_STRLEN.
const MAX_WORD: usize = 65_536;

pub fn all(plan: &Plan) -> Checked {
    let jail = matches!(plan.level, Level::Gvisor | Level::Microvm);
    need(plan.payload.program().is_some() == jail, "payload.kind")?;
    need(plan.inner.is_none() || plan.level == Level::Microvm, "inner")?;
    need(plan.inner.as_ref().is_none_or(serde_json::Value::is_object), "inner")?;
    plan.payload.program().map_or(Ok(()), program)
}

fn program(program: &Program) -> Checked {
    need(program.path == WARDEN || text::path(&program.path), "payload.path")?;
    for (index, argument) in program.argv.iter().enumerate() {
        need(word(argument), &format!("payload.argv[{index}]"))?;
    }
    need((1..=MAX_WORDS).contains(&program.argv.len()), "payload.argv")?;
    let variable =
        |(name, value): (&String, &String)| !name.is_empty() && !name.contains('=') && word(name) && word(value);
    need(program.env.len() <= MAX_WORDS && program.env.iter().all(variable), "payload.env")?;
    let channel: &[u8] = match program.channel {
        Channel::Fd(ref fd) => std::slice::from_ref(fd),
        Channel::Stdio(_) => &[0, 1],
    };
    need(channel[0] == 0 || (3..=LAST_FD).contains(&channel[0]), "payload.channel")?;
    for (index, descriptor) in program.descriptors.iter().enumerate() {
        check(descriptor, &format!("payload.descriptors[{index}]"))?;
    }
    let numbers: Vec<u8> = program.descriptors.iter().map(Descriptor::fd).chain(channel.iter().copied()).collect();
    let names: Vec<&str> = program.descriptors.iter().filter_map(name).collect();
    need(distinct(&numbers) && distinct(&names) && names.len() <= MAX_ATTACHED, "payload.descriptors")
}

fn check(descriptor: &Descriptor, field: &str) -> Checked {
    need(descriptor.fd() <= LAST_FD, &format!("{field}.fd"))?;
    match descriptor {
        Descriptor::Attached(attached) => need(text::attachment(&attached.name), &format!("{field}.name")),
        Descriptor::Open(open) => need(text::path(&open.path), &format!("{field}.path")),
    }
}

fn name(descriptor: &Descriptor) -> Option<&str> {
    match descriptor {
        Descriptor::Attached(attached) => Some(&attached.name),
        Descriptor::Open(_) => None,
    }
}

fn word(text: &str) -> bool {
    text.len() <= MAX_WORD && !text.contains('\0')
}

/// A device is for a program that builds a sandbox with it, never for a workload; and it needs an existing /dev.
pub fn device(plan: &Plan, index: usize, path: &str, at: &str) -> bool {
    let known = crate::model::DEVICES.iter().any(|(device, _, _)| *device == path);
    let made = plan.mounts.iter().take(index).any(|mount| matches!(mount, Mount::Dev(_)));
    known && at == path && made && plan.payload.program().is_some()
}
