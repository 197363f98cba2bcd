//! The warden: one static program in two roles. `warden broker` makes sandboxes; `warden init` is process 1 of one.

use std::ffi::OsString;

const USAGE: &str = "usage: warden broker (--private | --socket PATH …)\n       warden version\n(`warden init` is started by the broker, inside a sandbox)";

fn main() {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // Init is executed with "init" as its name and nothing in front of it.
    let role = arguments.first().and_then(|name| name.to_str()).filter(|name| *name == "init");
    let code = match role.or_else(|| arguments.get(1).and_then(|word| word.to_str())) {
        Some("init") => bulkhead_init::main(arguments.into_iter().skip(1).collect()),
        Some("broker") => bulkhead_broker::main(&arguments[2..]),
        Some("version" | "--version") => {
            println!("warden {}", env!("CARGO_PKG_VERSION"));
            0
        }
        _ => {
            eprintln!("{USAGE}");
            2
        }
    };
    std::process::exit(code);
}
