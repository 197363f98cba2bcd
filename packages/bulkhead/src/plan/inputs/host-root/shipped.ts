import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** What packages say of the configuration files that they ship: by absolute path, the digest of each as it was shipped. */
export interface Shipped {
  readonly algorithm: "md5" | "sha1";
  /** Hexadecimal. */
  readonly digests: ReadonlyMap<string, string>;
  /** Of files that an installation script wrote, with what it had made of it; it may have put a password there. */
  readonly made: ReadonlyMap<string, string>;
}

/** Where package managers keep that; rpm's is a database that only its own program reads. */
export const PACKAGES = ["/var/lib/dpkg/status", "/var/lib/ucf/hashfile", "/lib/apk/db/installed"] as const;

/** In a file that no package shipped as it is these make it one that may hold a secret. */
const SECRET_WORDS = /pass|secret|token|credential|private|api.?key/i;

/** Reads what this machine's package manager knows. Empty where there is none that can be read. */
export function shippedHere(): Shipped {
  const [dpkg, ucf = "", apk] = PACKAGES.map(textOf);
  if (dpkg !== undefined) return { ...fromDpkg(dpkg), made: fromUcf(ucf) };
  return apk === undefined ? { algorithm: "md5", digests: new Map(), made: new Map() } : fromApk(apk);
}

/** `Conffiles:` of dpkg's status: a path and its MD5 a line. Collisions do not matter: what is compared with is what a package shipped. */
export function fromDpkg(status: string): Shipped {
  const digests = new Map<string, string>();
  for (const [, path = "", digest = ""] of status.matchAll(/^ (\/etc\/\S+) ([0-9a-f]{32})(?: obsolete)?$/gm)) {
    digests.set(path, digest);
  }
  return { algorithm: "md5", digests, made: new Map() };
}

/** Debian's `ucf` keeps what installation scripts wrote last: an MD5 and a path a line. */
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

/** Whether a file says what its package shipped: then it holds nothing that not everybody can download. */
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
