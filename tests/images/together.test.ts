import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { images } from "bulkhead/images";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";
import { baseLayer } from "./support/base-layer.js";
import { LayoutWriter } from "./support/layout.js";
import { hasRegistry, push, type RunningRegistry, startRegistry } from "./support/registry/real.js";
import { tar } from "./support/tar.js";

const program = fileURLToPath(new URL("support/pull-and-run.ts", import.meta.url));
const PROCESSES = 20;
/** Of the image below: the base, a large one, and what is looked for. */
const LAYERS = 3;

let directory: TemporaryDirectory;
let registry: RunningRegistry;

beforeAll(async () => {
  if (!hasRegistry) return;
  directory = await TemporaryDirectory.create("together");
  registry = await startRegistry(directory.join("registry"));
  const writer = await LayoutWriter.create(directory.join("layout"));
  const large = tar({ name: "large", data: Buffer.alloc(4 << 20, 7) });
  await writer.index(await writer.image([baseLayer(), large, tar({ name: "added", data: "together" })]));
  await push(writer.path, `${registry.host}/team/tool:v1`);
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

describe.runIf(hasRegistry)("one image", () => {
  it(`is pulled and run by ${PROCESSES} processes at once, none of which has it yet`, {
    timeout: 180_000,
  }, async () => {
    const store = directory.join("store");
    const image = `${registry.host}/team/tool:v1`;
    const children = Array.from({ length: PROCESSES }, () => start(image, store));
    try {
      await Promise.all(children.map(({ child }) => once(child.stdout, "data")));
      for (const { child } of children) child.stdin.end("go\n");
      const said = await Promise.all(children.map(({ ended }) => ended));
      expect(said).toEqual(Array.from({ length: PROCESSES }, () => `{"exitCode":0,"stdout":"together"}`));
    } finally {
      for (const { child } of children) child.kill("SIGKILL");
    }
    // Each layer was unpacked once.
    expect(await readdir(`${store}/trees`)).toHaveLength(LAYERS);
    expect(await readdir(`${store}/work`)).toEqual([]);
    expect(await readdir(`${store}/downloads`)).toEqual([]);
    expect((await images.list({ store })).images).toMatchObject([{ inUse: false }]);
  });
});

function start(image: string, store: string) {
  const env = { ...process.env, BULKHEAD_STORE: store };
  const child = spawn(process.execPath, ["--import", "tsx", program, image], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  return { child, ended: lastLine(child) };
}

async function lastLine(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(child, "close");
  return text.trim().split("\n").at(-1) ?? "";
}
