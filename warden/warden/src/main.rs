//! The warden: one static program in seven roles. `warden broker` creates sandboxes; `warden init` is process 1 of one;
//! `warden relay` starts a virtual machine monitor in its jail; `warden helper` confines a part of the library that
//! parses untrusted input; `warden bridge` carries the bytes of a service's channels; `warden sandboxes` asks brokers
//! which sandboxes are alive, for its caller; and as `/init` of an initramfs it is process 1 of a virtual machine, and
//! creates the sandbox in it.

mod tsc;

use std::ffi::OsString;

const USAGE: &str = "usage: warden broker (--private | --socket PATH …)\n       warden sandboxes (list | kill ID) [--socket PATH]\n       warden version | tsc\n(the broker starts `warden init`, inside a sandbox, and the library `warden helper`)";

fn main() {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // A virtual machine's kernel starts it under this name; elsewhere no process 1 has it.
    if std::process::id() == 1 && arguments.first().is_some_and(|name| name == "/init") {
        bulkhead_guest::main();
    }
    // Init is executed with "init" as its name; runsc adds a path in front, which cannot be avoided.
    let name = arguments.first().and_then(|name| std::path::Path::new(name).file_name()?.to_str());
    let role = name.filter(|name| *name == "init");
    let code = match role.or_else(|| arguments.get(1).and_then(|word| word.to_str())) {
        Some("init") => bulkhead_init::main(arguments.into_iter().skip(1).collect()),
        Some("relay") => bulkhead_relay::main(arguments.get(2..).unwrap_or_default()),
        Some("helper") => bulkhead_helper::main(arguments.get(2..).unwrap_or_default()),
        Some("bridge") => bulkhead_bridge::main(),
        Some("broker") => bulkhead_broker::main(&arguments[2..]),
        Some("sandboxes") => bulkhead_broker::client::main(&arguments[2..]),
        Some("tsc") => {
            println!("{}", tsc::khz());
            0
        }
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
