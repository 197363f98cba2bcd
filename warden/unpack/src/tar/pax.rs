//! Records of a pax extended header (POSIX.1-2001): `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record.

use crate::failure::Failure;

/// What the records of one header say.
#[derive(Debug, Default)]
pub struct Pax {
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub mtime: Option<i64>,
    pub uid: Option<u64>,
    pub gid: Option<u64>,
    /// Extended attributes named; none is ever set.
    pub xattrs: u64,
}

const OPERATION: &str = "read pax header";

impl Pax {
    /// # Errors
    ///
    /// A record is malformed, names a field twice, or describes a sparse file.
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
            _ if key.starts_with(b"GNU.sparse.") => Err(Failure::invalid(OPERATION, "sparse files are not supported")),
            _ => {
                if key.starts_with(b"SCHILY.xattr.") || key.starts_with(b"LIBARCHIVE.xattr.") {
                    self.xattrs += 1;
                }
                Ok(())
            }
        }
    }

    /// Whether it changes what an entry is called or how long it is, which a global header must not.
    pub fn changes_entry(&self) -> bool {
        self.path.is_some() || self.link.is_some() || self.size.is_some()
    }
}

/// Split by the stated length, never by looking for a newline: a name may hold one.
fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    // No record is longer than its header, and a header is far shorter than eight digits can say.
    let space = data.iter().take(8).position(|byte| *byte == b' ')?;
    let digits = data.get(..space).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let body = data.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=').filter(|equals| *equals > 0)?;
    Some((body.get(..equals)?, body.get(equals + 1..)?, data.get(length..)?))
}

/// POSIX lets the last of two win, some readers take the first: neither here.
fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Failure> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Failure::invalid(OPERATION, "duplicate record")),
    }
}

fn decimal(value: &[u8]) -> Result<u64, Failure> {
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
            b"22 GNU.sparse.major=1\n",
            b"99999999999999999999999 path=a\n",
        ] {
            assert!(Pax::parse(data).is_err(), "{}", String::from_utf8_lossy(data));
        }
    }
}
