//! Integers are little-endian, booleans and tags one byte; lists and strings follow their length. No type contains
//! itself, so decoding does not recurse. No list can be longer than the rest of the message, which bounds the memory.

use std::ffi::CString;

/// The field at which the bytes ran out or were invalid.
pub type Refused = &'static str;

/// The unread rest of a message.
pub struct Reader<'a> {
    rest: &'a [u8],
    field: Refused,
}

/// A value with one encoding.
pub trait Wire: Sized {
    fn put(&self, to: &mut Vec<u8>);
    fn take(from: &mut Reader) -> Result<Self, Refused>;
}

/// The bytes that [`decode`] takes.
#[must_use]
pub fn encode(value: &impl Wire) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.put(&mut bytes);
    bytes
}

/// Decodes a whole message; trailing bytes are refused.
///
/// # Errors
/// The field at which decoding failed.
pub fn decode<T: Wire>(bytes: &[u8]) -> Result<T, Refused> {
    let mut reader = Reader { rest: bytes, field: "start" };
    let decoded = T::take(&mut reader)?;
    if reader.rest.is_empty() { Ok(decoded) } else { Err("trailing bytes") }
}

impl<'a> Reader<'a> {
    pub fn field<T: Wire>(&mut self, name: Refused) -> Result<T, Refused> {
        self.field = name;
        T::take(self)
    }

    pub fn refused<T>(&self) -> Result<T, Refused> {
        Err(self.field)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Refused> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(self.field)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        self.bytes(N)?.try_into().map_err(|_| self.field)
    }

    /// Each item takes at least a byte.
    fn length(&mut self) -> Result<usize, Refused> {
        let length = u32::take(self)? as usize;
        if length <= self.rest.len() { Ok(length) } else { self.refused() }
    }
}

macro_rules! integers {
    ($($integer:ty),+) => {
        $(impl Wire for $integer {
            fn put(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }

            fn take(from: &mut Reader) -> Result<Self, Refused> {
                from.array().map(Self::from_le_bytes)
            }
        })+
    };
}

integers!(u8, u16, u32, u64, i32);

impl Wire for bool {
    fn put(&self, to: &mut Vec<u8>) {
        to.push(u8::from(*self));
    }

    fn take(from: &mut Reader) -> Result<Self, Refused> {
        match u8::take(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => from.refused(),
        }
    }
}

fn put_bytes(bytes: &[u8], to: &mut Vec<u8>) {
    // The receiver refuses anything longer, so the value written here does not matter.
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).put(to);
    to.extend_from_slice(bytes);
}

impl Wire for String {
    fn put(&self, to: &mut Vec<u8>) {
        put_bytes(self.as_bytes(), to);
    }

    fn take(from: &mut Reader) -> Result<Self, Refused> {
        let length = from.length()?;
        let bytes = from.bytes(length)?;
        str::from_utf8(bytes).map(str::to_owned).map_err(|_| from.field)
    }
}

impl Wire for CString {
    fn put(&self, to: &mut Vec<u8>) {
        put_bytes(self.as_bytes(), to);
    }

    fn take(from: &mut Reader) -> Result<Self, Refused> {
        let length = from.length()?;
        let bytes = from.bytes(length)?;
        Self::new(bytes).map_err(|_| from.field)
    }
}

/// Bytes that are copied as a whole and not decoded here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Wire for Bytes {
    fn put(&self, to: &mut Vec<u8>) {
        put_bytes(&self.0, to);
    }

    fn take(from: &mut Reader) -> Result<Self, Refused> {
        let length = from.length()?;
        from.bytes(length).map(|bytes| Self(bytes.to_vec()))
    }
}

impl<T: Wire> Wire for Box<T> {
    fn put(&self, to: &mut Vec<u8>) {
        T::put(self, to);
    }

    fn take(from: &mut Reader) -> Result<Self, Refused> {
        T::take(from).map(Self::new)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, to: &mut Vec<u8>) {
        self.is_some().put(to);
        if let Some(value) = self {
            value.put(to);
        }
    }

    fn take(from: &mut Reader) -> Result<Self, Refused> {
        if bool::take(from)? { T::take(from).map(Some) } else { Ok(None) }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, to: &mut Vec<u8>) {
        u32::try_from(self.len()).unwrap_or(u32::MAX).put(to);
        for item in self {
            item.put(to);
        }
    }

    fn take(from: &mut Reader) -> Result<Self, Refused> {
        let length = from.length()?;
        // Grows with the items: a length alone allocates nothing.
        (0..length).map(|_| T::take(from)).collect()
    }
}

/// The fields of a type on the wire, in this order.
#[macro_export]
macro_rules! fields {
    ($($part:ident { $($field:ident),+ })+) => {
        $(impl $crate::wire::Wire for $part {
            fn put(&self, to: &mut Vec<u8>) {
                $($crate::wire::Wire::put(&self.$field, to);)+
            }

            fn take(from: &mut $crate::wire::Reader) -> Result<Self, $crate::wire::Refused> {
                Ok(Self { $($field: from.field(concat!(stringify!($part), ".", stringify!($field)))?),+ })
            }
        })+
    };
}

/// The tag of each variant; each variant has one value.
#[macro_export]
macro_rules! choices {
    ($($choice:ident { $($tag:literal => $variant:ident),+ })+) => {
        $(impl $crate::wire::Wire for $choice {
            fn put(&self, to: &mut Vec<u8>) {
                match self {
                    $(Self::$variant(value) => {
                        let tag: u8 = $tag;
                        $crate::wire::Wire::put(&tag, to);
                        $crate::wire::Wire::put(value, to);
                    })+
                }
            }

            fn take(from: &mut $crate::wire::Reader) -> Result<Self, $crate::wire::Refused> {
                match from.field::<u8>(stringify!($choice))? {
                    $($tag => from.field(stringify!($choice)).map(Self::$variant),)+
                    _ => from.refused(),
                }
            }
        })+
    };
}

/// The same for variants without a value.
#[macro_export]
macro_rules! tags {
    ($($choice:ident { $($tag:literal => $variant:ident),+ })+) => {
        $(impl $crate::wire::Wire for $choice {
            fn put(&self, to: &mut Vec<u8>) {
                let tag: u8 = match self {
                    $(Self::$variant => $tag),+
                };
                $crate::wire::Wire::put(&tag, to);
            }

            fn take(from: &mut $crate::wire::Reader) -> Result<Self, $crate::wire::Refused> {
                match from.field::<u8>(stringify!($choice))? {
                    $($tag => Ok(Self::$variant),)+
                    _ => from.refused(),
                }
            }
        })+
    };
}
