//! Runs a program under the default filter and nothing else: `cargo run -p bulkhead-confine --example filtered -- [--deny-setid] [--unix-only] PROGRAM ARG…`

use bulkhead_confine::{process, seccomp};
use bulkhead_plan::model::Seccomp;
use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut option = |name: &str| {
        let found = arguments.first().is_some_and(|first| first == name);
        if found {
            arguments.remove(0);
        }
        found
    };
    let plan = Seccomp {
        profile: "default".into(),
        deny_setid: option("--deny-setid"),
        unix_sockets_only: option("--unix-only"),
        whiteouts: option("--whiteouts"),
    };
    let result = seccomp::compile(&plan, &[])
        .and_then(|filters| process::no_new_privs().and_then(|()| seccomp::install(&filters)));
    if let (Ok(()), Some((program, rest))) = (&result, arguments.split_first()) {
        let error = Command::new(program).args(rest).exec();
        eprintln!("{program}: {error}");
    } else {
        eprintln!("filtered [--deny-setid] [--unix-only] PROGRAM ARG…: {result:?}");
    }
    std::process::exit(125);
}
