//! The mounts that this process sees.

use crate::sys::may_write;
use serde::Serialize;

const MOST: usize = 512;

#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    pub at: String,
    pub kind: String,
    /// The mount is, whatever the modes of its files.
    pub read_only: bool,
    /// This user may write to what it leads to.
    pub writable: bool,
    /// Programs on it may be executed.
    pub exec: bool,
    /// Set-user-id programs on it work.
    pub setid: bool,
}

pub fn mounts() -> Vec<Mount> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    parse(&text).into_iter().take(MOST).map(|mount| Mount { writable: may_write(&mount.at), ..mount }).collect()
}

/// proc(5): `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
fn parse(text: &str) -> Vec<Mount> {
    let line = |line: &str| {
        let (front, back) = line.split_once(" - ")?;
        let mut fields = front.split(' ').skip(4);
        let (at, options) = (fields.next()?, fields.next()?);
        let has = |name: &str| options.split(',').any(|option| option == name);
        Some(Mount {
            at: at.replace("\\040", " "),
            kind: back.split(' ').next()?.to_owned(),
            read_only: has("ro"),
            writable: false,
            exec: !has("noexec"),
            setid: !has("nosuid"),
        })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc() {
        let [mount] = &parse("36 35 98:0 /mnt1 /a\\040b ro,nosuid master:1 - ext3 /dev/root rw")[..] else { panic!() };
        assert_eq!((mount.at.as_str(), mount.kind.as_str()), ("/a b", "ext3"));
        assert!(mount.read_only && mount.exec && !mount.setid);
        assert!(parse("nonsense").is_empty());
    }
}
