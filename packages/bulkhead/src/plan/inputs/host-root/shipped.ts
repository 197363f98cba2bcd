import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** Packages' data about the configuration files they ship: the shipped digest of each, by absolute path. */
export interface Shipped {
  readonly algorithm: "md5" | "sha1";
  /** Hexadecimal. */
  readonly digests: ReadonlyMap<string, string>;
  /** Files written by an installation script, with the digest it recorded; it may have put a password there. */
  readonly made: ReadonlyMap<string, string>;
}

/** Where package managers store that; rpm's is a database that only its own program reads. */
export const PACKAGES = ["/var/lib/dpkg/status", "/var/lib/ucf/hashfile", "/lib/apk/db/installed"] as const;

/** In a file that is not as a package shipped it, these words mean that it may contain a secret. */
const SECRET_WORDS = /pass|secret|token|credential|private|api.?key/i;

/** Reads the data of this machine's package manager. Empty if there is none that can be read. */
export function shippedHere(): Shipped {
  const [dpkg, ucf = "", apk] = PACKAGES.map(textOf);
  if (dpkg !== undefined) return { ...fromDpkg(dpkg), made: fromUcf(ucf) };
  return apk === undefined ? { algorithm: "md5", digests: new Map(), made: new Map() } : fromApk(apk);
}

/**
 * `Conffiles:` of dpkg's status: a path and its MD5 per line. Collisions do not matter: the comparison is with what a
 * package shipped.
 */
export function fromDpkg(status: string): Shipped {
  const digests = new Map<string, string>();
  for (const [, path = "", digest = ""] of status.matchAll(/^ (\/etc\/\S+) ([0-9a-f]{32})(?: obsolete)?$/gm)) {
    digests.set(path, digest);
  }
  return { algorithm: "md5", digests, made: new Map() };
}

/** Debian's `ucf` records what installation scripts wrote last: an MD5 and a path per line. */
export function fromUcf(hashes: string): ReadonlyMap<string, string> {
  const lines = hashes.matchAll(/^([0-9a-f]{32}) {2}(\/etc\/\S+)$/gm);
  return new Map([...lines].map(([, digest = "", path = ""]) => [path, digest]));
}

/** apk's list: `F:` a directory, then for each file of it `R:` its name and `Z:Q1` its SHA-1 in base64. */
export function fromApk(installed: string): Shipped {
  const digests = new Map<string, string>();
  let directory = "";
  let name = "";
  for (const line of installed.split("\n")) {
    const value = line.slice(2);
    if (line.startsWith("F:")) directory = value;
    else if (line.startsWith("R:")) name = value;
    else if (line.startsWith("Z:Q1") && directory.startsWith("etc") && name !== "") {
      digests.set(`/${directory}/${name}`, Buffer.from(value.slice(2), "base64").toString("hex"));
    }
  }
  return { algorithm: "sha1", digests, made: new Map() };
}

/** Whether a file's content is what its package shipped: it then contains only what anyone can download. */
export function isAsShipped(path: string, { algorithm, digests, made }: Shipped): boolean {
  const expected = digests.get(path) ?? made.get(path);
  if (expected === undefined) return false;
  try {
    const content = readFileSync(path);
    if (createHash(algorithm).update(content).digest("hex") !== expected) return false;
    return digests.has(path) || !SECRET_WORDS.test(content.toString("latin1"));
  } catch {
    return false; // changed meanwhile, or a Node without this digest
  }
}

export function whyNotShipped(path: string, { digests, made }: Shipped): string {
  if (digests.has(path)) return "it was changed since its package shipped it";
  return made.has(path) ? "it was written for this machine, and may hold a secret" : "no package shipped it";
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
