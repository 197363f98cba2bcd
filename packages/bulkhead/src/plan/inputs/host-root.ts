import { lstatSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { isWithin } from "../../policy/paths.js";
import type { HostRoot } from "../input-types.js";
import { BUNDLES } from "./bundles.js";

/** Where programs and libraries live. Nothing of /root, /home, /var, /run, /opt, /srv or /boot is ever shown. */
const SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] as const;

/**
 * What programs read of /etc, and what holds no secrets on any distribution. A list of what is allowed: a list of what
 * is forbidden would forget the next daemon's password file. /etc/passwd, group, hosts and resolv.conf are made anew.
 */
const ETC: ReadonlySet<string> = new Set([
  "alternatives",
  "bash.bashrc",
  "ca-certificates",
  "ca-certificates.conf",
  "crypto-policies",
  "debian_version",
  "ethertypes",
  "fonts",
  "inputrc",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "magic",
  "magic.mime",
  "mime.types",
  "nsswitch.conf",
  "os-release",
  "perl",
  "profile",
  "protocols",
  "rpc",
  "services",
  "shells",
  "terminfo",
  "timezone",
]);

/** Directories of a language's own, named with its version. */
const ETC_FAMILY = /^(python3|java)[-.0-9a-z]*$/;

/** Public halves of directories that also hold private keys. */
const ETC_DEEP = [
  "/etc/ssl/certs",
  "/etc/ssl/openssl.cnf",
  "/etc/pki/ca-trust/extracted",
  "/etc/pki/tls/certs",
] as const;

/** The host's system directories as binds and links, as they are now. */
export function hostRoot(): HostRoot {
  const etc = readdirSync("/etc").filter((name) => ETC.has(name) || ETC_FAMILY.test(name));
  const paths = [...SYSTEM, ...etc.map((name) => `/etc/${name}`), ...ETC_DEEP];
  const binds: { source: string; at: string }[] = [];
  const symlinks: { at: string; target: string }[] = [];
  for (const at of paths) {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (stat.isSymbolicLink()) {
      if (staysVisible(at)) symlinks.push({ at, target: readlinkSync(at) });
    } else if ((stat.isDirectory() || stat.isFile()) && realpathSync(at) === at) {
      binds.push({ source: at, at });
    }
  }
  const bundles = BUNDLES.filter((at) => binds.some((bind) => isWithin(at, bind.at)) && isPlainFile(at));
  return { kind: "host", binds, symlinks, bundles };
}

function isPlainFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && realpathSync(path) === path;
}

/** A link is worth having when what it leads to is there inside too. */
function staysVisible(link: string): boolean {
  try {
    return isWithin(realpathSync(link), "/usr");
  } catch {
    return false;
  }
}
