//! The broker's command line.

use bulkhead_keeper::level_name;
use bulkhead_order::Level;
use bulkhead_protocol::facts::Maxima;
use std::ffi::OsString;

/// The broker's lifetime, and what its owner allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `None` for a private broker, whose only control connection is descriptor 3.
    pub socket: Option<String>,
    /// Uids that may connect to the socket, besides the broker's own.
    pub allow_uids: Vec<u32>,
    /// Groups whose members may connect to it.
    pub allow_gids: Vec<u32>,
    pub maxima: Maxima,
    /// The probable level of the first sandbox.
    pub expect: Option<Level>,
    /// Leaves one byte of the private socket's name unused: Bun refuses a name that fills it.
    pub short_name: bool,
}

pub const USAGE: &str = "usage: warden broker --private [--expect LEVEL] [--short-name]
       warden broker --socket PATH [--allow-uid UID]… [--allow-gid GID]… [--max-memory BYTES] [--max-pids N] [--max-cpus N.N] [--max-sandboxes N]";

/// A system broker without an explicit limit still gets one: its callers are other people.
const DEFAULT_SANDBOXES: u64 = 256;

impl Options {
    /// The error is one line for stderr.
    pub fn parse(arguments: &[OsString]) -> Result<Self, String> {
        let mut words = arguments.iter().map(|word| word.to_str().ok_or("an argument is not UTF-8".to_owned()));
        let mut options = Self::default();
        let mut private = false;
        while let Some(flag) = words.next().transpose()? {
            let mut value = || words.next().transpose()?.ok_or(format!("{flag} needs a value"));
            match flag {
                "--private" => private = true,
                "--short-name" => options.short_name = true,
                "--expect" => options.expect = Some(level(flag, value()?)?),
                "--socket" => options.socket = Some(value()?.to_owned()),
                "--allow-uid" => options.allow_uids.push(number(flag, value()?)?),
                "--allow-gid" => options.allow_gids.push(number(flag, value()?)?),
                "--max-memory" => options.maxima.memory_bytes = Some(number(flag, value()?)?),
                "--max-pids" => options.maxima.pids = Some(number(flag, value()?)?),
                "--max-cpus" => options.maxima.milli_cpus = Some(cpus(flag, value()?)?),
                "--max-sandboxes" => options.maxima.sandboxes = Some(number(flag, value()?)?),
                _ => return Err(format!("unknown option {flag}")),
            }
        }
        if private == options.socket.is_some() {
            return Err("give either --private or --socket PATH".to_owned());
        }
        if options.socket.is_some() {
            options.maxima.sandboxes.get_or_insert(DEFAULT_SANDBOXES);
        }
        Ok(options)
    }
}

fn level(flag: &str, text: &str) -> Result<Level, String> {
    let known = [Level::Chroot, Level::Container, Level::Gvisor, Level::Microvm];
    known.into_iter().find(|level| level_name(*level) == text).ok_or(format!("{flag} {text}: no such level"))
}

fn number<N: std::str::FromStr>(flag: &str, text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{flag} {text}: not a number in range"))
}

fn cpus(flag: &str, text: &str) -> Result<u64, String> {
    let cpus: f64 = number(flag, text)?;
    if (0.001..=100_000.0).contains(&cpus) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // in range, checked above
        return Ok((cpus * 1000.0) as u64);
    }
    Err(format!("{flag} {text}: not a number in range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, String> {
        Options::parse(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn private_takes_no_socket() {
        assert_eq!(parse(&["--private"]), Ok(Options::default()));
        assert!(parse(&["--private", "--socket", "/run/x"]).is_err());
        assert!(parse(&[]).is_err());
    }

    #[test]
    fn system_broker_bounds_its_callers() {
        let options =
            parse(&["--socket", "/run/x", "--allow-uid", "1000", "--allow-uid", "1001", "--max-cpus", "1.5"]).unwrap();
        assert_eq!((options.allow_uids, options.allow_gids), (vec![1000, 1001], vec![]));
        assert_eq!(options.maxima.milli_cpus, Some(1500));
        assert_eq!(options.maxima.sandboxes, Some(DEFAULT_SANDBOXES));
        let options = parse(&["--socket", "/run/x", "--allow-gid", "100"]).unwrap();
        assert_eq!((options.allow_uids, options.allow_gids), (vec![], vec![100]));
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [
            ["--socket"].as_slice(),
            &["--private", "--allow-uid", "-1"],
            &["--private", "--allow-gid", "staff"],
            &["--private", "--expect", "none"],
            &["--private", "--max-cpus", "NaN"],
            &["--what"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
