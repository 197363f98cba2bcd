import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { commandWords } from "../../packages/cli/src/completion/tree.js";
import { makeProgram } from "../../packages/cli/src/program.js";
import { root } from "../bundles.mjs";
import { busyboxNotice } from "../pack/busybox.js";
import { put } from "../pack/files.js";
import { putInstallation } from "../pack/installation.js";
import { noticeOf } from "../pack/licences.js";
import type { Platform } from "../pack/platforms.js";
import { outputOf } from "../pack/run.js";
import { manualPages } from "./man.js";

const HOME = "usr/lib/bulkhead";
const DOC = "usr/share/doc/bulkhead";
const DOCUMENTS = ["guide", "policy", "network", "images", "assurance", "control"];

/** Puts the files of the package below `directory`, as they will lie below `/`; the programs come from `built`. */
export async function putTree(directory: string, platform: Platform, built: string, version: string): Promise<void> {
  const { parts, busybox } = await putInstallation(join(directory, HOME), platform, built);
  const launcher = join(directory, HOME, "cli/bulkhead.cjs");
  // Debian's policy: a packaged script runs on the packaged interpreter, whatever PATH says.
  writeFileSync(launcher, readFileSync(launcher, "utf8").replace(/^#!.*/, "#!/usr/bin/node"));
  putService(directory);
  putDocuments(directory, version);
  put(directory, `${DOC}/THIRD-PARTY-LICENSES.txt.gz`, packed(`${noticeOf(parts)}\n${busyboxNotice(busybox)}`));
  put(directory, `${DOC}/copyright`, readFileSync(join(root, "packaging/debian/copyright")));
}

function putService(directory: string): void {
  const unit = readFileSync(join(root, "packaging/bulkhead-broker.service"), "utf8");
  const here = unit
    .replaceAll("/usr/lib/bulkhead/warden", "/usr/lib/bulkhead/bin/warden")
    .replace("guide.md", "guide.md.gz");
  put(directory, "usr/lib/systemd/system/bulkhead-broker.service", here);
  const socket = readFileSync(join(root, "packaging/bulkhead-broker.socket"), "utf8");
  put(directory, "usr/lib/systemd/system/bulkhead-broker.socket", socket.replace("guide.md", "guide.md.gz"));
  put(directory, "etc/bulkhead/broker.env", readFileSync(join(root, "packaging/debian/broker.env")));
  put(
    directory,
    "usr/share/lintian/overrides/bulkhead",
    readFileSync(join(root, "packaging/debian/lintian-overrides")),
  );
}

function putDocuments(directory: string, version: string): void {
  const program = makeProgram();
  for (const [name, page] of manualPages(program, version))
    put(directory, `usr/share/man/man1/${name}.gz`, packed(page));
  const completions = [
    ["bash", "usr/share/bash-completion/completions/bulkhead"],
    ["zsh", "usr/share/zsh/vendor-completions/_bulkhead"],
    ["fish", "usr/share/fish/vendor_completions.d/bulkhead.fish"],
  ] as const;
  if (commandWords(program).length === 0) throw new Error("no commands to complete");
  for (const [shell, path] of completions) {
    put(directory, path, outputOf("node", [join(root, "packages/cli/dist/bulkhead.cjs"), "completion", shell]));
  }
  for (const name of DOCUMENTS) {
    put(directory, `${DOC}/${name}.md.gz`, packed(readFileSync(join(root, `docs/${name}.md`), "utf8")));
  }
  put(directory, `${DOC}/changelog.gz`, packed(changelog(version)));
}

/** Without the time, which would differ from build to build. */
function packed(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}

function changelog(version: string): string {
  return `bulkhead (${version}) unstable; urgency=medium

  * First package.

 -- Bulkhead developers <bulkhead@localhost.localdomain>  Mon, 30 Nov 2026 18:00:00 +0000
`;
}

/** Every directory and file with the modes of Debian's policy, except for the root file system of sandboxes. */
export function setModes(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (path.includes("/assets/base/") || entry.isSymbolicLink()) continue;
    if (entry.isDirectory()) chmodSync(path, 0o755);
  }
}
