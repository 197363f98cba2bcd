//! The kinds of sandboxes.

macro_rules! kinds {
    ($($(#[$meta:meta])* enum $name:ident { $($(#[$kind_meta:meta])* $kind:ident),* $(,)? })+) => {
        $($(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "json", serde(rename_all = "lowercase"))]
        pub enum $name {
            $($(#[$kind_meta])* $kind),*
        })+
    };
}

kinds! {
    enum Level {
        Chroot,
        Container,
        /// The plan of the jail in which `runsc` runs.
        Gvisor,
        /// The plan of the jail in which the VMM runs.
        Microvm,
    }

    enum Namespace {
        Mount,
        Pid,
        Ipc,
        Net,
        User,
        Uts,
        Cgroup,
    }

    enum Controller {
        Memory,
        Pids,
        Cpu,
    }
}
