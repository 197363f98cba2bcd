import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeTree } from "../../packages/bulkhead/src/host/installed/tree.js";
import { library, root } from "../bundles.mjs";
import { type Busybox, busyboxFor } from "./busybox.js";
import { json, put } from "./files.js";
import { putBundles } from "./library-package.js";
import { cargoParts, type Part, runtimeParts } from "./licences.js";
import { type Platform, programs } from "./platforms.js";
import { readBase } from "./tree.js";

/** The foreign code in an installation. */
export interface Installed {
  /** Packages of npm, crates and what rustc links. */
  readonly parts: readonly Part[];
  readonly busybox: Busybox["part"];
}

/**
 * Puts a whole installation below `home`, laid out as a checkout: library and command line use its programs where they
 * are. For a place that only its owner or root can write to.
 *
 * @param built the directory of the warden's programs
 * @param more crates of other programs that go with it
 */
export async function putInstallation(
  home: string,
  platform: Platform,
  built: string,
  more: readonly string[] = [],
): Promise<Installed> {
  const npm = await putBundles(home, {});
  const {
    private: _,
    dependencies,
    ...manifest
  } = JSON.parse(readFileSync(join(root, library, "package.json"), "utf8")) as Readonly<Record<string, unknown>>;
  put(home, "package.json", json(manifest));
  for (const [, name] of programs) put(home, `bin/${name}`, readFileSync(join(built, name)), 0o755);
  const busybox = busyboxFor(platform);
  mkdirSync(join(home, "assets"));
  makeTree(join(home, "assets/base"), readBase(join(root, library, "assets/base")), busybox.program);
  const crates = [...programs.map(([crate]) => crate), ...more];
  const parts = [...npm, ...cargoParts(crates, platform.target), ...runtimeParts(platform.target)];
  return { parts, busybox: busybox.part };
}
