//! The files of the host that a helper may read. Everything else it gets as descriptors.

use crate::options::Options;
use bulkhead_confine::host_files::HostFiles;
use std::path::Path;

/// Shared libraries, and what Debian's Node reads of its own parts.
const LIBRARIES: [&str; 8] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/usr/share/nodejs",
    "/etc/ld.so.cache",
];
const DEVICES: [&str; 2] = ["/dev/urandom", "/dev/random"];
const SETTINGS: [&str; 4] =
    ["/etc/localtime", "/usr/share/zoneinfo", "/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf"];
/// How names are looked up, and whose certificates are good. Not /etc/ssl as a whole: private keys are there, too.
const NETWORK: [&str; 14] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
];

pub fn allowed(options: &Options, interpreter: Option<&str>) -> HostFiles {
    let owned = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
    let mut read = owned(&[&LIBRARIES[..], &DEVICES, &SETTINGS].concat());
    if options.network {
        read.extend(owned(&NETWORK));
    }
    // Beside `bin`, where builds with shared libraries of their own keep them.
    read.extend(Path::new(&options.program).ancestors().nth(2).map(|prefix| prefix.join("lib").display().to_string()));
    let execute = [Some(options.program.as_str()), interpreter].into_iter().flatten().map(str::to_owned).collect();
    HostFiles { read, execute, write: owned(&["/dev/null"]), connect: options.network }
}
