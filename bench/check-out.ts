import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import type { Build, Library } from "./build.js";
import { root } from "./environment.js";

/** Levels whose programs set-up builds only on request. */
const NEED_SET_UP = ["gvisor", "microvm"];

/**
 * Checks a commit out beside this one, once, and builds it with its own set-up; `kinds` are the groups to measure, all
 * of them if empty.
 */
export async function checkOut(commit: string, kinds: readonly string[]): Promise<Build> {
  const id = git(root, "rev-parse", "--verify", `${commit}^{commit}`);
  const revision = id.slice(0, 7);
  const checkout = `${root}.setup/against/${id}/`;
  if (!existsSync(checkout)) {
    const unfinished = `${root}.setup/against/${id}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    git(root, "clone", "--quiet", "--no-checkout", "--shared", root, unfinished);
    git(unfinished, "checkout", "--quiet", "--detach", id);
    await rename(unfinished, checkout);
  }
  const uses = ["run", ...NEED_SET_UP.filter((level) => kinds.length === 0 || kinds.includes(level))];
  execFileSync(`${checkout}bulkhead`, ["setup", ...uses], { stdio: ["ignore", "inherit", "inherit"] });
  return { revision, root: checkout, library: await libraryIn(`${checkout}packages/bulkhead/dist/`) };
}

async function libraryIn(dist: string): Promise<Library> {
  const exported = async (name: string) => await import(pathToFileURL(`${dist}${name}.js`).href);
  const main = await exported("index");
  // Until December 2026 everything was one export.
  return "images" in main ? main : { ...main, images: (await exported("images")).images };
}

function git(directory: string, ...args: readonly string[]): string {
  return execFileSync("git", ["-C", directory, ...args], { encoding: "utf8" }).trim();
}
