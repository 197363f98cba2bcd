/**
 * `npm run single`: the command line in one file for machines without Node, from a checkout that is set up:
 * `dist/packages/bulkhead-linux-x64`, with its parts list and the statement of the release beside it.
 *
 * `--out DIRECTORY`: another place. `--programs DIRECTORY`: takes programs that are built already, the launcher among
 * them. `--compression LEVEL`: of gzip, for tests.
 */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../bundles.mjs";
import { setModes } from "../deb/tree.js";
import { busyboxNotice } from "../pack/busybox.js";
import { json, packedFile, put } from "../pack/files.js";
import { putInstallation } from "../pack/installation.js";
import { noticeOf } from "../pack/licences.js";
import { ownPlatform, programs } from "../pack/platforms.js";
import { buildCrates } from "../pack/programs.js";
import { statementFile, statementOf } from "../pack/release.js";
import { sbomOf } from "../pack/sbom.js";
import { writeSingleFile } from "./archive.js";
import { pinnedNode } from "./node.js";

const LAUNCHER = "bulkhead-single";

const { values } = parseArgs({
  options: { out: { type: "string" }, programs: { type: "string" }, compression: { type: "string", default: "9" } },
});
const out = resolve(values.out ?? join(root, "dist/packages"));
const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
const platform = ownPlatform();
const work = mkdtempSync(join(tmpdir(), "bulkhead-single-"));
try {
  const crates = [...programs.map(([crate]) => crate), LAUNCHER];
  const built = values.programs ?? buildCrates(platform, crates);
  const node = pinnedNode(platform);
  const { parts, busybox } = await putInstallation(join(work, "bulkhead"), platform, built, [LAUNCHER]);
  put(work, "bin/node", readFileSync(node.program), 0o755);
  put(work, "LICENSE", readFileSync(join(root, "LICENSE")));
  const all = [node.part, ...parts];
  put(work, "THIRD-PARTY-LICENSES.txt", `${noticeOf(all)}\n${busyboxNotice(busybox)}`);
  setModes(work);
  mkdirSync(out, { recursive: true });
  const name = `bulkhead-${platform.name}`;
  const file = join(out, name);
  writeSingleFile(file, readFileSync(join(built, LAUNCHER)), work, Number(values.compression));
  chmodSync(file, 0o755);
  put(out, `${name}.cdx.json`, json(sbomOf(version, [...all, busybox])));
  const subject = [{ name, digest: { sha256: packedFile(file).sha256 } }];
  put(out, `${name}.intoto.json`, statementFile(statementOf(subject, { version, targets: [platform.target] })));
  process.stdout.write(`${file} ${(statSync(file).size / 1e6).toFixed(1)} MB\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
