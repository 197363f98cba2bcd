//! The command line:
//! `warden helper --parent PID --descriptors N [--ids FD] [--files N] [--network] --program PATH -- ARGUMENT …`.

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;

/// The connection to the library: this program reports a failure there, and the program it executes uses it.
pub const CONTROL: i32 = 3;
/// Maximum number of descriptors that a helper may start with.
const MOST_DESCRIPTORS: i32 = 64;

pub struct Options {
    /// The process that started this one.
    pub parent: i32,
    /// 0 to `descriptors` - 1 stay open in the program; all others are closed.
    pub descriptors: i32,
    /// The lock file, if the helper gets its own uid and gid. The library shares the open file description, and holds
    /// the lock by keeping it open.
    pub ids: Option<i32>,
    /// Open files, at most.
    pub files: u64,
    /// TCP and UDP sockets, and the files needed to resolve names and check certificates.
    pub network: bool,
    pub program: String,
    /// The program's name comes first.
    pub arguments: Vec<CString>,
}

impl Options {
    pub fn parse(arguments: &[OsString]) -> Option<Self> {
        let mut words = arguments.iter();
        let (mut parent, mut descriptors, mut ids, mut files) = (None, None, None, 1024);
        let (mut network, mut program) = (false, None);
        loop {
            match words.next()?.to_str()? {
                "--parent" => parent = words.next()?.to_str()?.parse().ok(),
                "--descriptors" => descriptors = words.next()?.to_str()?.parse().ok(),
                "--ids" => ids = Some(words.next()?.to_str()?.parse().ok()?),
                "--files" => files = words.next()?.to_str()?.parse().ok()?,
                "--network" => network = true,
                "--program" => program = Some(words.next()?.to_str()?.to_owned()),
                "--" => break,
                _ => return None,
            }
        }
        let rest = words.map(|word| CString::new(word.clone().into_vec()).ok()).collect::<Option<Vec<_>>>()?;
        let descriptors = descriptors.filter(|count| (CONTROL + 1..=MOST_DESCRIPTORS).contains(count))?;
        // It follows those of the program.
        let ids = match ids {
            Some(fd) if fd != descriptors => return None,
            ids => ids,
        };
        let arguments = (!rest.is_empty()).then_some(rest)?;
        Some(Self { parent: parent?, descriptors, ids, files, network, program: program?, arguments })
    }

    pub fn first_unused(&self) -> i32 {
        self.descriptors + i32::from(self.ids.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use std::ffi::OsString;

    fn parse(line: &str) -> Option<Options> {
        Options::parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn takes_what_the_library_sends() {
        let options = parse("--parent 7 --descriptors 6 --ids 6 --network --program /bin/node -- node -e 1").unwrap();
        assert_eq!((options.parent, options.first_unused(), options.network), (7, 7, true));
        assert_eq!(options.arguments.len(), 3);
    }

    #[test]
    fn refuses_the_rest() {
        for line in [
            "",
            "--parent 7 --descriptors 6 --program /bin/node",
            "--parent 7 --descriptors 6 --program /bin/node --",
            "--descriptors 6 --program /bin/node -- node",
            "--parent 7 --descriptors 3 --program /bin/node -- node",
            "--parent 7 --descriptors 65 --program /bin/node -- node",
            "--parent 7 --descriptors 6 --ids 9 --program /bin/node -- node",
            "--parent x --descriptors 6 --program /bin/node -- node",
            "--parent 7 --descriptors 6 --unknown --program /bin/node -- node",
        ] {
            assert!(parse(line).is_none(), "{line}");
        }
    }
}
