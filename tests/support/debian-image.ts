/**
 * One image of Debian's packages for every test that needs one, because building it takes a minute. It stays in the
 * checkout until the list of packages changes.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { images } from "bulkhead/images";

const root = fileURLToPath(new URL("../../", import.meta.url));
const store = `${root}.setup/debian-image`;
/** What the build reported while it ran. */
const stepsFile = `${store}.steps`;

/** Examples that build an image of their own when they first start. */
const EXAMPLES = ["uploads", "database"] as const;

/** Packages of the examples, as their `start` names them, and those of tests/images. */
const packages = [
  "python3-minimal",
  ...new Set(
    EXAMPLES.flatMap((example) => packagesOf(readFileSync(`${root}examples/services/${example}/start`, "utf8"))),
  ),
];

export const hasMmdebstrap = spawnSync("mmdebstrap", ["--version"]).error === undefined;
export const canBuildDebian = hasMmdebstrap && process.env["BULKHEAD_OFFLINE"] === undefined;

/** Time for a slow and busy machine. */
export const DEBIAN_IMAGE_MS = 420_000;

export interface DebianImage {
  readonly name: string;
  readonly store: string;
  /** What its build reported, whichever run built it. */
  readonly steps: readonly string[];
}

/** Builds the image if it is not there. */
export async function debianImage(): Promise<DebianImage> {
  const tag = createHash("sha256").update(packages.join()).digest("hex").slice(0, 12);
  const name = `localhost/bulkhead-tests:${tag}`;
  const stored = await images.list({ store });
  if (!existsSync(stepsFile) || !stored.images.some((image) => image.name === name)) {
    const steps: string[] = [];
    await rm(store, { recursive: true, force: true });
    await images.build(name, { packages, store, onStep: (step) => steps.push(step) });
    await writeFile(stepsFile, JSON.stringify(steps));
  }
  return { name, store, steps: JSON.parse(await readFile(stepsFile, "utf8")) as readonly string[] };
}

/** What `start` passes to `images build-base --packages`. */
function packagesOf(start: string): readonly string[] {
  const names = /--packages ([a-z0-9.+,-]+) /.exec(start)?.[1]?.split(",");
  if (names === undefined) throw new Error("it builds no image");
  return names;
}
