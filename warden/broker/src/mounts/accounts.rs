//! /etc/passwd and /etc/group, with the ids that a sandbox really has.

use super::Context;
use bulkhead_plan::model::{GroupFile, Passwd};
use std::fmt::Write;

/// What a process of the host's root, and what belongs to nobody inside, shows as: both are seen in every sandbox.
const OF_THE_KERNEL: [u32; 2] = [0, 65_534];

pub fn passwd(file: &Passwd, context: &Context) -> String {
    let mut text = String::new();
    for account in &file.accounts {
        for id in ids_of(account.uid, context.user.uid, context) {
            let gid = if OF_THE_KERNEL.contains(&id) { account.gid } else { own(account.gid, context) };
            let (name, comment, home, shell) = (&account.name, &account.comment, &account.home, &account.shell);
            let _ = writeln!(text, "{name}:x:{id}:{gid}:{comment}:{home}:{shell}");
        }
    }
    text
}

pub fn group(file: &GroupFile, context: &Context) -> String {
    let mut text = String::new();
    for group in &file.groups {
        for id in ids_of(group.gid, context.user.gid, context) {
            let _ = writeln!(text, "{}:x:{id}:{}", group.name, group.members.join(","));
        }
    }
    text
}

/// What an id of the plan is inside. Root and nobody are two things without a user namespace: an id of the range that files may have, and that of the kernel.
/// Of two lines with one name the first one tells the name's id: for the workload itself that must be its own.
fn ids_of(id: u32, of_workload: u32, context: &Context) -> Vec<u32> {
    let own = own(id, context);
    match (own != id && OF_THE_KERNEL.contains(&id), id == of_workload) {
        (false, _) => vec![own],
        (true, true) => vec![own, id],
        (true, false) => vec![id, own],
    }
}

/// As the workload sees it.
fn own(id: u32, context: &Context) -> u32 {
    if context.own_ids { id } else { context.ids.uid(id) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Caller;
    use crate::mounts::Ids;
    use bulkhead_plan::model::{Account, Group, User};

    fn texts(own_ids: bool, uid: u32) -> (String, String) {
        let user = User { uid, gid: uid, groups: Vec::new() };
        let caller = Caller { uid: 0, gid: 0, groups: Vec::new() };
        let ids = Ids::Range { base: 1_000_000 };
        let context = Context {
            caller: &caller,
            ids,
            own_ids,
            user: &user,
            privileged: true,
            prepared: None,
            idmaps: Vec::new(),
        };
        let account = |name: &str, id: u32| Account {
            name: name.to_owned(),
            uid: id,
            gid: id,
            comment: String::new(),
            home: "/".to_owned(),
            shell: "/bin/sh".to_owned(),
        };
        let accounts = vec![account("root", 0), account("web", 33)];
        let groups = vec![Group { name: "web".to_owned(), gid: 33, members: vec!["a".to_owned(), "b".to_owned()] }];
        let passwd_text = passwd(&Passwd { at: "/etc/passwd".to_owned(), accounts }, &context);
        (passwd_text, group(&GroupFile { at: "/etc/group".to_owned(), groups }, &context))
    }

    #[test]
    fn a_user_namespace_has_the_ids_of_the_plan() {
        let (passwd, group) = texts(true, 33);
        assert_eq!(passwd, "root:x:0:0::/:/bin/sh\nweb:x:33:33::/:/bin/sh\n");
        assert_eq!(group, "web:x:33:a,b\n");
    }

    #[test]
    fn without_one_ids_are_of_the_range_and_root_is_also_the_kernels() {
        let (passwd, group) = texts(false, 33);
        let own = "root:x:1000000:1000000::/:/bin/sh\nweb:x:1000033:1000033::/:/bin/sh\n";
        assert_eq!(passwd, format!("root:x:0:0::/:/bin/sh\n{own}"));
        assert_eq!(group, "web:x:1000033:a,b\n");
        assert!(texts(false, 0).0.starts_with("root:x:1000000:"), "the workload's own id comes first");
    }
}
