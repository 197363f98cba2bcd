//! /etc/passwd and /etc/group, with the ids that a sandbox really has.

use bulkhead_plan::model::{GroupFile, Namespace, Passwd, Plan, User};
use std::fmt::Write;

/// What a process of the host's root, and what belongs to nobody inside, shows as: both are seen in every sandbox.
const OF_THE_KERNEL: [u32; 2] = [0, 65_534];

/// What the ids of a plan are inside.
pub struct Ids<'a> {
    known_as: KnownAs,
    /// Who the workload is, in ids of the plan.
    user: &'a User,
}

enum KnownAs {
    /// There is a user namespace.
    OfPlan,
    /// As the host counts them, the sandbox's range from `base` on.
    OfRange { base: u32 },
    /// There is no other id than the workload's.
    Only(u32),
}

impl<'a> Ids<'a> {
    /// `base`: where there is a range.
    pub fn of(plan: &'a Plan, base: Option<u32>) -> Self {
        let known_as = match base {
            _ if plan.namespaces.contains(&Namespace::User) => KnownAs::OfPlan,
            Some(base) => KnownAs::OfRange { base },
            None => KnownAs::Only(plan.user.uid),
        };
        Self { known_as, user: &plan.user }
    }
}

pub fn passwd(file: &Passwd, ids: &Ids) -> String {
    let mut text = String::new();
    for account in &file.accounts {
        for id in ids_of(account.uid, ids.user.uid, ids) {
            let gid = if OF_THE_KERNEL.contains(&id) { account.gid } else { own(account.gid, ids) };
            let (name, comment, home, shell) = (&account.name, &account.comment, &account.home, &account.shell);
            let _ = writeln!(text, "{name}:x:{id}:{gid}:{comment}:{home}:{shell}");
        }
    }
    text
}

pub fn group(file: &GroupFile, ids: &Ids) -> String {
    let mut text = String::new();
    for group in &file.groups {
        for id in ids_of(group.gid, ids.user.gid, ids) {
            let _ = writeln!(text, "{}:x:{id}:{}", group.name, group.members.join(","));
        }
    }
    text
}

/// What an id of the plan is inside. Root and nobody are two things without a user namespace: an id of the range that files may have, and that of the kernel.
/// Of two lines with one name the first one tells the name's id: for the workload itself that must be its own.
fn ids_of(id: u32, of_workload: u32, ids: &Ids) -> Vec<u32> {
    let own = own(id, ids);
    match (own != id && OF_THE_KERNEL.contains(&id), id == of_workload) {
        (false, _) => vec![own],
        (true, true) => vec![own, id],
        (true, false) => vec![id, own],
    }
}

/// As the workload sees it.
fn own(id: u32, ids: &Ids) -> u32 {
    match ids.known_as {
        KnownAs::OfPlan => id,
        KnownAs::OfRange { base } => base + id,
        KnownAs::Only(uid) => uid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_plan::model::{Account, Group};

    fn texts(own_ids: bool, uid: u32) -> (String, String) {
        let user = User { uid, gid: uid, groups: Vec::new() };
        let known_as = if own_ids { KnownAs::OfPlan } else { KnownAs::OfRange { base: 1_000_000 } };
        let ids = Ids { known_as, user: &user };
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
        let passwd_text = passwd(&Passwd { at: "/etc/passwd".to_owned(), accounts }, &ids);
        (passwd_text, group(&GroupFile { at: "/etc/group".to_owned(), groups }, &ids))
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
