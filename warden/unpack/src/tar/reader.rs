//! Reads an archive entry by entry, and applies extension headers.

use super::header::{BLOCK_BYTES, Block, Header};
use super::pax::{Pax, Xattr};
use super::sparse::{self, Described, Map};
use crate::failure::Failure;
use crate::source::Source;

/// Types that a layer may contain; the reader refuses all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    Symlink,
    HardLink,
    /// A character or block device.
    Device,
    Fifo,
}

/// One file of the archive as the archive describes it: its names are unchecked.
#[derive(Debug)]
pub struct Entry {
    pub kind: Kind,
    pub path: Vec<u8>,
    pub link: Vec<u8>,
    /// Permission bits with set-user-id, set-group-id and sticky.
    pub mode: u32,
    /// Owner, as the archive counts.
    pub uid: u64,
    pub gid: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Attributes that a file or directory gets, and the number of further ones.
    pub xattrs: Vec<Xattr>,
    pub dropped_xattrs: u64,
    /// Where its data belongs, if it has holes.
    pub sparse: Option<Map>,
}

/// A pax header is read into memory as a whole; real ones contain a few names and attributes of at most 64 KiB.
const PAX_BYTES: u64 = 1 << 20;
/// A GNU long name: the longest path that Linux accepts, with its NUL.
const LONG_NAME_BYTES: u64 = 4097;
/// `git archive` writes one global header; no known program writes more than a few.
const GLOBAL_HEADERS: u32 = 16;

/// A tar archive being read.
pub struct Archive<'a> {
    source: Source<'a>,
    /// Unread data and padding of the current entry.
    data_left: u64,
    padding_left: u64,
    global_headers: u32,
    /// Something that makes it an archive has been read.
    begun: bool,
}

/// The headers before an entry's own.
#[derive(Default)]
struct Extensions {
    pax: Option<Pax>,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
}

impl<'a> Archive<'a> {
    pub fn new(source: Source<'a>) -> Self {
        Self { source, data_left: 0, padding_left: 0, global_headers: 0, begun: false }
    }

