//! The sandbox's ids in its mounts.

use bulkhead_order::Piece;

/// How a mount option expresses ids inside.
#[derive(Debug, Clone, Copy)]
pub enum Ids {
    /// As root: host ids, in the sandbox's range starting at `base`.
    Range { base: u32 },
    /// Rootless: the user namespace is entered already, and has only the workload's id.
    Only { uid: u32, gid: u32 },
}

impl Ids {
    pub fn uid(self, inside: u32) -> u32 {
        match self {
            Self::Range { base } => base + inside,
            Self::Only { uid, .. } => uid,
        }
    }

    /// The text, with ids as the host counts them.
    pub fn text(self, pieces: &[Piece]) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Id(inside) => self.uid(*inside).to_string(),
        };
        pieces.iter().map(text).collect()
    }

    pub fn gid(self, inside: u32) -> u32 {
        match self {
            Self::Range { base } => base + inside,
            Self::Only { gid, .. } => gid,
        }
    }
}
