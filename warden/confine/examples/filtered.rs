//! Runs a program under a filter and nothing else:
//! `cargo run -p bulkhead-confine --example filtered -- [--deny-setid] [--unix-only] [--strict] PROGRAM ARG…`. With
//! `--none` it does everything but that; with `--empty` the filter allows everything: for
//! `npm run bench -- --only filter`.

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
    let (none, empty) = (option("--none"), option("--empty"));
    let (deny_setid, unix_sockets_only) = (option("--deny-setid"), option("--unix-only"));
    let whiteouts = option("--whiteouts");
    let profile = if option("--strict") { "strict" } else { "default" }.into();
    let plan = Seccomp { profile, deny_setid, unix_sockets_only, whiteouts };
    let result = bulkhead_filters::compile(&plan, &[]).and_then(|filters| {
        process::no_new_privs().and_then(|()| match (none, empty) {
            (true, _) => Ok(()),
            (_, true) => allow_everything(),
            _ => seccomp::install(&filters),
        })
    });
    if let (Ok(()), Some((program, rest))) = (&result, arguments.split_first()) {
        let error = Command::new(program).args(rest).exec();
        eprintln!("{program}: {error}");
    } else {
        eprintln!("filtered [--deny-setid] [--unix-only] [--strict] PROGRAM ARG…: {result:?}");
    }
    std::process::exit(125);
}

/// One instruction: the cost of a filter that checks nothing.
fn allow_everything() -> Result<(), bulkhead_plan::Error> {
    let ret = libc::BPF_RET | libc::BPF_K;
    let code = u16::try_from(ret).unwrap_or(6);
    let program = [libc::sock_filter { code, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW }];
    let fprog = libc::sock_fprog { len: 1, filter: program.as_ptr().cast_mut() };
    // SAFETY: `fprog` points to one instruction that lives until the call returns; the kernel copies it.
    let status = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const fprog) };
    if status == 0 { Ok(()) } else { Err(bulkhead_plan::Error::new(bulkhead_plan::Code::SeccompFailed, "seccomp")) }
}
