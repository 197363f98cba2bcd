//! Sparse files: GNU's old format, and the three that it writes into pax headers (0.0, 0.1, 1.0).
//!
//! A map is hostile: pieces that overlap, go backwards, reach beyond the file, or exceed the entry's data are refused,
//! and the holes between them count like bytes, because not every file system and no copy preserves them.

use super::header::{Block, field, number};
use super::pax::Pax;
use crate::failure::Failure;

/// For one file; the map is kept in memory. A pax header ends long before.
const MOST_PIECES: usize = 1 << 17;
const OPERATION: &str = "read sparse map";

/// Where the data of an entry belongs in its file, in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Map {
    pub pieces: Vec<Piece>,
    /// Of the file, holes included.
    pub size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub offset: u64,
    pub length: u64,
}

/// What a pax header says of a map.
#[derive(Debug)]
pub enum Described {
    Map(Map),
    /// Version 1.0: the map comes before the data, in blocks of its own, which are part of the entry's size.
    Ahead {
        size: u64,
    },
}

impl Map {
    /// # Errors
    ///
    /// The pieces are not in order, or do not fit into the file.
    pub fn new(pieces: Vec<Piece>, size: u64) -> Result<Self, Failure> {
        let mut end = 0_u64;
        for piece in &pieces {
            if piece.offset < end {
                return Err(Failure::invalid(OPERATION, "pieces out of order"));
            }
            end = piece.offset.checked_add(piece.length).filter(|end| *end <= size).ok_or_else(beyond)?;
        }
        Ok(Self { pieces, size })
    }

    /// Bytes that are data.
    pub fn data(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.length).sum()
    }
}

fn beyond() -> Failure {
    Failure::invalid(OPERATION, "piece beyond the end")
}

/// Pieces, as they are collected.
#[derive(Debug, Default)]
pub struct Pieces(Vec<Piece>);

impl Pieces {
    fn push(&mut self, offset: u64, length: u64) -> Result<(), Failure> {
        if self.0.len() >= MOST_PIECES {
            return Err(Failure::limit(OPERATION, "sparse pieces"));
        }
        self.0.push(Piece { offset, length });
        Ok(())
    }
}

/// GNU's old format: four pieces in the header, 21 in each block behind it that is announced.
///
/// # Errors
///
/// The map is malformed, or a block cannot be read.
pub fn old(header: &Block, mut next: impl FnMut() -> Result<Block, Failure>) -> Result<Map, Failure> {
    const PIECE_BYTES: usize = 24;
    if field(header, 257, 8) != b"ustar  \0" {
        return Err(Failure::invalid(OPERATION, "not GNU's"));
    }
    let mut pieces = Pieces::default();
    let mut ended = false;
    let mut take = |block: &Block, start: usize, count: usize| {
        for at in (0..count).map(|index| start + index * PIECE_BYTES) {
            // An empty field ends the map, and nothing may come behind it.
            if block.get(at) == Some(&0) {
                ended = true;
            } else if ended {
                return Err(Failure::invalid(OPERATION, "piece behind the last"));
            } else {
                pieces.push(number(field(block, at, 12))?, number(field(block, at + 12, 12))?)?;
            }
        }
        Ok(())
    };
    take(header, 386, 4)?;
    let mut more = header.get(482) == Some(&1);
    while more {
        let block = next()?;
        take(&block, 0, 21)?;
        more = block.get(504) == Some(&1);
    }
    Map::new(pieces.0, number(field(header, 483, 12))?)
}

/// Version 1.0: lines with decimal numbers, the first of which says how many pieces come; the rest of the last block is
/// zeros.
///
/// # Errors
///
/// The map is malformed, or a block cannot be read.
pub fn ahead(size: u64, mut next: impl FnMut() -> Result<Block, Failure>) -> Result<Map, Failure> {
    let mut lines = Lines { block: next()?, at: 0 };
    let count = lines.number(&mut next)?;
    let mut pieces = Pieces::default();
    for _ in 0..count {
        let offset = lines.number(&mut next)?;
        pieces.push(offset, lines.number(&mut next)?)?;
    }
    if lines.block.iter().skip(lines.at).any(|byte| *byte != 0) {
        return Err(Failure::invalid(OPERATION, "data behind the map"));
    }
    Map::new(pieces.0, size)
}

struct Lines {
    block: Block,
    at: usize,
}

impl Lines {
    fn number(&mut self, next: &mut impl FnMut() -> Result<Block, Failure>) -> Result<u64, Failure> {
        let mut value: Option<u64> = None;
        loop {
            if self.at == self.block.len() {
                *self = Self { block: next()?, at: 0 };
            }
            let byte = self.block.get(self.at).copied().unwrap_or_default();
            self.at += 1;
            value = match (byte, value) {
                (b'\n', Some(value)) => return Ok(value),
                (b'0'..=b'9', known) => {
                    let digit = u64::from(byte - b'0');
                    let longer = known.unwrap_or(0).checked_mul(10).and_then(|value| value.checked_add(digit));
                    Some(longer.ok_or_else(|| Failure::invalid(OPERATION, "number"))?)
                }
                _ => return Err(Failure::invalid(OPERATION, "number")),
            };
        }
    }
}

/// The records `GNU.sparse.*` of one pax header.
#[derive(Debug, Default)]
pub struct Records {
    major: Option<u64>,
    minor: Option<u64>,
    /// The file's own name: readers without sparse files get an invented one in `path`.
    pub name: Option<Vec<u8>>,
    size: Option<u64>,
    real_size: Option<u64>,
    count: Option<u64>,
    list: Option<Pieces>,
    /// Version 0.0 gives each piece in two records, which occur many times.
    pairs: Pieces,
    offset: Option<u64>,
}

