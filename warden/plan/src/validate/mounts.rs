//! The root, and what is mounted in it.

use super::limits::{MAX_SIZE, within};
use super::{Checked, MAX_ID, distinct, need, payload, text};
use crate::model::{
    Account, Bind, Group, Layers, Level, MAX_INODES, Mount, Overlay, Owner, Plan, Root, RootSource, STORE_RANGE, Tmpfs,
};

pub const MAX: usize = 256;

/// OVL_MAX_STACK of the kernel.
const MAX_LAYERS: usize = 500;

const PAGE: u64 = 4096;
/// The largest file that a sandbox has is a CA bundle.
pub const MAX_CONTENT: usize = 384 * 1024;
/// Lines of an account file, and members of a group.
const MAX_ACCOUNTS: usize = 1024;

pub fn root(root: &Root) -> Checked {
    match &root.source {
        RootSource::Directory(directory) => {
            need(text::path(&directory.path), "root.source.path")?;
            shown(directory.owner.as_ref(), "root.source.owner")?;
            need(root.read_only || root.overlay.is_some(), "root.overlay")?;
        }
        RootSource::Layers(tree) => {
            layers(&tree.layers, "root.source.layers")?;
            shown(tree.owner.as_ref(), "root.source.owner")?;
            need(root.read_only || root.overlay.is_some(), "root.overlay")?;
        }
        RootSource::Empty(empty) => {
            within(empty.size_bytes, PAGE..=MAX_SIZE, "root.source.sizeBytes")?;
            need(root.overlay.is_none(), "root.overlay")?;
        }
    }
    overlay(root.overlay.as_ref(), "root.overlay")
}

fn overlay(overlay: Option<&Overlay>, field: &str) -> Checked {
    let Some(overlay) = overlay else { return Ok(()) };
    within(overlay.size_bytes, PAGE..=MAX_SIZE, &format!("{field}.sizeBytes"))?;
    within(overlay.inodes, 1..=MAX_INODES, &format!("{field}.inodes"))
}

/// The kernel refuses a repeated directory too, but its error would not name it.
fn layers(layers: &[String], field: &str) -> Checked {
    for (index, layer) in layers.iter().enumerate() {
        need(text::path(layer), &format!("{field}[{index}]"))?;
    }
    need((1..=MAX_LAYERS).contains(&layers.len()) && distinct(layers), field)
}

pub fn all(plan: &Plan) -> Checked {
    need(plan.mounts.len() <= MAX, "mounts")?;
    for (index, mount) in plan.mounts.iter().enumerate() {
        let field = |name: &str| format!("mounts[{index}].{name}");
        let at = at(mount);
        need(text::path(at) && place(mount), &field("at"))?;
        let hides = plan.mounts.iter().take(index).any(|earlier| hides(mount, earlier));
        need(!hides, &field("at"))?;
        match mount {
            Mount::Bind(mount) => bind(mount, plan, &field)?,
            Mount::Layers(mount) => tree(mount, &field)?,
            Mount::Tmpfs(mount) => tmpfs(mount, &field)?,
            Mount::Dev(dev) => within(dev.shm_bytes, PAGE..=MAX_SIZE, &field("shmBytes"))?,
            Mount::File(file) => need(file.content.len() <= MAX_CONTENT, &field("content"))?,
            Mount::Passwd(file) => accounts(&file.accounts, &field)?,
            Mount::Group(file) => groups(&file.groups, &field)?,
            Mount::Symlink(link) => {
                need(text::link_target(&link.target), &field("target"))?;
                need(matches!(plan.root.source, RootSource::Empty(_)), &field("kind"))?;
            }
            Mount::Device(device) => need(payload::device(plan, index, &device.path, &device.at), &field("path"))?,
            Mount::Proc(proc) => need(!proc.writable || plan.level == Level::Gvisor, &field("writable"))?,
            Mount::Sys(_) | Mount::Mask(_) => {}
        }
    }
    let has = |wanted: fn(&Mount) -> bool| plan.mounts.iter().any(wanted);
    need(has(|mount| matches!(mount, Mount::Proc(_))) && has(|mount| matches!(mount, Mount::Dev(_))), "mounts")
}

fn at(mount: &Mount) -> &str {
    match mount {
        Mount::Bind(mount) => &mount.at,
        Mount::Layers(mount) => &mount.at,
        Mount::Tmpfs(mount) => &mount.at,
        Mount::Proc(mount) => &mount.at,
        Mount::Sys(mount) | Mount::Mask(mount) => &mount.at,
        Mount::Dev(mount) => &mount.at,
        Mount::File(mount) => &mount.at,
        Mount::Passwd(mount) => &mount.at,
        Mount::Group(mount) => &mount.at,
        Mount::Symlink(mount) => &mount.at,
        Mount::Device(mount) => &mount.at,
    }
}

/// With two mounts at one place it is ambiguous which applies. And a mount hides mounts below it: a mask there would
/// have no effect.
fn hides(mount: &Mount, earlier: &Mount) -> bool {
    at(earlier) == at(mount) || matches!(earlier, Mount::Mask(_)) && text::within(at(earlier), at(mount))
}