    /// The next entry; `None` after the last, when the whole stream has been read.
    ///
    /// # Errors
    ///
    /// The archive is malformed, ambiguous, cut short, or over budget.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, Failure> {
        self.skip_rest()?;
        let mut extensions = Extensions::default();
        loop {
            // Some writers omit the end marker, and readers in Go accept that: the archive may end where a header may
            // stand.
            let block = match self.block()? {
                None if !self.begun || extensions.any() => return Err(Failure::invalid("read header", "truncated")),
                None => return Ok(None),
                Some(block) => block,
            };
            self.begun = true;
            if block.iter().all(|byte| *byte == 0) {
                if extensions.any() {
                    return Err(Failure::invalid("read header", "extension of nothing"));
                }
                self.drain()?;
                return Ok(None);
            }
            let header = Header::parse(&block)?;
            match header.kind {
                b'x' => set(&mut extensions.pax, Pax::parse(&self.extension(&header, PAX_BYTES)?)?)?,
                b'L' => set(&mut extensions.long_name, self.long_name(&header)?)?,
                b'K' => set(&mut extensions.long_link, self.long_name(&header)?)?,
                b'g' => self.global(&header)?,
                _ => return self.entry(&block, header, extensions).map(Some),
            }
        }
    }

    /// Reads data of the current entry; 0 at its end.
    ///
    /// # Errors
    ///
    /// The archive ends before its data does.
    pub fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let wanted = usize::try_from(self.data_left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(part) = buffer.get_mut(..wanted) else { return Ok(0) };
        let count = self.source.fill(part)?;
        if count < wanted {
            return Err(Failure::invalid("read data", "truncated"));
        }
        self.data_left -= count as u64;
        Ok(count)
    }

    /// The stream, read to its end.
    pub fn into_source(self) -> Source<'a> {
        self.source
    }

    fn entry(&mut self, block: &Block, header: Header, extensions: Extensions) -> Result<Entry, Failure> {
        let mut pax = extensions.pax.unwrap_or_default();
        // A sparse file's name is separate: `path` is the name of its data for a reader without sparse files.
        let sparse_name = pax.sparse.as_mut().and_then(|records| records.name.take());
        let path = one_of(pax.path.take(), extensions.long_name)?.unwrap_or(header.name);
        let path = sparse_name.unwrap_or(path);
        let link = one_of(pax.link.take(), extensions.long_link)?.unwrap_or(header.link);
        let kind = kind(header.kind, &path).map_err(|failure| failure.at(&path))?;
        let size = match pax.size {
            // Writers that need pax for a size too large for the header leave 0 there.
            Some(size) if header.size != 0 && header.size != size => {
                return Err(Failure::invalid("read header", "pax size differs from header").at(&path));
            }
            Some(size) => size,
            None => header.size,
        };
        // Some readers skip such data, others take it for the next header.
        if kind != Kind::File && size != 0 {
            return Err(Failure::invalid("read header", "data behind an entry that has none").at(&path));
        }
        let described = sparse::described(&mut pax).map_err(|failure| failure.at(&path))?;
        let sparse = match (header.kind, described) {
            (b'S', Some(_)) => Err(Failure::invalid("read header", "two sparse maps")),
            (b'S', None) => self.old_map(block, size).map(Some),
            (_, Some(described)) if kind == Kind::File => self.pax_map(described, size).map(Some),
            (_, Some(_)) => Err(Failure::invalid("read header", "data behind an entry that has none")),
            (_, None) => self.expect_data(size).map(|()| None),
        }
        .map_err(|failure| failure.at(&path))?;
        let mtime = pax.mtime.unwrap_or(header.mtime);
        let (uid, gid) = (pax.uid.unwrap_or(header.uid), pax.gid.unwrap_or(header.gid));
        let (xattrs, dropped_xattrs) = (pax.xattrs, pax.dropped_xattrs);
        Ok(Entry { kind, path, link, mode: header.mode, uid, gid, mtime, xattrs, dropped_xattrs, sparse })
    }

    /// Its blocks come before the data, and are not part of the size.
    fn old_map(&mut self, header: &Block, size: u64) -> Result<Map, Failure> {
        let map =
            sparse::old(header, || self.block()?.ok_or_else(|| Failure::invalid("read sparse map", "truncated")))?;
        self.expect_data(size)?;
        self.afford_holes(map)
    }

    fn pax_map(&mut self, described: Described, size: u64) -> Result<Map, Failure> {
        self.expect_data(size)?;
        let map = match described {
            Described::Map(map) => map,
            Described::Ahead { size } => sparse::ahead(size, || {
                let mut block = [0; BLOCK_BYTES];
                match self.read_data(&mut block)? {
                    BLOCK_BYTES => Ok(block),
                    _ => Err(Failure::invalid("read sparse map", "truncated")),
                }
            })?,
        };
        self.afford_holes(map)
    }

    fn afford_holes(&mut self, map: Map) -> Result<Map, Failure> {
        if map.data() != self.data_left {
            return Err(Failure::invalid("read sparse map", "size differs from header"));
        }
        self.source.pay_holes(map.size - map.data())?;
        Ok(map)
    }

    fn long_name(&mut self, header: &Header) -> Result<Vec<u8>, Failure> {
        let mut name = self.extension(header, LONG_NAME_BYTES)?;
        // GNU ends the name with one NUL, some writers with none; more would hide something.
        if name.last() == Some(&0) {
            name.pop();
        }
        if name.is_empty() || name.contains(&0) {
            return Err(Failure::invalid("read long name", "name"));
        }
        Ok(name)
    }

    fn global(&mut self, header: &Header) -> Result<(), Failure> {
        self.global_headers += 1;
        if self.global_headers > GLOBAL_HEADERS {
            return Err(Failure::limit("read pax header", "global headers"));
        }
        if Pax::parse(&self.extension(header, PAX_BYTES)?)?.changes_entry() {
            return Err(Failure::invalid("read pax header", "global name or size"));
        }
        Ok(())
    }

    /// The data of an extension header. Its length is checked before anything is allocated.
    fn extension(&mut self, header: &Header, longest: u64) -> Result<Vec<u8>, Failure> {
        if header.size > longest {
            return Err(Failure::limit("read extension header", "extension bytes"));
        }
        self.expect_data(header.size)?;
        let mut data = vec![0; usize::try_from(header.size).unwrap_or(0)];
        self.read_data(&mut data)?;
        self.skip_rest()?;
        Ok(data)
    }

    fn expect_data(&mut self, size: u64) -> Result<(), Failure> {
        self.source.afford(size)?;
        self.data_left = size;
        self.padding_left = size.wrapping_neg() % BLOCK_BYTES as u64;
        Ok(())
    }

    fn skip_rest(&mut self) -> Result<(), Failure> {
        while self.data_left > 0 {
            self.read_data(&mut [0; 16 << 10])?;
        }
        let mut padding = [0; BLOCK_BYTES];
        let wanted = usize::try_from(std::mem::take(&mut self.padding_left)).unwrap_or(0);
        match self.source.fill(padding.get_mut(..wanted).unwrap_or_default())? {
            count if count < wanted => Err(Failure::invalid("read padding", "truncated")),
            _ => Ok(()),
        }
    }

    fn block(&mut self) -> Result<Option<Block>, Failure> {
        let mut block = [0; BLOCK_BYTES];
        match self.source.fill(&mut block)? {
            BLOCK_BYTES => Ok(Some(block)),
            0 => Ok(None),
            _ => Err(Failure::invalid("read header", "truncated")),
        }
    }

    /// After the end marker there may be zeros (tar pads to its record size) and nothing else: other readers could find
    /// there what was not unpacked.
    fn drain(&mut self) -> Result<(), Failure> {
        let mut buffer = [0; 16 << 10];
        loop {
            let count = self.source.fill(&mut buffer)?;
            if buffer.iter().take(count).any(|byte| *byte != 0) {
                return Err(Failure::invalid("read end of archive", "data behind the end"));
            }
            if count < buffer.len() {
                return Ok(());
            }
        }
    }
}

impl Extensions {
    fn any(&self) -> bool {
        self.pax.is_some() || self.long_name.is_some() || self.long_link.is_some()
    }
}

fn kind(flag: u8, path: &[u8]) -> Result<Kind, Failure> {
    match flag {
        // Before ustar, only a trailing slash distinguished a directory from a file.
        0 if path.ends_with(b"/") => Ok(Kind::Directory),
        0 | b'0' | b'7' | b'S' => Ok(Kind::File),
        b'1' => Ok(Kind::HardLink),
        b'2' => Ok(Kind::Symlink),
        b'3' | b'4' => Ok(Kind::Device),
        b'5' => Ok(Kind::Directory),
        b'6' => Ok(Kind::Fifo),
        _ => Err(Failure::invalid("read header", "entry type")),
    }
}

/// At most one extension of each kind may precede an entry, so their number needs no limit.
fn set<T>(slot: &mut Option<T>, value: T) -> Result<(), Failure> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Failure::invalid("read extension header", "duplicate extension")),
    }
}

fn one_of<T>(pax: Option<T>, gnu: Option<T>) -> Result<Option<T>, Failure> {
    match (pax, gnu) {
        (Some(_), Some(_)) => Err(Failure::invalid("read extension header", "both pax and GNU name")),
        (pax, gnu) => Ok(pax.or(gnu)),
    }
}
