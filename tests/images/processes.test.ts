import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually } from "../support/time.js";
import { LayoutWriter } from "./support/layout.js";
import { tar } from "./support/tar.js";
import { listing } from "./support/unpacker.js";

const program = fileURLToPath(new URL("support/open-in-process.ts", import.meta.url));
const FILES = 2000;

let directory: TemporaryDirectory;
let source = "";

beforeEach(async () => {
  directory = await TemporaryDirectory.create("processes");
  const layout = await LayoutWriter.create(directory.join("layout"));
  const files = Array.from({ length: FILES }, (_, number) => ({ name: `d/${number}`, data: "x".repeat(2000) }));
  await layout.index(await layout.image([tar(...files)]));
  source = `oci:${layout.path}`;
});
afterEach(() => directory[Symbol.asyncDispose]());

function open(): ChildProcess {
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

it("several processes open one image at once, and all get the same tree", async () => {
  const paths = await Promise.all(Array.from({ length: 6 }, () => outputOf(open())));
  expect(new Set(paths).size).toBe(1);
  expect(await listing(paths[0] ?? "")).toHaveLength(FILES + 1);
  expect(await work()).toEqual([]);
});

it("a process is killed while it unpacks: nothing half is used, and the next one starts over", async () => {
  const child = open();
  await eventually("it has begun to unpack", 20_000, async () => {
    const [token] = await work();
    if (token === undefined) return false;
    const made = await readdir(directory.join("store", "work", token, "root", "d")).catch(() => []);
    return made.length > 10;
  });
  child.kill("SIGKILL");
  await once(child, "close");
  expect(await readdir(directory.join("store", "trees"))).toEqual([]);
  expect(await work()).toHaveLength(1);
  const path = await outputOf(open());
  expect(await listing(path)).toHaveLength(FILES + 1);
  expect(await work()).toEqual([]);
});
