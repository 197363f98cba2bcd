//! Ids of the sandbox in what is mounted for it.

use bulkhead_order::Piece;

/// How ids inside are written in a mount option.
#[derive(Debug, Clone, Copy)]
pub enum Ids {
    /// As root: as the host counts them, the sandbox's range from `base` on.
    Range { base: u32 },
    /// Rootless: the user namespace is entered already, and has no other id than the workload's.
    Only { uid: u32, gid: u32 },
}

impl Ids {
    pub fn uid(self, inside: u32) -> u32 {
        match self {
            Self::Range { base } => base + inside,
            Self::Only { uid, .. } => uid,
        }
    }

    /// With ids as the host counts them.
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
