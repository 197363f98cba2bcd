//! `--channel FD|stdio`, one of `--inner JSON` and `--inner-file PATH`, and `--filter FD`, `--egress FD` and
//! `--bridge FD` if present, in any order.

use bulkhead_plan::InnerPlan;
use std::ffi::OsString;

/// The channel's descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A connected socket: 0 if runsc passes two, else above 2.
    Fd(i32),
    /// Reads from descriptor 0, writes to 1, as runsc passes them.
    Stdio,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Args {
    pub channel: Channel,
    pub inner: InnerPlan,
    /// The filter for the programs that it starts, on top of init's own.
    pub filter: Option<i32>,
    /// The second connection, for the sandbox's egress.
    pub egress: Option<i32>,
    /// The connection to the bridge of the service that the sandbox belongs to.
    pub bridge: Option<i32>,
}

/// `None` for anything but exactly the broker's arguments.
pub fn parse(args: Vec<OsString>) -> Option<Args> {
    let (mut channel, mut inner, mut filter, mut egress, mut bridge) = (None, None, None, None, None);
    let mut args = args.into_iter();
    while let Some(name) = args.next() {
        let value = args.next()?.into_string().ok()?;
        match name.to_str()? {
            "--channel" if channel.is_none() => channel = Some(parse_channel(&value)?),
            "--inner" if inner.is_none() => inner = Some(serde_json::from_str(&value).ok()?),
            "--inner-file" if inner.is_none() => {
                inner = Some(serde_json::from_slice(&std::fs::read(&value).ok()?).ok()?);
            }
            "--filter" if filter.is_none() => filter = Some(value.parse().ok().filter(|fd| *fd > 3)?),
            "--egress" if egress.is_none() => egress = Some(value.parse().ok().filter(|fd| *fd == 1 || *fd > 3)?),
            "--bridge" if bridge.is_none() => bridge = Some(value.parse().ok().filter(|fd| *fd > 3)?),
            _ => return None,
        }
    }
    Some(Args { channel: channel?, inner: inner?, filter, egress, bridge })
}

fn parse_channel(value: &str) -> Option<Channel> {
    match value {
        "stdio" => Some(Channel::Stdio),
        number => number.parse().ok().filter(|fd| *fd == 0 || *fd > 2).map(Channel::Fd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str =
        r#"{"user":{"uid":1,"gid":1,"groups":[]},"switchesUser":false,"capabilities":[],"openFiles":64}"#;

    fn parsed(args: &[&str]) -> Option<Args> {
        parse(args.iter().map(OsString::from).collect())
    }

    #[test]
    fn takes_a_descriptor_or_stdio() {
        assert_eq!(parsed(&["--channel", "3", "--inner", INNER]).unwrap().channel, Channel::Fd(3));
        assert_eq!(parsed(&["--inner", INNER, "--channel", "stdio"]).unwrap().channel, Channel::Stdio);
        assert_eq!(parsed(&["--channel", "3", "--inner", INNER]).unwrap().filter, None);
        assert_eq!(parsed(&["--channel", "3", "--inner", INNER, "--filter", "4"]).unwrap().filter, Some(4));
        let two = parsed(&["--channel", "0", "--egress", "1", "--inner", INNER]).unwrap();
        assert_eq!((two.channel, two.egress), (Channel::Fd(0), Some(1)));
        assert_eq!(parsed(&["--channel", "3", "--bridge", "6", "--inner", INNER]).unwrap().bridge, Some(6));
    }

    #[test]
    fn refuses_everything_else() {
        assert_eq!(parsed(&[]), None);
        assert_eq!(parsed(&["--channel", "3"]), None);
        assert_eq!(parsed(&["--channel", "2", "--inner", INNER]), None);
        assert_eq!(parsed(&["--channel", "3", "--inner", "{}"]), None);
        for filter in ["3", "-1", "stdio", ""] {
            assert_eq!(parsed(&["--channel", "3", "--inner", INNER, "--filter", filter]), None, "{filter}");
        }
        for egress in ["0", "2", "3", "-1", "stdio", ""] {
            assert_eq!(parsed(&["--channel", "3", "--inner", INNER, "--egress", egress]), None, "{egress}");
        }
        for bridge in ["1", "3", "-1", "stdio", ""] {
            assert_eq!(parsed(&["--channel", "3", "--bridge", bridge, "--inner", INNER]), None, "{bridge}");
        }
        assert_eq!(parsed(&["--channel", "3", "--channel", "4", "--inner", INNER]), None);
        assert_eq!(parsed(&["--channel", "3", "--inner", INNER, "--debug", "1"]), None);
    }
}
