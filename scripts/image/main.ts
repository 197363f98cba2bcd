/**
 * `npm run image`: the command line as a container image, an OCI layout in `dist/packages/bulkhead-image-linux-x64`: a
 * small Debian with the pinned Node and an installation. From a checkout that is set up; needs mmdebstrap and an
 * archive of Debian.
 *
 * `--out DIRECTORY`: another place. `--programs DIRECTORY`: takes programs that are built already.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { imageOf } from "../../packages/bulkhead/src/images/build/build.js";
import { packagesTar } from "../../packages/bulkhead/src/images/build/packages.js";
import { exportImage } from "../../packages/bulkhead/src/images/manage/export.js";
import { localName, takeIn } from "../../packages/bulkhead/src/images/manage/import.js";
import { root } from "../bundles.mjs";
import { setModes } from "../deb/tree.js";
import { busyboxNotice } from "../pack/busybox.js";
import { put } from "../pack/files.js";
import { putInstallation } from "../pack/installation.js";
import { noticeOf } from "../pack/licences.js";
import { ownPlatform } from "../pack/platforms.js";
import { buildPrograms } from "../pack/programs.js";
import { outputOf } from "../pack/run.js";
import { pinnedNode } from "../single/node.js";

const SUITE = "trixie";
/** Beside the essential packages: what Node is linked with, and certificates for images' registries. */
const PACKAGES = ["libstdc++6", "ca-certificates"];
/** No root: sandboxes of another user are the stronger ones in a container. */
const USER = "1000:1000";
/** The time of every file, as in the Debian package. */
const EPOCH = "1795000000";
const SAME = ["--sort=name", `--mtime=@${EPOCH}`, "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];

const { values } = parseArgs({ options: { out: { type: "string" }, programs: { type: "string" } } });
const platform = ownPlatform();
const out = resolve(values.out ?? join(root, "dist/packages", `bulkhead-image-${platform.name}`));
const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
const work = mkdtempSync(join(tmpdir(), "bulkhead-image-"));
try {
  const tree = join(work, "tree");
  await putTree(tree);
  const tar = join(work, "tree.tar");
  outputOf("tar", ["-C", tree, ...SAME, "-cf", tar, "."]);
  // mmdebstrap lowers all times to it.
  process.env["SOURCE_DATE_EPOCH"] = EPOCH;
  await using image = await imageOf({
    tar: packagesTar({ packages: PACKAGES, suite: SUITE, more: hooks(tar) }),
    compress: true,
    entrypoint: ["/usr/bin/bulkhead"],
    cmd: ["doctor"],
    user: USER,
  });
  // Unpacked once as every image is, which checks it.
  const store = join(work, "store");
  await takeIn(image, localName("localhost/bulkhead", "build image"), { store });
  rmSync(out, { recursive: true, force: true });
  mkdirSync(resolve(out, ".."), { recursive: true });
  await exportImage("localhost/bulkhead", `oci:${out}:${version}`, store);
  process.stdout.write(`${out} ${image.digest}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function putTree(tree: string): Promise<void> {
  const home = join(tree, "usr/lib/bulkhead");
  const { parts, busybox } = await putInstallation(home, platform, values.programs ?? buildPrograms(platform));
  const node = pinnedNode(platform);
  put(tree, "usr/local/bin/node", readFileSync(node.program), 0o755);
  mkdirSync(join(tree, "usr/bin"), { recursive: true });
  symlinkSync("../lib/bulkhead/cli/bulkhead.cjs", join(tree, "usr/bin/bulkhead"));
  const notices = `${noticeOf([node.part, ...parts])}\n${busyboxNotice(busybox)}`;
  put(tree, "usr/share/doc/bulkhead/THIRD-PARTY-LICENSES.txt", notices);
  put(tree, "usr/share/doc/bulkhead/LICENSE", readFileSync(join(root, "LICENSE")));
  setModes(tree);
}

/** Of mmdebstrap, in order: our files, a user for them, and no log of the installation, which has its time. */
function hooks(tar: string): readonly string[] {
  const user =
    'echo bulkhead:x:1000:1000::/home/bulkhead:/bin/sh >>"$1/etc/passwd"; echo bulkhead:x:1000: >>"$1/etc/group"; install -d -o 1000 -g 1000 "$1/home/bulkhead"';
  const clean = 'rm -rf "$1"/var/log/* "$1"/var/cache/* "$1"/var/lib/apt/lists/* "$1"/etc/*-';
  return [`tar-in ${tar} /`, user, clean].map((hook) => `--customize-hook=${hook}`);
}
