import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { PackedTree } from "../../packages/bulkhead/src/host/installed/tree.js";

/** Reads the root file system `base` of a checkout, without its program. In an order that depends on names alone. */
export function readBase(base: string): PackedTree {
  const directories: [string, number][] = [];
  const files: [string, string][] = [];
  const links: [string, string][] = [];
  const visit = (below: string) => {
    for (const name of readdirSync(join(base, below)).sort()) {
      const path = below === "" ? name : `${below}/${name}`;
      const stat = lstatSync(join(base, path));
      if (stat.isSymbolicLink()) links.push([path, readlinkSync(join(base, path))]);
      else if (stat.isFile() && path !== "bin/busybox") files.push([path, readFileSync(join(base, path), "utf8")]);
      else if (stat.isDirectory()) {
        directories.push([path, stat.mode & 0o7777]);
        visit(path);
      }
    }
  };
  visit("");
  return { directories, files, links };
}
