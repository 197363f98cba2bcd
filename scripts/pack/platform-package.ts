import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PackedFile, PackedPlatform } from "../../packages/bulkhead/src/host/installed/manifest.js";
import { BUSYBOX_FILE, TREE_FILE } from "../../packages/bulkhead/src/host/installed/unpack.js";
import { library, root } from "../bundles.mjs";
import { busyboxFor, busyboxNotice } from "./busybox.js";
import { json, packedFile, put } from "./files.js";
import { cargoParts, noticeOf, type Part, runtimeParts } from "./licences.js";
import { type Platform, programs } from "./platforms.js";
import { readBase } from "./tree.js";

/** A package that stands complete in a directory, and the foreign code in it. */
export interface Staged {
  readonly directory: string;
  readonly parts: readonly Part[];
}

/** Puts the package of a platform's programs together. @param built the directory of the programs */
export function stagePlatform(
  platform: Platform,
  built: string,
  version: string,
  directory: string,
): Staged & { readonly packed: PackedPlatform } {
  for (const [, name] of programs) put(directory, `bin/${name}`, readFileSync(join(built, name)), 0o755);
  const base = join(root, library, "assets/base");
  const busybox = busyboxFor(platform);
  put(directory, BUSYBOX_FILE, busybox.program, 0o755);
  put(directory, TREE_FILE, json(readBase(base)));
  const names = programs.map(([crate]) => crate);
  const crates = [...cargoParts(names, platform.target), ...runtimeParts(platform.target)];
  put(directory, "LICENSE", readFileSync(join(root, "LICENSE")));
  put(directory, "THIRD-PARTY-LICENSES.txt", `${noticeOf(crates)}\n${noticeOf([busybox.part])}`);
  put(directory, "base/SOURCE.txt", busyboxNotice(busybox.part));
  put(directory, "README.md", readFileSync(join(root, "packaging/npm/warden.md")));
  put(directory, "package.json", json(manifestOf(platform, version)));
  const files = Object.fromEntries(
    [...programs.map(([, name]) => `bin/${name}`), BUSYBOX_FILE, TREE_FILE].map((path) => [
      path,
      packedFile(join(directory, path)),
    ]),
  );
  return { directory, parts: [...crates, busybox.part], packed: { package: platform.package, id: idOf(files), files } };
}

/** Derived from all digests, so two builds never share a directory of unpacked programs. */
function idOf(files: Readonly<Record<string, PackedFile>>): string {
  return createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 32);
}

function manifestOf({ package: name, os, cpu }: Platform, version: string) {
  return {
    name,
    version,
    description: `The programs of Bulkhead for ${os} on ${cpu}: the warden and the root file system of sandboxes.`,
    license: "Apache-2.0 AND GPL-2.0-only",
    os: [os],
    cpu: [cpu],
    // Yarn's Plug'n'Play would leave the programs inside an archive.
    preferUnplugged: true,
    files: ["bin", "base", "THIRD-PARTY-LICENSES.txt"],
  };
}
