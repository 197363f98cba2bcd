//! The host files that a helper may read. It receives everything else as descriptors.

use crate::options::Options;
use bulkhead_confine::host_files::HostFiles;
use std::path::Path;

/// Shared libraries, and the parts that Debian's Node reads of itself.
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
/// Files for name resolution and CA certificates. Not all of /etc/ssl, which also contains private keys.
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
    // Beside `bin`, where builds with their own shared libraries keep them.
    read.extend(Path::new(&options.program).ancestors().nth(2).map(|prefix| prefix.join("lib").display().to_string()));
    let execute = [Some(options.program.as_str()), interpreter].into_iter().flatten().map(str::to_owned).collect();
    HostFiles { read, execute, write: owned(&["/dev/null"]), connect: options.network }
}
