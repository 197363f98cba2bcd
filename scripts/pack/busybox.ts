import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { library, root } from "../bundles.mjs";
import type { Part } from "./licences.js";

/** The origin of the base image's busybox, as `scripts/setup/base-image.sh` recorded it. */
export function busyboxPart(): Part & { readonly builtUsing: string } {
  const directory = join(root, library, "assets/busybox");
  if (!existsSync(join(directory, "version"))) {
    throw new Error("the base image's busybox has no recorded origin: install busybox-static, then ./bulkhead setup");
  }
  const read = (name: string) => readFileSync(join(directory, name), "utf8").trim();
  return {
    ecosystem: "deb",
    name: "busybox-static",
    version: read("version"),
    licence: "GPL-2.0-only",
    texts: [read("copyright"), read("GPL-2"), read("LGPL-2.1")],
    builtUsing: read("built-using"),
  };
}

/** What the GNU General Public License asks of those who pass the program on. */
export function busyboxNotice({ version, builtUsing, texts }: ReturnType<typeof busyboxPart>): string {
  return `base/busybox is the unmodified program of Debian's package busybox-static ${version}, under the GNU General
Public License, version 2. It runs inside sandboxes and is not linked with Bulkhead. Debian keeps its complete source:
https://snapshot.debian.org/package/busybox/${version.replace(/^\d+:/, "").replace(/\+b\d+$/, "")}/
It is statically linked (Built-Using: ${builtUsing}).

${texts.join(`\n\n${"=".repeat(80)}\n\n`)}
`;
}
