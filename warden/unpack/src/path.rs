//! Turns an archive's names into paths that can lead only downwards.

use crate::failure::Failure;
use crate::limits::Limits;

/// Below `PATH_MAX` (4,096), so that the host can still name a path below its own directory; and `NAME_MAX`.
pub const PATH_BYTES: usize = 3072;
const NAME_BYTES: usize = 255;

/// Components below the destination: none is empty, `.`, `..`, or contains a slash or NUL. They may contain any other
/// bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPath {
    components: Vec<Vec<u8>>,
}

impl EntryPath {
    /// Drops a leading slash, as every unpacker of layers does; refuses `..` even where it would stay inside.
    ///
    /// # Errors
    ///
    /// It contains `..` or NUL, or is too long or too deep.
    pub fn parse(name: &[u8], limits: &Limits) -> Result<Self, Failure> {
        let refuse = |failure: Failure| Err(failure.at(name));
        if name.len() > PATH_BYTES {
            return refuse(Failure::invalid("check path", "path too long"));
        }
        if name.contains(&0) {
            return refuse(Failure::invalid("check path", "NUL"));
        }
        let mut components = Vec::new();
        for component in name.split(|byte| *byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => return refuse(Failure::invalid("check path", "..")),
                _ if component.len() > NAME_BYTES => return refuse(Failure::invalid("check path", "name too long")),
                _ => components.push(component.to_vec()),
            }
        }
        if components.len() > limits.depth {
            return refuse(Failure::limit("check path", "max-depth"));
        }
        Ok(Self { components })
    }

    /// The parent directory, and its own name; `None` for the destination itself.
    pub fn split(&self) -> Option<(&[Vec<u8>], &[u8])> {
        self.components.split_last().map(|(name, parents)| (parents, name.as_slice()))
    }

    /// All components.
    pub fn components(&self) -> &[Vec<u8>] {
        &self.components
    }
}

#[cfg(test)]
mod tests {
    use super::EntryPath;
    use crate::limits::Limits;

    fn parsed(name: &[u8]) -> Option<Vec<u8>> {
        EntryPath::parse(name, &Limits { depth: 3, ..Limits::default() }).ok().map(|path| path.components().join(&b'/'))
    }

    #[test]
    fn a_path_leads_downwards_or_nowhere() {
        assert_eq!(parsed(b"/etc//./passwd/").as_deref(), Some(&b"etc/passwd"[..]));
        assert_eq!(parsed(b"a\n\xff/b").as_deref(), Some(&b"a\n\xff/b"[..]));
        assert_eq!(parsed(b"./").as_deref(), Some(&b""[..]));
        for refused in [&b"../a"[..], b"a/../b", b"a/..", b"..", b"a\0b", b"1/2/3/4", &[b'a'; 256], &[b'/'; 3073]] {
            assert_eq!(parsed(refused), None, "{}", String::from_utf8_lossy(refused));
        }
    }
}
