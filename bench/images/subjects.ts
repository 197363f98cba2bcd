import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Build, cliOf, here, nameOf } from "../build.js";
import type { Absent, Subject } from "../subject.js";
import { spawned } from "../subjects/spawned.js";
import { type Published, published } from "./published.js";

/** An empty store, or one that already contains everything. */
export type Start = "first" | "cached";

/** `bulkhead images pull`: checked, stored, unpacked layer by layer in sandboxes, flushed to the disk, ready to run. */
export async function bulkheadPull(start: Start, build: Build = here): Promise<Subject | Absent> {
  return await subject(nameOf(`bulkhead pull, ${start}`, build), start, ({ image }, place) => {
    const env = { BULKHEAD_STORE: join(place, "store") };
    return [[process.execPath, [cliOf(build), "images", "pull", "--json", image], env]];
  });
}

/** The same with other tools: one to download, one to unpack. The first keeps its data, the second does not. */
export async function skopeoAndUmoci(start: Start): Promise<Subject | Absent> {
  return await subject(`skopeo + umoci, ${start}`, start, ({ image }, place) => {
    const layout = join(place, "layout");
    const flags = ["--insecure-policy", "-q", "--src-tls-verify=false"];
    return [
      ["skopeo", ["copy", ...flags, `docker://${image}`, `oci:${layout}:bench`], {}],
      ["umoci", ["unpack", "--image", `${layout}:bench`, join(place, "bundle")], {}],
    ];
  });
}

type Command = readonly [program: string, args: readonly string[], env: Readonly<Record<string, string>>];

async function subject(
  name: string,
  start: Start,
  commands: (published: Published, place: string) => readonly Command[],
): Promise<Subject | Absent> {
  try {
    const source = await published();
    const place = join(source.directory, name.replaceAll(/[^a-z0-9]+/g, "-"));
    await mkdir(place);
    const run = async () => {
      for (const [program, args, env] of commands(source, place)) {
        await spawned(name, [program, ...args], undefined, env).run();
      }
    };
    const empty = start === "first" ? place : join(place, "bundle");
    const after = async () => {
      await rm(empty, { recursive: true, force: true });
      await mkdir(place, { recursive: true });
    };
    return { name, run, after, [Symbol.asyncDispose]: () => rm(place, { recursive: true, force: true }) };
  } catch (error) {
    return { name, absent: error instanceof Error ? error.message : String(error) };
  }
}
