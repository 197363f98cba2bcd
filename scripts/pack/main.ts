/**
 * `npm run pack`: the packages for npm as files in `dist/packages`, from a checkout that is set up.
 *
 * For this machine's platform, and for each other one that the compiler has a target for: its archives go into a
 * directory of their own, so that one pattern names all that a machine installs. `--only PLATFORM`: just that one.
 *
 * `--out DIRECTORY`: another place. `--programs DIRECTORY`: takes programs of this machine that are built already, and
 * packs for no other. With BULKHEAD_RELEASE_KEY, the path of an ed25519 key in PEM, the statement of the release is
 * signed.
 */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { RELEASE_FILE } from "../../packages/bulkhead/src/record/release.js";
import { root } from "../bundles.mjs";
import { json, put } from "./files.js";
import { stageLibrary } from "./library-package.js";
import { stagePlatform } from "./platform-package.js";
import { ownPlatform, type Platform, platformNamed, platforms } from "./platforms.js";
import { buildPrograms, compilerHas } from "./programs.js";
import { releaseStatement, statementFile } from "./release.js";
import { outputOf } from "./run.js";
import { sbomOf } from "./sbom.js";

/** What a package manager downloads for one platform. */
const MOST_BYTES = 6_000_000;

const { values } = parseArgs({
  options: { out: { type: "string" }, programs: { type: "string" }, only: { type: "string" } },
});
const out = resolve(values.out ?? join(root, "dist/packages"));
const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
const work = mkdtempSync(join(tmpdir(), "bulkhead-pack-"));
try {
  const wanted = wantedPlatforms();
  const staged = wanted.map((platform) => ({
    platform,
    ...stagePlatform(platform, values.programs ?? buildPrograms(platform), version, join(work, platform.name)),
  }));
  const manifest = Object.fromEntries(staged.map(({ platform, packed }) => [platform.name, packed]));
  const library = await stageLibrary(manifest, join(work, "bulkhead"));
  const parts = [library, ...staged].flatMap((each) => each.parts);
  put(library.directory, "sbom.cdx.json", json(sbomOf(version, parts)));
  const directories = { bulkhead: library.directory, ...directoriesOf(staged) };
  const statement = releaseStatement(directories, { version, targets: wanted.map(({ target }) => target) });
  put(library.directory, RELEASE_FILE, statementFile(statement));
  mkdirSync(out, { recursive: true });
  const own = pack(library.directory, out);
  for (const { platform, directory } of staged) {
    const place = platform.name === ownPlatform().name ? out : join(out, platform.name);
    mkdirSync(place, { recursive: true });
    if (place !== out) copyFileSync(own.archive, join(place, basename(own.archive)));
    const total = own.size + pack(directory, place).size;
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

/** This machine's first. */
function wantedPlatforms(): readonly Platform[] {
  if (values.only !== undefined) return [platformNamed(values.only)];
  if (values.programs !== undefined) return [ownPlatform()];
  const others = platforms.filter(({ name }) => name !== ownPlatform().name);
  for (const { name, target } of others.filter((each) => !compilerHas(each.target)))
    process.stderr.write(`no package for ${name}: rustc has no ${target} (rustup target add ${target})\n`);
  return [ownPlatform(), ...others.filter(({ target }) => compilerHas(target))];
}

/** Packs a directory and returns the archive with its size. */
function pack(directory: string, into: string): { readonly archive: string; readonly size: number } {
  const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", into];
  const archive = join(into, outputOf("npm", args, { cwd: directory }).trim());
  const { size } = statSync(archive);
  process.stdout.write(`${archive} ${megabytes(size)}\n`);
  return { archive, size };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
