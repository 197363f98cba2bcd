//! Records of a pax extended header (POSIX.1-2001): `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record.

use super::sparse::Records;
use crate::failure::Failure;

/// An extended attribute.
#[derive(Debug, PartialEq, Eq)]
pub struct Xattr {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
}

/// The attributes of one file. With more, file systems differ in what they can store.
const MOST_XATTRS: usize = 32;
const XATTR_NAME_BYTES: usize = 255;
const XATTR_VALUE_BYTES: usize = 1024;

/// The records of one header.
#[derive(Debug, Default)]
pub struct Pax {
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub mtime: Option<i64>,
    pub uid: Option<u64>,
    pub gid: Option<u64>,
    pub sparse: Option<Records>,
    pub xattrs: Vec<Xattr>,
    /// Extended attributes that are dropped.
    pub dropped_xattrs: u64,
}

const OPERATION: &str = "read pax header";

impl Pax {
    /// # Errors
    ///
    /// A record is malformed, or names a field twice.
    pub fn parse(mut data: &[u8]) -> Result<Self, Failure> {
        let mut pax = Self::default();
        while !data.is_empty() {
            let (key, value, rest) = record(data).ok_or_else(|| Failure::invalid(OPERATION, "record"))?;
            data = rest;
            pax.take(key, value)?;
        }
        Ok(pax)
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        match key {
            b"path" => once(&mut self.path, value.to_vec()),
            b"linkpath" => once(&mut self.link, value.to_vec()),
            b"size" => once(&mut self.size, decimal(value)?),
            b"uid" => once(&mut self.uid, decimal(value)?),
            b"gid" => once(&mut self.gid, decimal(value)?),
            b"mtime" => once(&mut self.mtime, seconds(value)?),
            _ => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    return self.sparse.get_or_insert_default().take(key, value);
                }
                if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                    return self.xattr(name, value);
                }
                // The same attributes again: writers of these also write those above.
                if key.starts_with(b"LIBARCHIVE.xattr.") {
                    self.dropped_xattrs += 1;
                }
                Ok(())
            }
        }
    }

    /// Keeps only user attributes: those of `security` and `system` grant rights, and those of `trusted` and of
    /// overlayfs change what a tree shows.
    fn xattr(&mut self, name: &[u8], value: &[u8]) -> Result<(), Failure> {
        if self.xattrs.iter().any(|known| known.name == name) {
            return Err(Failure::invalid(OPERATION, "duplicate record"));
        }
        let own = name.strip_prefix(b"user.").is_some_and(|rest| !rest.is_empty() && !rest.starts_with(b"overlay."));
        let fits = name.len() <= XATTR_NAME_BYTES && value.len() <= XATTR_VALUE_BYTES;
        if own && fits && !name.contains(&0) && self.xattrs.len() < MOST_XATTRS {
            self.xattrs.push(Xattr { name: name.to_vec(), value: value.to_vec() });
        } else {
            self.dropped_xattrs += 1;
        }
        Ok(())
    }

    /// Whether it changes an entry's name or content, which a global header must not.
    pub fn changes_entry(&self) -> bool {
        let named = self.path.is_some() || self.link.is_some() || self.size.is_some();
        named || self.sparse.is_some() || !self.xattrs.is_empty()
    }
}

/// Split by the stated length, never at a line break: a name may contain one.
fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    // No record is longer than its header, and a header is far shorter than eight digits allow.
    let space = data.iter().take(8).position(|byte| *byte == b' ')?;
    let digits = data.get(..space).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let body = data.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=').filter(|equals| *equals > 0)?;
    Some((body.get(..equals)?, body.get(equals + 1..)?, data.get(length..)?))
}

/// POSIX says that the last of two wins, some readers take the first: refuse both.
pub fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Failure> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Failure::invalid(OPERATION, "duplicate record")),
    }
}

pub fn decimal(value: &[u8]) -> Result<u64, Failure> {
    std::str::from_utf8(value)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Failure::invalid(OPERATION, "number"))
}

/// Whole seconds of `1700000000.25`; times before 1970 become 1970.
fn seconds(value: &[u8]) -> Result<i64, Failure> {
    if value.first() == Some(&b'-') {
        return Ok(0);
    }
    let whole = value.split(|byte| *byte == b'.').next().unwrap_or_default();
    Ok(i64::try_from(decimal(whole)?).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::Pax;

    #[test]
    fn a_newline_in_a_name_ends_nothing() {
        let pax = Pax::parse(b"12 path=a\nb\n13 size=1234\n").unwrap();
        assert_eq!(pax.path.as_deref(), Some(&b"a\nb"[..]));
        assert_eq!(pax.size, Some(1234));
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        for data in [
            &b"9 path=a\n9 path=b\n"[..],
            b"9 path=a",
            b"99 path=a\n",
            b"3 a\n",
            b"0 path=a\n",
            b"-9 path=a\n",
            b"+9 path=a\n",
            b"9 size=-1\n",
            b"9 size= 1\n",
            b"6 =ab\n",
            b"20 GNU.sparse.odd=1\n",
            b"26 SCHILY.xattr.user.a=1\n\n26 SCHILY.xattr.user.a=1\n\n",
            b"99999999999999999999999 path=a\n",
        ] {
            assert!(Pax::parse(data).is_err(), "{}", String::from_utf8_lossy(data));
        }
    }

    #[test]
    fn only_a_users_own_attributes_are_kept() {
        let mut data = Vec::new();
        for name in ["user.kept", "user.overlay.opaque", "user.", "trusted.overlay.opaque", "security.capability", "x"]
        {
            let rest = format!(" SCHILY.xattr.{name}=value\n");
            data.extend_from_slice(format!("{}{rest}", rest.len() + 2).as_bytes());
        }
        let pax = Pax::parse(&data).unwrap();
        assert_eq!(pax.xattrs.iter().map(|xattr| xattr.name.as_slice()).collect::<Vec<_>>(), [b"user.kept"]);
        assert_eq!(pax.dropped_xattrs, 5);
    }
}