/// The kernel's own trees are at their usual places, and only masks go into them, since programs trust the files there.
fn place(mount: &Mount) -> bool {
    match mount {
        Mount::Proc(proc) => proc.at == "/proc",
        Mount::Sys(at) => at.at == "/sys",
        Mount::Dev(dev) => dev.at == "/dev",
        Mount::Mask(_) => true,
        Mount::Device(_) => text::within(at(mount), "/dev"),
        _ => !["/proc", "/sys", "/dev"].iter().any(|tree| text::within(at(mount), tree)),
    }
}

fn bind(bind: &Bind, plan: &Plan, field: &impl Fn(&str) -> String) -> Checked {
    need(bind.source == "/" || text::path(&bind.source), &field("source"))?;
    owner(bind.owner.as_ref(), &field("owner"))?;
    let maker = matches!(&bind.owner, Some(Owner::One(owner)) if owner.maker);
    need(!maker || plan.level == Level::Gvisor && !bind.read_only, &field("owner.maker"))?;
    if bind.read_only {
        return Ok(());
    }
    need(!is_optional(bind.owner.as_ref()), &field("owner.optional"))?;
    // A set-user-id file created here would be one on the host; and a workload must not write files of host root.
    need(plan.seccomp.deny_setid, "seccomp.denySetid")?;
    match &bind.owner {
        Some(Owner::One(owner)) => need(owner.host_uid != 0, &field("owner.hostUid")),
        Some(Owner::Store(owner)) => need(owner.range != 0, &field("owner.range")),
        None => Ok(()),
    }
}

fn accounts(accounts: &[Account], field: &impl Fn(&str) -> String) -> Checked {
    need(accounts.len() <= MAX_ACCOUNTS, &field("accounts"))?;
    for (index, account) in accounts.iter().enumerate() {
        let field = |name: &str| field(&format!("accounts[{index}].{name}"));
        need(text::account_name(&account.name), &field("name"))?;
        need(account.uid <= MAX_ID, &field("uid"))?;
        need(account.gid <= MAX_ID, &field("gid"))?;
        for (name, value) in [("comment", &account.comment), ("home", &account.home), ("shell", &account.shell)] {
            need(text::account_text(value), &field(name))?;
        }
    }
    Ok(())
}

fn groups(groups: &[Group], field: &impl Fn(&str) -> String) -> Checked {
    need(groups.len() <= MAX_ACCOUNTS, &field("groups"))?;
    for (index, group) in groups.iter().enumerate() {
        let field = |name: &str| field(&format!("groups[{index}].{name}"));
        need(text::account_name(&group.name), &field("name"))?;
        need(group.gid <= MAX_ID, &field("gid"))?;
        need(group.members.len() <= MAX_ACCOUNTS, &field("members"))?;
        for (at, member) in group.members.iter().enumerate() {
            need(text::account_name(member), &field(&format!("members[{at}]")))?;
        }
    }
    Ok(())
}

/// The owner of a tree that is never written.
fn shown(shown: Option<&Owner>, field: &str) -> Checked {
    owner(shown, field)?;
    need(!matches!(shown, Some(Owner::One(owner)) if owner.maker), &format!("{field}.maker"))?;
    need(!is_optional(shown), &format!("{field}.optional"))
}

fn is_optional(owner: Option<&Owner>) -> bool {
    matches!(owner, Some(Owner::One(owner)) if owner.optional)
}

fn tree(tree: &Layers, field: &impl Fn(&str) -> String) -> Checked {
    layers(&tree.layers, &field("layers"))?;
    shown(tree.owner.as_ref(), &field("owner"))?;
    overlay(tree.overlay.as_ref(), &field("overlay"))
}

fn owner(owner: Option<&Owner>, field: &str) -> Checked {
    let owner = match owner {
        None => return Ok(()),
        Some(Owner::Store(owner)) => return need([0, STORE_RANGE].contains(&owner.range), &format!("{field}.range")),
        Some(Owner::One(owner)) => owner,
    };
    // 2^32 - 1 means "no id" to the kernel.
    need(owner.host_uid != u32::MAX, &format!("{field}.hostUid"))?;
    need(owner.host_gid != u32::MAX, &format!("{field}.hostGid"))?;
    need(owner.uid <= MAX_ID, &format!("{field}.uid"))?;
    need(owner.gid <= MAX_ID, &format!("{field}.gid"))
}

fn tmpfs(tmpfs: &Tmpfs, field: &impl Fn(&str) -> String) -> Checked {
    within(tmpfs.size_bytes, PAGE..=MAX_SIZE, &field("sizeBytes"))?;
    within(tmpfs.inodes, 1..=MAX_INODES, &field("inodes"))?;
    need(tmpfs.mode <= 0o1777, &field("mode"))?;
    need(tmpfs.uid <= MAX_ID, &field("uid"))?;
    need(tmpfs.gid <= MAX_ID, &field("gid"))
}
