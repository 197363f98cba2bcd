/**
 * `npm run pack`: the packages for npm as files in `dist/packages`, from a checkout that is set up.
 *
 * `--out DIRECTORY`: another place. `--programs DIRECTORY`: takes programs that are built already. With
 * BULKHEAD_RELEASE_KEY, the path of an ed25519 key in PEM, the statement of the release is signed.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { RELEASE_FILE } from "../../packages/bulkhead/src/record/release.js";
import { root } from "../bundles.mjs";
import { json, put } from "./files.js";
import { stageLibrary } from "./library-package.js";
import { stagePlatform } from "./platform-package.js";
import { type Platform, platforms } from "./platforms.js";
import { buildPrograms } from "./programs.js";
import { releaseStatement, statementFile } from "./release.js";
import { outputOf } from "./run.js";
import { sbomOf } from "./sbom.js";

/** What a package manager downloads for one platform. */
const MOST_BYTES = 6_000_000;

const { values } = parseArgs({ options: { out: { type: "string" }, programs: { type: "string" } } });
const out = resolve(values.out ?? join(root, "dist/packages"));
const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
const work = mkdtempSync(join(tmpdir(), "bulkhead-pack-"));
try {
  const staged = platforms.map((platform) => ({
    platform,
    ...stagePlatform(platform, values.programs ?? buildPrograms(platform), version, join(work, platform.name)),
  }));
  const manifest = Object.fromEntries(staged.map(({ platform, packed }) => [platform.name, packed]));
  const library = await stageLibrary(manifest, join(work, "bulkhead"));
  const parts = [library, ...staged].flatMap((each) => each.parts);
  put(library.directory, "sbom.cdx.json", json(sbomOf(version, parts)));
  const directories = { bulkhead: library.directory, ...directoriesOf(staged) };
  const statement = releaseStatement(directories, { version, targets: platforms.map(({ target }) => target) });
  put(library.directory, RELEASE_FILE, statementFile(statement));
  mkdirSync(out, { recursive: true });
  const own = pack(library.directory);
  for (const { directory } of staged) {
    const total = own + pack(directory);
    process.stdout.write(`together ${megabytes(total)} for one platform\n`);
    // Those of a checkout are larger: their libc is glibc.
    if (values.programs === undefined && total > MOST_BYTES)
      throw new Error(`more than the ${megabytes(MOST_BYTES)} that are promised`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

function directoriesOf(staged: readonly { readonly platform: Platform; readonly directory: string }[]) {
  return Object.fromEntries(staged.map(({ platform, directory }) => [platform.package, directory]));
}

/** Packs a directory and returns the archive's size. */
function pack(directory: string): number {
  const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", out];
  const archive = join(out, outputOf("npm", args, { cwd: directory }).trim());
  const { size } = statSync(archive);
  process.stdout.write(`${archive} ${megabytes(size)}\n`);
  return size;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
