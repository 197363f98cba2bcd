import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually } from "../support/time.js";
import { LayoutWriter } from "./support/layout.js";
import { tar } from "./support/tar.js";
import { listing } from "./support/unpacker.js";

const program = fileURLToPath(new URL("support/open-in-process.ts", import.meta.url));

let directory: TemporaryDirectory;

beforeEach(async () => {
  directory = await TemporaryDirectory.create("processes");
});
afterEach(() => directory[Symbol.asyncDispose]());

/** An image of this many files. */
async function imageOf(count: number): Promise<string> {
  const layout = await LayoutWriter.create(directory.join(`layout${count}`));
  const files = Array.from({ length: count }, (_, number) => ({ name: `d/${number}`, data: "x".repeat(2000) }));
  await layout.index(await layout.image([tar(...files)]));
  return `oci:${layout.path}`;
}

function open(source: string): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", program, source], {
    env: { ...process.env, BULKHEAD_STORE: directory.join("store") },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  return output.trim();
}

async function work(): Promise<readonly string[]> {
  return await readdir(directory.join("store", "work")).catch(() => []);
}

/** Whether it was still at it: a fast machine may be done with few files before they are seen. */
async function killedAtWork(source: string): Promise<boolean> {
  const child = open(source);
  const trees = async () => await readdir(directory.join("store", "trees")).catch(() => []);
  await eventually("it has begun to unpack", 20_000, async () => {
    if ((await trees()).length > 0) return true;
    const [token] = await work();
    if (token === undefined) return false;
    const made = await readdir(directory.join("store", "work", token, "root", "d")).catch(() => []);
    return made.length > 10;
  });
  child.kill("SIGKILL");
  await once(child, "close");
  return (await trees()).length === 0;
}

it("several processes open one image at once, and all get the same tree", async () => {
  const source = await imageOf(2000);
  const paths = await Promise.all(Array.from({ length: 6 }, () => outputOf(open(source))));
  expect(new Set(paths).size).toBe(1);
  expect(await listing(paths[0] ?? "")).toHaveLength(2000 + 1);
  expect(await work()).toEqual([]);
}, 120_000);

it("a process is killed while it unpacks: nothing half is used, and the next one starts over", async () => {
  for (const count of [2_000, 20_000, 60_000]) {
    const source = await imageOf(count);
    if (await killedAtWork(source)) {
      expect(await work()).toHaveLength(1);
      const path = await outputOf(open(source));
      expect(await listing(path)).toHaveLength(count + 1);
      expect(await work()).toEqual([]);
      return;
    }
    await rm(directory.join("store"), { recursive: true });
  }
  expect.fail("no process was killed while it unpacked");
});
