import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { library, root } from "../bundles.mjs";
import type { Part } from "./licences.js";
import { ownPlatform, type Platform } from "./platforms.js";
import { outputOf } from "./run.js";

/** The program of the root file system `base`, and its origin. */
export interface Busybox {
  readonly program: Buffer;
  readonly part: Part & { readonly builtUsing: string };
}

/** For this machine's platform the one of the checkout; for another one Debian's package of the same name. */
export function busyboxFor(platform: Platform): Busybox {
  const assets = join(root, library, "assets");
  if (platform.name === ownPlatform().name) {
    if (!existsSync(join(assets, "busybox/version"))) {
      throw new Error("the base image's busybox has no recorded origin: install busybox-static, then ./bulkhead setup");
    }
    return readBusybox(join(assets, "base/bin/busybox"), join(assets, "busybox"), platform);
  }
  const work = mkdtempSync(join(tmpdir(), "bulkhead-busybox-"));
  try {
    outputOf("sh", [join(root, "scripts/pack/foreign-busybox.sh"), platform.debian, work]);
    return readBusybox(join(work, "busybox"), work, platform);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param origin a directory with its version, its licences and what it was built with, as text */
function readBusybox(program: string, origin: string, { debian }: Platform): Busybox {
  const read = (name: string) => readFileSync(join(origin, name), "utf8").trim();
  const part = {
    ecosystem: "deb" as const,
    name: "busybox-static",
    version: read("version"),
    architecture: debian,
    licence: "GPL-2.0-only",
    texts: [read("copyright"), read("GPL-2"), read("LGPL-2.1")],
    builtUsing: read("built-using"),
  };
  return { program: readFileSync(program), part };
}

/** What the GNU General Public License asks of those who pass the program on. */
export function busyboxNotice({ version, builtUsing, texts }: Busybox["part"]): string {
  return `base/busybox is the unmodified program of Debian's package busybox-static ${version}, under the GNU General
Public License, version 2. It runs inside sandboxes and is not linked with Bulkhead. Debian keeps its complete source:
https://snapshot.debian.org/package/busybox/${version.replace(/^\d+:/, "").replace(/\+b\d+$/, "")}/
It is statically linked (Built-Using: ${builtUsing}).

${texts.join(`\n\n${"=".repeat(80)}\n\n`)}
`;
}
