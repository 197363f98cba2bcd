//! A layer's whiteouts.
//!
//! Overlayfs has two ways of hiding: a character device 0:0 instead of a name, and an extended attribute of a directory
//! whose lower part must not show. The second would need privilege, or a kind of mount that trusts attributes of the
//! image. So it is written with the first: into a separate tree between this layer and the one below, where the device
//! ends the search for the directory's other parts.

use crate::failure::Failure;
use crate::tree::{self, Tree};
use serde::Serialize;
use std::collections::BTreeSet;

type Path = Vec<Vec<u8>>;

/// Collected while the layer is read: they hide only lower layers, wherever they are in the archive.
#[derive(Debug, Default)]
pub struct Whiteouts {
    names: BTreeSet<Path>,
    /// Nothing of lower layers may show below these.
    opaque: BTreeSet<Path>,
}

/// What was written.
#[derive(Debug, Default, Serialize)]
pub struct Hidden {
    /// Names in the layer's own tree.
    names: u64,
    /// Directories in the other tree.
    directories: u64,
    /// The root is opaque: nothing of the layers below may show.
    everything: bool,
}

impl Whiteouts {
    /// A name in a directory whose path contains no link.
    pub fn hide(&mut self, mut directory: Path, name: &[u8]) {
        directory.push(name.to_vec());
        self.names.insert(directory);
    }

    /// Everything that lower layers have in a directory.
    pub fn hide_below(&mut self, directory: Path) {
        self.opaque.insert(directory);
    }

    /// Writes them, after all of the layer's own files.
    pub fn write(mut self, files: &mut Tree, hidden: &mut Tree) -> Result<Hidden, Failure> {
        let mut written = Hidden::default();
        let mut plain = Vec::new();
        for path in self.names {
            let Some((name, parents)) = path.split_last() else { continue };
            // The entry that was there when the whiteout was read may have been replaced since.
            match files.find(parents) {
                Ok(Some(parent)) if tree::is_directory(parent, name)? => {
                    self.opaque.insert(path);
                }
                Ok(Some(parent)) if !tree::is_there(parent, name)? => plain.push(path),
                Ok(_) | Err(_) => {}
            }
        }
        if self.opaque.contains(&Path::new()) {
            return Ok(Hidden { everything: true, ..written });
        }
        // In order, so that a directory comes before its entries, which are hidden with it.
        let mut last: Option<&Path> = None;
        let topmost: BTreeSet<&Path> = self
            .opaque
            .iter()
            .filter(|path| {
                !last.is_some_and(|above| path.starts_with(above)) && {
                    last = Some(path);
                    true
                }
            })
            .collect();
        for path in &topmost {
            if let Some((name, parents)) = path.split_last() {
                tree::put_whiteout(hidden.make(parents)?, name)?;
                written.directories += 1;
            }
        }
        for path in plain {
            let covered =
                (1..path.len()).any(|length| path.get(..length).is_some_and(|above| topmost.contains(&above.to_vec())));
            if let (false, Some((name, parents))) = (covered, path.split_last()) {
                tree::put_whiteout(files.make(parents)?, name)?;
                written.names += 1;
            }
        }
        Ok(written)
    }
}