impl Records {
    /// # Errors
    ///
    /// A record is malformed, repeated, or unknown.
    pub fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        use super::pax::{decimal, once};
        match key {
            b"major" => once(&mut self.major, decimal(value)?),
            b"minor" => once(&mut self.minor, decimal(value)?),
            b"name" => once(&mut self.name, value.to_vec()),
            b"size" => once(&mut self.size, decimal(value)?),
            b"realsize" => once(&mut self.real_size, decimal(value)?),
            b"numblocks" => once(&mut self.count, decimal(value)?),
            b"map" => once(&mut self.list, list(value)?),
            b"offset" => once(&mut self.offset, decimal(value)?),
            b"numbytes" => {
                let offset = self.offset.take().ok_or_else(|| Failure::invalid(OPERATION, "length without offset"))?;
                self.pairs.push(offset, decimal(value)?)
            }
            _ => Err(Failure::invalid(OPERATION, "unknown record")),
        }
    }

    /// # Errors
    ///
    /// The records do not belong together.
    pub fn finish(self) -> Result<Described, Failure> {
        let odd = || Failure::invalid(OPERATION, "records");
        let version_one = match (self.major, self.minor) {
            (Some(1), Some(0)) => true,
            (None | Some(0), None | Some(0 | 1)) => false,
            _ => return Err(Failure::invalid(OPERATION, "version")),
        };
        let ((Some(size), None) | (None, Some(size))) = (self.size, self.real_size) else { return Err(odd()) };
        let paired = !self.pairs.0.is_empty() || self.offset.is_some();
        if version_one {
            let alone = self.list.is_none() && self.count.is_none() && !paired;
            return if alone { Ok(Described::Ahead { size }) } else { Err(odd()) };
        }
        let pieces = match self.list {
            Some(list) if !paired => list,
            None if self.offset.is_none() => self.pairs,
            _ => return Err(odd()),
        };
        // The number is also given, and must be right.
        if self.count != Some(pieces.0.len() as u64) {
            return Err(odd());
        }
        Map::new(pieces.0, size).map(Described::Map)
    }
}

/// Version 0.1: `offset,length,offset,length`.
fn list(value: &[u8]) -> Result<Pieces, Failure> {
    let mut pieces = Pieces::default();
    if value.is_empty() {
        return Ok(pieces);
    }
    let mut numbers = value.split(|byte| *byte == b',').map(super::pax::decimal);
    while let Some(offset) = numbers.next() {
        let length = numbers.next().ok_or_else(|| Failure::invalid(OPERATION, "length"))?;
        pieces.push(offset?, length?)?;
    }
    Ok(pieces)
}

/// The map of an entry, if it has one, before its data is read.
///
/// # Errors
///
/// There are two.
pub fn described(pax: &mut Pax) -> Result<Option<Described>, Failure> {
    pax.sparse.take().map(Records::finish).transpose()
}

#[cfg(test)]
mod tests {
    use super::{Map, Piece, Records, ahead};
    use crate::tar::header::Block;

    fn pieces(of: &[(u64, u64)]) -> Vec<Piece> {
        of.iter().map(|(offset, length)| Piece { offset: *offset, length: *length }).collect()
    }

    #[test]
    fn a_map_leads_forwards_and_not_beyond_the_file() {
        assert_eq!(Map::new(pieces(&[(0, 1), (1, 0), (5, 5), (10, 0)]), 10).unwrap().data(), 6);
        for (map, size) in [
            (&[(0, 2), (1, 1)][..], 10),
            (&[(5, 1), (0, 1)], 10),
            (&[(0, 11)], 10),
            (&[(11, 0)], 10),
            (&[(u64::MAX, 1)], u64::MAX),
        ] {
            assert!(Map::new(pieces(map), size).is_err(), "{map:?}");
        }
    }

    #[test]
    fn a_map_ahead_of_the_data_may_cross_blocks() {
        let mut text = b"200\n".to_vec();
        for piece in 0..200_u64 {
            text.extend_from_slice(format!("{}\n1\n", piece * 4096).as_bytes());
        }
        text.resize(text.len().next_multiple_of(512), 0);
        let mut blocks = text.chunks(512).map(|chunk| Block::try_from(chunk).unwrap());
        assert_eq!(ahead(1 << 30, || Ok(blocks.next().unwrap())).unwrap().data(), 200);
        assert!(blocks.next().is_none());
    }

    #[test]
    fn records_that_contradict_each_other_are_refused() {
        for records in [
            &["size=1"][..],
            &["size=1", "realsize=1", "numblocks=0"],
            &["size=9", "numblocks=2", "map=0,1"],
            &["size=9", "numblocks=1", "map=0"],
            &["size=9", "numblocks=1", "map=0,1", "offset=0", "numbytes=1"],
            &["size=9", "numblocks=1", "numbytes=1", "offset=0"],
            &["size=9", "numblocks=1", "offset=0", "offset=0", "numbytes=1"],
            &["major=1", "minor=0", "realsize=9", "map=0,1"],
            &["major=1", "minor=1", "realsize=9"],
            &["major=2", "minor=0", "realsize=9"],
            &["realsize=9", "odd=1"],
        ] {
            let mut found = Records::default();
            let taken = records.iter().try_for_each(|record| {
                let (key, value) = record.split_once('=').unwrap();
                found.take(key.as_bytes(), value.as_bytes())
            });
            assert!(taken.is_err() || found.finish().is_err(), "{records:?}");
        }
    }
}
