/**
 * `npm run deb`: the Debian package as a file in `dist/packages`, from a checkout that is set up.
 *
 * `--out DIRECTORY`: another place. `--programs DIRECTORY`: takes programs that are built already. `--platform
 * linux-arm64`: for another one than this machine's.
 */

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../bundles.mjs";
import { put } from "../pack/files.js";
import { ownPlatform, platformNamed } from "../pack/platforms.js";
import { buildPrograms } from "../pack/programs.js";
import { outputOf } from "../pack/run.js";
import { putTree, setModes } from "./tree.js";

/** The time of every file in the package, so that two builds give the same bytes: the project's first. */
const EPOCH = "1795000000";
const SCRIPTS = ["postinst", "prerm", "postrm"];

const { values } = parseArgs({
  options: { out: { type: "string" }, programs: { type: "string" }, platform: { type: "string" } },
});
const out = resolve(values.out ?? join(root, "dist/packages"));
const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
const platform = values.platform === undefined ? ownPlatform() : platformNamed(values.platform);
const work = mkdtempSync(join(tmpdir(), "bulkhead-deb-"));
try {
  await putTree(work, platform, values.programs ?? buildPrograms(platform), version);
  mkdirSync(join(work, "usr/bin"));
  symlinkSync("../lib/bulkhead/cli/bulkhead.cjs", join(work, "usr/bin/bulkhead"));
  for (const name of SCRIPTS) put(work, `DEBIAN/${name}`, readFileSync(join(root, "packaging/debian", name)), 0o755);
  put(work, "DEBIAN/conffiles", "/etc/bulkhead/broker.env\n");
  put(work, "DEBIAN/md5sums", sums());
  put(work, "DEBIAN/control", control(installedKiB()));
  setModes(work);
  chmodSync(work, 0o755);
  mkdirSync(out, { recursive: true });
  const file = join(out, `bulkhead_${version}_${platform.debian}.deb`);
  outputOf("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", work, file], { env: { SOURCE_DATE_EPOCH: EPOCH } });
  process.stdout.write(`${file}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function filesBelow(): readonly string[] {
  return readdirSync(work, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(work.length + 1))
    .filter((path) => !path.startsWith("DEBIAN/"))
    .sort();
}

/** What `dpkg --verify` compares with. */
function sums(): string {
  return outputOf("md5sum", ["--", ...filesBelow().filter((path) => !path.startsWith("etc/"))], { cwd: work });
}

function installedKiB(): number {
  return Number(outputOf("du", ["-sk", "--apparent-size", "--exclude=DEBIAN", work]).split("\t")[0]);
}

function control(size: number): string {
  return `Package: bulkhead
Version: ${version}
Architecture: ${platform.debian}
Maintainer: Bulkhead developers <bulkhead@localhost.localdomain>
Installed-Size: ${size}
Depends: adduser, nodejs (>= 20.11)
Recommends: erofs-utils
Suggests: ${platform.cpu === "x64" ? "qemu-system-x86, " : ""}runsc, apparmor
Section: admin
Priority: optional
Description: runs programs that you do not fully trust behind a wall
 Bulkhead runs a program at the level of isolation that you choose, from a
 chroot with dropped privileges to a virtual machine, and reports which
 protections were in force: each is enforced by a named mechanism, weaker for
 a named reason, or cannot be provided on this host. If a protection that you
 require cannot be provided, it refuses to start.
 .
 The package has the command line and a service, which is not enabled, that
 creates sandboxes for the members of the group bulkhead.
`;
}
