//! Real programs under the filter alone: what works outside works inside. Skips a program that this machine lacks, and
//! says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use bulkhead_confine::{process, seccomp};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use support::{confined, output};

/// Runs a shell script in a new, empty directory, with and without set-id filtering; it must print `expected`.
/// `$programs` is where the files of `tests/programs` are.
fn script(needs: &[&str], text: &str, expected: &str) {
    if let Some(missing) = needs.iter().find(|program| !installed(program)) {
        eprintln!("skipped: no {missing} here");
        return;
    }
    for deny_setid in [false, true] {
        let filters = support::filters(deny_setid, false, &[]);
        let directory = Scratch::new(&format!("{}-{deny_setid}", needs.join("-")));
        let mut command = confined("bash", move || {
            process::no_new_privs()?;
            seccomp::install(&filters)
        });
        command
            .current_dir(&directory.0)
            .env("HOME", &directory.0)
            .env("LC_ALL", "C")
            // An error in a script must not reach the repository that this test is in.
            .env("GIT_CEILING_DIRECTORIES", std::env::temp_dir())
            // Go builds its whole library first; once is enough.
            .env("GOCACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/go"))
            .env("programs", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs"))
            .args(["-euc", text]);
        assert_eq!(output(&mut command), expected, "{needs:?}");
    }
}

fn installed(program: &str) -> bool {
    Command::new("sh").args(["-c", "command -v \"$0\" >/dev/null", program]).status().unwrap().success()
}

/// A directory that is removed at the end in any case.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bulkhead-programs-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn shell_with_job_control_on_a_terminal() {
    script(&["script"], include_str!("programs/shell.sh"), "1\n/dev/pts/\n");
}

#[test]
fn pipes_and_coreutils() {
    script(&["seq"], include_str!("programs/coreutils.sh"), "999\nthrough\n-rw-\n");
}

#[test]
fn node() {
    script(&["node"], "node $programs/serve.mjs", "served\nchild\n");
}

#[test]
fn python() {
    script(&["python3"], "python3 $programs/python.py", "async\nthread\n3\n4\n");
}

#[test]
fn perl() {
    script(&["perl"], "perl $programs/pairs.pl", "42\nchild\n");
}

#[test]
fn gcc_and_threads() {
    script(&["gcc"], "gcc -O2 -pthread -o threads $programs/threads.c && ./threads", "8 threads\n");
}

#[test]
fn git_and_tar() {
    script(&["git", "tar"], include_str!("programs/git.sh"), "message\na\n");
}

#[test]
fn go() {
    script(&["go"], "GOTOOLCHAIN=local go build -o serve $programs/serve.go && ./serve", "served\nchild\n");
}

#[test]
fn java() {
    script(&["java"], "java -Xmx128m $programs/Threads.java", "thread\nchild\n");
}
