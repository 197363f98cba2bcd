//! Runs a program under a filter and nothing else: `cargo run -p bulkhead-confine --example filtered -- [--deny-setid] [--unix-only] [--strict] PROGRAM ARG…`.
//! With `--none` it does all but that, for `npm run bench -- --only filter`.

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
    let none = option("--none");
    let (deny_setid, unix_sockets_only) = (option("--deny-setid"), option("--unix-only"));
    let whiteouts = option("--whiteouts");
    let profile = if option("--strict") { "strict" } else { "default" }.into();
    let plan = Seccomp { profile, deny_setid, unix_sockets_only, whiteouts };
    let result = seccomp::compile(&plan, &[]).and_then(|filters| {
        process::no_new_privs().and_then(|()| if none { Ok(()) } else { seccomp::install(&filters) })
    });
    if let (Ok(()), Some((program, rest))) = (&result, arguments.split_first()) {
        let error = Command::new(program).args(rest).exec();
        eprintln!("{program}: {error}");
    } else {
        eprintln!("filtered [--deny-setid] [--unix-only] [--strict] PROGRAM ARG…: {result:?}");
    }
    std::process::exit(125);
}
