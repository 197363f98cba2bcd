//! The attempts, by class. Each names itself, its arguments, and the attack it stands for.

mod escape;
mod files;
mod flood;
mod identity;
mod ipc;
mod kernel;
mod mount;
mod network;
mod older;
mod process;
mod setid;
mod terminal;

use crate::report::Tried;

pub struct Attempt {
    /// The name, then its arguments.
    pub usage: &'static str,
    pub about: &'static str,
    pub run: fn(&[String]) -> Tried,
}

pub fn all() -> impl Iterator<Item = &'static Attempt> {
    [
        escape::ATTEMPTS,
        files::ATTEMPTS,
        mount::ATTEMPTS,
        setid::ATTEMPTS,
        process::ATTEMPTS,
        kernel::ATTEMPTS,
        identity::ATTEMPTS,
        ipc::ATTEMPTS,
        terminal::ATTEMPTS,
        network::ATTEMPTS,
        flood::ATTEMPTS,
    ]
    .into_iter()
    .flatten()
}

pub fn find(name: &str) -> Option<&'static Attempt> {
    all().find(|attempt| attempt.usage.split(' ').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_explained() {
        let mut names = HashSet::new();
        for attempt in all() {
            assert!(names.insert(attempt.usage.split(' ').next()), "{} is there twice", attempt.usage);
            assert!(attempt.about.len() > 10, "{} says nothing", attempt.usage);
        }
    }
}
