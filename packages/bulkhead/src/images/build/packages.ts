import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { ownUid } from "../store/owner.js";
import { outputOf } from "./program.js";

export interface PackagesOptions {
  /** Debian package names, each with or without `=VERSION`. */
  readonly packages: readonly string[];
  /** Such as `bookworm`. Default: this machine's, if it runs Debian; else `stable`. */
  readonly suite?: string;
  /** Package mirror, as an http(s) URL. Default: mmdebstrap's, which is Debian's. */
  readonly mirror?: string;
  /** Further arguments of mmdebstrap, unchecked: never a caller's. */
  readonly more?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: (text: string) => void;
}

const PACKAGE = /^[a-z0-9][a-z0-9+.-]{1,127}(=[0-9A-Za-z.+:~-]{1,127})?$/;
const SUITE = /^[a-z][a-z0-9-]{0,63}$/;
const MIRROR = /^https?:\/\/[^\s,]{1,1024}$/;
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The host id of root inside while packages are installed, followed by 65,535 more: ids that no one else uses, just
 * below those of sandboxes (`warden/keeper/src/uid_range.rs`).
 */
const FIRST_ID = 0x6ffe_0000;

/**
 * A root file system of Debian packages as a tar: the essential ones, those named, and their dependencies. mmdebstrap
 * builds it in its own namespaces (`--mode=unshare`), never as this host's root, because packages run scripts while
 * they are installed. Trusts apt, which checks the archive's signatures, and mmdebstrap.
 *
 * Throws IMAGE_BUILD_FAILED, SETUP_MISSING, ABORTED.
 */
export async function* packagesTar(options: PackagesOptions): AsyncGenerator<Uint8Array> {
  const { packages, suite = await ownSuite(), mirror, more = [], signal, onStep } = options;
  const wrong =
    packages.find((name) => !PACKAGE.test(name)) ??
    (SUITE.test(suite) ? undefined : suite) ??
    (mirror === undefined || MIRROR.test(mirror) ? undefined : mirror);
  if (wrong !== undefined) {
    throw new BulkheadError("IMAGE_BUILD_FAILED", { operation: "choose packages", path: wrong, detail: "not a name" });
  }
  const make = ["mmdebstrap", "--mode=unshare", "--variant=essential", "--format=tar"];
  const argv = [
    ...make,
    ...more,
    `--include=${packages.join(",")}`,
    suite,
    "-",
    ...(mirror === undefined ? [] : [mirror]),
  ];
  const names = ["TMPDIR", "SOURCE_DATE_EPOCH", "http_proxy", "https_proxy"];
  const env = Object.assign({ PATH, LC_ALL: "C.UTF-8" }, ...names.map(carried));
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-build-"));
  const onLine = (line: string) => {
    const [, text] = /^I: (.*)$/.exec(line) ?? [];
    if (text !== undefined) onStep?.(text);
  };
  try {
    yield* outputOf(ownUid() === 0 ? await withIds(directory, argv) : argv, { env, signal, onLine });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * mmdebstrap takes ids from /etc/subuid. Root has none there, so mmdebstrap sees our own files instead, in a mount
 * namespace of its own.
 */
async function withIds(directory: string, argv: readonly string[]): Promise<readonly string[]> {
  const ids = join(directory, "ids");
  await writeFile(ids, `root:${FIRST_ID}:65536\n`);
  const script = 'for file in /etc/subuid /etc/subgid; do mount --bind "$0" "$file" || exit 1; done; exec "$@"';
  return ["unshare", "--mount", "--propagation=private", "sh", "-c", script, ids, ...argv];
}

async function ownSuite(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const [, codename] = /^ID=debian$/m.test(text) ? (/^VERSION_CODENAME=([a-z]+)$/m.exec(text) ?? []) : [];
  return codename ?? "stable";
}

function carried(name: string): Readonly<Record<string, string>> {
  const value = process.env[name];
  return value === undefined ? {} : { [name]: value };
}
