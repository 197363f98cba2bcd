//! /etc/passwd and /etc/group, with the ids that the sandbox really has.

use bulkhead_order::Piece;
use bulkhead_plan::model::{GroupFile, Namespace, Passwd, Plan, User};

/// How host root's processes, and files with an unmapped owner, appear inside: every sandbox shows both.
const OF_THE_KERNEL: [u32; 2] = [0, 65_534];

/// How a plan's ids appear inside.
pub struct Ids<'a> {
    known_as: KnownAs,
    /// The workload's ids, as the plan counts them.
    user: &'a User,
}

enum KnownAs {
    /// The sandbox has a user namespace, so the ids are the plan's.
    OfPlan,
    /// Ids as the host counts them, in the sandbox's range, which is not known yet.
    OfRange,
    /// The only id is the workload's.
    Only(u32),
}

/// An id as the workload sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Plain(u32),
    /// Offset in the sandbox's range of host ids.
    OfRange(u32),
}

impl<'a> Ids<'a> {
    /// `privileged`: the sandbox has a uid range.
    pub fn of(plan: &'a Plan, privileged: bool) -> Self {
        let known_as = match privileged {
            _ if plan.namespaces.contains(&Namespace::User) => KnownAs::OfPlan,
            true => KnownAs::OfRange,
            false => KnownAs::Only(plan.user.uid),
        };
        Self { known_as, user: &plan.user }
    }
}

#[derive(Default)]
struct Content(Vec<Piece>);

impl Content {
    fn text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    fn id(&mut self, id: Shown) {
        match id {
            Shown::Plain(id) => self.text(&id.to_string()),
            Shown::OfRange(id) => self.0.push(Piece::Id(id)),
        }
    }
}

pub fn passwd(file: &Passwd, ids: &Ids) -> Vec<Piece> {
    let mut content = Content::default();
    for account in &file.accounts {
        for id in ids_of(account.uid, ids.user.uid, ids) {
            let of_kernel = OF_THE_KERNEL.iter().any(|one| id == Shown::Plain(*one));
            let gid = if of_kernel { Shown::Plain(account.gid) } else { own(account.gid, ids) };
            let (name, comment, home, shell) = (&account.name, &account.comment, &account.home, &account.shell);
            content.text(&format!("{name}:x:"));
            content.id(id);
            content.text(":");
            content.id(gid);
            content.text(&format!(":{comment}:{home}:{shell}\n"));
        }
    }
    content.0
}

pub fn group(file: &GroupFile, ids: &Ids) -> Vec<Piece> {
    let mut content = Content::default();
    for group in &file.groups {
        for id in ids_of(group.gid, ids.user.gid, ids) {
            content.text(&format!("{}:x:", group.name));
            content.id(id);
            content.text(&format!(":{}\n", group.members.join(",")));
        }
    }
    content.0
}

/// How an id of the plan appears inside. Without a user namespace root and nobody each have two ids: one of the
/// sandbox's range, which files may have, and the kernel's. Of two lines with one name, the first gives the name's id:
/// for the workload that must be its own id.
fn ids_of(id: u32, of_workload: u32, ids: &Ids) -> Vec<Shown> {
    let (own, plain) = (own(id, ids), Shown::Plain(id));
    match (own != plain && OF_THE_KERNEL.contains(&id), id == of_workload) {
        (false, _) => vec![own],
        (true, true) => vec![own, plain],
        (true, false) => vec![plain, own],
    }
}

/// As the workload sees it.
fn own(id: u32, ids: &Ids) -> Shown {
    match ids.known_as {
        KnownAs::OfPlan => Shown::Plain(id),
        KnownAs::OfRange => Shown::OfRange(id),
        KnownAs::Only(uid) => Shown::Plain(uid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_plan::model::{Account, Group};

    fn shown(pieces: &[Piece]) -> String {
        let one = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Id(id) => (1_000_000 + id).to_string(),
        };
        pieces.iter().map(one).collect()
    }

    fn texts(own_ids: bool, uid: u32) -> (String, String) {
        let user = User { uid, gid: uid, groups: Vec::new() };
        let known_as = if own_ids { KnownAs::OfPlan } else { KnownAs::OfRange };
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
        let passwd_text = shown(&passwd(&Passwd { at: "/etc/passwd".to_owned(), accounts }, &ids));
        (passwd_text, shown(&group(&GroupFile { at: "/etc/group".to_owned(), groups }, &ids)))
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
