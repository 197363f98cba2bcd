//! The forms of strings.

/// PATH_MAX and NAME_MAX of Linux.
const MAX_PATH: usize = 4096;
const MAX_NAME: usize = 255;

/// Absolute and normalized, and not `/` itself: apart from links, the kernel resolves it to exactly this path.
pub fn path(text: &str) -> bool {
    let part = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= MAX_NAME;
    text.len() <= MAX_PATH
        && !text.contains('\0')
        && text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(part))
}

/// `path` is `tree`, or below it.
pub fn within(path: &str, tree: &str) -> bool {
    path.strip_prefix(tree).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The target of a symbolic link: any that the kernel accepts.
pub fn link_target(text: &str) -> bool {
    !text.is_empty() && text.len() < MAX_PATH && !text.contains('\0')
}

/// A field of /etc/passwd or /etc/group: no control character, which could start a line, and no `:`, which ends a
/// field.
pub fn account_text(text: &str) -> bool {
    text.len() <= MAX_NAME && !text.contains(|letter: char| letter == ':' || letter.is_control())
}

/// The name of a user or group.
pub fn account_name(text: &str) -> bool {
    account_text(text) && !text.is_empty() && !text.contains(',')
}

/// `[a-z0-9][a-z0-9-]{7,39}`: safe as the name of a directory and in a log.
pub fn id(text: &str) -> bool {
    (8..=40).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(label)
}

/// `[a-z0-9-]{1,63}`.
pub fn host_name(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(label)
}

/// `[A-Za-z0-9._-]{1,100}`, and not the name that means no profile.
pub fn profile_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=100).contains(&text.len()) && text.bytes().all(letter) && text != "unconfined"
}

/// `user:role:type`, optionally followed by a range, of at most 255 characters of `[A-Za-z0-9_.,:-]`.
pub fn selinux_label(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b',' | b':');
    let mut parts = text.splitn(4, ':');
    let three = (0..3).all(|_| parts.next().is_some_and(|part| !part.is_empty()));
    text.len() <= 255 && text.bytes().all(letter) && three && parts.next() != Some("")
}

/// `[a-z][a-z0-9-]{0,31}`: the name of an attached connection.
pub fn attachment(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(label)
}

fn label(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}
